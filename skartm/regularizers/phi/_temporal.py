"""Smoothing of topics over time."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._parameters import declared, parameters
from skartm.em import Layout, ModalitySelection, PhiTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers._words import Words


@parameters
class TemporalSmoothing(Regularizer):
    r"""Make topics change little from one point in time to the next.

    Points in time are tokens of a modality: every document has the token of its year, say. With
    :math:`i = 1, \dots, n` in their order

    .. math:: R_1(\Phi) = -\sum_{t \in S} \sum_{i=2}^n |\phi_{it} - \phi_{i-1,t}|, \qquad
              r_{it} = -\phi_{it} \bigl(\operatorname{sgn}(\phi_{it} - \phi_{i-1,t}) +
              \operatorname{sgn}(\phi_{it} - \phi_{i+1,t})\bigr)

    .. math:: R_2(\Phi) = -\frac12 \sum_{t \in S} \sum_{i=2}^n (\phi_{it} - \phi_{i-1,t})^2, \qquad
              r_{it} = -\phi_{it} \bigl((\phi_{it} - \phi_{i-1,t}) + (\phi_{it} - \phi_{i+1,t})\bigr)

    where the first and the last point have one neighbour. The first form is the usual one [1]_: it levels out peaks and
    lets a topic keep a jump at the price of one; the second spreads a jump over several points. It is sgn(0) = 0 here,
    all points are regularised, and the order is explicit; in BigARTM sgn(0) = -1, the end points are left alone, and
    the order is that of a dictionary.

    :math:`\phi_{it} = p(i \mid t)` follows the number of documents too: where one year has many more than the next, use
    :class:`GeospatialSmoothing` with the years as coordinates, which compares :math:`p(t \mid i)`.

    Parameters
    ----------
    tau : float or Schedule, default=1.0
        Strength. Absolute, with ``norm="l1"``: tokens, of which a topic moves at most 2 ``tau`` at a pass; so it grows
        with the corpus.
    order : sequence of names or columns, default=None
        The points in time, first to last; tokens that are not in it are not regularised. None: the columns of the
        modality as they stand in X.
    norm : {"l1", "l2"}, default="l1"
        Which of the two.
    relative : None or float in [0, 1], default=None
        None: absolute; the pull fades as neighbours become alike. A number: ``tau`` is the share of the mass of the
        modality that the term moves at each pass, which does not fade; a large one oversteps.
    topics : None, slice, names or indices, default=None
        Regularised topics S; None is all.
    modality : None, name or names, default=None
        The modality of time. None is all columns, which makes sense with ``order`` only.

    References
    ----------
    .. [1] K. Vorontsov, O. Frei, M. Apishev et al. "Non-Bayesian additive regularization for multimodal topic modeling
       of large collections." CIKM TM workshop, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import TemporalSmoothing
    >>> from scipy.sparse import csr_matrix, hstack
    >>> from sklearn.preprocessing import OneHotEncoder
    >>> peps = load_peps()
    >>> years = OneHotEncoder(dtype=np.float32).fit_transform(peps.year[:, None])  # a token a document, by years
    >>> X = hstack([peps.data, 100 * years], format="csr")
    >>> n_words = peps.data.shape[1]
    >>> jumps = []
    >>> for tau in (0, 0.2):
    ...     model = ARTMTransformer(
    ...         5,
    ...         modalities={"words": slice(n_words), "years": slice(n_words, None)},
    ...         regularizers=[("smooth", TemporalSmoothing(tau, relative=1.0, modality="years"))],
    ...         max_iter=20, tol=0, random_state=0,
    ...     ).fit(X)
    ...     jumps.append(np.abs(np.diff(model.components_[:, n_words:])).sum())
    >>> bool(jumps[1] < 0.7 * jumps[0])
    True
    """

    tau: Any = declared(default=1.0, kw_only=False)
    order: Any = None
    norm: str = "l1"
    relative: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None

    side = "phi"

    def bind(self, layout: Layout) -> "_TemporalTerm":
        if self.norm not in ("l1", "l2"):
            msg = f"The 'norm' parameter of TemporalSmoothing must be 'l1' or 'l2'. Got {shown(self.norm)}."
            raise ValueError(msg)
        words = Words(layout, self.modality, "TemporalSmoothing")
        points = words.columns if self.order is None else words.find(list(self.order), "order")
        if np.unique(points).size != points.size or points.size < 2:
            msg = (
                "The 'order' parameter of TemporalSmoothing must have at least two tokens, each once. Got "
                f"{points.size}, {points.size - np.unique(points).size} of them repeated."
            )
            raise ValueError(msg)
        return _TemporalTerm(points, layout.topics(self.topics, "TemporalSmoothing"), self.norm == "l1")


class _TemporalTerm(PhiTerm):
    def __init__(self, points: NDArray, topics: NDArray, absolute: bool) -> None:
        self.topics, self._absolute = topics, absolute
        self._cells = np.ix_(points, topics)

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        steps = np.diff(phi_wt[self._cells].astype(np.float64), axis=0)
        return float(-np.abs(steps).sum() if self._absolute else -0.5 * (steps**2).sum())

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        phi = phi_wt[self._cells]  # (n, S)
        steps = np.diff(phi, axis=0)
        if self._absolute:
            steps = np.sign(steps)
        pull = np.zeros_like(phi)
        pull[:-1] += steps
        pull[1:] -= steps
        out[self._cells] += phi * pull
