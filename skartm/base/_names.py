"""Names of columns and topics as users have them: sequences, and mappings in either direction."""

from __future__ import annotations

from collections.abc import Mapping, Set
from numbers import Integral
from typing import Any

import numpy as np

from ._shown import shown


def names_in_order(names: Any, n_names: int | None, parameter: str, what: str = "columns of X") -> list[Any]:
    """Return names in the order of what they name, one each.

    A dict and the like is never iterated, because its order says nothing about columns: it is read as a mapping of
    names to numbers (``vectorizer.vocabulary_``, ``token2id``) or of numbers to names (``id2token``, a Dictionary of
    gensim), whichever has the numbers.

    Parameters
    ----------
    names : sequence, one-dimensional array, or mapping in either direction
        A series of numbers with an index of names is a mapping too.
    n_names : int or None
        How many there must be; None takes any number.
    parameter : str
        What the names are called, for messages.
    what : str
        What they name, in the plural.

    Returns
    -------
    list
        Scalars of NumPy are those of Python.

    Raises
    ------
    TypeError
        A string, a set, an iterator, a table, or a mapping without numbers, or with numbers on both sides.
    ValueError
        Another number of names, or numbers that are not 0, ..., n - 1, each once.

    Examples
    --------
    >>> from skartm.base import names_in_order
    >>> names_in_order({"dog": 1, "cat": 0}, 2, "feature_names")
    ['cat', 'dog']
    >>> names_in_order({1: "dog", 0: "cat"}, 2, "feature_names")
    ['cat', 'dog']
    """
    if isinstance(names, Mapping) or hasattr(names, "token2id"):
        listed = _of_mapping(dict(getattr(names, "token2id", names)), parameter, what)
    elif _is_series_of_numbers(names):
        listed = _of_mapping(dict(zip(names.index.tolist(), names.tolist())), parameter, what)
    else:
        listed = _of_sequence(names, parameter, what)
    if n_names is not None and len(listed) != n_names:
        raise ValueError(
            f"{parameter} must have one name for each of the {n_names} {what}. Got {len(listed)}; pass one each."
        )
    return listed


def _of_sequence(names: Any, parameter: str, what: str) -> list[Any]:
    expected = f"{parameter} must be a sequence with one name for each of the {what}, or a mapping"
    if isinstance(names, (str, bytes)):
        raise TypeError(f"{expected}. Got {shown(names)}; put a single name into a list.")
    if hasattr(names, "get_feature_names_out"):
        raise TypeError(f"{expected}. Got {type(names).__name__}; call its get_feature_names_out().")
    is_ordered = hasattr(names, "__len__") and hasattr(names, "__getitem__") and not isinstance(names, Set)
    if not is_ordered or len(getattr(names, "shape", (0,))) != 1:
        raise TypeError(
            f"{expected}. Got {type(names).__name__}, which has no order of {what}; make a list in their order."
        )
    return names.tolist() if hasattr(names, "tolist") else list(names)


def _of_mapping(mapping: dict[Any, Any], parameter: str, what: str) -> list[Any]:
    """Names by number, where the numbers are on one side."""
    by_key, by_value = _are_numbers(mapping), _are_numbers(mapping.values())
    if mapping and by_key == by_value:
        raise TypeError(
            f"{parameter} as a mapping must be of names to numbers of {what}, or of numbers to names. Got "
            f"{shown(mapping)}; make a list in the order of the {what}."
        )
    of_number = {int(key): name for key, name in mapping.items()} if by_key else {}
    if by_value:
        of_number = {int(number): name for name, number in mapping.items()}
    if sorted(of_number) != list(range(len(mapping))):
        numbers = list(mapping if by_key else mapping.values())
        raise ValueError(
            f"{parameter} as a mapping must number its {len(mapping)} names from 0 without gaps, each number once. Got "
            f"{shown(numbers)}; make a list in the order of the {what} (of gensim: call compactify() on the Dictionary "
            "before it makes the corpus)."
        )
    return [_scalar(of_number[number]) for number in range(len(of_number))]


def _are_numbers(values: Any) -> bool:
    return all(isinstance(value, Integral) and not isinstance(value, (bool, np.bool_)) for value in values)


def _is_series_of_numbers(names: Any) -> bool:
    """Whether these are numbers of columns with an index of names, as ``pandas.Series(vocabulary)`` has them."""
    if not hasattr(names, "index") or not hasattr(names, "tolist") or not hasattr(names.index, "tolist"):
        return False
    index = names.index.tolist()
    return bool(index) and _are_numbers(names.tolist()) and not _are_numbers(index)


def _scalar(name: Any) -> Any:
    return name.item() if isinstance(name, np.generic) else name
