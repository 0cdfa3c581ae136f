"""Vectors of tokens: counted in a corpus, or looked up in a table that somebody has trained."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.extmath import randomized_svd

from skartm.base import names_in_order, shown
from skartm.base._data import as_floats
from skartm.feature_extraction._cooccurrence import cooccurrence


def word_embeddings(
    X: Any, n_components: int = 100, *, window: int | None = None, min_count: float = 1, random_state: Any = 0
) -> NDArray[np.float64]:
    r"""Vectors of tokens from a corpus: a truncated singular value decomposition of positive mutual information.

    .. math:: C \approx U \Sigma V^\top, \qquad \rho = U \Sigma^{1/2}

    where C is the positive pointwise mutual information of :func:`cooccurrence`. Levy and Goldberg [1]_ show that
    word2vec with negative sampling factorises a shifted version of the same matrix.

    Parameters
    ----------
    X : array-like or sparse of shape (n_docs, n_tokens), non-negative counts
    n_components : int, default=100
        Length of the vectors, at most ``n_tokens``.
    window : int, default=None
        Tokens occur together at this distance at most, as in :func:`cooccurrence`; None is anywhere in a document.
    min_count : float, default=1
        Pairs with smaller counts are left out.
    random_state : int, RandomState or None, default=0

    Returns
    -------
    array of shape (n_tokens, n_components), float64

    Raises
    ------
    ValueError
        ``n_components`` out of its range.

    References
    ----------
    .. [1] O. Levy, Y. Goldberg. "Neural word embedding as implicit matrix factorization." NIPS 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.datasets import load_peps
    >>> from skartm.feature_extraction import word_embeddings
    >>> peps = load_peps()
    >>> vectors = word_embeddings(peps.data[::4], 50, min_count=5)
    >>> vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    >>> nearest = np.argsort(-vectors @ vectors[peps.feature_names.tolist().index("unicode")])[:4]
    >>> [str(word) for word in peps.feature_names[nearest]]
    ['unicode', 'ascii', 'character', 'latin']
    """
    pairs = cooccurrence(X, window=window, measure="ppmi", min_count=min_count)
    if not isinstance(n_components, Integral) or not 1 <= n_components <= pairs.shape[0]:
        msg = f"The 'n_components' parameter of word_embeddings must be an integer in [1, {pairs.shape[0]}], the number"
        raise ValueError(f"{msg} of tokens. Got {shown(n_components)}.")
    left, singular, _ = randomized_svd(pairs, int(n_components), random_state=random_state)
    return np.asarray(left * np.sqrt(singular), dtype=np.float64)


def embedding_matrix(
    embeddings: Any, n_tokens: int, token_names: Sequence[str] | None = None, *, owner: str = "embedding_matrix"
) -> NDArray[np.float64]:
    """Vectors in the order of the columns; rows of zeros are tokens without one.

    Parameters
    ----------
    embeddings : array of shape (n_tokens, length), mapping of token to vector, or gensim's KeyedVectors
    n_tokens : int
    token_names : sequence of str or None
        Names of the columns, for mappings.
    owner : str
        Who asks; named in errors.

    Returns
    -------
    array of shape (n_tokens, length), float64

    Raises
    ------
    ValueError
        A wrong shape, numbers that are not finite, names that are not known, or no token with a vector.

    Examples
    --------
    >>> from skartm.feature_extraction import embedding_matrix
    >>> embedding_matrix({"cat": [1, 0], "dog": [0.9, 0.1]}, 3, ["cat", "and", "dog"])
    array([[1. , 0. ],
           [0. , 0. ],
           [0.9, 0.1]])
    """
    if isinstance(embeddings, Mapping) or (hasattr(embeddings, "key_to_index") and hasattr(embeddings, "__getitem__")):
        if token_names is None:
            msg = f"{owner}: embeddings by name need the names of tokens. Give token_names, or an array with a row for"
            raise ValueError(f"{msg} each of the {n_tokens} columns.")
        token_names = names_in_order(token_names, n_tokens, f"{owner}: token_names", "columns")
        found = [(column, embeddings[name]) for column, name in enumerate(token_names) if name in embeddings]
        if not found:
            msg = f"{owner}: embeddings must have vectors of tokens of the model, such as {shown(token_names[0])}."
            raise ValueError(f"{msg} Got none.")
        lengths = {np.shape(vector) for _, vector in found}
        if len(lengths) > 1 or len(next(iter(lengths))) != 1:
            msg = f"{owner}: vectors of embeddings must be of one length. Got the shapes {sorted(lengths)}."
            raise ValueError(msg)
        matrix = np.zeros((n_tokens, *next(iter(lengths))))
        for column, vector in found:
            matrix[column] = vector
    else:
        matrix = as_floats(embeddings, f"{owner}: embeddings").copy()
        if matrix.ndim != 2 or matrix.shape[0] != n_tokens or matrix.shape[1] == 0:
            msg = f"{owner}: embeddings must have shape ({n_tokens}, length), a row for each token. Got {matrix.shape}."
            raise ValueError(msg)
    if not np.isfinite(matrix).all():
        msg = f"{owner}: embeddings must be finite; put zeros where a token has no vector. Got NaN or infinity."
        raise ValueError(msg)
    if not matrix.any():
        msg = f"{owner}: embeddings must have a token with a vector. Got zeros only."
        raise ValueError(msg)
    return matrix
