"""Shares: strengths of smoothing and sparsing in shares of the mass of a cell, as TopicNet counts them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from skartm.base import shown
from skartm.base._data import check_csr
from skartm.base._parameters import is_number
from skartm.em import Layout, ModalitySelection, resolve_modalities


def tau_from_share(
    share: float,
    X: Any,
    *,
    n_topics: int,
    side: str = "phi",
    modality: ModalitySelection = None,
    modalities: Any = None,
    modality_weights: Mapping[str, float] | None = None,
) -> float:
    r"""Absolute tau of ``SmoothSparsePhi`` or ``SmoothSparseTheta`` that has a share of the mass of an average cell.

    .. math:: \tau = b\, \frac{\lambda}{1 - \lambda}, \qquad
              b_\Phi = \frac{\sum_{m \in M} \kappa_m N_m}{|S| \sum_{m \in M} |W^m|}, \qquad
              b_\Theta = \frac{\sum_m \kappa_m N_m}{|D|\, |S|}

    with the tokens :math:`N_m` and weights :math:`\kappa_m` of the modalities. :math:`\lambda = \tau / (b + \tau)` is
    the share of the regularizer in the sum of data and regularizer; negative for sparsing. These are the "relative
    coefficients" of TopicNet [1]_, computed once from the corpus; ``relative=`` of a regularizer is something else,
    see the user guide.

    Parameters
    ----------
    share : float
        :math:`\lambda`, below 1; negative makes sparse.
    X : array or sparse matrix of shape (n_docs, n_tokens)
        The counts to fit.
    n_topics : int
        Number of regularised topics, \|S\|.
    side : {"phi", "theta"}, default="phi"
        Which of the two regularizers.
    modality : None, name or names, default=None
        Phi: the regularised modalities M; None is all. Theta is regularised by all of them.
    modalities : default=None
        Those of the model; None is one kind of tokens.
    modality_weights : dict of name to float, default=None
        :math:`\kappa`: ``modality_weights_`` of the model; 1 where it has none. TopicNet's weights relative to a main
        modality are ``main_modality=`` of the model.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        A share of 1 or more, or modalities that do not fit.

    References
    ----------
    .. [1] V. Bulatov et al. "TopicNet: making additive regularisation for topic modelling accessible." LREC 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.regularizers import share_from_tau, tau_from_share
    >>> X = np.ones((10, 20))  # 200 tokens: 2 a cell of phi with 5 topics, 4 a cell of theta
    >>> tau_from_share(0.2, X, n_topics=5)
    0.5
    >>> tau_from_share(-0.25, X, n_topics=5, side="theta")
    -0.8
    >>> share_from_tau(0.5, X, n_topics=5)
    0.2
    """
    if not is_number(share) or not -np.inf < share < 1:
        msg = f"tau_from_share: share must be a number below 1. Got {shown(share)}."
        raise ValueError(msg)
    base = _tokens_of_a_cell(X, n_topics, side, modality, modalities, modality_weights, "tau_from_share")
    return float(base * share / (1 - share))


def share_from_tau(
    tau: float,
    X: Any,
    *,
    n_topics: int,
    side: str = "phi",
    modality: ModalitySelection = None,
    modalities: Any = None,
    modality_weights: Mapping[str, float] | None = None,
) -> float:
    r"""Share of the mass of an average cell that an absolute tau has, :math:`\lambda = \tau / (b + \tau)`.

    The inverse of :func:`tau_from_share`, with its parameters.

    Parameters
    ----------
    tau : float
        Above :math:`-b`, at which sparsing takes the whole of an average cell.
    X : array or sparse matrix of shape (n_docs, n_tokens)
    n_topics : int
    side : {"phi", "theta"}, default="phi"
    modality : None, name or names, default=None
    modalities : default=None
    modality_weights : dict of name to float, default=None

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.regularizers import share_from_tau
    >>> share_from_tau(-1, np.ones((10, 20)), n_topics=5)
    -1.0
    """
    base = _tokens_of_a_cell(X, n_topics, side, modality, modalities, modality_weights, "share_from_tau")
    if not is_number(tau) or not -base < tau < np.inf:
        msg = (
            f"share_from_tau: tau must be a number above {-base:g}, which takes all of an average cell. "
            f"Got {shown(tau)}."
        )
        raise ValueError(msg)
    return float(tau / (base + tau))


def _tokens_of_a_cell(
    X: Any, n_topics: int, side: str, modality: ModalitySelection, modalities: Any, weights: Any, owner: str
) -> float:
    """b: the tokens of the corpus for every cell of phi or theta, weighted."""
    if side not in ("phi", "theta"):
        msg = f"{owner}: side must be 'phi' or 'theta'. Got {shown(side)}."
        raise ValueError(msg)
    if not is_number(n_topics) or n_topics < 1 or n_topics != int(n_topics):
        msg = f"{owner}: n_topics must be an integer of at least 1. Got {shown(n_topics)}."
        raise ValueError(msg)
    X = check_csr(X, owner, dtype=np.float64)
    n_docs, n_tokens = X.shape
    blocks = resolve_modalities(modalities, n_tokens, owner)
    counts = np.bincount(X.indices, weights=X.data, minlength=n_tokens)
    for name, weight in (weights or {}).items():
        matching = [block.tokens for block in blocks if block.name == name]
        if not matching:
            msg = f"{owner}: modality_weights must name modalities, {[block.name for block in blocks]}. Got {name!r}."
            raise ValueError(msg)
        counts[matching[0]] *= weight
    if side == "theta":
        return float(counts.sum() / n_docs / n_topics)
    tokens = Layout((), n_tokens, blocks).tokens(modality, owner)
    return float(counts[tokens].sum() / (tokens.size * n_topics))
