"""Stages of a path, what they score, and the table of their trials."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skartm.metrics import make_topic_scorer


@dataclass(frozen=True)
class Stage:
    """One parameter and the values to try, weakest first."""

    name: str | None
    values: tuple[Any, ...]

    def parameters(self, value: Any) -> dict[str, Any]:
        """Parameters to set for a value; none for None, which goes on unchanged."""
        return {} if value is None or self.name is None else {self.name: value}


def check_stages(declared: Any, model: Any) -> list[Stage]:
    """Stages of (name, values) pairs; raises on names that the model does not have."""
    known = model.get_params()
    stages = []
    for item in declared if isinstance(declared, (list, tuple)) else ():
        if not isinstance(item, (list, tuple)) or len(item) != 2 or isinstance(item[1], str):
            msg = f"TauPath: stages must be a list of (parameter, values). Got {item!r}."
            raise TypeError(msg)
        name, values = item[0], tuple(item[1])
        if name not in known:
            msg = (
                f"TauPath: stages must name parameters of {type(model).__name__}. Got {name!r}; it has {sorted(known)}."
            )
            raise ValueError(msg)
        if not values or any(value is None for value in values):
            msg = f"TauPath: the stage {name!r} must have values to try, without None. Got {item[1]!r}."
            raise ValueError(msg)
        stages.append(Stage(name, values))
    if not stages:
        msg = f"TauPath: stages must be a list of (parameter, values), at least one. Got {declared!r}."
        raise ValueError(msg)
    for name in ("warm_start", "max_iter", "tol"):
        if name not in known:
            msg = f"TauPath: the estimator must be a topic model with {name!r}. Got {type(model).__name__}."
            raise TypeError(msg)
    return stages


def scorers_of(declared: Mapping[Any, Any]) -> dict[Any, Any]:
    """Scorers, larger is better, of names of scores, callables, or None for the estimator's own."""
    return {name: _scorer(score) for name, score in declared.items()}


def _scorer(score: Any) -> Any:
    if score is None:
        return _own_score
    return score if callable(score) else make_topic_scorer(score)


def _own_score(estimator: Any, X: Any) -> float:
    return float(estimator.score(X))


class Results(dict):
    """Lists of equal length, one entry a trial."""

    def __init__(self, constraints: Mapping[Any, float]) -> None:
        keys = ("stage", "parameter", "value", "score", *constraints, "feasible", "chosen", "fit_time")
        super().__init__({key: [] for key in keys})
        self._stages: list[Any] = []

    def add(
        self, stage: Stage, value: Any, scores: Mapping[Any, float], feasible: bool, chosen: bool, seconds: float
    ) -> None:
        """Record a trial."""
        if stage not in self._stages:
            self._stages.append(stage)
        entry = {"stage": self._stages.index(stage), "parameter": stage.name, "value": value, **scores}
        for key, item in (entry | {"feasible": feasible, "chosen": chosen, "fit_time": seconds}).items():
            self[key].append(item)
