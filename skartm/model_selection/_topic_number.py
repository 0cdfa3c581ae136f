"""TopicNumberSearch: how many topics."""

import time
from collections.abc import Iterable
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed  # joblib's, with warning filters and configuration

from skartm.base import shown
from skartm.base._callbacks import FitTask, with_callbacks
from skartm.base._parameters import check_declared, check_integer, choice, declared, flag, parameters
from skartm.base._threads import effective_n_processes
from skartm.metrics import topic_stability
from skartm.model_selection._front import front_of
from skartm.model_selection._judges import Bench, judges_of
from skartm.model_selection._searched import TopicSearch

_COLUMNS = ("n_topics", "mean_score", "std_score", "stability", "fit_time")


@parameters
class TopicNumberSearch(TopicSearch):
    """Choose the number of topics by held-out scores over several seeds, and show how stable the topics are.

    There is no true number of topics, so the whole curve is the result, and the choice is a rule that can be argued
    about: the smallest number whose mean score is within one standard error of the best
    (``rule="one_standard_error"``), or the best itself.

    Parameters
    ----------
    estimator : topic model with ``n_components`` and ``random_state``, or Pipeline or TopicPipeline that ends with one
    n_topics : sequence of int, default=(10, 20, 50, 100)
        Numbers to try.
    scoring : str or callable, default=None
        What is to be large: a name of :func:`skartm.metrics.topic_scorer_names` or of scikit-learn, a scorer
        ``(estimator, X, y=None) -> float``, or None for the estimator's own ``score`` (held-out log-likelihood, which
        likes many topics). "stability" compares the models of each number with each other, two seeds at least.
    others : sequence of str, default=("npmi", "diversity")
        Names of further scores for the table.
    n_seeds : int, default=3
        Models of every number.
    rule : {"one_standard_error", "best"}, default="one_standard_error"
    validation_fraction : float in (0, 1), default=0.2
        Share of the documents that are held out for the scores.
    refit : bool, default=True
        Train a model with the chosen number on all documents.
    n_jobs : int, default=None
        Models at a time, as processes, which share the processors. Results do not depend on it.
    random_state : int, RandomState or None, default=None
        Choice of the held-out documents, and the seeds.

    Attributes
    ----------
    best_n_topics_ : int
    best_estimator_ : estimator
        With ``refit`` of all documents, or else the model itself: of the seed with the best score of that number.
    results_ : dict of lists
        One entry a number: ``n_topics``, ``mean_score``, ``std_score``, ``stability`` (mean similarity of matched
        topics over pairs of seeds, :func:`skartm.metrics.topic_stability`; nan with one seed), mean of every other
        score, ``fit_time`` of a model. Of all scores larger is better: perplexity is negative.
        ``pandas.DataFrame(search.results_)`` is a table.

    Notes
    -----
    The standard error is over seeds, with the same held-out documents. Stability falls with the number of topics sooner
    or later, and one topic has it always: begin with a number that is useful.

    Examples
    --------
    >>> from skartm import PLSA
    >>> from skartm.datasets import make_topics
    >>> from skartm.model_selection import TopicNumberSearch
    >>> X = make_topics(n_docs=300, n_topics=5, random_state=0).data
    >>> plsa = PLSA(tol=0, max_iter=30)
    >>> search = TopicNumberSearch(plsa, n_topics=[2, 5, 10], scoring="npmi", random_state=0).fit(X)
    >>> search.best_n_topics_
    5
    """

    estimator: Any = declared(kw_only=False)
    n_topics: Any = declared(default=(10, 20, 50, 100), kw_only=False)
    scoring: Any = None
    others: Any = ("npmi", "diversity")
    n_seeds: int = 3
    rule: str = choice(default="one_standard_error", among=("one_standard_error", "best"))
    validation_fraction: float = 0.2
    refit: bool = flag(default=True)
    n_jobs: int | None = None
    random_state: Any = None

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> "TopicNumberSearch":
        """Train and score the models.

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
            Parameters or scores that cannot be used.
        """
        numbers, others, front = self._check(), self._others(), front_of(self.estimator)
        own = {} if self._by_stability() else {"score": self.scoring}
        judges = judges_of("TopicNumberSearch", own | {name: name for name in others})
        counts, targets, model, bench = self._held_out(front, X, y, judges)
        seeds = check_random_state(self.random_state).randint(np.iinfo(np.int32).max, size=int(self.n_seeds))
        models = [clone(model).set_params(n_components=n, random_state=int(seed)) for n in numbers for seed in seeds]
        task = FitTask(self, X, y).begin(1 + bool(self.refit))
        part, parallel = task.part("search"), Parallel(n_jobs=effective_n_processes(self.n_jobs))
        part.begin(len(models), ordered=False)
        tried = [(model, part.part("trial", number)) for number, model in enumerate(models)]
        trials = parallel(delayed(_train)(model, counts, targets, bench, trial) for model, trial in tried)
        part.end()
        groups = [trials[start : start + seeds.size] for start in range(0, len(trials), seeds.size)]
        self.results_ = self._table(numbers, others, groups)
        place = self._choice(self.results_["mean_score"], self.results_["std_score"], seeds.size)
        self.best_n_topics_ = numbers[place]
        best = max(groups[place], key=lambda trial: np.nan_to_num(trial[1].get("score", 0.0), nan=-np.inf))[0]
        if self.refit:
            front = front_of(self.estimator)
            counts, model = front.begin(X, y)
            best = model.set_params(n_components=best.n_components, random_state=best.random_state)
            part = task.part("refit")
            with part.around(best):
                best.fit(counts, y)
            part.end()
        self.best_estimator_ = front.joined(best)
        task.end()
        return self

    def _check(self) -> list[int]:
        self._check_model(front_of(self.estimator).declared, "random_state")
        check_integer(self, "n_seeds", minimum=2 if self._by_stability() else 1)
        check_declared(self)
        self._check_fraction()
        numbers = np.asarray(list(self.n_topics) if isinstance(self.n_topics, Iterable) else [])
        if numbers.ndim != 1 or numbers.size == 0 or numbers.dtype.kind not in "iu" or (numbers < 1).any():
            msg = f"The 'n_topics' parameter must be a sequence of positive integers. Got {shown(self.n_topics)}."
            raise ValueError(msg)
        return sorted({int(number) for number in numbers})

    def _others(self) -> list[str]:
        right = isinstance(self.others, Iterable) and not isinstance(self.others, str)
        names = list(self.others) if right else []
        if not right or not all(isinstance(name, str) for name in names):
            msg = f"The 'others' parameter must be a sequence of names of scores. Got {shown(self.others)}."
            raise TypeError(msg)
        return [name for name in dict.fromkeys(names) if name != "stability"]  # which the table has anyway

    def _by_stability(self) -> bool:
        return isinstance(self.scoring, str) and self.scoring == "stability"

    def _table(self, numbers: list[int], others: list[str], groups: list[list[tuple]]) -> dict[str, list]:
        table: dict[str, list] = {name: [] for name in (*_COLUMNS[:-1], *others, _COLUMNS[-1])}
        for number, group in zip(numbers, groups, strict=True):
            models, judged, seconds = zip(*group, strict=True)
            stability = topic_stability([model.components_ for model in models]) if len(models) > 1 else None
            if self._by_stability() and stability is not None:
                scores = [matching.mean for matching in stability.matchings]
            else:
                scores = [scores["score"] for scores in judged]
            row = {"n_topics": number, "mean_score": float(np.mean(scores)), "std_score": float(np.std(scores))}
            row |= {"stability": float("nan") if stability is None else stability.value}
            row |= {name: float(np.mean([scores[name] for scores in judged])) for name in others}
            for name, value in (row | {"fit_time": float(np.mean(seconds))}).items():
                table[name].append(value)
        return table

    def _choice(self, means: list[float], spreads: list[float], n_seeds: int) -> int:
        """Place of the chosen number; a mean that is not a number is the worst."""
        means = [-np.inf if np.isnan(mean) else mean for mean in means]
        best = int(np.argmax(means))
        if self.rule == "best" or not np.isfinite(means[best]):
            return best
        error = spreads[best] / np.sqrt(max(n_seeds - 1, 1))
        return next(place for place, mean in enumerate(means) if mean >= means[best] - error)


def _train(model: Any, X: Any, y: Any, bench: Bench, task: FitTask) -> tuple[Any, dict[str, float], float]:
    started = time.perf_counter()
    with task.around(model):
        model.fit(X, y)
    seconds, scores = time.perf_counter() - started, bench(model)
    task.end()
    return model, scores, seconds
