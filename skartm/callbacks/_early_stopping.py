"""EarlyStopping: end a fit when a score does not improve any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from skartm.base._parameters import check_integer, check_real
from skartm.metrics import TopicScorer, make_topic_scorer
from skartm.metrics._completion import said_before


class EarlyStopping:
    """Callback that stops a fit when a score has not improved for some iterations.

    The model keeps the topics of the last iteration, which may be a little worse than the best. The fit then counts as
    converged: no ``ConvergenceWarning``. To make nothing else stop it, set ``tol=0``.

    ``validation_fraction`` of :class:`skartm.ARTMTransformer` does this for held-out perplexity, without a callback.

    Parameters
    ----------
    score : str, TopicScorer or callable
        A name (:func:`skartm.metrics.topic_scorer_names`), a scorer of :func:`skartm.metrics.make_topic_scorer`, or a
        function ``(model, counts) -> float``, greater is better.
    patience : int, default=3
        Stop after so many scored iterations in a row that do not improve the best score.
    min_delta : float, default=0.0
        Least difference that is an improvement, in units of the score.
    X_val : sparse matrix of shape (n_docs, n_tokens), default=None
        Counts to score on, with the columns that the model sees. None scores on the training data.
    every : int, default=1
        Iterations between scores.

    Attributes
    ----------
    best_score_ : float
        Best score of the last fit that ended in this process; of a scorer, greater is better.
    best_iteration_ : int
        Its iteration, from 1.
    stopped_ : bool
        Whether the fit was stopped.

    Raises
    ------
    ValueError, TypeError
        If a parameter is out of its range, or the score is unknown or better neither way.

    Examples
    --------
    >>> from skartm import PLSA
    >>> from skartm.callbacks import EarlyStopping
    >>> from skartm.datasets import load_peps
    >>> X = load_peps().data
    >>> stopping = EarlyStopping("completion", patience=2, X_val=X[:100])
    >>> model = PLSA(20, max_iter=100, tol=0, random_state=0).set_callbacks(stopping).fit(X[100:])
    >>> model.n_iter_ < 100, model.n_iter_ == stopping.best_iteration_ + 2
    (True, True)
    """

    def __init__(
        self,
        score: str | TopicScorer | Callable[..., float],
        *,
        patience: int = 3,
        min_delta: float = 0.0,
        X_val: Any = None,
        every: int = 1,
    ) -> None:
        self.score = score
        self.patience = patience
        self.min_delta = min_delta
        self.X_val = X_val
        self.every = every
        check_integer(self, "patience", minimum=1)
        check_real(self, "min_delta", low=0.0)
        check_integer(self, "every", minimum=1)
        self._scorer: TopicScorer = score if isinstance(score, TopicScorer) else make_topic_scorer(score)
        # one entry a running fit: a callback is shared by the clones of its model
        self._running: dict[int, dict[str, Any]] = {}

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin a fit; called by the model."""
        self._running[id(context)] = {"best": -np.inf, "iteration": 0, "age": 0, "stopped": False}

    def teardown(self, estimator: Any, context: Any) -> None:
        """End a fit; called by the model."""
        state = self._running.pop(id(context), None)
        if state is None:
            return
        self.best_score_, self.best_iteration_ = state["best"], state["iteration"]
        self.stopped_ = state["stopped"]

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Do nothing; called by the model."""

    def on_fit_task_end(self, estimator: Any, context: Any, *, X: Any = None, fitted_estimator: Any = None) -> bool:
        """Score the model and say whether to stop; called by the model."""
        state = self._state(context.parent)
        if state is None or fitted_estimator is None or (context.task_id + 1) % self.every:
            return False
        with said_before(state["iteration"] > 0):
            score = self._scorer(fitted_estimator, X if self.X_val is None else self.X_val)
        if score > state["best"] + self.min_delta or state["iteration"] == 0:
            iteration = getattr(fitted_estimator, "n_iter_", context.task_id + 1)
            state |= {"best": score, "iteration": iteration, "age": 0}
        else:
            state["age"] += 1
        state["stopped"] = state["age"] >= self.patience
        return state["stopped"]

    def _state(self, context: Any) -> dict[str, Any] | None:
        """What is known of the fit that a task belongs to: iterations may be those of a part of it."""
        while context is not None and id(context) not in self._running:
            context = context.parent
        return None if context is None else self._running[id(context)]

    def __getstate__(self) -> dict[str, Any]:
        # a copy in another process has fits of its own
        return {**self.__dict__, "_running": {}}

    def __repr__(self) -> str:
        return f"EarlyStopping({self._scorer!r}, patience={self.patience}, min_delta={self.min_delta})"
