"""Scores of a search: what may be given, and what they say of a fitted model."""

from collections.abc import Mapping
from typing import Any

from sklearn.metrics import get_scorer, get_scorer_names

from skartm.base import shown
from skartm.metrics import TopicScorer, make_topic_scorer, topic_scorer_names
from skartm.metrics.scoring._fitted import FittedTopics
from skartm.model_selection._front import Alone


def judges_of(owner: str, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Scorers, larger is better, of names of scores, scorers, or None for the estimator's own."""
    return {name: _judge(owner, score) for name, score in declared.items()}


def _judge(owner: str, score: Any) -> Any:
    if score is None or callable(score):
        return score
    if not isinstance(score, str):
        msg = f"{owner}: a score must be a name, a scorer (estimator, X) -> float, or None. Got {shown(score)}."
        raise TypeError(msg)
    if score == "stability":
        msg = f"{owner}: 'stability' compares models of several seeds; one model has none."
        raise ValueError(msg)
    if score not in topic_scorer_names() and score in get_scorer_names():
        return get_scorer(score)
    return make_topic_scorer(score)


def name_of(score: Any) -> str:
    """The name of a score in tables."""
    return score if isinstance(score, str) else str(getattr(score, "__name__", repr(score)))


def judgement(judge: Any, estimator: Any, X: Any, y: Any = None) -> float:
    """One score of a fitted estimator; y only where there is one, as in searches of scikit-learn."""
    targets = () if y is None else (y,)
    value = estimator.score(X, *targets) if judge is None else judge(estimator, X, *targets)
    try:
        return float(value)
    except TypeError:
        msg = f"A score must be one number; several are for the other parameters. Got {shown(value)} of {shown(judge)}."
        raise TypeError(msg) from None


class Bench:
    """Held-out documents, and the scorers that judge models by them."""

    def __init__(self, front: Alone, X: Any, y: Any, judges: Mapping[str, Any]) -> None:
        self.front, self.X, self.y, self.judges = front, X, y, judges
        self.counts = front.counts(X)
        self._read: FittedTopics | None = None

    def __call__(self, model: Any) -> dict[str, float]:
        """Scores of a fitted model.

        Those that see nothing but the topics and the counts share both; a scorer of the user is given the whole
        estimator and the documents, as it is by other searches.
        """
        whole = self.front.joined(model)
        seen = self._seen(whole)
        scores = {}
        for name, judge in self.judges.items():
            if isinstance(judge, TopicScorer) and judge.reference is None:
                scores[name] = float(judge.signed(judge.value_of(seen)))
            elif judge is None:
                scores[name] = judgement(None, model, self.counts, self.y)
            else:
                scores[name] = judgement(judge, whole, self.X, self.y)
        return scores

    def _seen(self, whole: Any) -> FittedTopics:
        """The model with the held-out documents, which are counted, and read as texts, once."""
        if self._read is None:
            self._read = FittedTopics(whole, self.X)
            self._read.counts = self.counts
        return self._read.of_model(FittedTopics(whole).model)
