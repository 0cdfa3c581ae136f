"""TopicMonitor: scores of the model after every iteration."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from skartm.base._callbacks import ScoringMonitor
from skartm.base._parameters import check_integer
from skartm.metrics import TopicScorer, TopicScoring
from skartm.metrics._completion import said_before
from skartm.metrics.scoring._scoring import named_scores

if TYPE_CHECKING:
    import pandas as pd

# ScoringMonitor scores only what has a y; topic models have none.
_NO_TARGET = ()


class _Scores:
    """All scores of a model at once, as a dict; what ScoringMonitor calls."""

    def __init__(self, scoring: TopicScoring, X: Any, every: int) -> None:
        self.scoring, self.X, self.every = scoring, X, every

    def __call__(self, estimator: Any, X: Any, y: Any = None, **metadata: Any) -> dict[str, float]:
        with said_before(estimator.n_iter_ > self.every):  # the first record of a fit has said it
            values = self.scoring.values(estimator, X if self.X is None else self.X)
        return {"iteration": estimator.n_iter_} | values


class TopicMonitor(ScoringMonitor):
    """Callback that scores the model after each EM iteration.

    A :class:`sklearn.callback.ScoringMonitor` for models without a target: ``get_logs`` gives back what it recorded,
    for every run, also from the worker processes of a search. Set it on the topic model itself::

        model.set_callbacks(TopicMonitor(["npmi", "perplexity"]))

    Scores take time, `npmi` on a large corpus more than an iteration: choose ``every`` and ``X`` accordingly. Scores
    change nothing in the fit.

    Parameters
    ----------
    scores : str, list of str, or dict
        Names of scores (:func:`skartm.metrics.topic_scorer_names`), or a dict from columns to names, scorers of
        :func:`skartm.metrics.make_topic_scorer`, or functions ``(model, counts) -> float``. Values are recorded as
        they are: perplexity is not negated.
    every : int, default=1
        Iterations between records: the first record is after iteration ``every``.
    X : sparse matrix of shape (n_docs, n_tokens), default=None
        Counts to score on, held-out ones for instance, with the columns that the model sees. None scores on the
        training data. Counts have no windows of text: coherence by "c_v", "c_npmi" or "c_uci" needs rows in the order
        of the text, or ``make_topic_scorer("c_v", reference=tokens)``.

    Attributes
    ----------
    data : list of dict
        Records of the most recent run: ``iteration`` (from 1), the scores, and the columns of
        :class:`sklearn.callback.ScoringMonitorLog` (``task_id_path``, ``parent_task_id_path``, ``estimator_name``,
        ``task_name``, ``task_id``, ``sequential_subtasks``). A run is a fit of the outermost estimator, so after a
        search it has the records of all fits.
    data_as_pandas : pandas.DataFrame
        The same as a table.

    Raises
    ------
    ValueError, TypeError
        If a score is unknown, or ``every`` is not a positive integer.

    See Also
    --------
    history_frame : What a fit records anyway, at no cost.

    Examples
    --------
    >>> from skartm import PLSA
    >>> from skartm.callbacks import TopicMonitor
    >>> from skartm.datasets import load_peps
    >>> X = load_peps().data[:200]
    >>> monitor = TopicMonitor(["diversity", "kernel_purity"], every=2)
    >>> model = PLSA(5, max_iter=6, tol=0, random_state=0).set_callbacks(monitor).fit(X)
    >>> [record["iteration"] for record in monitor.data]
    [2, 4, 6]
    >>> monitor.data[0]["kernel_purity"] < monitor.data[-1]["kernel_purity"]
    True
    """

    def __init__(
        self,
        scores: str | Sequence[str] | Mapping[str, str | TopicScorer | Callable[..., float]],
        *,
        every: int = 1,
        X: Any = None,
    ) -> None:
        scorers = {
            name: score if isinstance(score, TopicScorer) else TopicScorer(score)
            for name, score in named_scores(scores, "TopicMonitor").items()
        }
        self.scores = scorers
        self.every = every
        check_integer(self, "every", minimum=1)
        self.X = X
        super().__init__(scoring=_Scores(TopicScoring(scorers), X, every))

    def on_fit_task_end(
        self,
        estimator: Any,
        context: Any,
        *,
        X: Any = None,
        y: Any = None,
        fitted_estimator: Any = None,
        metadata: Any = None,
    ) -> None:
        """Score the model and record it; called by the model."""
        if fitted_estimator is not None and (context.task_id + 1) % self.every == 0:
            super().on_fit_task_end(
                estimator, context, X=X, y=_NO_TARGET if y is None else y, fitted_estimator=fitted_estimator
            )

    @property
    def data(self) -> list[dict[str, Any]]:
        """Records of the most recent run, an empty list without any."""
        try:
            return self.get_logs().data
        except ValueError:  # nothing recorded
            return []

    @property
    def data_as_pandas(self) -> pd.DataFrame:
        """Records of the most recent run as a data frame."""
        return self.get_logs().data_as_pandas

    def __repr__(self) -> str:
        return f"TopicMonitor({self.scores!r}, every={self.every})"
