"""Labels of documents as a modality, whose frequencies the model shall reproduce."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base._parameters import declared, parameters
from skartm.em import Layout, ModalitySelection, PhiTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers._cells import Cells
from skartm.regularizers._given import distribution_of_tokens
from skartm.simplex import FLOOR


@parameters
class LabelRegularization(Regularizer):
    r"""Keep the frequencies of labels in the model close to given ones.

    .. math:: R(\Phi) = \sum_c \hat p_c \ln p_c, \quad p_c = \sum_{t \in S} \phi_{ct} p_t, \qquad
              r_{ct} = \hat p_c \frac{\phi_{ct} n_t}{\sum_{s \in S} \phi_{cs} n_s}

    The negative Kullback-Leibler divergence from the given frequencies of labels c to those of the model, up to a
    constant [1]_ [2]_. Every label gets ``tau`` times :math:`\hat p_c` tokens, divided among topics as the label is
    now; :math:`p_t = n_t / n` is the share of the topic in the counters of the modality, a constant of the M-step. Rare
    labels, which a model of many classes forgets, are kept alive by it.

    Parameters
    ----------
    tau : float or Schedule, default=1.0
        Strength: with ``relative=None`` tokens of labels, in all topics together, a unit of :math:`\hat p_c`.
    relative : None or float in [0, 1], default=None
        None: absolute. A number: ``tau`` is the share of the mass of the modality that is added.
    topics : None, slice, names or indices, default=None
        Topics S; None is all.
    modality : None, str or list of str, default=None
        The modality of the labels; None is all tokens.
    distribution : array of shape (labels,) or (n_tokens,), default=None
        :math:`\hat p_c`, non-negative; not normalised. None is 1 for every label.

    Notes
    -----
    BigARTM puts the new counters :math:`n_{ct}` in place of :math:`\phi_{ct} n_t`, which agrees when EM has converged
    and is not the gradient before; a label without counters makes it divide zero by zero.

    References
    ----------
    .. [1] T. Rubin, A. Chambers, P. Smyth, M. Steyvers. "Statistical topic models for multi-label document
       classification." Machine Learning 88, 2012.
    .. [2] K. Vorontsov, A. Potapenko. "Additive regularization of topic models." Machine Learning 101, 2015.

    Examples
    --------
    Six words and two labels, one of them in two documents of twenty:

    >>> import numpy as np
    >>> from skartm import ARTMTransformer
    >>> from skartm.regularizers import LabelRegularization
    >>> words = np.random.default_rng(0).poisson(3, (20, 6))
    >>> rare = np.arange(20) < 2
    >>> X = np.column_stack([words, rare, ~rare])
    >>> kinds = ["word"] * 6 + ["label"] * 2
    >>> balance = LabelRegularization(5.0, modality="label")
    >>> plain = ARTMTransformer(2, modalities=kinds, random_state=0).fit(X)
    >>> even = ARTMTransformer(2, modalities=kinds, regularizers=[("balance", balance)], random_state=0).fit(X)
    >>> bool(even.components_[:, 6].sum() > plain.components_[:, 6].sum())
    True
    """

    tau: float = declared(default=1.0, kw_only=False)
    relative: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None
    distribution: Any = None

    side = "phi"

    def bind(self, layout: Layout) -> PhiTerm:
        owner = "LabelRegularization"
        tokens = layout.tokens(self.modality, owner)
        wanted = np.ones(layout.n_tokens)
        if self.distribution is not None:
            wanted[tokens] = distribution_of_tokens(self.distribution, layout.n_tokens, tokens, owner, "distribution")
        topics = layout.topics(self.topics, owner)
        blocks = [block for block in layout.blocks if np.isin(block, tokens).all()]
        return _LabelTerm([Cells(block, topics) for block in blocks], [wanted[block] for block in blocks], topics)


class _LabelTerm(PhiTerm):
    """Blocks are modalities, each with topic masses of its own."""

    def __init__(self, blocks: list[Cells], wanted: list[NDArray], topics: NDArray) -> None:
        self.topics, self._blocks, self._wanted = topics, blocks, wanted

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        value = 0.0
        for cells, wanted in zip(self._blocks, self._wanted, strict=True):
            mass = n_wt[cells.index].sum(axis=0, dtype=np.float64)
            p_t = np.divide(mass, mass.sum(), out=np.zeros_like(mass), where=mass.sum() > 0)
            value += float(wanted @ np.log(np.maximum(phi_wt[cells.index] @ p_t, FLOOR)))
        return value

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        for cells, wanted in zip(self._blocks, self._wanted, strict=True):
            joint = phi_wt[cells.index] * n_wt[cells.index].sum(axis=0, dtype=np.float64).astype(out.dtype)  # (C, S)
            p_c = joint.sum(axis=1)
            joint *= np.divide(wanted, p_c, out=np.zeros_like(p_c), where=p_c > 0, casting="same_kind")[:, None]
            out[cells.index] += joint
