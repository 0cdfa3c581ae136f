"""Several scores of topic models at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from skartm.metrics.scoring._fitted import FittedTopics
from skartm.metrics.scoring._scorer import TopicScorer, make_topic_scorer


class TopicScoring:
    """Scores by name, callable as ``scoring(estimator, X, y=None)`` with a dict as its result; of `topic_scoring`.

    What the scores have in common, the counts of raw texts and theta, is computed once.
    """

    def __init__(self, scorers: Mapping[str, TopicScorer]) -> None:
        self.scorers = dict(scorers)

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> dict[str, float]:
        """Return the scores, greater is better."""
        return {name: self.scorers[name].signed(value) for name, value in self.values(estimator, X).items()}

    def values(self, estimator: Any, X: Any = None) -> dict[str, float]:
        """Return the scores as they are, perplexity for instance."""
        fitted = FittedTopics(estimator, X)
        return {name: scorer.value_of(fitted) for name, scorer in self.scorers.items()}

    def __repr__(self) -> str:
        return f"topic_scoring({self.scorers!r})"


def named_scores(
    scores: str | Sequence[str] | Mapping[str, str | TopicScorer | Callable[..., float]], owner: str
) -> dict[str, str | TopicScorer | Callable[..., float]]:
    """Scores by name; a name alone stands for itself."""
    if isinstance(scores, str):
        return {scores: scores}
    named: dict[str, Any] = dict(scores) if isinstance(scores, Mapping) else {score: score for score in scores}
    for name in named:
        if not isinstance(name, str):
            raise TypeError(
                f"{owner}: scores must be names, or a dict from names to scores. Got {name!r} as a name; use a dict "
                "for scorers and functions."
            )
    return named


def topic_scoring(scores: str | Sequence[str] | Mapping[str, str | TopicScorer | Callable[..., float]]) -> TopicScoring:
    """Make one ``scoring`` of several scores, for searches and cross-validation.

    The same as a dict of scorers, but faster: raw texts are counted, and theta inferred, once instead of once a score.

    Parameters
    ----------
    scores : str, list of str, or dict
        Names (`topic_scorer_names`), or a dict from names of your own to names, scorers of `make_topic_scorer`, or
        functions ``(model, counts) -> float``.

    Returns
    -------
    scoring : TopicScoring
        Callable as ``scoring(estimator, X, y=None)``, with a dict of floats as its result, greater is better;
        ``values(estimator, X)`` gives the scores as they are.

    Raises
    ------
    ValueError, TypeError
        If a score is unknown, or better neither way.

    See Also
    --------
    make_topic_scorer : One score, with options.

    Examples
    --------
    >>> from sklearn.model_selection import cross_validate
    >>> from skartm import PLSA
    >>> from skartm.datasets import load_peps
    >>> from skartm.metrics import make_topic_scorer, topic_scoring
    >>> X = load_peps().data[:200]
    >>> scoring = topic_scoring({"npmi": make_topic_scorer("npmi", n_top=5), "fit": "completion"})
    >>> result = cross_validate(PLSA(5, max_iter=5, tol=0, random_state=0), X, scoring=scoring, cv=2)
    >>> sorted(result)
    ['fit_time', 'score_time', 'test_fit', 'test_npmi']
    """
    named = named_scores(scores, "topic_scoring")
    return TopicScoring(
        {name: score if isinstance(score, TopicScorer) else make_topic_scorer(score) for name, score in named.items()}
    )
