"""Inner passes over a document: a number, or two between which it grows in the course of a fit."""

from numbers import Integral
from typing import Any

from skartm.base import shown


def check_doc_iter(owner: Any, name: str) -> None:
    """Raise unless a parameter is a number of passes, or two that do not fall."""
    value = getattr(owner, name)
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    whole = len(pair) == 2 and all(isinstance(n, Integral) and not isinstance(n, bool) for n in pair)
    if not whole or not 1 <= pair[0] <= pair[1]:
        msg = (
            f"The {name!r} parameter of {type(owner).__name__} must be an integer of at least 1, or two of them, the "
            f"first and the last, which do not fall. Got {shown(value)}."
        )
        raise ValueError(msg) if whole else TypeError(msg)


def doc_iters(model: Any) -> tuple[int, int]:
    """Inner passes in the first passes of a fit and in the last ones."""
    value = model.max_doc_iter
    first, last = value if isinstance(value, (tuple, list)) else (value, value)
    return int(first), int(last)
