"""Reference documents: a matrix, or lists of tokens."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from skartm.base import names_in_order, shown
from skartm.base._data import check_csr
from skartm.base._order import carry_order, restore_order


@dataclass(frozen=True)
class Reference:
    """Reference documents.

    Attributes
    ----------
    X : CSR of shape (n_docs, n_features) or (n_docs, n_features + 1)
        Documents. The column without a name, of lists of tokens, has all tokens that are not in the vocabulary: they
        take up room in a window.
    names : list or None
        Names of the columns.
    n_features : int
        Number of columns that can have a name.
    is_text : bool
        Whether the rows are known to be in the order of the text.
    """

    X: Any
    names: list[Any] | None
    n_features: int
    is_text: bool


def read_reference(X: Any, feature_names: Any, topics: Any) -> Reference:
    """Read a matrix or lists of tokens; of the latter the tokens of ``topics`` are the vocabulary without names."""
    if isinstance(X, Reference):
        return X
    texts = as_texts(X)
    if texts is None:
        X = restore_order(carry_order(X, check_csr(X, "the reference", non_negative=False, min_rows=1)))
        if X.nnz and X.data.min() < 0:
            raise ValueError(
                f"X must hold counts, which are non-negative. Got an entry {X.data.min()}; pass the output of a "
                "vectorizer without centring."
            )
        n_features = X.shape[1]
        if feature_names is None:
            return Reference(X, None, n_features, False)
        names = names_in_order(feature_names, n_features, "feature_names")
        return Reference(X, names, n_features, False)
    if feature_names is None:
        names = _names_of_topics(topics)
    else:
        names = names_in_order(feature_names, None, "feature_names", "columns of topics")
    return order_of_tokens(texts, names)


def order_of_tokens(texts: Iterable[Iterable[Any]], names: list[Any]) -> Reference:
    """Return texts as a matrix in their order; all tokens that are no name share the last column."""
    column_of = {name: column for column, name in enumerate(names)}
    if len(column_of) < len(names):
        raise ValueError(
            "feature_names must not repeat a name when tokens are to be found by their names. "
            f"Got {len(column_of)} different names of {len(names)}."
        )
    other = len(names)
    columns, ends = array("i"), array("q", [0])
    for text in texts:
        columns.extend(map(column_of.get, text, repeat(other)))
        ends.append(len(columns))
    indices, indptr = np.asarray(columns, dtype=np.int32), np.asarray(ends, dtype=np.int64)
    kind = np.int32 if indices.size < np.iinfo(np.int32).max else np.int64
    ones = np.ones(indices.size, dtype=np.int8)
    X = csr_array((ones, indices.astype(kind), indptr.astype(kind)), shape=(len(ends) - 1, other + 1))
    return Reference(X, names, other, True)


def as_texts(X: Any) -> list[Sequence[str]] | None:
    """Return ``X`` as a list if it is lists of tokens, a column of a data frame with them included, else None."""
    if hasattr(X, "shape") and (len(X.shape) != 1 or getattr(X.dtype, "kind", "O") != "O"):
        return None
    if not hasattr(X, "__len__") or not hasattr(X, "__iter__") or isinstance(X, (str, bytes)):
        return None
    texts = list(X)
    for number, text in enumerate(texts):
        if isinstance(text, str):
            raise ValueError(
                f"X must be a matrix or lists of tokens. Got the text {shown(text[:40])} as document "
                f"{number}; split it, or "
                "make X with skartm.feature_extraction.SequenceVectorizer."
            )
    first = next((text for text in texts if hasattr(text, "__len__") and len(text)), None)
    return texts if first is not None and isinstance(next(iter(first)), str) else None


def _names_of_topics(topics: Any) -> list[str]:
    listed = isinstance(topics, (list, tuple)) or (isinstance(topics, np.ndarray) and topics.dtype.kind in "OSUT")
    tokens = list(chain.from_iterable(topics)) if listed and all(hasattr(topic, "__len__") for topic in topics) else [0]
    if not all(isinstance(token, str) for token in tokens):
        raise ValueError(
            "feature_names must name the columns of topics when X is lists of tokens and topics are not. Got None; "
            "pass feature_names=vectorizer.get_feature_names_out()."
        )
    return sorted(set(map(str, tokens)))
