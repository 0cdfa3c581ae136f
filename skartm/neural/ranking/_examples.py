"""Examples of the ranking loss: a term, a document that has it, a document that does not."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray


class Examples:
    """Every pair of a document and a term that it has, once a pass, with a random document that lacks the term.

    Documents without a term are never drawn by trial: the r-th of them is r plus the number of documents with it that
    stand before, which one search gives. Terms that all documents have make no examples.

    Parameters
    ----------
    X : CSR of shape (n_docs, n_terms), canonical
    """

    def __init__(self, X: Any) -> None:
        self.n_docs, n_terms = X.shape
        present = X.data > 0
        docs = np.repeat(np.arange(self.n_docs, dtype=np.int32), np.diff(X.indptr))[present]
        terms = X.indices[present].astype(np.int32)
        self.doc_frequency = np.bincount(terms, minlength=n_terms)
        order = np.argsort(terms, kind="stable")
        self.first = np.concatenate([[0], np.cumsum(self.doc_frequency)])
        rank = np.arange(order.size) - self.first[terms[order]]
        # ascending: within a term, how many documents without it stand before each document that has it
        self.keys = terms[order].astype(np.int64) * (self.n_docs + 1) + docs[order] - rank
        useful = self.doc_frequency[terms] < self.n_docs
        self.terms, self.docs = terms[useful], docs[useful]

    def batches(self, batch_size: int, random_state: RandomState) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
        """Terms, documents with them and documents without, in random order."""
        order = random_state.permutation(self.terms.size)
        for start in range(0, order.size, batch_size):
            chosen = order[start : start + batch_size]
            terms = self.terms[chosen]
            yield terms, self.docs[chosen], self.without(terms, random_state)

    def without(self, terms: NDArray, random_state: RandomState) -> NDArray:
        """A random document without each term."""
        place = random_state.randint(0, self.n_docs - self.doc_frequency[terms])
        before = np.searchsorted(self.keys, terms.astype(np.int64) * (self.n_docs + 1) + place, side="right")
        return (place + before - self.first[terms]).astype(np.int32)
