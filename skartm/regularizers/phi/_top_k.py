"""The largest counters of a topic, or of a token, and nothing else."""

from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._parameters import declared, is_number, parameters
from skartm.em import Layout, ModalitySelection, PhiTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers._cells import Cells
from skartm.simplex import FLOOR


@parameters
class TopKSparse(Regularizer):
    r"""Keep the k largest counters of every topic, or of every token, and take the others away.

    .. math:: R(\Phi) = -\sum_{(w, t) \notin K} n_{wt} \ln \phi_{wt}, \qquad r_{wt} = -n_{wt} [(w, t) \notin K]

    K are the kept cells, chosen anew at each M-step from the new counters. With ``tau=1`` and ``relative=None`` the
    others are exactly zero, a smaller ``tau`` takes that share of them. A cell that is zero stays zero, so
    begin late: ``tau=Window(begin=10)``, or a fit with ``warm_start``. By topic, a token that no topic keeps is left
    without probability: leave a background topic out of ``topics``, or use "token", which keeps every token.

    Parameters
    ----------
    k : int
        Cells to keep, at least 1.
    tau : float or Schedule, default=1.0
        Share of the other cells that is taken.
    by : {"topic", "token"}, default="topic"
        "topic": k tokens (of every modality) in a topic. "token": k topics of a token.
    mass_threshold : float in (0, 1], default=None
        Keep fewer than k where they have this share of the mass of the topic (in its modality) or of the token.
    relative : None or float in [0, 1], default=None
        None: as above. A number: ``tau`` is the share of the counters' mass that is asked of the other cells.
    topics : None, slice, names or indices, default=None
        Regularised topics; None is all. By "token", k of these.
    modality : None, str or list of str, default=None
        Modalities that are regularised; None is all. Others stay as they are.

    Notes
    -----
    ``SpecifiedSparsePhi`` of BigARTM compares cells by index before value, so it keeps others than the largest, and
    by topic it takes away all other modalities. Here equal counters are kept in the order of their columns.

    References
    ----------
    .. [1] BigARTM 0.10.1, ``regularizer/specified_sparse_phi.cc``.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import TopKSparse, Window
    >>> few = TopKSparse(2, tau=Window(1.0, begin=10), by="token")
    >>> model = ARTMTransformer(5, regularizers=[("few", few)], max_iter=15, tol=0, random_state=0)
    >>> int((model.fit(load_peps().data).components_ > 0).sum(axis=0).max())
    2
    """

    k: int = declared(kw_only=False)
    tau: float = declared(default=1.0, kw_only=False)
    by: str = "topic"
    mass_threshold: float | None = None
    relative: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None

    side = "phi"

    def bind(self, layout: Layout) -> PhiTerm:
        owner = "TopKSparse"
        if not isinstance(self.k, Integral) or isinstance(self.k, bool) or self.k < 1:
            msg = f"The 'k' parameter of {owner} must be an integer, at least 1. Got {shown(self.k)}."
            raise ValueError(msg)
        if not isinstance(self.by, str) or self.by not in ("topic", "token"):
            msg = f"The 'by' parameter of {owner} must be 'topic' or 'token'. Got {shown(self.by)}."
            raise ValueError(msg)
        share = self.mass_threshold
        if share is not None and not (is_number(share) and 0 < share <= 1):
            msg = f"The 'mass_threshold' parameter of {owner} must be None or a number in (0, 1]. Got {shown(share)}."
            raise ValueError(msg)
        tokens, topics = layout.tokens(self.modality, owner), layout.topics(self.topics, owner)
        blocks = [block for block in layout.blocks if np.isin(block, tokens).all()]
        return _TopKTerm([Cells(block, topics) for block in blocks], topics, int(self.k), self.by, share)


class _TopKTerm(PhiTerm):
    def __init__(self, blocks: list[Cells], topics: NDArray, k: int, by: str, share: float | None) -> None:
        self.topics, self._blocks, self._k, self._by, self._share = topics, blocks, k, by, share

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        value = 0.0
        for cells in self._blocks:
            taken = self._taken(n_wt[cells.index])
            logs = np.log(np.maximum(phi_wt[cells.index], phi_wt.dtype.type(FLOOR)))
            value -= float(np.einsum("wt,wt->", taken, logs, dtype=np.float64))
        return value

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        for cells in self._blocks:
            out[cells.index] -= self._taken(n_wt[cells.index])

    def _taken(self, n_wt: NDArray) -> NDArray:
        """The counters outside of K."""
        rows = np.ascontiguousarray(n_wt.T if self._by == "topic" else n_wt)
        taken = np.where(largest(rows, self._k, self._share), rows.dtype.type(0), rows)
        return taken.T if self._by == "topic" else taken


def largest(rows: NDArray, k: int, share: float | None) -> NDArray:
    """Mask of the k largest entries of every row, or of fewer that sum to ``share`` of it; ties by column."""
    n_rows, n_columns = rows.shape
    if k >= n_columns and share is None:
        return np.ones(rows.shape, dtype=bool)
    k = min(k, n_columns)
    if share is None:
        wanted = np.full((n_rows, 1), k)
        smallest = np.partition(rows, n_columns - k, axis=1)[:, n_columns - k, None]
    else:
        top = np.sort(np.partition(rows, n_columns - k, axis=1)[:, n_columns - k :], axis=1)[:, ::-1]  # (n_rows, k)
        before = np.cumsum(top, axis=1, dtype=np.float64) - top
        enough = share * rows.sum(axis=1, dtype=np.float64, keepdims=True)
        wanted = np.maximum((before < enough).sum(axis=1, keepdims=True), 1)
        smallest = np.take_along_axis(top, wanted - 1, axis=1)
    kept = rows >= smallest
    excess = kept.sum(axis=1) - wanted[:, 0]
    tied = np.flatnonzero(excess > 0)
    if tied.size:  # of those equal to the smallest the first ones
        equal = rows[tied] == smallest[tied]
        room = equal.sum(axis=1) - excess[tied]
        kept[tied] &= ~equal | (np.cumsum(equal, axis=1) <= room[:, None])
    return kept
