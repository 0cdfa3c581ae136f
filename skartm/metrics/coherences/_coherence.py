"""Coherence of topics by the co-occurrence of their top tokens, in documents or in windows of text."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.metrics.coherences._cooccurrence import Cooccurrence
from skartm.metrics.coherences._listed_topics import UNSEEN, resolve_topics
from skartm.metrics.coherences._measures import MEASURES, token_pairs
from skartm.metrics.coherences._reference import Reference, read_reference
from skartm.metrics.coherences._windows import COUNTINGS, check_token_order, document_cooccurrence, window_cooccurrence
from skartm.metrics.reports._top_tokens import check_n_top


def coherence(
    topics: NDArray[Any] | Sequence[Sequence[str]] | Sequence[Sequence[int]],
    X: Any,
    *,
    measure: str = "npmi",
    window: int | str | None = None,
    counting: str | None = None,
    feature_names: Sequence[str] | NDArray[Any] | None = None,
    n_top: int = 10,
    average: bool = True,
    smoothing: float = 1e-12,
) -> float | NDArray[np.float64]:
    r"""Mean association of the top tokens of a topic, counted over whole documents or windows of text.

    Let ``w_1, ..., w_N`` be the top tokens of a topic, most probable first, and ``p_i`` and ``p_ij`` the shares of the
    contexts that have ``w_i``, and both ``w_i`` and ``w_j``. The coherence of the topic is the mean over its pairs

    .. math:: \frac{2}{N (N - 1)} \sum_{i=2}^{N} \sum_{j=1}^{i-1} m(w_i, w_j),

    where the confirmation ``m`` is

    .. math::

        \mathrm{npmi}&: \ln \frac{p_{ij}}{p_i p_j} \Big/ (-\ln p_{ij}), &
        \mathrm{u\_mass}&: \ln \frac{p_{ij} + \epsilon}{p_j}, \\
        \mathrm{c\_npmi}&: \ln \frac{p_{ij} + \epsilon}{p_i p_j} \Big/ (-\ln (p_{ij} + \epsilon)), &
        \mathrm{c\_uci}&: \ln \frac{p_{ij} + \epsilon}{p_i p_j}.

    For ``c_v`` a token has the context vector :math:`v_i` of its ``c_npmi`` with each token of the topic, itself
    included, and the coherence is :math:`\frac{1}{N} \sum_i \cos(v_i, \sum_j v_j)`.

    A context is a document (``npmi``, ``u_mass``) or a window of text (``c_npmi`` and ``c_uci``: 10 tokens, ``c_v``:
    110). How often a context has a token does not matter, only whether it does. ``u_mass`` and the ``c_`` measures are
    what gensim computes under these names, up to unseen tokens. ``npmi``, in [-1, 1], has no ``eps`` but limits: a pair
    that never co-occurs has -1, and one that occurs in all contexts has 1, where ``c_npmi``, as in gensim, has -1.
    ``u_mass`` depends on the order of the tokens and is at most ``ln(1 + eps)``.

    A token that no document of ``X`` has, or that ``feature_names`` lacks, never makes a topic look better (gensim
    gives infinity, NaN, or in ``u_mass`` 0, the best value). Its pairs have the confirmation -1 in ``npmi`` and
    ``c_npmi``, ``ln(eps)`` in ``c_uci``, and in ``u_mass`` ``ln(eps / p_j)``, with ``p_j`` taken as 1 if ``w_j`` is the
    unseen one. In ``c_v`` it has -1 in place of its cosine and no part in context vectors, and a topic needs two seen
    tokens. A topic with fewer than two tokens has no pairs and gets the lowest value, -1 or ``ln(eps)``; leave dead
    topics out with ``components[components.any(axis=1)]`` to have the mean over the living ones. The result is always
    finite.

    Parameters
    ----------
    topics : ndarray of shape (n_topics, n_features), or list of lists
        Either non-negative probabilities of the tokens in the topics, as ``components_``, of which the `top_tokens` are
        taken, or one list per topic, of any length, most probable first, of column indices of ``X`` (int) or of tokens
        (str, needs ``feature_names`` unless ``X`` is lists of tokens). A numeric array is always read as probabilities,
        and lists never are.
    X : {sparse matrix, array-like} of shape (n_docs, n_features), non-negative counts, or list of lists of str
        Reference documents. A CSR is neither copied nor modified and may be non-canonical: its rows then are the tokens
        in the order of the text, each with the value 1, as
        :class:`~skartm.feature_extraction.SequenceVectorizer` makes it and windows need it. Lists hold the tokens of
        the documents; those that ``feature_names`` lacks take up room in a window, while a matrix does not have them.
    measure : {"npmi", "u_mass", "c_npmi", "c_uci", "c_v"}, default="npmi"
        Coherence measure.
    window : int or "document", default=None
        Number of tokens of a window, or whole documents. A window moves over the document token by token; a document
        that is not longer is one window. None is the default of the measure.
    counting : {"exact", "gensim"}, default=None
        What to do about a token that is repeated in a window. "exact": it is in the window. "gensim": as in gensim 4,
        it is taken as gone when one of its occurrences leaves, until it enters the next time. None is "gensim"
        for the measures that begin with ``c_``, and "exact" for the others. Whole documents are the same in both.
    feature_names : sequence of shape (n_features,), default=None
        Tokens of the columns of ``X``, to look up the tokens of ``topics``.
    n_top : int, default=10
        Number of tokens of a topic to use; longer lists are cut. Of ``components`` fewer are used where a topic has
        fewer non-zero probabilities.
    average : bool, default=True
        Whether to return the mean over all topics, or an array with the coherence of each topic.
    smoothing : float, default=1e-12
        Positive ``eps``, a probability; ``npmi`` has none. 1e-12 is the choice of [3]_ and of gensim; ``1 / n_docs``
        gives the original ``ln((n_ij + 1) / n_j)`` of ``u_mass`` [1]_.

    Returns
    -------
    coherence : float or ndarray of shape (n_topics,)
        Coherence, higher is better.

    Raises
    ------
    TypeError
        If a list holds anything but strings and integers.
    ValueError
        If the shapes of ``topics``, ``X`` and ``feature_names`` do not fit, if ``X`` or ``components`` has negative
        entries or NaN, if a list has a token twice, an index outside ``X``, or tokens without ``feature_names``, if a
        parameter is out of its range, or if windows shorter than a document are to be counted in a matrix that does not
        have the order of the text.

    See Also
    --------
    skartm.feature_extraction.SequenceVectorizer : Makes matrices in the order of the text.
    to_coherence_model : The same topics and documents as a coherence model of gensim.

    References
    ----------
    .. [1] Mimno D., Wallach H., Talley E., Leenders M., McCallum A. (2011). "Optimizing Semantic Coherence in Topic
       Models". EMNLP, 262-272.
    .. [2] Bouma G. (2009). "Normalized (Pointwise) Mutual Information in Collocation Extraction". GSCL, 31-40.
    .. [3] Röder M., Both A., Hinneburg A. (2015). "Exploring the Space of Topic Coherence Measures". WSDM, 399-408.
    .. [4] Newman D., Lau J. H., Grieser K., Baldwin T. (2010). "Automatic Evaluation of Topic Coherence". NAACL-HLT,
       100-108.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_array
    >>> from skartm.metrics import coherence
    >>> X = csr_array([[2, 1, 0, 0], [1, 1, 0, 0], [0, 0, 3, 1], [1, 0, 1, 1]])
    >>> names = ["cat", "milk", "stock", "money"]
    >>> coherence([["stock", "money"], ["milk", "money"]], X, feature_names=names, average=False)
    array([ 1., -1.])
    >>> phi = np.array([[0.6, 0.4, 0.0, 0.0], [0.0, 0.0, 0.5, 0.5]])
    >>> round(coherence(phi, X), 4)
    0.7075

    In windows of text:

    >>> texts = ["the cat drank milk and the cat slept".split(), "the stock lost money".split()]
    >>> topics = [["cat", "milk"], ["stock", "milk"]]
    >>> coherence(topics, texts, measure="c_npmi", window=3, average=False).round(2)
    array([-0.19, -0.91])
    """
    check_n_top(n_top)
    if measure not in MEASURES:
        raise ValueError(
            f"The 'measure' parameter of coherence must be one of {sorted(MEASURES)}. Got {shown(measure)}."
        )
    window = _check_window(window, measure)
    if counting is not None and counting not in COUNTINGS:
        raise ValueError(
            f"The 'counting' parameter of coherence must be one of {sorted(COUNTINGS)}. Got {shown(counting)}."
        )
    if not isinstance(smoothing, Real) or not 0 < smoothing < np.inf:
        raise ValueError(
            f"The 'smoothing' parameter of coherence must be a number > 0. Got {shown(smoothing)} instead."
        )
    reference = read_reference(X, feature_names, topics)
    tops = resolve_topics(topics, reference.names, reference.n_features, n_top)
    chosen = MEASURES[measure]
    counts = _count(reference, tops, window, counting or chosen.counting)
    values = chosen.aggregate(tops, counts, chosen.confirmation, smoothing, float(chosen.lowest(smoothing)))
    return float(values.mean()) if average else values


def _check_window(window: Any, measure: str) -> int | str:
    """Return the window, that of the measure for None."""
    if window is None:
        return MEASURES[measure].window
    is_size = isinstance(window, Integral) and not isinstance(window, bool) and int(window) >= 1
    if not is_size and not (isinstance(window, str) and window == "document"):
        raise ValueError(
            "The 'window' parameter of coherence must be an int in the range [1, inf), 'document' or None. "
            f"Got {shown(window)} instead."
        )
    return window


def _count(reference: Reference, tops: list[NDArray[np.intp]], window: int | str, counting: str) -> Cooccurrence:
    """Count what the pairs of the topics need."""
    below, above, _ = token_pairs(tops)
    known = (below != UNSEEN) & (above != UNSEEN)
    columns = np.concatenate(tops)
    pairs = (columns[columns != UNSEEN], below[known], above[known])
    if isinstance(window, str) or not (reference.is_text or check_token_order(reference.X, window)):
        return document_cooccurrence(reference.X, *pairs)
    return window_cooccurrence(reference.X, *pairs, window, counting)
