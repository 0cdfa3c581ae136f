"""Kernels of topics: the tokens that belong to one topic more than to the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skartm.base import names_in_order, shown
from skartm.metrics.quality._mass import check_topic_mass
from skartm.metrics.reports._top_tokens import check_components


def topics_of_tokens(components: NDArray[Any], topic_mass: NDArray[np.float64]) -> NDArray[np.float64]:
    """p(t given w) = phi_wt n_t / sum_s phi_ws n_s, (n_topics, n_tokens); zeros for a token without any mass."""
    joint = components * topic_mass[:, None]
    total = joint.sum(axis=0)
    return np.divide(joint, total, out=np.zeros(joint.shape), where=total > 0)


@dataclass(frozen=True)
class TopicKernels:
    """Kernels of the topics of a model.

    Attributes
    ----------
    size : ndarray of shape (n_topics,)
        Number of tokens of the kernel, ``|W_t|``.
    purity : ndarray of shape (n_topics,)
        Probability of the kernel in its topic, ``sum of p(w|t) over W_t``.
    contrast : ndarray of shape (n_topics,)
        Mean of ``p(t|w)`` over the kernel; 0 for an empty one.
    tokens : list of ndarray
        Columns of the kernel, by decreasing ``p(w|t)``, ties by column. (By ``p(t|w)`` rare tokens would come first.)
    """

    size: NDArray[np.int64]
    purity: NDArray[np.float64]
    contrast: NDArray[np.float64]
    tokens: list[NDArray[np.intp]]

    def named(self, feature_names: Sequence[str] | NDArray[Any]) -> list[list[Any]]:
        """Tokens of the kernels by name."""
        n_known = 1 + max((int(kernel.max()) for kernel in self.tokens if kernel.size), default=-1)
        names = names_in_order(feature_names, None, "feature_names", "columns of components")
        if len(names) < n_known:
            raise ValueError(f"feature_names must name the columns of components. Got {len(names)}, need {n_known}.")
        return [[names[column] for column in kernel] for kernel in self.tokens]


def topic_kernels(
    components: ArrayLike, topic_mass: ArrayLike | None = None, *, threshold: float = 0.1, n_tokens: int | None = None
) -> TopicKernels:
    r"""Size, purity and contrast of the kernels of topics.

    The kernel of a topic is the set of the tokens that belong to it rather than to the others,

    .. math::

        W_t = \{w : p(t \mid w) \ge \text{threshold}\}, \qquad
        p(t \mid w) = \frac{\phi_{wt} n_t}{\sum_s \phi_{ws} n_s},

    .. math::

        \text{size}_t = |W_t|, \qquad \text{purity}_t = \sum_{w \in W_t} \phi_{wt}, \qquad
        \text{contrast}_t = \frac{1}{|W_t|} \sum_{w \in W_t} p(t \mid w).

    Pure and contrasting topics are easy to tell apart: higher is better. Of sizes there is none that is best; about
    ``n_tokens / n_topics`` is usual. Values of different thresholds do not compare: BigARTM takes 0.1, [1]_ 0.25.

    Parameters
    ----------
    components : array-like of shape (n_topics, n_tokens)
        phi. To score one modality, or part of the topics, pass these columns and rows only.
    topic_mass : array-like of shape (n_topics,), default=None
        Tokens of the topics, as ``topic_mass_``. None takes all topics as equally probable.
    threshold : float in (0, 1], default=0.1
        Least ``p(t|w)`` of a token of the kernel.
    n_tokens : int, default=None
        At most so many of ``tokens`` are listed for a topic; sizes count all.

    Returns
    -------
    kernels : TopicKernels
        With ``size``, ``purity``, ``contrast`` and ``tokens``. A dead topic has zeros and an empty list; a token
        without probability in any topic is in no kernel.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    .. [1] Vorontsov K., Potapenko A. (2015). "Additive Regularization of Topic Models". Machine Learning 101, 303-323,
       section 5.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.metrics import topic_kernels
    >>> phi = np.array([[0.5, 0.4, 0.1], [0.0, 0.1, 0.9]])
    >>> kernels = topic_kernels(phi, [10, 10], threshold=0.75)
    >>> kernels.size
    array([2, 1])
    >>> kernels.purity, kernels.contrast
    (array([0.9, 0.9]), array([0.9, 0.9]))
    >>> kernels.named(["cat", "dog", "stock"])
    [['cat', 'dog'], ['stock']]
    """
    if not isinstance(threshold, Real) or not 0 < threshold <= 1:
        raise ValueError(
            f"The 'threshold' parameter of topic_kernels must be a number in (0, 1]. Got {shown(threshold)} instead."
        )
    phi = check_components(components)
    p_tw = topics_of_tokens(phi, check_topic_mass(topic_mass, phi.shape[0]))
    inside = p_tw >= threshold
    size = inside.sum(axis=1, dtype=np.int64)
    purity = np.einsum("tw,tw->t", phi.astype(np.float64, copy=False), inside)
    contrast = np.einsum("tw,tw->t", p_tw, inside) / np.maximum(size, 1)
    tokens = []
    for topic, kernel in zip(phi, inside, strict=True):
        columns = np.flatnonzero(kernel)
        tokens.append(columns[np.argsort(-topic[columns].astype(np.float64), kind="stable")][:n_tokens])
    return TopicKernels(size, purity, contrast, tokens)
