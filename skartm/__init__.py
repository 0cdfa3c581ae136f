"""skartm: topic models by additive regularization, as scikit-learn estimators on Cython kernels."""

from skartm.topics import LDA, PLSA, ARTMTransformer

__version__ = "0.1.0.dev0"

__all__ = ["LDA", "PLSA", "ARTMTransformer"]
