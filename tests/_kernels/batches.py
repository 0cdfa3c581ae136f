"""Hypothesis strategies for what the kernels take, and the levels to run."""

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from skartm._kernels import HalfStep, available_levels
from skartm.em import padded, padded_width

LEVELS = {name: HalfStep(name) for name in available_levels()}

# one topic, below and above one cache line, and below and above the topics that stay in registers at every level:
# 14 vectors of 64 bytes at v4, 6 of 32 bytes at v3, 6 of 16 bytes at baseline
TOPICS = [1, 2, 5, 16, 17, 24, 25, 48, 49, 113, 225]


@dataclass
class Case:
    """A batch and a model, in any precision; ``rng`` draws the rest."""

    indptr: np.ndarray
    indices: np.ndarray
    x: np.ndarray
    phi: np.ndarray  # (n_tokens, n_topics), float64
    n_topics: int
    dtype: type
    rng: np.random.Generator

    @property
    def n_docs(self):
        return self.indptr.size - 1

    @property
    def nnz(self):
        return int(self.indptr[-1] - self.indptr[0])

    @property
    def rows(self):
        """(tokens, counts) of every document."""
        return [(self.indices[a:b], self.x[a:b].astype(np.float64)) for a, b in zip(self.indptr[:-1], self.indptr[1:])]

    def scratch(self, n_threads=1, capacity=None):
        """Working memory for documents of ``capacity`` tokens; longer ones are read in pieces."""
        width = padded_width(self.n_topics, self.dtype)
        capacity = int(np.diff(self.indptr).max(initial=1)) if capacity is None else capacity
        return np.zeros((n_threads, 7 * width + capacity * (width + 1)), dtype=self.dtype)

    def padded(self, matrix):
        return read_only(padded(matrix, self.dtype))


def read_only(array):
    array.setflags(write=False)
    return array


@st.composite
def cases(draw, max_docs=5, max_tokens=12):
    """Draw a batch with empty rows, tokens that never occur and offsets that need not begin at 0."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    n_topics, n_tokens = draw(st.sampled_from(TOPICS)), draw(st.integers(1, max_tokens))
    lengths = draw(st.lists(st.integers(0, n_tokens), max_size=max_docs))
    skipped = draw(st.integers(0, 3))
    rows = [np.sort(rng.choice(n_tokens, size=length, replace=False)) for length in lengths]
    indices = np.concatenate([np.zeros(skipped, dtype=int), *rows]).astype(np.int32)
    indptr = (skipped + np.cumsum([0, *lengths])).astype(np.int64)
    x = (rng.integers(1, 6, size=indices.size) * rng.choice([1, 0.5], size=indices.size)).astype(dtype)
    phi = rng.dirichlet(np.full(n_tokens, 0.5), size=n_topics).T.copy()
    return Case(
        read_only(indptr), read_only(indices), read_only(x), phi.astype(dtype).astype(float), n_topics, dtype, rng
    )


def tolerance(dtype):
    """What rounding and a few inner passes leave."""
    return {"rtol": 2e-4, "atol": 2e-6} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-13}
