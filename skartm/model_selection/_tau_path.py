"""TauPath: raise one regularizer after the other, under a criterion."""

import copy
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from skartm._validation import check_flag, check_integer, check_real
from skartm.model_selection._searched import TopicSearch
from skartm.model_selection._stages import Results, Stage, check_stages, scorers_of


class TauPath(TopicSearch):
    """Staged, greedy choice of regularization strengths, as topic models are tuned by hand.

    A model is trained for ``n_iter`` passes. Then, stage by stage, one parameter is tried at several values: each trial
    goes on from the model chosen so far for ``n_iter`` more passes (warm start), beside one that goes on unchanged.
    Among the trials that keep the constraints the one with the best score is chosen, and the next stage goes on from
    there.

    The cost is that of (number of trials) x ``n_iter`` passes; a grid over the same values multiplies where this adds.

    Parameters
    ----------
    estimator : topic model with ``warm_start``, or Pipeline that ends with one
    stages : list of (str, sequence)
        Names of parameters of the topic model (``"decorrelation__tau"``), and their values, weakest first: those after
        the first that breaks a constraint are not considered.
    scoring : str or callable, default=None
        What is to be large: a name of :func:`skartm.metrics.topic_scorer_names`, a scorer ``(estimator, X) -> float``,
        or None for the estimator's own ``score``.
    constraints : dict of str to float, or of callable to float, default=None
        How much worse each of these scores may become, as a share of its reference; ``{"perplexity": 0.05}``, the
        default, lets perplexity be 5 % higher.
    reference : {"start", "stage"}, default="start"
        What the constraints compare with: the model before the first stage, so that they hold for the whole path, or
        the unchanged model of the stage.
    n_iter : int, default=10
        Passes of the first model and of every trial.
    validation_fraction : float in (0, 1), default=0.2
        Share of the documents that are held out for the scores.
    refit : bool, default=True
        Train the chosen path once more on all documents.
    n_jobs : int, default=None
        Trials of a stage at a time, as processes; the topic models in them use one thread each.
    random_state : int, RandomState or None, default=None
        Choice of the held-out documents.

    Attributes
    ----------
    best_estimator_ : estimator
        The last model of the path.
    best_params_ : dict
        Chosen values.
    best_score_ : float
        Its score on the held-out documents, before ``refit``.
    results_ : dict of lists
        One entry a trial: ``stage``, ``parameter``, ``value``, ``score``, every constraint, ``feasible``, ``chosen``,
        ``fit_time``. ``pandas.DataFrame(path.results_)`` is a table.

    Notes
    -----
    The same idea as TopicNet's experiments of cubes with a criterion such as "perplexity < 1.05 * minimum, coherence ->
    max", without files and processes of its own.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.model_selection import TauPath
    >>> from skartm.regularizers import Decorrelation, SmoothSparseTheta
    >>> regularizers = [("theta", SmoothSparseTheta(0.0)), ("decorrelation", Decorrelation(0.0, relative=0))]
    >>> model = ARTMTransformer(8, regularizers=regularizers, random_state=0)
    >>> stages = [("theta__tau", [0.1, 0.3]), ("decorrelation__tau", [0.02, 0.05])]
    >>> path = TauPath(model, stages, scoring="diversity", n_iter=5, random_state=0).fit(load_peps().data)
    >>> sorted(path.best_params_)
    ['decorrelation__tau', 'theta__tau']
    """

    def __init__(
        self,
        estimator: Any,
        stages: Any,
        *,
        scoring: Any = None,
        constraints: Any = None,
        reference: str = "start",
        n_iter: int = 10,
        validation_fraction: float = 0.2,
        refit: bool = True,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.stages = stages
        self.scoring = scoring
        self.constraints = constraints
        self.reference = reference
        self.n_iter = n_iter
        self.validation_fraction = validation_fraction
        self.refit = refit
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> "TauPath":
        """Walk the path.

        Parameters
        ----------
        X : documents, whatever the estimator reads
        y : array of shape (n_docs,), default=None
            Targets, for models that read them.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Stages, constraints or scores that cannot be used.
        """
        n_iter, tolerances = self._check()
        model = self.estimator.steps[-1][1] if isinstance(self.estimator, Pipeline) else self.estimator
        stages = check_stages(self.stages, model)
        scorers = scorers_of({"score": self.scoring, **{name: name for name in tolerances}})
        front, inner = self._split()
        given, targets, judged = self._held_out(front, X, y)
        trial = _Trial(given, targets, judged, scorers, n_iter)
        self.results_ = Results(tolerances)
        chosen, scores, seconds = trial(clone(inner), {})
        self.results_.add(Stage(None, ()), None, scores, True, True, seconds)
        start = scores
        with_jobs = Parallel(n_jobs=self.n_jobs)
        self.best_params_: dict[str, Any] = {}
        for stage in stages:
            values = [None, *stage.values]
            trials = with_jobs(delayed(trial)(copy.deepcopy(chosen), stage.parameters(value)) for value in values)
            reference = start if self.reference == "start" else trials[0][1]
            best = self._choose(stage, values, trials, reference, tolerances)
            chosen, scores, _ = trials[best]
            self.best_params_[str(stage.name)] = values[best] if best else chosen.get_params()[stage.name]
        self.best_score_ = scores["score"]
        self._finish(X, y, front, inner, chosen, stages, n_iter)
        return self

    def _check(self) -> tuple[int, Mapping[Any, float]]:
        if self.reference not in ("start", "stage"):
            msg = f"The 'reference' parameter of TauPath must be 'start' or 'stage'. Got {self.reference!r}."
            raise ValueError(msg)
        check_flag(self, "refit")
        check_real(self, "validation_fraction", low=0.0, high=1.0, open_low=True)
        tolerances = {"perplexity": 0.05} if self.constraints is None else self.constraints
        if not isinstance(tolerances, Mapping) or not all(np.isreal(value) for value in tolerances.values()):
            msg = f"The 'constraints' parameter of TauPath must be a dict of score to share. Got {self.constraints!r}."
            raise TypeError(msg)
        return check_integer(self, "n_iter", minimum=1), tolerances

    def _choose(self, stage: Stage, values: list, trials: list, reference: Mapping, tolerances: Mapping) -> int:
        """Place of the best feasible trial; records all of them."""
        feasible, still = [], True
        for place, (_, scores, _) in enumerate(trials):
            kept = all(
                scores[name] >= reference[name] - share * abs(reference[name]) for name, share in tolerances.items()
            )
            still = still and (kept or place == 0)
            feasible.append(still)
        best = max((place for place in range(len(trials)) if feasible[place]), key=lambda p: trials[p][1]["score"])
        for place, (_, scores, seconds) in enumerate(trials):
            self.results_.add(stage, values[place], scores, feasible[place], place == best, seconds)
        return best

    def _finish(self, X: Any, y: Any, front: Any, inner: Any, chosen: Any, stages: Any, n_iter: int) -> None:
        if self.refit:
            front = None if front is None else clone(front)
            given = X if front is None else front.fit_transform(X, y)
            chosen = advance(clone(inner), given, y, {}, n_iter)
            for stage in stages:
                chosen = advance(chosen, given, y, stage.parameters(self.best_params_[str(stage.name)]), n_iter)
        declared = inner.get_params(deep=False)
        chosen.set_params(**{name: declared[name] for name in ("warm_start", "max_iter", "tol")})
        self.best_estimator_ = self._joined(front, chosen)


class _Trial:
    """Train on some documents, score on others."""

    def __init__(self, given: Any, y: Any, judged: Any, scorers: Mapping[Any, Any], n_iter: int) -> None:
        self.given, self.y, self.judged, self.scorers, self.n_iter = given, y, judged, scorers, n_iter

    def __call__(self, model: Any, parameters: Mapping[str, Any]) -> tuple[Any, dict[Any, float], float]:
        started = time.perf_counter()
        model = advance(model, self.given, self.y, parameters, self.n_iter)
        seconds = time.perf_counter() - started
        return model, {name: float(scorer(model, self.judged)) for name, scorer in self.scorers.items()}, seconds


def advance(model: Any, X: Any, y: Any, parameters: Mapping[str, Any], n_iter: int) -> Any:
    """The model after ``n_iter`` more passes with the given parameters."""
    return model.set_params(**parameters).set_params(warm_start=True, max_iter=n_iter, tol=0).fit(X, y)
