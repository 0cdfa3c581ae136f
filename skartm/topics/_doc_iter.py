"""Inner passes over a document: a number, or two between which it grows in the course of a fit."""

from numbers import Integral
from typing import Any

from skartm.base._parameters import fail
from skartm.em import EM


def check_doc_iter(owner: Any, name: str) -> None:
    """Raise unless a parameter is a number of passes, or two that do not fall."""
    value = getattr(owner, name)
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    whole = len(pair) == 2 and all(isinstance(n, Integral) and not isinstance(n, bool) for n in pair)
    if not whole or not 1 <= pair[0] <= pair[1]:
        fail(owner, name, "an integer of at least 1, or two of them, the first and the last, which do not fall", value)


def doc_iters(model: Any) -> tuple[int, int]:
    """Inner passes in the first passes of a fit and in the last ones."""
    value = getattr(model, "max_doc_iter", 1)
    first, last = value if isinstance(value, (tuple, list)) else (value, value)
    return int(first), int(last)


def grow_inner_passes(model: Any, engine: EM, number: int, n_passes: int) -> None:
    """Give the mixture the inner passes of a pass, where they grow and the mixture has any in learning."""
    first, last = doc_iters(model)
    with_passes = getattr(engine.mixture, "with_passes", None)
    if first != last and with_passes is not None:
        engine.mixture = with_passes(first + (last - first + 1) * number // n_passes)


def has_grown(model: Any, number: int, n_passes: int) -> bool:
    """Whether a pass has as many inner passes as the last one."""
    first, last = doc_iters(model)
    return (last - first + 1) * number // n_passes >= last - first
