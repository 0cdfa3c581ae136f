"""What a fitted model needs to read new documents, made once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.em import Batch, Batches, Rows, is_memory_mapped

Inference = Callable[[Any], Callable[[Batch], NDArray]]  # of tokens, then of batches that have these tokens as columns


@dataclass(frozen=True)
class Reader:
    """How a fitted model infers new documents. It refers to the fitted state, and never changes.

    Attributes
    ----------
    n_topics : int
    dtype : dtype
    batch_size : int
        Documents that are in memory together.
    ordered : bool
        Whether entries of a row stay as they are. Otherwise repeated tokens are added up.
    renumbers : bool
        Whether columns that do not occur may be left out, so that a short text does not cost a copy of phi.
    token_weights : array of shape (n_tokens,) or None
    inference : callable
        Given tokens, it gives a function of batches, whose columns are these tokens.
    """

    n_topics: int
    dtype: np.dtype
    batch_size: int
    ordered: bool
    renumbers: bool
    token_weights: NDArray | None
    inference: Inference

    def theta(self, X: Any) -> NDArray:
        """Topic distributions of the rows of a checked CSR."""
        X, tokens, token_weight = self._narrowed(X)
        infer = self.inference(tokens)
        if X.shape[0] == 1 and isinstance(X, Rows):  # without the iteration over batches, which takes longer
            return infer(Batch(X, 0, 1, self.dtype, None, token_weight, ordered=self.ordered))
        batches = self._batches(X, token_weight)
        theta = np.empty((X.shape[0], self.n_topics), dtype=self.dtype)
        for batch in batches:
            theta[batch.start : batch.start + batch.n_docs] = infer(batch)
        return theta

    def read(self, X: Any) -> tuple[Batches, Any]:
        """Batches of new documents, and the tokens that their columns are."""
        X, tokens, token_weight = self._narrowed(X)
        return self._batches(X, token_weight), tokens

    def _narrowed(self, X: Any) -> tuple[Any, Any, NDArray | None]:
        """X over the columns that occur, if these are few; which tokens they are, and their weights."""
        tokens: Any = slice(None)
        if self.renumbers and not is_memory_mapped(X) and X.nnz < X.shape[1] // 2:
            X, tokens = used_columns(X)
        return X, tokens, None if self.token_weights is None else self.token_weights[tokens]

    def _batches(self, X: Any, token_weight: NDArray | None) -> Batches:
        batches = Batches(X, self.batch_size, self.dtype, None, token_weight, ordered=self.ordered)
        batches.keep = False
        return batches


def used_columns(X: Any) -> tuple[Rows, NDArray]:
    """A CSR over the columns that occur, ascending."""
    first, last = int(X.indptr[0]), int(X.indptr[-1])
    tokens, data = X.indices[first:last], X.data[first:last]
    if X.shape[0] == 1 and (tokens[1:] > tokens[:-1]).all():
        places = np.arange(tokens.size, dtype=tokens.dtype)
    else:
        tokens, found = np.unique(tokens, return_inverse=True)
        places = found.astype(X.indices.dtype)
    return Rows(X.indptr - X.indptr.dtype.type(first), places, data, (X.shape[0], max(tokens.size, 1))), tokens
