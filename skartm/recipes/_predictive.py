"""Topics that predict words."""

from typing import Any

from skartm.recipes._defaults import PHI, THETA, model_of
from skartm.regularizers import SmoothSparsePhi, SmoothSparseTheta
from skartm.topics import ARTMTransformer


def predictive(
    n_components: int = 50, *, word_smoothing: float = PHI, smoothing: float = THETA, **parameters: Any
) -> ARTMTransformer:
    """Topics that predict the words of new documents: the lowest held-out perplexity, and good features.

    The topic of a token is inferred from the other tokens of its document (``leave_one_out``); learning starts with
    factors of tf-idf (``init="nmf"``); theta makes few inner passes, which keeps it near to what all documents have in
    common; phi and theta are smoothed a little. It is for texts of any length. Topics have no zeros: where few words a
    topic matter more, take :func:`sparse`, and to read topics, :func:`interpretable`.

    Parameters
    ----------
    n_components : int, default=50
        Topics.
    word_smoothing : float, default=0.05
        Tokens added to every word of every topic.
    smoothing : float, default=0.02
        Tokens added to every topic of every document.
    **parameters
        Of :class:`skartm.ARTMTransformer`; by default ``leave_one_out=True, init="nmf", max_doc_iter=(2, 3),
        doc_tol=0, max_iter=60, tol=0``.

    Returns
    -------
    ARTMTransformer
        Regularizers "phi" and "theta".

    Examples
    --------
    >>> from skartm import PLSA, recipes
    >>> from skartm.datasets import load_peps
    >>> X = load_peps().data
    >>> model = recipes.predictive(20, random_state=0).fit(X[::2])
    >>> plain = PLSA(20, max_iter=60, tol=0, random_state=0).fit(X[::2])
    >>> bool(model.perplexity(X[1::2]) < plain.perplexity(X[1::2]))
    True
    """
    regularizers = [("phi", SmoothSparsePhi(word_smoothing)), ("theta", SmoothSparseTheta(smoothing))]
    return model_of(n_components, regularizers, parameters)
