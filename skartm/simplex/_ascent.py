"""Ascent of a function of distributions."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._caller import warn
from skartm.exceptions import PlainAscentWarning
from skartm.simplex._acceleration import Acceleration, Anderson, Squarem
from skartm.simplex._blocks import Blocks
from skartm.simplex._steps import AscendingStep, Function, PlainStep, Point, Step, exponentiated, revived, shifted

METHODS = ("shifted", "plain", "exponentiated")
ACCELERATIONS: dict[str, type[Squarem] | type[Anderson]] = {"squarem": Squarem, "anderson": Anderson}


@dataclass
class AscentResult:
    """What :func:`ascend` found.

    Attributes
    ----------
    x : array, list of arrays or dict of arrays
        The best point that was met; it has the structure and the types of the start.
    value : float
        The function there.
    gap : array, list or dict of them
        How far each simplex is from a stationary point: the largest g minus the mean of g, over the coordinates that
        may move. The shape of x without the axis of the simplices.
    n_iter : int
        Steps made.
    n_evaluations : int
        Calls of the function.
    history : array of shape (n_iter + 1,)
        Values, of the start first. They never fall; with ``method="plain"``, by no more than rounding.
    converged : bool
        All gaps are at most ``tol``.
    message : str
        Why it ended.
    degenerate : array of bool, list or dict of them
        Simplices that are not optimal and in which, at some step, the plain lemma had nothing positive to normalise, so
        that they stayed as they were. False with the other methods. Of the shape of ``gap``.
    """

    x: Any
    value: float
    gap: Any
    n_iter: int
    n_evaluations: int
    history: NDArray[np.float64]
    converged: bool
    message: str
    degenerate: Any


def ascend(
    value_and_gradient: Callable[[Any], tuple[Any, Any]],
    start: Any,
    *,
    method: str = "shifted",
    axis: int = -1,
    max_iter: int = 1000,
    tol: float = 1e-6,
    sigma: float = 0.1,
    acceleration: str | None = None,
    truncate: bool = True,
    revive: bool = False,
) -> AscentResult:
    r"""Maximise a differentiable function of distributions, by multiplicative steps.

    With g the gradient and :math:`\bar g = \sum_i p_i g_i` of each simplex,

    ``"shifted"``
        :math:`p_i \leftarrow \operatorname{norm}(p_i (1 + \eta (g_i - \bar g)))`, eta by backtracking;
    ``"plain"``
        :math:`p_i \leftarrow \operatorname{norm}(p_i g_i)`, without a step length: right for polynomials with
        non-negative coefficients and logarithms of them;
    ``"exponentiated"``
        :math:`p_i \leftarrow \operatorname{norm}(p_i \exp(\eta (g_i - \bar g)))`, eta by backtracking.

    A step with eta is accepted when the function gains at least ``sigma`` times the sum over the simplices of
    :math:`\eta \sum_i p_i (g_i - \bar g)^2`. Each simplex has its own eta; all are halved until a step is accepted,
    and then become up to twice as long, as the curvature along the step allows.

    Parameters
    ----------
    value_and_gradient : callable
        Takes what ``start`` is, returns the value and the gradient, which has the same structure. A value or a
        gradient that is not finite says that a step was too long. Where the start is zero, the gradient is not
        looked at, unless ``revive`` is set.
    start : array, list of arrays or dict of arrays
        Where to begin: arrays of any shape, whose lines along ``axis`` are distributions. float32 stays float32.
        Its zeros remain zeros: they are a mask.
    method : {"shifted", "plain", "exponentiated"}, default="shifted"
    axis : int, default=-1
        Direction of the distributions, the same for all arrays: 0 for phi, a distribution in each column.
    max_iter : int, default=1000
        Most steps.
    tol : float, default=1e-6
        Ends when in each simplex no g of a coordinate that may move is above the mean by more; in units of the
        function. If that is concave, the sum of all gaps bounds what it is below its maximum.
    sigma : float, default=0.1
        Least gain of a step relative to :math:`\eta` times the variance, in (0, 1/2].
    acceleration : {None, "squarem", "anderson"}, default=None
        Extrapolates the steps, in logarithms; a point that it proposes is taken only if the function is not lower
        there.
    truncate : bool, default=True
        Whether accepted steps may make zeros, with ``method="shifted"``; otherwise no factor of a step is below a
        tenth. Where a coordinate that was made zero has a g above the mean by more than ``tol``, and by ten times the
        largest gap of the others, mass is moved to it.
    revive : bool, default=False
        Whether the zeros of the start may become positive too, in the same way.

    Returns
    -------
    AscentResult

    Warns
    -----
    PlainAscentWarning
        The plain lemma failed: simplices had nothing positive to normalise, or a step would have decreased the
        function. Such steps are not made, and the result has not converged.

    Raises
    ------
    ValueError
        The start is not made of distributions, the value or the gradient there is not finite, a gradient has another
        structure, or a parameter is out of range.

    See Also
    --------
    torch_optimizer : the same steps for parameters of a torch module.

    References
    ----------
    K. Vorontsov. "Rethinking probabilistic topic modeling from the point of view of classical non-Bayesian
    regularization." 2023. L. Baum, J. Eagon. "An inequality with applications to statistical estimation for
    probabilistic functions of Markov processes." *Bulletin of the AMS* 73, 1967. R. Varadhan, C. Roland. "Simple and
    globally convergent methods for accelerating the convergence of any EM algorithm." *Scandinavian Journal of
    Statistics* 35, 2008.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.simplex import ascend
    >>> target = np.array([0.7, 0.3, -0.5])
    >>> result = ascend(lambda p: (-np.sum((p - target) ** 2), 2 * (target - p)), np.full(3, 1 / 3))
    >>> result.x.round(4) + 0.0
    array([0.7, 0.3, 0. ])
    >>> result.converged
    True
    """
    _check_options(method, max_iter, tol, sigma, acceleration, truncate, revive)
    blocks = Blocks(start, axis)
    first = blocks.normalized(blocks.flatten(start, "start"))
    function = Function(value_and_gradient, blocks, movable=(first > 0) | revive)
    point = function(first)
    if point is None:
        msg = "ascend: the value and the gradient at the start must be finite. Got NaN or infinity; begin elsewhere."
        raise ValueError(msg)
    if method == "plain":
        step: Step = PlainStep(function, tol)
    else:
        update = shifted if method == "shifted" else exponentiated
        step = AscendingStep(function, update, sigma, truncate=truncate or method != "shifted")
    extrapolation = None if acceleration is None else ACCELERATIONS[acceleration](blocks)
    history = [point.value]
    while len(history) <= max_iter and point.full_gap.max() > tol:
        # a zero that is much better than all other coordinates need not wait until these have converged
        waits = point.gap.max() > max(tol, point.full_gap.max() / 10)
        after = step(point) if waits else revived(function, point, tol, sigma)
        if after is None:
            break
        point = after if extrapolation is None else _accelerated(function, extrapolation, point, after)
        history.append(point.value)
    converged = bool(point.full_gap.max() <= tol)
    message = _message(converged, step, len(history) > max_iter)
    # a simplex that stood still and is optimal now, by way of the others, is no failure
    step.degenerate &= point.full_gap > tol
    if method == "plain" and (step.degenerate.any() or step.problem):
        _warn(step, message)
    return AscentResult(
        x=blocks.unflatten(point.p),
        value=point.value,
        gap=blocks.per_simplex(np.maximum(point.full_gap, 0)),
        n_iter=len(history) - 1,
        n_evaluations=function.n_evaluations,
        history=np.array(history),
        converged=converged,
        message=message,
        degenerate=blocks.per_simplex(step.degenerate),
    )


def _accelerated(function: Function, extrapolation: Acceleration, before: Point, after: Point) -> Point:
    """The extrapolated point, if the function is not lower there than after the step."""
    proposal = extrapolation.propose(before.p, after.p)
    if proposal is None:
        return after
    trial = function(proposal)
    if trial is not None and trial.value >= after.value:
        return trial
    extrapolation.refused()
    return after


def _message(converged: bool, step: Step, exhausted: bool) -> str:
    if converged:
        return "all gaps are at most tol"
    if step.problem:
        return step.problem
    return "max_iter steps were made" if exhausted else "no zero coordinate could be revived: rounding"


def _warn(step: Step, message: str) -> None:
    text = message
    if step.degenerate.any():
        stood = f"{int(step.degenerate.sum())} of {len(step.degenerate)} simplices"
        text = f"the plain lemma left {stood} as they were, having no positive p * gradient to normalise; {message}"
    warn(f"ascend: {text}. Use method='shifted'.", PlainAscentWarning)


def _check_options(
    method: Any, max_iter: Any, tol: Any, sigma: Any, acceleration: Any, truncate: Any, revive: Any
) -> None:
    def real(value: Any) -> bool:
        return isinstance(value, Real) and not isinstance(value, bool)

    checks = {
        "method": (method in METHODS, f"one of {list(METHODS)}", method),
        "max_iter": (isinstance(max_iter, Integral) and real(max_iter) and int(max_iter) >= 0, "an int >= 0", max_iter),
        "tol": (real(tol) and 0 <= tol < np.inf, "a finite number >= 0", tol),
        "sigma": (real(sigma) and 0 < sigma <= 0.5, "a number in (0, 0.5]", sigma),
        "acceleration": (
            acceleration is None or (isinstance(acceleration, str) and acceleration in ACCELERATIONS),
            f"None or one of {sorted(ACCELERATIONS)}",
            acceleration,
        ),
        "truncate": (isinstance(truncate, (bool, np.bool_)), "True or False", truncate),
        "revive": (isinstance(revive, (bool, np.bool_)), "True or False", revive),
    }
    for name, (good, expected, got) in checks.items():
        if not good:
            msg = f"The {name!r} parameter of ascend must be {expected}. Got {shown(got)} instead."
            raise ValueError(msg)
