"""Matrices that are extreme but finite, and parameters that are."""

import numpy as np

SHAPE = (8, 6)


def counts(seed=0, shape=SHAPE):
    """Ordinary counts without empty rows."""
    X = np.random.default_rng(seed).poisson(1.0, shape).astype(np.float64)
    X[:, 0] += X.sum(axis=1) == 0
    return X


def scaled(factor):
    return counts() * factor


def with_row(factor, row=2):
    X = counts()
    X[row] *= factor
    return X


def with_cells(*values):
    X = counts()
    X.flat[:: X.size // len(values)][: len(values)] = values
    return X


MATRICES = {
    **{f"all times {factor}": (scaled, factor) for factor in
       (5e-324, 1e-310, 1e-300, 1e-160, 1e-44, 1e-38, 1e-30, 1e-20, 1e-10, 1e6, 1e10, 1e20, 1e30, 1e160, 1e300)},
    **{f"one row times {factor}": (with_row, factor) for factor in
       (5e-324, 1e-310, 1e-160, 1e-44, 1e-38, 1e-20, 1e7, 1e20, 1e30, 1e300)},
    "denormal and huge in one row": (with_cells, 5e-324, 1e300),
    "float32 denormal and huge": (with_cells, 1e-44, 1e30),
    "tiny and large": (with_cells, 1e-30, 1e6),
    "all equal": (np.full, SHAPE, 3.0),
    "all equal and tiny": (np.full, SHAPE, 1e-310),
    "one column": (counts, 0, (8, 1)),
    "one row": (counts, 0, (1, 6)),
    "one entry": (counts, 0, (1, 1)),
    "fewer words than topics": (counts, 0, (8, 2)),
    "fewer documents than topics": (counts, 0, (2, 6)),
    "one word a document": (np.eye, 6),
    "rows of zeros": (lambda: np.vstack([np.zeros((3, 6)), counts()]),),
    "columns of zeros": (lambda: np.hstack([np.zeros((8, 3)), counts()]),),
    "zeros": (np.zeros, SHAPE),
}  # fmt: skip


def matrix(name):
    make, *arguments = MATRICES[name]
    return make(*arguments)


# values of parameters that the validation takes and that are extreme
PARAMETERS = {
    "doc_topic_prior": (1e30, 1e-30, 1e300, 1e-300, 8e12, 16384.0),
    "topic_word_prior": (1e30, 1e-30, 1e300, 1e-300, 8e12, 16384.0),
    "author_topic_prior": (1e30, 1e-30),
    "learning_offset": (1e30, 1e-30, 0.0),
    "learning_decay": (0.0, 1.0),
    "total_samples": (1e300, 1e18, 1e-30, 1e-300),
    "label_weight": (1e30, 1e-30),
    "alpha_W": (1e30, 1e-30),
    "volume_weight": (1e30, 1e-30),
    "parent_weight": (1e30, 1e-30),
    "learning_rate": (1e30, 1e-30),
    "document_learning_rate": (1e30, 1e-30),
    "margin": (1e30, 1e-30),
    "alpha": (1e30, 1e-30),
    "min_lift": (1e30, 0.0),
    "tol": (1e30, 1e-300),
    "doc_tol": (1e30, 1e-300),
}
TAUS = (1e30, -1e30, 1e-30, 1e300, 1e-300)
