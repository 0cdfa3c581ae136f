"""Topics to gensim's coherence models, and topics of gensim's models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import names_in_order, shown
from skartm.metrics.coherences._listed_topics import resolve_topics
from skartm.metrics.coherences._measures import MEASURES
from skartm.metrics.coherences._reference import Reference, as_texts, read_reference
from skartm.metrics.coherences._windows import check_token_order
from skartm.metrics.reports._top_tokens import check_components, check_n_top

if TYPE_CHECKING:
    from gensim.models import CoherenceModel

_MEASURES = ("c_npmi", "c_uci", "c_v", "u_mass")


def to_coherence_model(
    model: Any,
    X: Any,
    *,
    feature_names: Sequence[str] | NDArray[Any] | None = None,
    coherence: str = "c_v",
    topn: int = 20,
    window_size: int | None = None,
    processes: int = 1,
) -> CoherenceModel:
    """Topics and documents as a ``CoherenceModel`` of gensim, to use its other features or to compare the values.

    `coherence` computes the same values, faster by orders of magnitude.

    Parameters
    ----------
    model : estimator, ndarray of shape (n_topics, n_features), or list of lists
        A fitted topic model with ``components_``, such an array, or one list of tokens (str) or of column indices (int)
        per topic.
    X : CSR of shape (n_docs, n_features), or list of lists of str
        Reference documents: a matrix in the order of the text, as
        :class:`~skartm.feature_extraction.SequenceVectorizer` makes it (``u_mass`` takes any counts), or tokens.
    feature_names : sequence of shape (n_features,), default=None
        Tokens of the columns. None takes ``feature_names_in_`` of the model, or else, with lists of tokens on both
        sides, those of the topics.
    coherence : {"u_mass", "c_npmi", "c_uci", "c_v"}, default="c_v"
        Coherence measure.
    topn : int, default=20
        Number of top tokens of a topic.
    window_size : int, default=None
        Tokens of a window; None is the default of the measure.
    processes : int, default=1
        Processes that count.

    Returns
    -------
    coherence_model : gensim.models.CoherenceModel
        With ``get_coherence()`` and ``get_coherence_per_topic()``.

    Raises
    ------
    ImportError
        If gensim is not installed.
    ValueError
        If a topic has fewer than two tokens of the vocabulary, if there are no names of the columns, or if windows
        shorter than a document are to be counted in a matrix without the order of the text.

    See Also
    --------
    coherence : The values, without gensim.
    from_gensim : Topics of a model of gensim.

    Examples
    --------
    >>> from skartm.metrics import to_coherence_model
    >>> texts = ["the cat drank milk and the cat slept".split(), "the stock lost money".split()]
    >>> topics = [["cat", "milk"], ["stock", "money"]]
    >>> coherence_model = to_coherence_model(topics, texts, coherence="c_npmi", window_size=3)  # doctest: +SKIP
    >>> coherence_model.get_coherence()  # doctest: +SKIP
    0.2358...
    """
    try:
        from gensim.corpora import Dictionary
        from gensim.models import CoherenceModel
    except ImportError as error:
        raise ImportError(
            "to_coherence_model needs gensim, which is not installed. Install it with 'pip install skartm[gensim]', or "
            "use skartm.metrics.coherence, which computes the same values."
        ) from error

    check_n_top(topn, "topn")
    if coherence not in _MEASURES:
        raise ValueError(
            f"The 'coherence' parameter of to_coherence_model must be one of {_MEASURES}. Got {shown(coherence)}."
        )
    topics = getattr(model, "components_", model)
    if feature_names is None:
        feature_names = getattr(model, "feature_names_in_", None)
    reference = read_reference(X, feature_names, topics)
    if reference.names is None:
        raise ValueError(
            "feature_names must name the columns of X, since gensim works on tokens. Got None; pass "
            "feature_names=vectorizer.get_feature_names_out()."
        )
    window = MEASURES[coherence].window if window_size is None else window_size
    if coherence != "u_mass" and not reference.is_text:
        check_token_order(reference.X, int(window))
    dictionary = Dictionary()
    dictionary.token2id = {name: column for column, name in enumerate(reference.names)}
    return CoherenceModel(
        topics=_tokens_of_topics(topics, reference, topn),
        texts=as_texts(X) or _texts(reference),
        dictionary=dictionary,
        coherence=coherence,
        topn=topn,
        window_size=window_size,
        processes=processes,
    )


def _tokens_of_topics(topics: Any, reference: Reference, topn: int) -> list[list[str]]:
    names = reference.names or []
    tokens = []
    for number, top in enumerate(resolve_topics(topics, reference.names, reference.n_features, topn)):
        tokens.append([names[column] for column in top if column >= 0])
        if len(tokens[-1]) < 2:
            raise ValueError(
                f"topics must have at least two tokens of the vocabulary each, or gensim has no value for them. Got "
                f"{tokens[-1]} in topic {number}; leave out dead topics: components[components.any(axis=1)]."
            )
    return tokens


def _texts(reference: Reference) -> list[list[str]]:
    """Return the tokens of the positive entries of each row, in their order."""
    names = np.array(reference.names, dtype=object)
    X = reference.X
    texts = []
    for start, end in zip(X.indptr[:-1], X.indptr[1:], strict=True):
        texts.append(names[X.indices[start:end][X.data[start:end] > 0]].tolist())
    return texts


def _names_of(id2word: Any, n_tokens: int) -> list[Any]:
    if hasattr(id2word, "num_terms"):  # gensim's stand-in where there are no names
        return [id2word[column] for column in range(n_tokens)]
    return names_in_order(id2word, n_tokens, "id2word of the model", "columns of its topics")


def from_gensim(model: Any) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    r"""Topics of a model of gensim as ``components`` and ``feature_names``.

    The metrics take them as they take those of an estimator, and
    ``ARTMTransformer(len(components), init=components)`` starts from them.

    Parameters
    ----------
    model : model of gensim
        Anything with ``get_topics()``, non-negative weights of shape (n_topics, n_tokens), and ``id2word``:
        ``LdaModel``, ``LdaMulticore``, ``HdpModel``, ``EnsembleLda``, ``Nmf``, ... gensim itself is not imported.

    Returns
    -------
    components : ndarray of shape (n_topics, n_tokens)
        :math:`\phi_{wt}`; rows sum to 1, or to 0 for a topic without tokens.
    feature_names : ndarray of str of shape (n_tokens,)
        Tokens of the columns.

    Raises
    ------
    TypeError
        If ``model`` lacks ``get_topics`` or ``id2word``.
    ValueError
        If the topics have negative weights, as those of ``LsiModel`` do.

    See Also
    --------
    to_coherence_model : The other way.
    skartm.datasets.from_bow : The corpus of gensim as a matrix.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> from skartm.metrics import from_gensim
    >>> model = SimpleNamespace(get_topics=lambda: [[3, 1], [0, 1]], id2word={0: "cat", 1: "stock"})
    >>> components, feature_names = from_gensim(model)
    >>> components.tolist(), feature_names.tolist()
    ([[0.75, 0.25], [0.0, 1.0]], ['cat', 'stock'])
    """
    if not hasattr(model, "get_topics") or getattr(model, "id2word", None) is None:
        raise TypeError(
            f"model must be a topic model of gensim, with get_topics() and id2word. Got {type(model).__name__}."
        )
    components = check_components(model.get_topics()).astype(np.float64)
    sums = components.sum(axis=1, keepdims=True)
    components /= np.where(sums > 0, sums, 1)
    names = _names_of(model.id2word, components.shape[1])
    feature_names = np.empty(len(names), dtype=object)
    feature_names[:] = names
    return components, feature_names
