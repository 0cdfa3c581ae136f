"""Topics that a human can read."""

from typing import Any

from skartm.metrics import WordChoice
from skartm.recipes._defaults import PHI, THETA, model_of
from skartm.recipes._groups import check_groups
from skartm.regularizers import CoherencePhi, Decorrelation, SmoothSparsePhi, SmoothSparseTheta, Window
from skartm.topics import ARTMTransformer, topic_groups


def interpretable(
    n_components: int = 50,
    *,
    n_background: int = 0,
    coherence: float = 0.1,
    decorrelation: float = 0.0,
    word_smoothing: float = PHI,
    smoothing: float = THETA,
    begin: int = 10,
    **parameters: Any,
) -> ARTMTransformer:
    """Coherent, different topics, and words of them that say what they are about.

    They are learned as those of :func:`predictive`, and gather tokens that occur together in the documents of the fit
    (:class:`CoherencePhi`). The words that ``top_tokens`` and tables show are chosen (``shown_words``,
    :class:`skartm.metrics.WordChoice`): words of the topic, more than of the corpus, that occur together; this changes
    no topic.

    Parameters
    ----------
    n_components : int, default=50
        Topics in all, background among them.
    n_background : int, default=0
        Background topics, smooth ones in every document, which take common words out of the others.
    coherence : float, default=0.1
        Tokens, for each word of a topic on average, that go to neighbours of its words; at most 15 % of all tokens.
    decorrelation : float, default=0.0
        Share of the mass of the subject topics that decorrelation moves (:class:`Decorrelation`), from pass ``begin``
        on. 0.02 to 0.05 makes topics differ more, and costs up to a percent of perplexity.
    word_smoothing : float, default=0.05
        Tokens added to every word of every subject topic.
    smoothing : float, default=0.02
        Tokens added to every subject topic of every document.
    begin : int, default=10
        Pass from which topics are decorrelated.
    **parameters
        Of :class:`skartm.ARTMTransformer`; by default as in :func:`predictive`, and
        ``shown_words=WordChoice(coherence=3)``.

    Returns
    -------
    ARTMTransformer
        Topics "subject0", ..., "background0", ...; regularizers "coherence", "phi", "theta", "decorrelation" where it
        is not 0, and of the background "background_phi" and "background_theta".

    Examples
    --------
    >>> from skartm import recipes
    >>> from skartm.datasets import load_peps
    >>> peps = load_peps()
    >>> model = recipes.interpretable(10, token_names=peps.feature_names, random_state=0).fit(peps.data)
    >>> len(model.top_tokens(5))
    10
    >>> model.set_params(coherence__limit=0.2).get_params()["coherence__limit"]
    0.2
    """
    n_subject = check_groups(n_components, n_background)
    regularizers: list[tuple[str, Any]] = []
    if coherence:
        regularizers.append(("coherence", CoherencePhi(tau=0.15, relative=1.0, limit=coherence, topics="subject*")))
    if decorrelation:
        window = Window(decorrelation, begin=begin)
        regularizers.append(("decorrelation", Decorrelation(window, relative=0.0, topics="subject*")))
    regularizers += [
        ("phi", SmoothSparsePhi(word_smoothing, topics="subject*")),
        ("theta", SmoothSparseTheta(smoothing, topics="subject*")),
    ]
    groups = {"subject": n_subject}
    if n_background:
        groups["background"] = n_background
        regularizers += [
            ("background_phi", SmoothSparsePhi(0.05, relative=0.0, topics="background*")),
            ("background_theta", SmoothSparseTheta(1.0, topics="background*")),
        ]
    defaults = {"topic_names": topic_groups(**groups), "shown_words": WordChoice(coherence=3.0)}
    return model_of(n_components, regularizers, parameters, **defaults)
