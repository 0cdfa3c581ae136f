"""Likelihood of counts under topics: fold-in and document completion."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base._data import check_csr, check_matrix, check_weights
from skartm.em import Batches, Shared, at_theta, padded, perplexity_of
from skartm.metrics._completion import completion_split
from skartm.metrics.reports._top_tokens import check_components
from skartm.metrics.scoring._fitted import doc_topic_of, topics_of
from skartm.simplex import FLOOR


def log_likelihood(components: NDArray, doc_topic: NDArray, X: Any, *, sample_weight: NDArray | None = None) -> float:
    """Mean log-likelihood of a token: sum_dw x_dw ln sum_t phi_wt theta_td / sum_dw x_dw.

    A token to which the model gives no probability is charged ln 1e-16, so that tokens that a model does not know never
    make it look better. The logarithms are summed in float64.

    Parameters
    ----------
    components : array of shape (n_topics, n_tokens)
        phi, rows sum to 1.
    doc_topic : array of shape (n_docs, n_topics)
        theta, rows sum to 1.
    X : sparse matrix of shape (n_docs, n_tokens)
    sample_weight : array of shape (n_docs,), default=None

    Returns
    -------
    float
        In nats; 0 for a matrix without tokens. Perplexity is ``exp(-log_likelihood)``.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_matrix
    >>> from skartm.metrics import log_likelihood
    >>> value = log_likelihood(np.eye(2), np.array([[0.5, 0.5]]), csr_matrix([[1, 1]]))
    >>> round(float(np.exp(-value)), 6)
    2.0
    """
    components = check_matrix(components, "components", non_negative=True, min_columns=0)
    X = check_csr(X, "log_likelihood", dtype=np.float64)
    n_topics, doc_topic = components.shape[0], check_matrix(doc_topic, "doc_topic", non_negative=True, min_rows=0)
    if doc_topic.shape != (X.shape[0], n_topics) or components.shape[1] != X.shape[1]:
        msg = (
            f"log_likelihood: shapes must agree. Got components {components.shape}, doc_topic {doc_topic.shape} and "
            f"X {X.shape}."
        )
        raise ValueError(msg)
    batches = Batches(X, 4096, np.float64, check_weights("log_likelihood", sample_weight, X.shape[0]))
    shared = Shared(padded(components.T, np.float64), n_topics)
    total = mass = 0.0
    for batch in batches:
        theta = padded(doc_topic[batch.start : batch.start + batch.n_docs], np.float64)
        totals = at_theta(shared, batch, theta).totals
        weight = np.ones(batch.n_docs) if batch.sample_weight is None else batch.sample_weight
        total += float(weight @ (totals[:, 0] + totals[:, 1] * np.log(FLOOR)))
        mass += batch.mass()
    return total / mass if mass > 0 else 0.0


def perplexity(
    components: NDArray, doc_topic: NDArray, X: Any, *, tokens: Any = None, sample_weight: NDArray | None = None
) -> float:
    r"""Number of equally likely tokens among which the model would have to guess; lower is better.

    .. math::

        \exp \Bigl( - \sum_{d} \sum_{w \in W} n_{dw} \ln \sum_t \phi_{wt} \theta_{td} \Big/
        \sum_{d} \sum_{w \in W} n_{dw} \Bigr), \qquad W = \text{tokens}

    What was given and what is scored is up to the caller: with theta from the tokens of ``X`` this is the fold-in
    perplexity of BigARTM's ``PerplexityScore``, with `completion_split` that of unseen tokens. Unlike there, a token of
    probability zero is charged 1e-16 instead of its frequency in the document, and no token of ``X`` is left out of the
    sum but kept in the number of tokens.

    Parameters
    ----------
    components : array of shape (n_topics, n_tokens)
        phi, rows sum to 1 (in each modality).
    doc_topic : array of shape (n_docs, n_topics)
        theta, rows sum to 1.
    X : sparse matrix of shape (n_docs, n_tokens)
    tokens : slice, array of int or array of bool, default=None
        Columns to score, those of one modality for instance; probabilities are taken as they are, not rescaled to the
        columns. None scores all.
    sample_weight : array of shape (n_docs,), default=None

    Returns
    -------
    float
        At least 1; 1 for a matrix without tokens.

    References
    ----------
    .. [1] Wallach H., Murray I., Salakhutdinov R., Mimno D. (2009). "Evaluation Methods for Topic Models". ICML,
       1105-1112.

    Examples
    --------
    >>> import numpy as np
    >>> from scipy.sparse import csr_matrix
    >>> from skartm.metrics import perplexity
    >>> phi, theta = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]), np.array([[0.5, 0.5]])
    >>> round(perplexity(phi, theta, csr_matrix([[1, 1, 1]])), 3)
    3.175
    >>> round(perplexity(phi, theta, csr_matrix([[1, 1, 1]]), tokens=[1]), 3)
    2.0
    """
    components, X = check_components(components), check_csr(X, "perplexity")
    if tokens is not None:
        components, X = components[:, tokens], X[:, tokens]
    return perplexity_of(log_likelihood(components, doc_topic, X, sample_weight=sample_weight))


def completion_perplexity(model: Any, X: Any, *, tokens: Any = None) -> float:
    """Perplexity of the held-out half of every document, given the other half.

    The halves are those of `completion_split`; ``model.transform`` infers theta from the observed one. It is the
    ``perplexity`` of :class:`skartm.ARTMTransformer` with its default ``evaluation="completion"``, for models of any
    library, so that they can be compared.

    Parameters
    ----------
    model : fitted estimator
        With ``components_`` and with a ``transform`` to distributions over topics: those of skartm,
        :class:`sklearn.decomposition.LatentDirichletAllocation`. Rows of ``components_`` that are counts are
        normalised.
    X : sparse matrix of shape (n_docs, n_tokens)
        Counts, best of documents that were not trained on.
    tokens : slice, array of int or array of bool, default=None
        Columns to score; theta is inferred from all. None scores all.

    Returns
    -------
    float
        Lower is better.

    Raises
    ------
    ValueError
        If the rows of ``transform`` are not distributions, or no document can be split.

    Examples
    --------
    >>> from skartm import PLSA
    >>> from skartm.datasets import load_peps
    >>> from skartm.metrics import completion_perplexity
    >>> X = load_peps().data
    >>> model = PLSA(5, max_iter=5, tol=0, random_state=0).fit(X[100:])
    >>> completion_perplexity(model, X[:100]) == model.perplexity(X[:100])
    True
    """
    observed, held_out = completion_split(X, keep_order=True)  # for models that read it
    observed.data = observed.data.astype(np.asarray(model.components_).dtype)  # astype of the matrix sorts
    phi = topics_of(model)
    theta = doc_topic_of(model, observed)
    return perplexity(phi, theta, held_out, tokens=tokens)
