"""Documents that a call learns from, with all that belongs to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True)
class Corpus:
    """Documents, their weights, and what was given beside them.

    Attributes
    ----------
    X : CSR matrix of shape (n_docs, n_tokens), SomeRows or Hypergraph
        Checked.
    sample_weight : array of shape (n_docs,) or None
    beside : mapping of name to values
        ``y``, ``authors`` or ``position_gamma``, as the estimator has read them. What can be held out with its
        documents has one row for each, which ``values[rows]`` gives.
    """

    X: Any
    sample_weight: NDArray | None = None
    beside: Mapping[str, Any] = field(default_factory=dict)

    def some(self, rows: NDArray, X: Any) -> "Corpus":
        """Some of the documents, X in their place."""
        weights = None if self.sample_weight is None else self.sample_weight[rows]
        return Corpus(X, weights, {name: None if a is None else a[rows] for name, a in self.beside.items()})
