"""Background tokens: those that are spread over the topics as the whole collection is."""

from __future__ import annotations

from numbers import Real

import numpy as np
from numpy.typing import ArrayLike

from skartm.base import shown
from skartm.metrics.quality._kernels import topics_of_tokens
from skartm.metrics.quality._mass import check_topic_mass, topic_shares
from skartm.metrics.reports._top_tokens import check_components


def background_ratio(
    components: ArrayLike,
    topic_mass: ArrayLike | None = None,
    *,
    threshold: float = 0.5,
    side: str = "near",
    divergence: str = "forward",
) -> float:
    r"""Share of the tokens whose distribution over topics is near to that of the collection, or far from it.

    .. math::

        \text{near} = \frac{|\{w : D_w \le \text{threshold}\}|}{|W|}, \qquad
        \text{far} = 1 - \text{near}, \qquad
        p(t \mid w) = \frac{\phi_{wt} n_t}{\sum_s \phi_{ws} n_s}, \quad p(t) = \frac{n_t}{\sum_s n_s},

    where ``D_w`` is ``KL(p(t) || p(t|w))`` (``divergence="forward"``) or ``KL(p(t|w) || p(t))`` ("reverse"), and
    ``W`` the tokens that have probability in some topic. The forward divergence is infinite as soon as a topic that
    has tokens does not have this one, so in a sparse model it calls few tokens background. The reverse one is at most
    ``-ln min p(t)``.

    A background token tells nothing about the topic. BigARTM's ``BackgroundTokensRatioScore`` counts, despite its name,
    the tokens that are *far*, and leaves out the zeros of ``p(t|w)``, where the forward divergence is infinite.

    Parameters
    ----------
    components : array-like of shape (n_topics, n_tokens)
        phi.
    topic_mass : array-like of shape (n_topics,), default=None
        Tokens of the topics, as ``topic_mass_``. None takes all topics as equally probable.
    threshold : float, default=0.5
        Largest divergence of a background token, in nats.
    side : {"near", "far"}, default="near"
        Which tokens to count: background, or the others.
    divergence : {"forward", "reverse"}, default="forward"
        Which way the divergence is taken.

    Returns
    -------
    ratio : float
        In [0, 1]; 0 if no token has any probability.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.metrics import background_ratio
    >>> phi = np.array([[0.4, 0.6, 0.0], [0.5, 0.0, 0.5]])
    >>> round(background_ratio(phi, [10, 10]), 3)
    0.333
    >>> round(background_ratio(phi, [10, 10], side="far"), 3)
    0.667
    """
    if not isinstance(threshold, Real) or not threshold >= 0:
        raise ValueError(
            f"The 'threshold' parameter of background_ratio must be a number >= 0. Got {shown(threshold)} instead."
        )
    for name, value, choices in (("side", side, ("near", "far")), ("divergence", divergence, ("forward", "reverse"))):
        if value not in choices:
            raise ValueError(
                f"The {name!r} parameter of background_ratio must be one of {list(choices)}. Got "
                f"{shown(value)} instead."
            )
    phi = check_components(components)
    mass = check_topic_mass(topic_mass, phi.shape[0])
    alive = mass > 0
    p_t = topic_shares(mass[alive])[:, None]
    p_tw = topics_of_tokens(phi[alive], mass[alive])
    p_tw = p_tw[:, p_tw.any(axis=0)]
    if p_tw.size == 0:
        return 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        log_ratio = np.log(p_t) - np.log(p_tw)  # infinite where p(t|w) = 0
    terms = p_t * log_ratio if divergence == "forward" else -p_tw * np.where(p_tw > 0, log_ratio, 0.0)
    near = float((terms.sum(axis=0) <= threshold).mean())
    return near if side == "near" else 1.0 - near
