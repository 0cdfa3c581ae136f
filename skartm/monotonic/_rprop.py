"""Full-batch Rprop with early stopping, for several nets at once."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_FIRST, _SHORTEST, _LONGEST = 0.01, 1e-6, 1.0  # step lengths
_LONGER, _SHORTER = 1.2, 0.5


def rprop(
    evaluate: Callable[[NDArray, NDArray], tuple[NDArray, NDArray]],
    start: NDArray,
    *,
    max_iter: int,
    patience: int,
    tol: float,
) -> tuple[NDArray, NDArray]:
    r"""Minimise by the signs of gradients, and keep the parameters of the lowest held-out loss.

    A parameter has a step length of its own, 1.2 times longer after two gradients of the same sign and half as long
    after a change of sign, when it is not moved (the variant iRprop-). Lengths of gradients are never looked at, so the
    scale of the loss does not matter and there is no learning rate to choose.

    Parameters
    ----------
    evaluate : callable
        Takes the parameters (n_left, n_parameters) and the indices (n_left,) of the nets that are still learning;
        returns the gradients of their training losses, of the same shape, and their held-out losses (n_left,).
    start : array of shape (n_nets, n_parameters)
    max_iter : int
        Most steps.
    patience : int
        A net ends when its held-out loss has not fallen for so many steps.
    tol : float
        A fall by less does not count for ``patience``.

    Returns
    -------
    parameters : array of shape (n_nets, n_parameters)
        Those of the lowest held-out loss of each net.
    n_iter : array of shape (n_nets,)
        Steps that each net has made.

    References
    ----------
    C. Igel, M. Hüsken. "Empirical evaluation of the improved Rprop learning algorithms." *Neurocomputing* 50, 2003.
    """
    best, lowest = start.copy(), np.full(len(start), np.inf)
    reference, waited, n_iter = lowest.copy(), np.zeros(len(start), int), np.zeros(len(start), int)
    left = np.arange(len(start))
    theta, before, step = start.copy(), np.zeros_like(start), np.full_like(start, _FIRST)
    for iteration in range(max_iter + 1):
        gradient, held = evaluate(theta, left)
        n_iter[left] = iteration
        lower, fell = held < lowest[left], held < reference[left] - tol
        best[left[lower]], lowest[left[lower]] = theta[lower], held[lower]
        reference[left[fell]] = held[fell]
        waited[left] = np.where(fell, 0, waited[left] + 1)
        stay = waited[left] < patience
        if not stay.all():
            left, theta, gradient, before, step = left[stay], theta[stay], gradient[stay], before[stay], step[stay]
        if not left.size or iteration == max_iter:
            break
        turn = np.sign(gradient) * np.sign(before)
        step *= np.where(turn > 0, _LONGER, np.where(turn < 0, _SHORTER, 1)).astype(step.dtype)
        np.clip(step, _SHORTEST, _LONGEST, out=step)
        before = np.where(turn < 0, 0, gradient)
        theta = theta - np.sign(before) * step
    return best, n_iter
