"""Links between documents: R = sum n_dc <theta_d, theta_c>."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skartm.base._data import matrix_of_numbers
from skartm.base._parameters import declared, parameters
from skartm.em import Documents, Layout, RowStatistic, ThetaTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers._given import SLICED, documents_of_fit


@parameters
class DocumentLinks(Regularizer):
    r"""Make the topics of linked documents similar: citations, hyperlinks, replies, neighbours on a map.

    .. math:: R(\Theta) = \sum_{d, c} n_{dc} \sum_{t \in S} \theta_{td} \theta_{tc}, \qquad
              r_{td} = \theta_{td} \sum_c (n_{dc} + n_{cd})\, \theta_{tc}

    with the theta of the other documents from the previous pass, uniform in the first [1]_.

    Parameters
    ----------
    tau : float, default=1.0
        Strength, in tokens a link of weight 1 between documents of one and the same topic. Negative pushes linked
        documents apart.
    links : sparse matrix or array of shape (n_docs, n_docs)
        :math:`n_{dc}`, finite: row d has the links from document d. Those of a document to itself count too.
    topics : None, slice, names or indices, default=None
        Regularised topics; None is all.

    Notes
    -----
    It speaks of the documents of ``fit`` alone: ``transform`` does without, ``partial_fit`` refuses. Needs three times
    n_docs x n_topics numbers of 8 bytes while fitting, and one afterwards, ``learned_[name]["neighbours"]``: the sums
    over c above, with which a warm start goes on; ``learned_[name]["values"]`` has what every document adds to R. With
    ``sample_weight`` a linked document counts as often as it says.

    References
    ----------
    .. [1] L. Dietz, S. Bickel, T. Scheffer. "Unsupervised prediction of citation influences." ICML 2007; in ARTM:
       K. Vorontsov. "Additive regularization for topic models of text collections." Doklady Mathematics 89, 2014.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import DocumentLinks
    >>> peps = load_peps()
    >>> links = DocumentLinks(5.0, links=peps.links)
    >>> model = ARTMTransformer(8, regularizers=[("links", links)], max_iter=20, tol=0, random_state=0).fit(peps.data)
    >>> model.learned_["links"]["neighbours"].shape
    (736, 8)
    """

    tau: float = declared(default=1.0, kw_only=False)
    links: Any = None
    topics: TopicSelection = None

    side = "theta"
    training_only = True

    def bind(self, layout: Layout) -> "_DocumentLinksTerm":
        topics = layout.topics(self.topics, "DocumentLinks")
        n_docs = documents_of_fit(layout, "DocumentLinks", "links")
        if self.links is None:
            msg = f"DocumentLinks: links must be a matrix of shape ({n_docs}, {n_docs}). Got None."
            raise ValueError(msg)
        links = matrix_of_numbers(self.links, "DocumentLinks: links")
        if links.shape != (n_docs, n_docs):
            msg = (
                f"DocumentLinks: links must have shape ({n_docs}, {n_docs}), a row and a column for each document of "
                f"the fit. Got {links.shape}. {SLICED}"
            )
            raise ValueError(msg)
        if not np.isfinite(links.data).all():
            msg = "DocumentLinks: links must be finite. Got NaN or infinity."
            raise ValueError(msg)
        return _DocumentLinksTerm(sparse.csr_matrix(links + links.T), topics, layout.n_topics)


class _DocumentLinksTerm(ThetaTerm):
    per_document = ("links", "learned", "_theta", "_weight")

    def __init__(self, links: sparse.csr_matrix, topics: NDArray, n_topics: int) -> None:
        self.links, self.topics = links, topics  # both directions added
        self._theta = np.zeros((links.shape[0], n_topics))
        self._weight = np.ones(links.shape[0])

    def value(self, theta_dt: NDArray, documents: Documents) -> float:
        # linear, the neighbours are what they were; at their own theta it is half of sum_d theta_d (n + n') theta_c, R
        neighbours, own = self.rows_of(documents)
        values = (theta_dt * neighbours).sum(axis=1) - own
        return float(values.sum() if documents.sample_weight is None else values @ documents.sample_weight)

    def add_term(self, theta_dt: NDArray, n_dt: NDArray, documents: Documents, inner_pass: int, out: NDArray) -> None:
        neighbours, _ = self.rows_of(documents)
        out += theta_dt * neighbours.astype(out.dtype)

    def observe(self, theta_dt: NDArray, documents: Documents) -> RowStatistic:
        return RowStatistic.of(documents, theta_dt.astype(np.float64), documents.weights)

    def finish(self, statistic: RowStatistic, rho: float) -> float:
        places, theta, weight = statistic.arrays
        self._theta[places], self._weight[places] = theta, weight
        self.learned = self._summed(self._theta)
        return float(self._weight @ self.learned["values"])

    def of_documents(self) -> tuple[NDArray, ...]:
        """Sums over the neighbours, and half of the value of each document."""
        known = self.learned.get("neighbours")
        if known is None or known.shape != self._theta.shape:  # the first pass, or a warm start on other documents
            self.learned = self._summed(np.full_like(self._theta, 1 / self._theta.shape[1]))
        return self.learned["neighbours"], self.learned["values"]

    def _summed(self, theta_dt: NDArray) -> dict[str, NDArray]:
        neighbours = np.zeros(theta_dt.shape)
        neighbours[:, self.topics] = self.links @ (theta_dt[:, self.topics] * self._weight[:, None])
        return {"neighbours": neighbours, "values": (theta_dt * neighbours).sum(axis=1) / 2}
