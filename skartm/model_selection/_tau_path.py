"""TauPath: raise one regularizer after the other, under a criterion."""

import copy
import math
import time
from collections.abc import Mapping
from numbers import Real
from typing import Any

from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed  # joblib's, with warning filters and configuration

from skartm.base import shown
from skartm.base._callbacks import FitTask, with_callbacks
from skartm.base._parameters import check_declared, choice, declared, flag, integer, parameters
from skartm.base._threads import effective_n_processes
from skartm.model_selection._front import front_of
from skartm.model_selection._judges import Bench, judges_of, name_of
from skartm.model_selection._searched import TopicSearch
from skartm.model_selection._stages import COLUMNS, Results, Stage, check_stages


@parameters
class TauPath(TopicSearch):
    """Staged, greedy choice of regularization strengths, as topic models are tuned by hand.

    A model is trained for ``n_iter`` passes. Then, stage by stage, one parameter is tried at several values: each trial
    goes on from the model chosen so far for ``n_iter`` more passes (warm start), beside one that goes on unchanged.
    Among the trials that keep the constraints the one with the best score is chosen, and the next stage goes on from
    there.

    The cost is that of (number of trials) x ``n_iter`` passes; a grid over the same values multiplies where this adds.

    Parameters
    ----------
    estimator : topic model with ``warm_start``, or Pipeline or TopicPipeline that ends with one
    stages : list of (str, sequence)
        Names of parameters of the topic model, without the name of a step (``"decorrelation__tau"``,
        ``"decorrelation__tau__stop"`` of a schedule, ``"decorrelation"`` for whole regularizers), and their values,
        weakest first: those from the first that breaks a constraint on are not considered.
    scoring : str or callable, default=None
        What is to be large: a name of :func:`skartm.metrics.topic_scorer_names` or of scikit-learn, a scorer
        ``(estimator, X, y=None) -> float``, or None for the estimator's own ``score``.
    constraints : dict of str to float, or of callable to float, default=None
        How much worse each of these scores may become, as a share of its reference; ``{"perplexity": 0.05}``, the
        default, lets perplexity be 5 % higher. An empty dict allows everything.
    reference : {"start", "stage"}, default="start"
        What the constraints compare with: the model before the first stage, so that they hold for the whole path, or
        the unchanged model of the stage. The unchanged model itself is always allowed.
    n_iter : int, default=10
        Passes of the first model and of every trial.
    validation_fraction : float in (0, 1), default=0.2
        Share of the documents that are held out for the scores.
    refit : bool, default=True
        Train the chosen path once more on all documents.
    n_jobs : int, default=None
        Trials of a stage at a time, as processes, which share the processors. Results do not depend on it.
    random_state : int, RandomState or None, default=None
        Choice of the held-out documents.

    Attributes
    ----------
    best_estimator_ : estimator
        The last model of the path, with its own ``max_iter``, ``tol`` and ``warm_start`` again.
    best_params_ : dict
        Parameters of the topic model at the end of the path.
    best_score_ : float
        Its score on the held-out documents, before ``refit``.
    results_ : dict of lists
        One entry a trial: ``stage``, ``parameter``, ``value``, ``score``, every constraint, ``feasible``, ``chosen``,
        ``fit_time``. Stage 0 is the model before the first stage, and the value None the one that goes on unchanged.
        Of all scores larger is better: perplexity is negative. ``pandas.DataFrame(path.results_)`` is a table.

    Notes
    -----
    Every trial is a fit of ``n_iter`` passes: schedules run from their beginning to their end in each, and the best
    strengths are those of such a path, not those of one fit with ``max_iter`` passes from a random start.

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

    estimator: Any = declared(kw_only=False)
    stages: Any = declared(kw_only=False)
    scoring: Any = None
    constraints: Any = None
    reference: str = choice(default="start", among=("start", "stage"))
    n_iter: int = integer(default=10, low=1)
    validation_fraction: float = 0.2
    refit: bool = flag(default=True)
    n_jobs: int | None = None
    random_state: Any = None

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> "TauPath":
        """Walk the path.

        Parameters
        ----------
        X : documents, whatever the estimator reads
        y : array of shape (n_docs,), default=None
            Targets, for models and scorers that read them.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Stages, constraints or scores that cannot be used.
        """
        n_iter, front = self._check(), front_of(self.estimator)
        stages, tolerances = check_stages(self.stages, front.declared), self._tolerances()
        judges = judges_of("TauPath", {"score": self.scoring} | {name_of(score): score for score in tolerances})
        shares = {name_of(score): float(share) for score, share in tolerances.items()}
        counts, targets, model, bench = self._held_out(front, X, y, judges)
        trial, task = _Trial(counts, targets, bench, n_iter), FitTask(self, X, y)
        task.begin(1 + len(stages) + bool(self.refit))
        self.results_ = Results(shares)
        chosen, scores, seconds = trial(model, {}, task.part("start"))
        self.results_.add(scores, stage=0, parameter=None, value=None, feasible=True, chosen=True, fit_time=seconds)
        start, changes = scores, []
        with Parallel(n_jobs=effective_n_processes(self.n_jobs)) as parallel:
            for number, stage in enumerate(stages, start=1):
                tried, part = [stage.parameters(value) for value in (None, *stage.values)], task.part(stage.name)
                part.begin(len(tried), ordered=False)
                trials = parallel(
                    delayed(trial)(copy.deepcopy(chosen), parameters, part.part("trial", place))
                    for place, parameters in enumerate(tried)
                )
                reference = start if self.reference == "start" else trials[0][1]
                best = self._choose(number, stage, trials, reference, shares)
                chosen, scores, _ = trials[best]
                changes.append(tried[best])
                if part.end():
                    break
        self.best_score_ = scores["score"]
        final = chosen.get_params()
        self.best_params_ = clone_values({stage.name: final[stage.name] for stage in stages if stage.name in final})
        if self.refit:
            front = front_of(self.estimator)
            counts, chosen = front.begin(X, y)
            part = task.part("refit").begin(1 + len(changes))
            for parameters in ({}, *changes):
                chosen = advance(chosen, counts, y, clone_values(parameters), n_iter, part.part("step"))
            part.end()
        declared = front.declared.get_params(deep=False)
        chosen.set_params(**{name: declared[name] for name in ("warm_start", "max_iter", "tol")})
        self.best_estimator_ = front.joined(chosen)
        task.end()
        return self

    def _check(self) -> int:
        check_declared(self)
        n_iter, model = int(self.n_iter), front_of(self.estimator).declared
        self._check_model(model, "warm_start", "max_iter", "tol")
        self._check_fraction()
        without: Any = model.get_params(deep=False).get("unregularized_iter", 0)
        if isinstance(without, Real) and float(without) >= n_iter:
            msg = (
                f"TauPath: n_iter must be larger than the unregularized_iter of the model, or no trial is regularized. "
                f"Got n_iter={n_iter} and unregularized_iter={without}."
            )
            raise ValueError(msg)
        return n_iter

    def _tolerances(self) -> Mapping[Any, float]:
        tolerances = {"perplexity": 0.05} if self.constraints is None else self.constraints
        right = isinstance(tolerances, Mapping) and all(
            (isinstance(score, str) or callable(score)) and _is_share(share) for score, share in tolerances.items()
        )
        if not right:
            msg = (
                "The 'constraints' parameter of TauPath must be a dict from scores, names or callables, to finite "
                f"numbers. Got {shown(self.constraints)}."
            )
            raise TypeError(msg)
        names = [name_of(score) for score in tolerances]
        if len({*names, *COLUMNS}) < len(names) + len(COLUMNS):
            msg = (
                f"TauPath: the names of constraints must differ from each other and from {', '.join(COLUMNS)}. Got "
                f"{names}; a function is known by its __name__."
            )
            raise ValueError(msg)
        return tolerances

    def _choose(self, number: int, stage: Stage, trials: list, reference: Mapping, shares: Mapping) -> int:
        """Place of the best feasible trial; records all of them."""
        feasible = [True]
        for _, scores, _ in trials[1:]:
            kept = all(scores[name] >= reference[name] - share * abs(reference[name]) for name, share in shares.items())
            feasible.append(feasible[-1] and kept)
        best = max(range(sum(feasible)), key=lambda place: _comparable(trials[place][1]["score"]))
        for place, (value, (_, scores, seconds)) in enumerate(zip((None, *stage.values), trials, strict=True)):
            entries = {"value": value, "feasible": feasible[place], "chosen": place == best, "fit_time": seconds}
            self.results_.add(scores, stage=number, parameter=stage.name, **entries)
        return best


class _Trial:
    """Train on some documents, score on others."""

    def __init__(self, counts: Any, y: Any, bench: Bench, n_iter: int) -> None:
        self.counts, self.y, self.bench, self.n_iter = counts, y, bench, n_iter

    def __call__(self, model: Any, parameters: Mapping[str, Any], task: FitTask) -> tuple[Any, dict[str, float], float]:
        started = time.perf_counter()
        model = advance(model, self.counts, self.y, parameters, self.n_iter, task)
        seconds = time.perf_counter() - started
        return model, self.bench(model), seconds


def advance(model: Any, X: Any, y: Any, parameters: Mapping[str, Any], n_iter: int, task: FitTask) -> Any:
    """The model after ``n_iter`` more passes with the given parameters."""
    model.set_params(**parameters).set_params(warm_start=True, max_iter=n_iter, tol=0)
    with task.around(model):
        model.fit(X, y)
    task.end()
    return model


def clone_values(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters whose values a model may change."""
    return {name: clone(value, safe=False) for name, value in parameters.items()}


def _is_share(share: Any) -> bool:
    return isinstance(share, Real) and not isinstance(share, bool) and math.isfinite(share)


def _comparable(score: float) -> float:
    return -math.inf if math.isnan(score) else score
