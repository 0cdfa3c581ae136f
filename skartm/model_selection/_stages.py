"""Stages of a path, and the table of their trials."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sklearn.base import clone

from skartm.base import shown

# what the path sets itself, or what a warm start cannot change
_TAKEN = ("max_iter", "n_components", "tol", "warm_start")


@dataclass(frozen=True, eq=False)
class Stage:
    """One parameter and the values to try, weakest first."""

    name: str
    values: tuple[Any, ...]

    def parameters(self, value: Any) -> dict[str, Any]:
        """Parameters to set for a value, in a copy that is the model's own; none for None, the unchanged model."""
        return {} if value is None else {self.name: clone(value, safe=False)}


def check_stages(declared: Any, model: Any) -> list[Stage]:
    """Stages of (name, values) pairs; raises on names that the model does not have."""
    if not isinstance(declared, (list, tuple)) or not declared:
        msg = (
            "The 'stages' parameter of TauPath must be a list of (parameter, values), not empty. Got "
            f"{shown(declared)}."
        )
        raise (ValueError if isinstance(declared, (list, tuple)) else TypeError)(msg)
    known = model.get_params()
    return [_check_stage(item, known, type(model).__name__) for item in declared]


def _check_stage(item: Any, known: Mapping[str, Any], owner: str) -> Stage:
    pair = isinstance(item, (list, tuple)) and len(item) == 2 and isinstance(item[0], str)
    if not pair or isinstance(item[1], (str, Mapping)) or not isinstance(item[1], Iterable):
        msg = f"The 'stages' parameter of TauPath must be a list of (parameter, values). Got {shown(item)} in it."
        raise TypeError(msg)
    name, values = item[0], tuple(item[1])
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean {shown(close[0])}?" if close else "parameters of a regularizer follow its name and '__'."
        msg = f"TauPath: stages must name parameters of {owner}. Got {name!r}; {hint}"
        raise ValueError(msg)
    if name in _TAKEN:
        msg = f"TauPath: stages cannot change {name!r}, which the path keeps or sets itself."
        raise ValueError(msg)
    if not values or any(value is None for value in values):
        msg = (
            f"TauPath: the stage {name!r} must have values to try, without None. Got {shown(item[1])}; the "
            "unchanged model "
            "is tried always, and 'drop' leaves a regularizer out."
        )
        raise ValueError(msg)
    return Stage(name, values)


COLUMNS = ("stage", "parameter", "value", "score", "feasible", "chosen", "fit_time")


class Results(dict[str, list[Any]]):
    """Lists of equal length, one entry a trial."""

    def __init__(self, constraints: Iterable[str] = ()) -> None:  # a default for skops, which fills an empty one
        super().__init__({key: [] for key in (*COLUMNS[:4], *constraints, *COLUMNS[4:])})

    def add(self, scores: Mapping[str, float], **entries: Any) -> None:
        """Record a trial."""
        for key, value in {**scores, **entries}.items():
            self[key].append(value)
