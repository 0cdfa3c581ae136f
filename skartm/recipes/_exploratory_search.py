"""Vectors of documents to search by."""

from typing import Any

from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta, Window
from skartm.topics import ARTMTransformer


def exploratory_search(
    n_components: int = 200,
    *,
    decorrelation: float = 0.1,
    smoothing: float = 0.1,
    sparsity: float = 0.05,
    **parameters: Any,
) -> ARTMTransformer:
    """Many topics, and documents that have few of them: vectors for the search by whole documents.

    Topics are smoothed and decorrelated, so that related words meet in a topic and different subjects do not; documents
    are made sparse, so that they are near to each other by what they are about. The stages are those of [1]_.
    Compare documents by the Hellinger distance, that is by the Euclidean distance or the cosine of
    ``np.sqrt(model.transform(X))``.

    Parameters
    ----------
    n_components : int, default=200
        Topics; search wants more than reading does.
    decorrelation : float, default=0.1
        Share of the mass that decorrelation moves, from pass 5 on.
    smoothing : float, default=0.1
        Share of the mass that smooths phi.
    sparsity : float, default=0.05
        Tokens taken from every topic of every document, from pass 10 on and in ``transform``.
    **parameters
        Of :class:`skartm.ARTMTransformer`; by default ``leave_one_out=True, max_iter=20, tol=0``.

    Returns
    -------
    ARTMTransformer
        Regularizers "decorrelation", "phi" and "theta".

    References
    ----------
    .. [1] A. Ianina, K. Vorontsov. "Regularized multimodal hierarchical topic model for document-by-document
       exploratory search." FRUCT 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import recipes
    >>> from skartm.datasets import load_peps
    >>> X = load_peps().data
    >>> vectors = np.sqrt(recipes.exploratory_search(30, random_state=0).fit(X).transform(X))
    >>> vectors.shape
    (736, 30)
    """
    regularizers = [
        ("decorrelation", Decorrelation(Window(decorrelation, begin=5), relative=0.0)),
        ("phi", SmoothSparsePhi(smoothing, relative=0.0)),
        ("theta", SmoothSparseTheta(Window(-sparsity, begin=10))),
    ]
    defaults = {"leave_one_out": True, "max_iter": 20, "tol": 0}
    return ARTMTransformer(n_components, regularizers=regularizers, **{**defaults, **parameters})
