"""Topics of few tokens."""

from typing import Any

from skartm.recipes._defaults import THETA, model_of
from skartm.regularizers import CoherencePhi, SmoothSparsePhi, SmoothSparseTheta, Window
from skartm.topics import ARTMTransformer


def sparse(
    n_components: int = 50,
    *,
    sparsity: float = 0.05,
    coherence: float = 0.05,
    smoothing: float = THETA,
    begin: int = 30,
    **parameters: Any,
) -> ARTMTransformer:
    """Topics of few tokens: most of phi is zero, and held-out perplexity is hardly worse.

    They are learned as those of :func:`predictive`, with a little coherence in place of the smoothing of phi. From pass
    ``begin`` on a share of the mass is taken evenly from all cells, which empties the small ones.

    Parameters
    ----------
    n_components : int, default=50
        Topics.
    sparsity : float, default=0.05
        Share of the mass that is taken; 0.02 to 0.2 is sane, 0 takes nothing.
    coherence : float, default=0.05
        Tokens, for each word of a topic on average, that go to neighbours of its words (:class:`CoherencePhi`).
    smoothing : float, default=0.02
        Tokens added to every topic of every document.
    begin : int, default=30
        Pass from which topics are made sparse.
    **parameters
        Of :class:`skartm.ARTMTransformer`; by default as in :func:`predictive`.

    Returns
    -------
    ARTMTransformer
        Regularizers "sparsity", "coherence" where it is not 0, and "theta".

    Examples
    --------
    >>> from skartm import recipes
    >>> from skartm.datasets import load_peps
    >>> model = recipes.sparse(10, random_state=0).fit(load_peps().data)
    >>> bool((model.components_ == 0).mean() > 0.6)
    True
    """
    regularizers: list[tuple[str, Any]] = [("sparsity", SmoothSparsePhi(Window(-sparsity, begin=begin), relative=0.0))]
    if coherence:
        regularizers.append(("coherence", CoherencePhi(tau=0.15, relative=1.0, limit=coherence)))
    regularizers.append(("theta", SmoothSparseTheta(smoothing)))
    return model_of(n_components, regularizers, parameters)
