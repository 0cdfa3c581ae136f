"""Modalities: blocks of columns that are distributions of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown

ModalitySelection = None | str | Sequence[str]


@dataclass(frozen=True)
class Modality:
    """A kind of tokens: words, tags, authors.

    Parameters
    ----------
    name : str
    tokens : array of int32
        Its columns, ascending.
    weight : float
        Multiplies the counts.
    """

    name: str
    tokens: NDArray
    weight: float = 1.0


def resolve_modalities(declared: Any, n_tokens: int, owner: str) -> tuple[Modality, ...]:
    """Modalities of a declaration, in its order, with weights 1; together they have every column once.

    Parameters
    ----------
    declared : mapping of name to slice, indices or mask; or sequence of n_tokens labels; or None
        None has no modalities: an empty tuple.
    n_tokens : int
    owner : str
        Who asks; named in the error.

    Raises
    ------
    ValueError
        Columns out of range, in two modalities, in none, or a modality without columns.
    """
    if declared is None:
        return ()
    named = dict(declared) if isinstance(declared, Mapping) else _of_labels(declared, n_tokens, owner)
    blocks = {str(name): _columns(columns, n_tokens, str(name), owner) for name, columns in named.items()}
    if not blocks:
        msg = f"{owner}: modalities must name at least one modality. Got {shown(declared)}."
        raise ValueError(msg)
    times = np.zeros(n_tokens, dtype=np.int64)
    for columns in blocks.values():
        times[columns] += 1
    for bad, what in ((times > 1, "more than one modality"), (times == 0, "no modality")):
        if bad.any():
            msg = (
                f"{owner}: modalities must have each of the {n_tokens} columns of X once. Got column "
                f"{int(np.argmax(bad))} in {what}."
            )
            raise ValueError(msg)
    return tuple(Modality(name, columns) for name, columns in blocks.items())


def _of_labels(labels: Any, n_tokens: int, owner: str) -> dict[str, NDArray]:
    array = np.asarray(labels)
    if array.shape != (n_tokens,):
        msg = (
            f"{owner}: modalities must be a dict of name to columns, or one label for each of the {n_tokens} columns "
            f"of X. Got shape {array.shape}."
        )
        raise ValueError(msg)
    names, first = np.unique(array, return_index=True)
    return {str(name): np.flatnonzero(array == name) for name in names[np.argsort(first)]}


def _columns(columns: Any, n_tokens: int, name: str, owner: str) -> NDArray:
    everything = np.arange(n_tokens, dtype=np.int32)
    if isinstance(columns, slice):
        chosen = everything[columns]
    else:
        asked = np.asarray(columns)
        if asked.dtype.kind == "b" and asked.shape != (n_tokens,):
            msg = f"{owner}: the mask of modality {shown(name)} must have shape ({n_tokens},). Got {asked.shape}."
            raise ValueError(msg)
        if asked.size and asked.dtype.kind not in "iub":
            msg = f"{owner}: modality {shown(name)} must be a slice, column indices or a mask. Got {shown(columns)}."
            raise ValueError(msg)
        if asked.dtype.kind in "iu" and asked.size and not (asked.min() >= 0 and asked.max() < n_tokens):
            msg = (
                f"{owner}: modality {shown(name)} must have columns in [0, {n_tokens}). Got {asked.min()} "
                f"to {asked.max()}."
            )
            raise ValueError(msg)
        chosen = everything[asked] if asked.size else everything[:0]
    if chosen.size == 0:
        msg = (
            f"{owner}: modality {shown(name)} must have at least one of the {n_tokens} columns of X. Got "
            f"{shown(columns)}."
        )
        raise ValueError(msg)
    return np.unique(chosen)
