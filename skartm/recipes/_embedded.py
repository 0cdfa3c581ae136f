"""Topics that a human can read, near to embeddings of words."""

from typing import Any

from skartm.recipes._interpretable import interpretable
from skartm.regularizers import EmbeddingPhi
from skartm.topics import ARTMTransformer


def embedded(
    n_components: int = 50, embeddings: Any = None, *, embedding: float = 0.2, **parameters: Any
) -> ARTMTransformer:
    """:func:`interpretable` topics, which are also drawn towards words of the same meaning.

    The hybrid of EM and embeddings: subject topics get a log-linear prior in the space of the word vectors
    (:class:`skartm.regularizers.EmbeddingPhi`), beside the neighbours in the corpus of :func:`interpretable`.
    ``benchmarks/neural.py`` compares it with both and with neural models.

    Parameters
    ----------
    n_components : int, default=50
        Topics in all, background among them.
    embeddings : array of shape (n_tokens, length), mapping of token to vector, or gensim's KeyedVectors, default=None
        Word vectors, as in :class:`skartm.regularizers.EmbeddingPhi`: mappings need ``token_names``, None counts
        vectors in the documents of the fit.
    embedding : float, default=0.2
        Share of the mass of a subject topic that the prior adds. 0.05 to 0.3 is sane.
    **parameters
        Of :func:`interpretable` (``n_background``, ``coherence``, ``decorrelation``, ``smoothing`` and so on) and of
        :class:`skartm.ARTMTransformer`.

    Returns
    -------
    ARTMTransformer
        As of :func:`interpretable`, with one more regularizer, "embedding".

    Examples
    --------
    >>> from skartm import recipes
    >>> from skartm.datasets import load_peps
    >>> from skartm.feature_extraction import word_embeddings
    >>> X = load_peps().data[::4]
    >>> vectors = word_embeddings(X, 50, min_count=10)
    >>> model = recipes.embedded(10, vectors, max_iter=5, random_state=0).fit(X)
    >>> model.learned_["embedding"]["topic_embeddings"].shape
    (10, 50)
    """
    model = interpretable(n_components, **parameters)
    prior = EmbeddingPhi(embeddings, tau=embedding, relative=1.0, topics="subject*")
    return model.set_params(regularizers=[("embedding", prior), *model.regularizers])
