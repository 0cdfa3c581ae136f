"""ALL_REGULARIZERS: every regularizer of the library in the configurations that its code tells apart.

A new regularizer joins this list, and thereby every test of the folder, the oracle aside.
"""

import numpy as np

from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta

# check_regularizer makes a model of 13 tokens, 4 topics ("topic0", ...) and 7 documents
TOPICS = [None, [0], [1, 3], [-1, 0], ["topic2", "topic0"], slice(1, 3), np.array([2, 3])]
BETA = np.linspace(0, 3, 13)

ALL_REGULARIZERS = [
    *(SmoothSparsePhi(topics=topics) for topics in TOPICS),
    *(SmoothSparsePhi(-0.1, topics=topics, distribution=BETA) for topics in TOPICS),
    *(SmoothSparsePhi(tau, relative=relative) for tau in (0.0, 2, -0.5) for relative in (None, 0, 0.5, 1.0)),
    SmoothSparsePhi(distribution=list(BETA)),
    SmoothSparsePhi(distribution=np.zeros(13)),
    *(SmoothSparseTheta(topics=topics) for topics in TOPICS),
    SmoothSparseTheta(-0.3, distribution=[0.0, 1.0, 2.0, 3.0]),
    SmoothSparseTheta(topics=["topic3", "topic1"], distribution=(0.5, 2)),
    *(Decorrelation(topics=topics) for topics in TOPICS),
    *(Decorrelation(0.05, relative=relative, topics=slice(3)) for relative in (0, 0.3, 1.0)),
    Decorrelation(np.float32(3)),
]
CLASSES = [Decorrelation, SmoothSparsePhi, SmoothSparseTheta]
