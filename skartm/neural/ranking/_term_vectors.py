"""Vectors of terms, le: given, summed over the words of a term, or counted."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.feature_extraction import embedding_matrix, word_embeddings

_MIN_COUNT = 3  # documents of a pair of terms that counts; pairs seen less often are mostly chance


def term_vectors(
    X: Any, embeddings: Any, length: int, token_names: Sequence[str] | None, random_state: Any, owner: str
) -> NDArray[np.float64]:
    """Rows of zeros are terms without a vector.

    Parameters
    ----------
    X : CSR of shape (n_docs, n_terms)
        What vectors are counted in if ``embeddings`` is None.
    embeddings : array, mapping, KeyedVectors or None
    length : int
        Of counted vectors.
    token_names : sequence of str or None
        Names of the terms; one of several words, "new york", that has no vector of its own gets the sum of theirs.
    random_state : RandomState
    owner : str
        Named in errors.
    """
    if embeddings is None:
        return word_embeddings(
            X, min(length, X.shape[1]), min_count=min(_MIN_COUNT, X.shape[0]), random_state=random_state
        )
    if token_names is not None and _by_name(embeddings):
        embeddings = _with_sums(embeddings, token_names)
    return embedding_matrix(embeddings, X.shape[1], token_names, owner=owner)


def _by_name(embeddings: Any) -> bool:
    return isinstance(embeddings, Mapping) or hasattr(embeddings, "key_to_index")


def _with_sums(embeddings: Any, token_names: Sequence[str]) -> dict[str, Any]:
    """Vectors of the names, those of several words as sums over the words that have one."""
    found: dict[str, Any] = {}
    for name in token_names:
        parts = [name] if name in embeddings else [word for word in str(name).split() if word in embeddings]
        if len(parts) == 1:
            found[name] = embeddings[parts[0]]
        elif parts:
            found[name] = np.sum([np.asarray(embeddings[word], dtype=np.float64) for word in parts], axis=0)
    return found
