"""Topics that a human can read."""

from typing import Any

from skartm.recipes._groups import check_groups
from skartm.regularizers import CoherencePhi, Decorrelation, SmoothSparsePhi, SmoothSparseTheta, Window
from skartm.topics import ARTMTransformer, topic_groups


def interpretable(
    n_components: int = 50,
    *,
    n_background: int = 1,
    coherence: float = 0.15,
    decorrelation: float = 0.05,
    smoothing: float = 0.1,
    begin: int = 10,
    **parameters: Any,
) -> ARTMTransformer:
    """Coherent, different topics, and background topics for the words of every document.

    Subject topics gather tokens that occur together in the documents of the fit (:class:`CoherencePhi`) and part from
    each other (:class:`Decorrelation`, from pass ``begin`` on, when topics have formed); documents are smoothed a
    little, which keeps held-out perplexity low. Background topics are smooth and in every document.

    Parameters
    ----------
    n_components : int, default=50
        Topics in all, background among them.
    n_background : int, default=1
        Background topics; 0 is none.
    coherence : float, default=0.15
        Share of the mass of a subject topic that goes to neighbours of its tokens. 0.05 to 0.3 is sane.
    decorrelation : float, default=0.05
        Share of the mass of the subject topics that decorrelation moves. 0.02 to 0.1 is sane.
    smoothing : float, default=0.1
        Tokens added to every subject topic of every document.
    begin : int, default=10
        Pass from which topics are decorrelated.
    **parameters
        Of :class:`skartm.ARTMTransformer`; by default ``max_iter=40, tol=0``.

    Returns
    -------
    ARTMTransformer
        Topics "subject0", ..., "background0", ...; regularizers "coherence", "decorrelation", "theta", and of the
        background "background_phi" and "background_theta".

    Examples
    --------
    >>> from skartm import recipes
    >>> from skartm.datasets import load_peps
    >>> peps = load_peps()
    >>> model = recipes.interpretable(10, token_names=peps.feature_names, random_state=0).fit(peps.data)
    >>> len(model.top_tokens(5))
    10
    >>> model.set_params(decorrelation__tau__tau=0.02).get_params()["decorrelation__tau__tau"]
    0.02
    """
    n_subject = check_groups(n_components, n_background)
    regularizers: list[tuple[str, Any]] = [
        ("coherence", CoherencePhi(tau=coherence, relative=1.0, topics="subject*")),
        ("decorrelation", Decorrelation(Window(decorrelation, begin=begin), relative=0.0, topics="subject*")),
        ("theta", SmoothSparseTheta(smoothing, topics="subject*")),
    ]
    groups = {"subject": n_subject}
    if n_background:
        groups["background"] = n_background
        regularizers += [
            ("background_phi", SmoothSparsePhi(0.05, relative=0.0, topics="background*")),
            ("background_theta", SmoothSparseTheta(1.0, topics="background*")),
        ]
    defaults = {"max_iter": 40, "tol": 0, "topic_names": topic_groups(**groups)}
    return ARTMTransformer(n_components, regularizers=regularizers, **{**defaults, **parameters})
