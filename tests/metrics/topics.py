"""Hypothesis strategies for topics, with ties, zeros and dead topics."""

import numpy as np
from hypothesis import strategies as st


@st.composite
def components(draw, max_topics=5, max_tokens=7, n_tokens=None, min_topics=1, dtypes=(np.float32, np.float64)):
    """Draw phi of shape (n_topics, n_tokens): rows sum to 1, or are zeros."""
    n_topics = draw(st.integers(min_topics, max_topics))
    n_tokens = draw(st.integers(1, max_tokens)) if n_tokens is None else n_tokens
    weights = st.lists(st.integers(0, 4), min_size=n_tokens, max_size=n_tokens)
    rows = np.array(draw(st.lists(weights, min_size=n_topics, max_size=n_topics)), dtype=np.float64)
    rows /= np.maximum(rows.sum(axis=1, keepdims=True), 1)
    return rows.astype(draw(st.sampled_from(dtypes)))


def doc_topics(n_docs, n_topics):
    """Draw theta of shape (n_docs, n_topics)."""
    weights = st.lists(st.integers(1, 5), min_size=n_topics, max_size=n_topics)
    return st.lists(weights, min_size=n_docs, max_size=n_docs).map(
        lambda rows: np.array(rows, dtype=float) / np.sum(rows, axis=1, keepdims=True)
    )


def masses(n_topics):
    """Draw masses of topics, zeros among them."""
    return st.lists(st.integers(0, 9), min_size=n_topics, max_size=n_topics).map(lambda mass: np.array(mass, float))
