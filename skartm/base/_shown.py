"""What a message quotes of the user's data: never a whole document."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

LIMIT = 200  # characters of a quotation


def shown(value: Any, limit: int = LIMIT) -> str:
    """Return the ``repr`` of a value for a message, cut after ``limit`` characters.

    Long strings and containers are cut before the ``repr`` is made, so that a message about a gigabyte costs no second
    one. A value whose own ``repr`` fails is named by its type.

    Examples
    --------
    >>> from skartm.base import shown
    >>> shown("cat"), shown("cat and dog", limit=5), shown([1, 2, 3])
    ("'cat'", "'cat a'...", '[1, 2, 3]')
    """
    if isinstance(value, (str, bytes)) and len(value) > limit:
        return _cut(repr(value[:limit]), 4 * limit) + "..."  # four: "\\x00"
    try:
        text = repr(_small(value, limit, 3))
    except Exception:  # of the user's class
        text = f"<{type(value).__name__}>"
    return _cut(text, limit)


def shown_list(values: Iterable[Any], n_shown: int = 5) -> str:
    """Return the first values as they are shown, separated by commas, and dots for the others."""
    first = list(islice(values, n_shown + 1))
    dots = ["..."] if len(first) > n_shown else []
    return ", ".join([*(shown(value, LIMIT // n_shown) for value in first[:n_shown]), *dots])


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}..."


def _small(value: Any, limit: int, depth: int) -> Any:
    """The same with no more entries and characters than can be shown; of containers of Python alone."""
    kind = type(value)
    if kind in (str, bytes):
        return value[:limit]
    if depth == 0:
        return value
    if kind in (list, tuple):
        return kind(_small(entry, limit, depth - 1) for entry in value[:limit])
    if kind in (set, frozenset):
        return kind(islice(value, limit)) if len(value) > limit else value
    if kind is dict:
        entries = islice(value.items(), limit)
        return {_small(key, limit, 1): _small(entry, limit, depth - 1) for key, entry in entries}
    return value
