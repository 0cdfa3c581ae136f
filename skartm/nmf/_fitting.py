"""The loop of a fit: iterations, convergence, callbacks, and what an interruption leaves."""

from collections.abc import Callable
from typing import Any

import numpy as np

from skartm._callbacks import FitTask

_LOOK = 10  # iterations from one look at the divergence to the next


class SmallDecrease:
    """Whether the square root of the loss falls, in ten iterations, by less than ``tol`` of what it was at first."""

    def __init__(self, solver: Any, tol: float) -> None:
        self.solver, self.tol, self.n_iter = solver, tol, 0
        self.first = self.before = np.sqrt(solver.loss()) if tol > 0 else np.inf

    def __call__(self, value: float) -> bool:
        self.n_iter += 1
        if self.tol == 0 or self.n_iter % _LOOK != 0 or self.solver.in_parts:
            return False
        before, self.before = self.before, float(np.sqrt(value))
        return before - self.before <= self.tol * self.first


class SmallSlope:
    """Whether the norm of the projected gradient is at most ``tol`` times the first one."""

    def __init__(self, tol: float) -> None:
        self.tol, self.first = tol, 0.0

    def __call__(self, value: tuple[float, float]) -> bool:
        self.first = self.first or value[1]
        return value[1] <= self.tol * self.first


class SmallChange:
    """Whether ten iterations change a regularized objective by less than ``tol`` times the first divergence."""

    def __init__(self, solver: Any, tol: float) -> None:
        self.solver, self.tol, self.n_iter = solver, tol, 0
        self.first = self.before = solver.loss() if tol > 0 else np.inf

    def __call__(self, value: float) -> bool:
        self.n_iter += 1
        if self.tol == 0 or self.n_iter % _LOOK != 0:
            return False
        change, self.before = abs(self.before - value), value
        return bool(self.n_iter > _LOOK and self.solver.settled and change <= self.tol * self.first)


class SmallShare:
    """Whether ten iterations lower the objective by at most ``tol`` times what all have."""

    def __init__(self, solver: Any, tol: float) -> None:
        self.solver, self.tol, self.n_iter = solver, tol, 0
        self.first = self.before = solver.objective() if tol > 0 else np.inf

    def __call__(self, value: None) -> bool:
        self.n_iter += 1
        if self.tol == 0 or self.n_iter % _LOOK != 0:
            return False
        before, self.before = self.before, self.solver.objective()
        return bool(before - self.before <= self.tol * (self.first - self.before))


def iterate(model: Any, X: Any, solver: Any, converged: Callable[[Any], bool], write: Callable[..., None]) -> bool:
    """Update until convergence, True, or until ``max_iter`` or a callback says so.

    Also after an interruption the attributes, which ``write`` sets, are those of the last whole iteration; before the
    first one is complete, what was learned before stays. ``write(interrupted=True)`` must not go over the data again:
    who has pressed Ctrl-C waits for it.
    """
    task = FitTask(model, model.max_iter, X)
    n_iter, stopped, done = 0, False, False
    try:
        while n_iter < model.max_iter and not stopped and not done:
            task.begin_iteration()
            value = solver.update()
            n_iter += 1
            model.n_iter_ = n_iter
            if task.observed:
                write()
            stopped = task.end_iteration()
            done = converged(value)
    except BaseException:
        if n_iter:
            write(interrupted=True)
            model._mark_whole()
        raise
    write()
    task.end()
    return done or stopped
