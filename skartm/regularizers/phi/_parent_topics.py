"""Parent topics: the topics of a level of a hierarchy explain those of the level above."""

from dataclasses import replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skartm.base import shown
from skartm.base._data import as_floats
from skartm.base._parameters import declared, is_number, parameters
from skartm.base._sparse import own_csr
from skartm.base._threads import effective_n_threads
from skartm.em import (
    Batch,
    Batches,
    Bound,
    Documents,
    FreeMixture,
    Layout,
    ModalitySelection,
    PhiTerm,
    Shared,
    Strength,
    Terms,
    ThetaTerm,
    TopicSelection,
    at_theta,
    expected_counts,
    padded,
)
from skartm.regularizers._base import Regularizer
from skartm.regularizers._cells import consecutive
from skartm.simplex import FLOOR


@parameters
class ParentTopics(Regularizer):
    r"""Make topics subtopics: every given parent topic shall be a mixture of them, with weights psi to learn.

    .. math:: R(\Phi, \Psi) = \sum_{t \in T} \sum_w n_{wt} \ln \sum_{s \in S} \phi_{ws} \psi_{st}, \qquad
              r_{ws} = \sum_t n_{wt}\, p(s \mid t, w), \quad
              p(s \mid t, w) = \operatorname*{norm}_{s \in S} (\phi_{ws} \psi_{st})

    R is the log-likelihood of the parents as if each were a document, with the counts :math:`n_{wt}` of its
    tokens [1]_: the term is what such pseudo-documents would add to the counters. They are in no other respect
    documents, so regularizers of theta do not see them. :math:`\psi_{st} = p(s \mid t)` is found for the present phi by
    inner passes from a uniform start, as the theta of a document. :class:`skartm.HierarchicalARTM` builds hierarchies
    of it; by itself it ties topics to any groups of tokens: to the counts of classes, say.

    Parameters
    ----------
    counts : array or sparse matrix of shape (n_parents, n_tokens)
        :math:`n_{wt}`, non-negative. A row of zeros is a dead parent.
    tau : float or Schedule, default=1.0
        Strength. Absolute: how often a token of a parent counts, against once for a token of a document.
    sparsity : float, default=0.0
        Below 1; positive gives a topic fewer parents, negative more. See Notes.
    max_doc_iter : int, default=10
        Inner passes over a parent, at most.
    doc_tol : float, default=0.01
        A parent stops when its psi moves less (sum of absolute changes).
    relative : None or float in [0, 1], default=None
        None: absolute. A number: ``tau`` is the share of the counters' mass that is added.
    topics : None, slice, names or indices, default=None
        The topics S that may be subtopics; None is all.
    modality : None, name or names, default=None
        Modalities whose tokens speak for a parent; None is all. The counts are multiplied by the weights of the
        modalities.
    n_jobs : int, default=None
        Threads of the inner passes, as of the model. Results do not depend on it.

    Notes
    -----
    With a sparsity :math:`\kappa`, each inner pass is

    .. math:: \psi_{st} = \operatorname*{norm}_s \Bigl(n_{st} - \kappa \frac{n_s}{|T|}\Bigr)_+, \qquad
              n_{st} = \sum_w n_{wt}\, p(s \mid t, w), \quad n_s = \sum_t n_{st}

    It takes :math:`\kappa` times the mean share :math:`1 / |T|` of a topic from every parent, and those with less lose
    it; one at least has the mean share, so no topic loses all. It is the regularizer
    :math:`R(\Psi) = -\frac{\kappa}{1 - \kappa} \sum_s \frac{n_s}{|T|} \sum_{t \in T} \ln p(t \mid s)`: its term is
    :math:`\frac{\kappa}{1 - \kappa} (n_{st} - n_s / |T|)`, and :math:`n_{st}` plus the term is what stands above, over
    :math:`1 - \kappa`. BigARTM's HierarchySparsingTheta has the term without :math:`n_s`, so that its strength depends
    on the size of the corpus, and computes :math:`1 / |T|` as 0.

    What is learned is published as ``learned_[name]["psi"]`` of the model, of shape (n_parents, topics of S): of the
    phi before the last M-step.

    References
    ----------
    .. [1] N. Chirkova, K. Vorontsov. "Additive regularization for hierarchical multimodal topic modeling." Journal
       Machine Learning and Data Analysis 2(2), 2016.

    Examples
    --------
    Which topics the proposals of one type are made of, and those of all others:

    >>> import numpy as np
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import ParentTopics
    >>> peps = load_peps()
    >>> is_process = peps.type == "Process"
    >>> counts = np.stack([peps.data[~is_process].sum(axis=0).A1, peps.data[is_process].sum(axis=0).A1])
    >>> parents = [("parents", ParentTopics(counts, sparsity=0.5))]
    >>> model = ARTMTransformer(8, regularizers=parents, random_state=0).fit(peps.data)
    >>> model.learned_["parents"]["psi"].shape
    (2, 8)
    """

    counts: Any = declared(default=None, kw_only=False)
    tau: Any = declared(default=1.0, kw_only=False)
    sparsity: float = 0.0
    max_doc_iter: int = 10
    doc_tol: float = 0.01
    relative: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None
    n_jobs: int | None = None

    side = "phi"

    def bind(self, layout: Layout) -> "ParentTerm":
        topics = layout.topics(self.topics, "ParentTopics")
        tokens = layout.tokens(self.modality, "ParentTopics")
        for name, low, high in (("sparsity", -np.inf, 1.0), ("doc_tol", 0.0, np.inf)):
            value = getattr(self, name)
            if not is_number(value) or not np.isfinite(value) or not low <= value < high:
                expected = "below 1" if name == "sparsity" else "of at least 0"
                msg = f"The {name!r} parameter of ParentTopics must be a finite number {expected}. Got {shown(value)}."
                raise ValueError(msg)
        if not isinstance(self.max_doc_iter, Integral) or isinstance(self.max_doc_iter, bool) or self.max_doc_iter < 1:
            msg = (
                "The 'max_doc_iter' parameter of ParentTopics must be an integer from 1. Got "
                f"{shown(self.max_doc_iter)}."
            )
            raise ValueError(msg)
        counts, weights = self._counts(layout.n_tokens), np.zeros(layout.n_tokens)
        weights[tokens] = 1.0 if layout.token_weights is None else layout.token_weights[tokens]
        counts.data *= weights[counts.indices]
        counts.eliminate_zeros()
        return ParentTerm(
            counts,
            topics,
            sparsity=float(self.sparsity),
            n_passes=int(self.max_doc_iter),
            tol=float(self.doc_tol),
            n_threads=effective_n_threads(self.n_jobs),
        )

    def _counts(self, n_tokens: int) -> Any:
        """A canonical copy in float64."""
        read = own_csr if sparse.issparse(self.counts) else as_floats
        given: Any = read(self.counts, "ParentTopics: counts")
        if given.ndim != 2 or given.shape[1] != n_tokens or given.shape[0] == 0 or given.dtype.kind not in "fiub":
            msg = (
                f"The 'counts' parameter of ParentTopics must be numbers of shape (n_parents, {n_tokens}), a row for "
                f"each parent. Got shape {given.shape}, {given.dtype}."
            )
            raise ValueError(msg)
        counts = sparse.csr_matrix(given, dtype=np.float64, copy=True)
        counts.sum_duplicates()
        if not np.isfinite(counts.data).all() or counts.data.min(initial=0) < 0:
            msg = (
                "The 'counts' parameter of ParentTopics must be finite and non-negative. Got entries from "
                f"{counts.data.min():g} to {counts.data.max():g}."
            )
            raise ValueError(msg)
        return counts


class ParentTerm(PhiTerm):
    """Parents are the rows of a small corpus, of which the engine makes the E-step.

    Parameters
    ----------
    counts : CSR of shape (n_parents, n_tokens)
        With the weights of modalities.
    topics : array of int
    """

    def __init__(
        self, counts: Any, topics: NDArray, *, sparsity: float, n_passes: int, tol: float, n_threads: int
    ) -> None:
        self.topics, self._counts, self._columns = topics, counts, consecutive(topics)
        self.sparsity, self.n_passes, self.tol, self.n_threads = sparsity, n_passes, tol, n_threads
        self._mass = np.asarray(counts.sum(axis=1)).ravel()
        self._batches: dict[np.dtype, Batches] = {}

    def learn(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        self.learned = {"psi": self.psi(phi_wt)}

    def psi(self, phi_wt: NDArray) -> NDArray:
        """p(s|t) of the parents for a phi, of shape (n_parents, topics of S)."""
        dtype, n_topics = phi_wt.dtype, self.topics.size
        term: ThetaTerm = _FewerParents(n_topics, int(np.count_nonzero(self._mass)))
        mixture = FreeMixture(
            n_topics,
            n_passes=self.n_passes,
            tol=self.tol,
            n_threads=self.n_threads,
            together=self._mass.size,
        )
        sparsity = Bound("sparsity", term, Strength(self.sparsity)).at(self.sparsity)
        shared = replace(self._shared(phi_wt), acting=Terms(theta=(sparsity,)))
        return mixture.expect(shared, self._batch(dtype)).theta_dt[:, :n_topics].copy()

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        batch, psi = self._batch(phi_wt.dtype), padded(self._present(), phi_wt.dtype)
        totals = at_theta(self._shared(phi_wt), batch, psi, n_threads=self.n_threads).totals
        return float(totals[:, 0].sum() + totals[:, 1].sum() * np.log(FLOOR))

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        batches, shared = self._cut(phi_wt.dtype), self._shared(phi_wt)
        out[:, self._columns] += expected_counts(batches, shared, self._present(), n_threads=self.n_threads)

    def _known(self) -> NDArray | None:
        """psi as last learned, unless it is that of other parents or topics."""
        psi = self.learned.get("psi")
        return psi if psi is not None and psi.shape == (self._mass.size, self.topics.size) else None

    def _present(self) -> NDArray:
        """psi as last learned, or uniform."""
        psi = self._known()
        return np.full((self._mass.size, self.topics.size), 1 / self.topics.size) if psi is None else psi

    def _shared(self, phi_wt: NDArray) -> Shared:
        return Shared(padded(phi_wt[:, self._columns], phi_wt.dtype), self.topics.size)

    def _cut(self, dtype: np.dtype) -> Batches:
        if dtype not in self._batches:
            self._batches[dtype] = Batches(self._counts.astype(dtype), self._mass.size, dtype)
        return self._batches[dtype]

    def _batch(self, dtype: np.dtype) -> Batch:
        (batch,) = self._cut(dtype)
        return batch


class _FewerParents(ThetaTerm):
    """-n_s / |T| of all parents at once; up to a factor of every row the term of -sum n_s / |T| sum ln p(t|s)."""

    def __init__(self, n_topics: int, n_parents: int) -> None:
        self.topics, self.n_parents = np.arange(n_topics), n_parents

    def add_term(self, theta_dt: NDArray, n_dt: NDArray, documents: Documents, inner_pass: int, out: NDArray) -> None:
        out -= n_dt[documents.mass > 0].sum(axis=0, dtype=np.float64) / max(self.n_parents, 1)
