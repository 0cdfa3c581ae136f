"""TopicNumberSearch: how many topics."""

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
from sklearn.utils import check_random_state

from skartm._validation import check_flag, check_integer, check_real
from skartm.metrics import topic_stability
from skartm.model_selection._searched import TopicSearch
from skartm.model_selection._stages import scorers_of


class TopicNumberSearch(TopicSearch):
    """Choose the number of topics by held-out scores over several seeds, and show how stable the topics are.

    There is no true number of topics, so the whole curve is the result, and the choice is a rule that can be argued
    about: the smallest number whose mean score is within one standard error of the best
    (``rule="one_standard_error"``), or the best itself.

    Parameters
    ----------
    estimator : topic model with ``n_components`` and ``random_state``, or Pipeline that ends with one
    n_topics : sequence of int, default=(10, 20, 50, 100)
        Numbers to try.
    scoring : str or callable, default=None
        What is to be large: a name of :func:`skartm.metrics.topic_scorer_names`, a scorer ``(estimator, X) -> float``,
        or None for the estimator's own ``score`` (held-out log-likelihood, which likes many topics).
    others : sequence of str, default=("npmi", "diversity")
        Further scores for the table.
    n_seeds : int, default=3
        Models of every number.
    rule : {"one_standard_error", "best"}, default="one_standard_error"
    validation_fraction : float in (0, 1), default=0.2
        Share of the documents that are held out for the scores.
    refit : bool, default=True
        Train a model with the chosen number on all documents.
    n_jobs : int, default=None
        Models at a time, as processes; the topic models in them use one thread each.
    random_state : int, RandomState or None, default=None
        Choice of the held-out documents, and the seeds.

    Attributes
    ----------
    best_n_topics_ : int
    best_estimator_ : estimator
        With ``refit``, or else the first model of that number.
    results_ : dict of lists
        One entry a number: ``n_topics``, ``mean_score``, ``std_score``, ``stability`` (mean similarity of matched
        topics over seeds, :func:`skartm.metrics.topic_stability`; 1 with one seed), mean of every other score,
        ``fit_time``.
        ``pandas.DataFrame(search.results_)`` is a table.

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

    def __init__(
        self,
        estimator: Any,
        n_topics: Any = (10, 20, 50, 100),
        *,
        scoring: Any = None,
        others: Any = ("npmi", "diversity"),
        n_seeds: int = 3,
        rule: str = "one_standard_error",
        validation_fraction: float = 0.2,
        refit: bool = True,
        n_jobs: int | None = None,
        random_state: Any = None,
    ) -> None:
        self.estimator = estimator
        self.n_topics = n_topics
        self.scoring = scoring
        self.others = others
        self.n_seeds = n_seeds
        self.rule = rule
        self.validation_fraction = validation_fraction
        self.refit = refit
        self.n_jobs = n_jobs
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> "TopicNumberSearch":
        """Train and score the models.

        Parameters
        ----------
        X : documents, whatever the estimator reads
        y : array of shape (n_docs,), default=None
            Targets, for models that read them.

        Returns
        -------
        self
        """
        numbers = self._check()
        scorers = scorers_of({"score": self.scoring, **{name: name for name in self.others}})
        front, inner = self._split()
        given, targets, judged = self._held_out(front, X, y)
        seeds = check_random_state(self.random_state).randint(np.iinfo(np.int32).max, size=int(self.n_seeds))
        models = [clone(inner).set_params(n_components=n, random_state=int(seed)) for n in numbers for seed in seeds]
        trials = Parallel(n_jobs=self.n_jobs)(delayed(_train)(m, given, targets, judged, scorers) for m in models)
        groups = [trials[start : start + seeds.size] for start in range(0, len(trials), seeds.size)]
        self.results_ = self._table(numbers, groups)
        place = self._choice(self.results_["mean_score"], self.results_["std_score"], seeds.size)
        self.best_n_topics_ = numbers[place]
        best = groups[place][0][0]
        if self.refit:
            front = None if front is None else clone(front)
            best = clone(best).fit(X if front is None else front.fit_transform(X, y), y)
        self.best_estimator_ = self._joined(front, best)
        return self

    def _check(self) -> list[int]:
        check_integer(self, "n_seeds", minimum=1)
        check_flag(self, "refit")
        check_real(self, "validation_fraction", low=0.0, high=1.0, open_low=True)
        if self.rule not in ("one_standard_error", "best"):
            msg = f"The 'rule' parameter must be 'one_standard_error' or 'best'. Got {self.rule!r}."
            raise ValueError(msg)
        numbers = np.asarray(list(self.n_topics))
        if numbers.size == 0 or numbers.dtype.kind not in "iu" or (numbers < 1).any():
            msg = f"The 'n_topics' parameter must be a sequence of positive integers. Got {self.n_topics!r}."
            raise ValueError(msg)
        return sorted({int(number) for number in numbers})

    def _table(self, numbers: list[int], groups: list[list[tuple]]) -> dict[str, list]:
        table: dict[str, list] = {"n_topics": numbers, "mean_score": [], "std_score": [], "stability": []}
        for name in (*self.others, "fit_time"):
            table[name] = []
        for group in groups:
            scores = [trial[1]["score"] for trial in group]
            table["mean_score"].append(float(np.mean(scores)))
            table["std_score"].append(float(np.std(scores)))
            phis = [trial[0].components_ for trial in group]
            table["stability"].append(topic_stability(phis).value if len(phis) > 1 else 1.0)
            for name in self.others:
                table[name].append(float(np.mean([trial[1][name] for trial in group])))
            table["fit_time"].append(float(np.mean([trial[2] for trial in group])))
        return table

    def _choice(self, means: list[float], spreads: list[float], n_seeds: int) -> int:
        best = int(np.argmax(means))
        if self.rule == "best":
            return best
        error = spreads[best] / np.sqrt(max(n_seeds - 1, 1))
        return next(place for place, mean in enumerate(means) if mean >= means[best] - error)


def _train(model: Any, X: Any, y: Any, judged: Any, scorers: Mapping[Any, Any]) -> tuple[Any, dict[Any, float], float]:
    started = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - started
    return model, {name: float(scorer(model, judged)) for name, scorer in scorers.items()}, seconds
