"""Topics that are smoothed to different degrees."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base._parameters import declared, parameters
from skartm.em import Layout, ModalitySelection, PhiTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers._cells import Cells
from skartm.regularizers._given import distribution_over
from skartm.simplex import FLOOR


@parameters
class TopicPrior(Regularizer):
    r"""Smooth topics to different degrees: every cell of topic t gets :math:`\beta_t` tokens.

    .. math:: R(\Phi) = \sum_{t \in S} \beta_t \sum_w \ln \phi_{wt}, \qquad r_{wt} = \beta_t

    A Dirichlet prior on topics with a concentration of its own for each [1]_. Topics with a large beta are smoothed
    most: they become broad and take what has no subject; topics with a small one stay specific.

    Parameters
    ----------
    distribution : array of shape (number of regularised topics,)
        :math:`\beta_t`, non-negative, in the order of the topics in the model. It is not normalised.
    tau : float or Schedule, default=1.0
        Strength: with ``relative=None`` tokens a cell of a topic with beta 1.
    relative : None or float in [0, 1], default=None
        None: topic t gets ``tau * beta_t`` tokens a cell. 0: all topics together get ``tau`` of their mass, divided as
        beta. 1: each topic gets ``tau`` of its own mass, so that only beta > 0 matters, *not* its size.
    topics : None, slice, names or indices, default=None
        Regularised topics; None is all.
    modality : None, str or list of str, default=None
        Modalities whose tokens are regularised; None is all.

    Notes
    -----
    ``TopicPriorRegularizer`` of TopicNet draws beta from a Dirichlet distribution when it is made, so two fits with the
    same seed of the model differ. Here beta is a parameter; draw it yourself, from a generator of your own.

    References
    ----------
    .. [1] H. Wallach, D. Mimno, A. McCallum. "Rethinking LDA: why priors matter." NIPS 2009, on asymmetric priors;
       TopicNet, ``cooking_machine/models/base_regularizer.py`` and ``topic_prior_regularizer.py``.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import TopicPrior
    >>> prior = TopicPrior([5.0, 0, 0, 0, 0], tau=1.0)
    >>> model = ARTMTransformer(5, regularizers=[("prior", prior)], random_state=0).fit(load_peps().data)
    >>> int(np.argmax((model.components_ > 1e-5).sum(axis=1)))
    0
    """

    distribution: Any = declared(kw_only=False)
    tau: float = declared(default=1.0, kw_only=False)
    relative: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None

    side = "phi"

    def bind(self, layout: Layout) -> PhiTerm:
        cells = Cells(layout.tokens(self.modality, "TopicPrior"), layout.topics(self.topics, "TopicPrior"))
        return _TopicPriorTerm(
            cells, distribution_over(self.distribution, cells.topics.size, "TopicPrior", "distribution")
        )


class _TopicPriorTerm(PhiTerm):
    def __init__(self, cells: Cells, beta: NDArray) -> None:
        self.topics, self._cells, self._beta = cells.topics, cells, beta

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        logs = np.log(np.maximum(phi_wt[self._cells.index], phi_wt.dtype.type(FLOOR)))
        return float(logs.sum(axis=0, dtype=np.float64) @ self._beta)

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        out[self._cells.index] += self._beta.astype(out.dtype)
