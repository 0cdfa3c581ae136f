"""Topics of few tokens."""

from typing import Any

from skartm.regularizers import CoherencePhi, Decorrelation, SmoothSparsePhi, SmoothSparseTheta, Window
from skartm.topics import ARTMTransformer


def sparse(
    n_components: int = 50,
    *,
    sparsity: float = 0.1,
    coherence: float = 0.05,
    decorrelation: float = 0.02,
    smoothing: float = 0.1,
    begin: int = 10,
    **parameters: Any,
) -> ARTMTransformer:
    """Topics of few tokens: most of phi is zero, and the topics are as coherent as before.

    From pass ``begin`` on a share of the mass is taken evenly from all cells, which empties the small ones. What keeps
    topics readable meanwhile is a little coherence and decorrelation, and what keeps held-out perplexity low is that
    documents are smoothed.

    Parameters
    ----------
    n_components : int, default=50
        Topics.
    sparsity : float, default=0.1
        Share of the mass that is taken; 0.02 to 0.2 is sane, 0 takes nothing.
    coherence : float, default=0.05
        Share of the mass of a topic that goes to neighbours of its tokens (:class:`CoherencePhi`).
    decorrelation : float, default=0.02
        Share of the mass that decorrelation moves.
    smoothing : float, default=0.1
        Tokens added to every topic of every document.
    begin : int, default=10
        Pass from which topics are made sparse and decorrelated.
    **parameters
        Of :class:`skartm.ARTMTransformer`; by default ``max_iter=40, tol=0``.

    Returns
    -------
    ARTMTransformer
        Regularizers "sparsity", "coherence", "decorrelation" and "theta".

    Examples
    --------
    >>> from skartm import recipes
    >>> from skartm.datasets import load_peps
    >>> model = recipes.sparse(10, random_state=0).fit(load_peps().data)
    >>> bool((model.components_ == 0).mean() > 0.6)
    True
    """
    regularizers = [
        ("sparsity", SmoothSparsePhi(Window(-sparsity, begin=begin), relative=0.0)),
        ("coherence", CoherencePhi(tau=coherence, relative=1.0)),
        ("decorrelation", Decorrelation(Window(decorrelation, begin=begin), relative=0.0)),
        ("theta", SmoothSparseTheta(smoothing)),
    ]
    return ARTMTransformer(n_components, regularizers=regularizers, **{"max_iter": 40, "tol": 0, **parameters})
