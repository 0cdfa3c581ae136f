"""The loop of a fit: iterations, when they stop, callbacks, what is printed, and what an interruption leaves."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from skartm.base._callbacks import FitTask

_LOOK = 10  # iterations from one look at an objective to the next


def iterate(
    task: FitTask,
    update: Callable[[int], Any],
    max_iter: int,
    *,
    keep: Callable[[], Any] | None = None,
    write: Callable[..., None] | None = None,
    converged: Callable[[Any], bool] | None = None,
    line: Callable[[], str] | None = None,
    lazily: bool = False,
) -> bool:
    """Update until convergence, True, or until a callback says so, also True, or ``max_iter`` times.

    Also after an interruption (an exception that is no ``Exception``, such as KeyboardInterrupt) the attributes of the
    estimator are those of the last whole iteration; before the first one is complete, what was learned before stays.

    Parameters
    ----------
    task : FitTask
        The fit, or the part of one, that these iterations are; it begins and ends here.
    update : callable
        Makes an iteration, whose number from 0 it gets.
    max_iter : int
    keep : callable
        After an iteration, what ``write`` needs of it; later iterations must not change it. With None an interruption
        keeps nothing, for the estimator is more than these iterations.
    write : callable
        Sets the attributes from what was kept: at the end, and for callbacks. ``write(kept, interrupted=True)`` is for
        an interruption, and should not go over the data again: who has pressed Ctrl-C waits for it.
    converged : callable
        Whether to stop after an iteration, given what ``update`` has returned.
    line : callable
        What is printed after an iteration.
    lazily : bool
        Whether ``write`` costs so much that only those callbacks make it run that ask for the fitted model.
    """
    n_iter, stopped, done, whole = 0, False, False, None
    write = write or _nothing
    task.begin(max_iter)
    try:
        while n_iter < max_iter and not stopped and not done:
            task.begin_iteration()
            value = update(n_iter)
            n_iter += 1
            whole = keep and keep()
            if line is not None:
                sys.stdout.write(line())
            if task.observed and keep and not lazily:
                write(whole)
            stopped = task.end_iteration(partial(write, whole) if keep else None)
            done = not stopped and converged is not None and converged(value)
        if whole is not None:
            write(whole)
            task.mark_whole()
    except BaseException as error:
        if whole is not None and not isinstance(error, Exception):  # an error leaves what was there before the call
            write(whole, interrupted=True)
            task.mark_whole()
        raise
    task.end()
    return done or stopped


def attributes_of(model: Any) -> tuple[Callable[[], Any], Callable[..., None]]:
    """``keep`` and ``write`` for iterations that set all attributes of the model by themselves."""
    return lambda: dict(vars(model)), lambda kept, interrupted=False: model.__dict__.update(kept)


def _nothing(kept: Any, *, interrupted: bool = False) -> None:
    """Write what nothing was kept of."""


def age_of_best(losses: Sequence[float]) -> int:
    """Iterations since the lowest number of a track."""
    return len(losses) - 1 - int(np.argmin(losses))


class SmallDecrease:
    """Whether the square root of the loss falls, in ten iterations, by at most ``tol`` times what it was at first.

    Parameters
    ----------
    solver : object with ``loss()``, the loss of what there is now, and ``in_parts``
    tol : float
        With 0 it never says so.
    loss : float or None
        The loss at first, if it is known.
    """

    def __init__(self, solver: Any, tol: float, loss: float | None = None) -> None:
        self.solver, self.tol, self.n_iter = solver, tol, 0
        self.first = self.before = np.inf if tol == 0 else self._start() if loss is None else self._measure(loss)

    def __call__(self, value: Any) -> bool:
        self.n_iter += 1
        if self.tol == 0 or self.n_iter % _LOOK != 0 or self.solver.in_parts:
            return False
        before, self.before = self.before, self._measure(value)
        return bool(self._is_small(before, self.before))

    def _start(self) -> float:
        return self._measure(self.solver.loss())

    def _measure(self, value: Any) -> float:
        return float(np.sqrt(value))

    def _is_small(self, before: float, now: float) -> bool:
        return before - now <= self.tol * self.first


class SmallChange(SmallDecrease):
    """Whether ten iterations change a regularized objective by at most ``tol`` times the first divergence."""

    def _measure(self, value: Any) -> float:
        return float(value)

    def _is_small(self, before: float, now: float) -> bool:
        # the first look compares with a divergence that is not regularized
        return self.n_iter > _LOOK and self.solver.settled and abs(before - now) <= self.tol * self.first


class SmallShare(SmallDecrease):
    """Whether ten iterations lower the objective of the solver by at most ``tol`` times what all have."""

    def _start(self) -> float:
        return self.solver.objective()

    def _measure(self, value: Any) -> float:
        return self.solver.objective()

    def _is_small(self, before: float, now: float) -> bool:
        return before - now <= self.tol * (self.first - now)


class SmallSlope:
    """Whether the norm of the projected gradient is at most ``tol`` times the first one."""

    def __init__(self, tol: float) -> None:
        self.tol, self.first = tol, 0.0

    def __call__(self, value: tuple[float, float]) -> bool:
        self.first = self.first or value[1]
        return value[1] <= self.tol * self.first
