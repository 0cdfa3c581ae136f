"""Bags of words of gensim, in and out, without gensim."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from numbers import Integral

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skartm.base import shown
from skartm.base._data import check_csr

from ._memmap import iter_chunks, open_rows
from ._rows import CSR, MAX_INT32, MatrixLike, to_names

_DOCS = 1024  # documents that are read at a time


def from_bow(
    corpus: Iterable[Iterable[tuple[int, float]]],
    n_features: int | None = None,
    *,
    memmap: str | os.PathLike | None = None,
    dtype: DTypeLike = np.float32,
) -> CSR:
    """Convert a corpus of gensim, an iterable of lists of ``(token_id, count)``, to CSR.

    Parameters
    ----------
    corpus : iterable of iterables of (int, float)
        One list of pairs a document. It is iterated once, some documents at a time.

    n_features : int, default=None
        Number of columns, such as ``len(dictionary)``. ``None`` takes the largest id plus one, which is too few when
        the last tokens of the vocabulary do not occur.

    memmap : path-like, default=None
        Folder for an on-disk CSR, written while reading; see :func:`save_memmap`. ``None`` keeps the counts in memory.

    dtype : dtype, default=numpy.float32
        Type of the counts.

    Returns
    -------
    X : CSR of shape (n_docs, n_features)
        Counts; the pairs of a document keep their order.

    Raises
    ------
    ValueError
        With the number of the document, if its entries are not pairs of an id in range and a finite, non-negative
        count.

    See Also
    --------
    to_bow : The way back.
    from_token2id : Names of the columns.

    Examples
    --------
    >>> from skartm.datasets import from_bow
    >>> from_bow([[(0, 1), (2, 3)], []], n_features=4).toarray().tolist()
    [[1.0, 0.0, 3.0, 0.0], [0.0, 0.0, 0.0, 0.0]]
    """
    if n_features is not None and (
        not isinstance(n_features, Integral) or isinstance(n_features, bool) or not 0 <= n_features <= MAX_INT32
    ):
        raise ValueError(
            f"n_features must be an int from 0 to {MAX_INT32}, or None. Got {shown(n_features)}; pass len(dictionary)."
        )
    limit = MAX_INT32 if n_features is None else int(n_features)
    docs, first, width = iter(corpus), 0, 0
    with open_rows(memmap, dtype) as rows:
        while block := list(map(_to_pairs, islice(docs, _DOCS))):
            lengths = [len(pairs) for pairs in block]
            pairs = [pair for pairs in block for pair in pairs]
            parsed = _parse(pairs, limit)
            if parsed is None:
                raise _first_error(block, first, limit)
            ids, counts = parsed
            rows.append(counts, ids, lengths)
            width = max(width, int(ids.max(initial=-1)) + 1)
            first += len(block)
        return rows.finish(width if n_features is None else limit)


def _to_pairs(doc: Iterable[tuple[int, float]]) -> list[tuple[int, float]]:
    return list(doc) if isinstance(doc, Iterable) else [doc]  # the latter is reported by _parse


def _parse(pairs: list, limit: int) -> tuple[NDArray, NDArray] | None:
    """Return ids and counts, or None when any of the pairs is not valid."""
    if not pairs:
        return np.empty(0, dtype=np.int64), np.empty(0)
    try:
        ids = np.array([token_id for token_id, _ in pairs])
        counts = np.array([count for _, count in pairs], dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    is_valid = ids.dtype.kind in "iu" and ids.ndim == 1 and counts.ndim == 1
    if not is_valid or ids.min() < 0 or ids.max() >= limit or not np.isfinite(counts).all() or (counts < 0).any():
        return None
    return ids, counts


def _first_error(block: list[list], first: int, limit: int) -> ValueError:
    for number, pairs in enumerate(block, start=first):
        for pair in pairs:
            if _parse([pair], limit) is None:
                return ValueError(
                    f"corpus must hold pairs (token_id, count) with an int id in 0..{limit - 1} and a finite count >= "
                    f"0. Got {shown(pair)} in document {number}; check that n_features is the size of the dictionary."
                )
    raise AssertionError("every pair is valid by itself")  # pragma: no cover


class _BowCorpus:
    """A matrix as an iterable of lists of ``(token_id, count)``; see `to_bow`."""

    def __init__(self, X: CSR):
        self._X = X

    def __len__(self) -> int:
        return self._X.shape[0]

    def __iter__(self) -> Iterator[list[tuple[int, float]]]:
        for chunk in iter_chunks(self._X):
            chunk = chunk.copy()  # a slice of all rows may be X itself
            chunk.sum_duplicates()
            whole = chunk.data == np.floor(chunk.data)
            ids = chunk.indices.tolist()
            counts = [int(value) if is_whole else value for value, is_whole in zip(chunk.data.tolist(), whole)]
            for start, end in zip(chunk.indptr[:-1], chunk.indptr[1:]):
                yield list(zip(ids[start:end], counts[start:end]))


def to_bow(X: MatrixLike) -> _BowCorpus:
    """Present a matrix as a corpus of gensim: an iterable of lists of ``(token_id, count)``.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_docs, n_tokens), non-negative counts
        The corpus. A CSR matrix is not copied; one from :func:`open_memmap` is read some rows at a time.

    Returns
    -------
    corpus : iterable of lists of (int, float)
        One list a document, in the order of the ids, counts of a token summed, whole counts as int. It has a length,
        and every iteration starts anew, as the models of gensim need.

    Raises
    ------
    ValueError
        If `X` has negative, NaN or infinite entries.

    See Also
    --------
    from_bow : The way back.

    Examples
    --------
    >>> from skartm.datasets import to_bow
    >>> corpus = to_bow([[1, 0, 3], [0, 0, 0]])
    >>> len(corpus), list(corpus)
    (2, [[(0, 1), (2, 3)], []])
    """
    return _BowCorpus(check_csr(X, "to_bow"))


def from_token2id(token2id: Mapping[str, int]) -> NDArray:
    """Convert the vocabulary of a Dictionary of gensim to the names of columns.

    Parameters
    ----------
    token2id : mapping of str to int, or gensim.corpora.Dictionary
        Column numbers of the tokens: each of 0 to n_tokens - 1 once.

    Returns
    -------
    feature_names : ndarray of str of shape (n_tokens,)
        Tokens in the order of the columns.

    Raises
    ------
    ValueError
        If the numbers have gaps or repeat.

    Examples
    --------
    >>> from skartm.datasets import from_token2id
    >>> from_token2id({"dog": 1, "cat": 0}).tolist()
    ['cat', 'dog']
    """
    if not isinstance(token2id, Mapping) and not hasattr(token2id, "token2id"):
        raise TypeError(
            f"token2id must be a mapping of tokens to column numbers. Got {type(token2id).__name__}; pass the "
            "Dictionary, or its token2id."
        )
    return to_names(token2id, None, "token2id")


def to_token2id(feature_names: Iterable[str]) -> dict[str, int]:
    """Convert names of columns to a mapping of token to column number, as a Dictionary of gensim has.

    Parameters
    ----------
    feature_names : array-like of str of shape (n_tokens,)
        Tokens in the order of the columns.

    Returns
    -------
    token2id : dict of str to int
        Column numbers; also what ``CountVectorizer(vocabulary=...)`` takes. Models of gensim take the converse as
        ``id2word``: ``dict(enumerate(feature_names))``.

    Raises
    ------
    ValueError
        If a token repeats, as it can when the columns are of several modalities.

    Examples
    --------
    >>> from skartm.datasets import to_token2id
    >>> to_token2id(["cat", "dog"])
    {'cat': 0, 'dog': 1}
    """
    names = to_names(feature_names, None, "feature_names")
    token2id = {name: number for number, name in enumerate(names)}
    repeated = next((name for number, name in enumerate(names) if token2id[name] != number), None)
    if repeated is not None:
        raise ValueError(
            f"feature_names must not repeat a token. Got {shown(repeated)} twice; convert one modality at a time."
        )
    return token2id
