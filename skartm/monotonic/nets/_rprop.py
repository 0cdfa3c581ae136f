"""Full-batch Rprop with early stopping, for several nets at once."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_FIRST, _SHORTEST, _LONGEST = 0.01, 1e-6, 1.0  # step lengths
_LONGER, _SHORTER = 1.2, 0.5


class Rprop:
    r"""Minimises by the signs of gradients, and keeps the parameters of the lowest held-out loss.

    A parameter has a step length of its own, 1.2 times longer after two gradients of the same sign and half as long
    after a change of sign, when it is not moved (the variant iRprop-). Lengths of gradients are never looked at, so the
    scale of the loss does not matter and there is no learning rate to choose.

    Parameters
    ----------
    evaluate : callable
        Takes the parameters (n_left, n_parameters) and the indices (n_left,) of the nets that are still learning;
        returns the gradients of their training losses, of the same shape, and their held-out losses (n_left,).
    start : array of shape (n_nets, n_parameters)
    patience : int
        A net ends when its held-out loss has not fallen for so many steps.
    tol : float
        A fall by less does not count for ``patience``.

    Attributes
    ----------
    best : array of shape (n_nets, n_parameters)
        Parameters of the lowest held-out loss of each net.
    n_iter : array of shape (n_nets,)
        Steps that each net has made.

    References
    ----------
    C. Igel, M. Hüsken. "Empirical evaluation of the improved Rprop learning algorithms." *Neurocomputing* 50, 2003.
    """

    def __init__(
        self,
        evaluate: Callable[[NDArray, NDArray], tuple[NDArray, NDArray]],
        start: NDArray,
        *,
        patience: int,
        tol: float,
    ) -> None:
        self.evaluate, self.patience, self.tol = evaluate, patience, tol
        self.best, self.lowest = start.copy(), np.full(len(start), np.inf)
        self.reference, self.waited = self.lowest.copy(), np.zeros(len(start), int)
        self.n_iter, self.left = np.zeros(len(start), int), np.arange(len(start))
        self.theta, self.before, self.length = start.copy(), np.zeros_like(start), np.full_like(start, _FIRST)
        self._look()

    def step(self, number: int) -> bool:
        """Step number ``number``, from 0, of the nets that still learn; True when there are no more of them."""
        if not self.left.size:
            return True
        turn = np.sign(self.gradient) * np.sign(self.before)
        self.length *= np.where(turn > 0, _LONGER, np.where(turn < 0, _SHORTER, 1)).astype(self.length.dtype)
        np.clip(self.length, _SHORTEST, _LONGEST, out=self.length)
        self.before = np.where(turn < 0, 0, self.gradient)
        self.theta = self.theta - np.sign(self.before) * self.length
        self.n_iter[self.left] = number + 1
        self._look()
        return not self.left.size

    def _look(self) -> None:
        """Gradients and held-out losses of what there is now; nets that wait for too long leave."""
        left = self.left
        self.gradient, held = self.evaluate(self.theta, left)
        lower, fell = held < self.lowest[left], held < self.reference[left] - self.tol
        self.best[left[lower]], self.lowest[left[lower]] = self.theta[lower], held[lower]
        self.reference[left[fell]] = held[fell]
        self.waited[left] = np.where(fell, 0, self.waited[left] + 1)
        stay = self.waited[left] < self.patience
        if not stay.all():
            of_nets = (self.left, self.theta, self.gradient, self.before, self.length)
            self.left, self.theta, self.gradient, self.before, self.length = (array[stay] for array in of_nets)
