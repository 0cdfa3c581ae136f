"""Schedules: trajectories of tau over the passes of a fit."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from skartm.base import Versioned, shown
from skartm.base._parameters import declared, is_number, parameters


class Schedule(Versioned, BaseEstimator):
    """Base of the trajectories of tau: parameters only, searchable as ``decorrelation__tau__stop``.

    A subclass stores its parameters and gives ``value(step, n_steps)``. A step is a pass over the documents, counted
    from 0; online it is fractional within the pass, and in ``partial_fit`` it counts the calls. Where a parameter is a
    step, a negative one counts from the end: -1 is the last of the ``n_steps`` passes planned (``max_iter``).
    """

    def value(self, step: float, n_steps: int | None) -> float:
        """Tau at a step; ``n_steps`` is None in ``partial_fit``, which does not know its end."""
        msg = f"{type(self).__name__} must implement value(step, n_steps)."
        raise TypeError(msg)

    def check(self) -> None:
        """Raise on parameters that make no trajectory; ``fit`` calls it."""

    def __call__(self, step: float, n_steps: int | None = None) -> float:
        tau = float(self.value(step, n_steps))
        if not np.isfinite(tau):
            msg = f"{type(self).__name__} must give finite numbers. Got {tau} at step {step}."
            raise ValueError(msg)
        return tau

    def _place(self, name: str, n_steps: int | None) -> float:
        """A step parameter, counted from the beginning."""
        step = getattr(self, name)
        if step is not None and step >= 0:
            return float(step)
        if n_steps is None:
            msg = (
                f"The {name!r} parameter of {type(self).__name__} must be a step from 0 in partial_fit, whose end is "
                f"not known. Got {shown(step)}."
            )
            raise ValueError(msg)
        return float(n_steps - 1 if step is None else n_steps + step)

    def _check_numbers(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if not is_number(value) or not np.isfinite(value):
                msg = f"The {name!r} parameter of {type(self).__name__} must be a finite number. Got {shown(value)}."
                raise ValueError(msg)

    def _check_steps(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if value is not None and not (is_number(value) and np.isfinite(value)):
                msg = f"The {name!r} parameter of {type(self).__name__} must be a step or None. Got {shown(value)}."
                raise ValueError(msg)

    def _check_order(self) -> None:
        """Steps that are counted from the same side can be compared before the length of the fit is known."""
        begin, end = self.begin, self.end
        if end is not None and (begin < 0) == (end < 0) and end < begin:
            msg = f"{type(self).__name__} must not end before it begins. Got begin={shown(begin)}, end={shown(end)}."
            raise ValueError(msg)


@parameters
class Constant(Schedule):
    """The same tau at every step; a number does it too, a Constant can be replaced by a search.

    Parameters
    ----------
    tau : float, default=1.0

    Examples
    --------
    >>> from skartm.regularizers import Constant
    >>> Constant(0.5)(step=7)
    0.5
    """

    tau: float = declared(default=1.0, kw_only=False)

    def value(self, step: float, n_steps: int | None) -> float:
        return self.tau

    def check(self) -> None:
        self._check_numbers("tau")


@parameters
class Linear(Schedule):
    """From ``start`` to ``stop`` in a straight line; level before ``begin`` and after ``end``.

    Parameters
    ----------
    start, stop : float, default=0.0, 1.0
        Tau at ``begin`` and at ``end``.
    begin : int, default=0
        Step at which tau begins to move.
    end : int, default=None
        Step at which it has arrived; None is the last. Where it is not after ``begin``, in a short fit with negative
        steps say, tau jumps at ``begin``.

    Examples
    --------
    >>> from skartm.regularizers import Linear
    >>> ramp = Linear(0, 0.1, begin=10, end=20)
    >>> [ramp(step) for step in (0, 10, 15, 30)]
    [0.0, 0.0, 0.05, 0.1]
    """

    start: float = declared(default=0.0, kw_only=False)
    stop: float = declared(default=1.0, kw_only=False)
    begin: float = 0
    end: float | None = None

    def value(self, step: float, n_steps: int | None) -> float:
        share = self._share(step, n_steps)
        return (1 - share) * self.start + share * self.stop

    def _share(self, step: float, n_steps: int | None) -> float:
        begin, end = self._place("begin", n_steps), self._place("end", n_steps)
        if end <= begin:
            return float(step >= begin)  # a jump, and never before begin, however short the fit
        return float(np.clip((step - begin) / (end - begin), 0, 1))

    def check(self) -> None:
        self._check_numbers("start", "stop", "begin")
        self._check_steps("end")
        self._check_order()


class Geometric(Linear):
    """From ``start`` to ``stop`` by equal factors; level before ``begin`` and after ``end``.

    Parameters
    ----------
    start, stop : float, default=0.01, 1.0
        Tau at ``begin`` and at ``end``, of the same sign and not 0.
    begin : int, default=0
        Step at which tau begins to move.
    end : int, default=None
        Step at which it has arrived; None is the last.

    Examples
    --------
    >>> from skartm.regularizers import Geometric
    >>> rise = Geometric(0.01, 1, end=4)
    >>> [round(rise(step), 3) for step in range(6)]
    [0.01, 0.032, 0.1, 0.316, 1.0, 1.0]
    """

    def __init__(self, start: float = 0.01, stop: float = 1.0, *, begin: float = 0, end: float | None = None) -> None:
        super().__init__(start, stop, begin=begin, end=end)

    def value(self, step: float, n_steps: int | None) -> float:
        share = self._share(step, n_steps)
        return self.start * (self.stop / self.start) ** share

    def check(self) -> None:
        super().check()
        if np.sign(self.start) * np.sign(self.stop) != 1:
            msg = (
                "The 'start' and 'stop' parameters of Geometric must have the same sign and not be 0. Got "
                f"{shown(self.start)} and {shown(self.stop)}; Linear can begin at 0."
            )
            raise ValueError(msg)


@parameters
class Piecewise(Schedule):
    """Tau is ``values[i]`` from step ``steps[i]`` on.

    Parameters
    ----------
    values : sequence of float, default=(0.0, 1.0)
    steps : sequence of int, default=(0, 10)
        Ascending, the first is 0.

    Examples
    --------
    >>> from skartm.regularizers import Piecewise
    >>> stairs = Piecewise([0, 0.1, 0.2], [0, 15, 30])
    >>> [stairs(step) for step in (0, 14, 15, 40)]
    [0.0, 0.0, 0.1, 0.2]
    """

    values: Any = declared(default=(0.0, 1.0), kw_only=False)
    steps: Any = declared(default=(0, 10), kw_only=False)

    def value(self, step: float, n_steps: int | None) -> float:
        return self.values[int(np.searchsorted(self.steps, step, side="right")) - 1]

    def check(self) -> None:
        steps, values = np.asarray(self.steps), np.asarray(self.values)
        right = steps.ndim == 1 and steps.shape == values.shape and steps.size > 0
        right = right and steps.dtype.kind in "iuf" and values.dtype.kind in "iuf"
        if not right or steps[0] != 0 or not (np.diff(steps) > 0).all() or not np.isfinite(values).all():
            msg = (
                "Piecewise must have as many values as steps, ascending from step 0, finite numbers. Got "
                f"values={shown(self.values)}, steps={shown(self.steps)}."
            )
            raise ValueError(msg)


@parameters
class Window(Schedule):
    """On from ``begin`` until before ``end``, and 0 outside.

    Parameters
    ----------
    tau : float or Schedule, default=1.0
        Strength inside; a schedule counts the steps of the fit, not of the window.
    begin : int, default=0
        First step of the window.
    end : int, default=None
        First step after it; None is never. -5 switches off for the last five passes.
    every : int, default=1
        Inside the window act at every so many-th step only.

    Examples
    --------
    >>> from skartm.regularizers import Window
    >>> late = Window(0.3, begin=10, end=-5)
    >>> [late(step, n_steps=30) for step in (0, 10, 24, 25)]
    [0.0, 0.3, 0.3, 0.0]
    """

    tau: Any = declared(default=1.0, kw_only=False)
    begin: float = 0
    end: float | None = None
    every: int = 1

    def value(self, step: float, n_steps: int | None) -> float:
        begin = self._place("begin", n_steps)
        if step < begin or (self.end is not None and step >= self._place("end", n_steps)):
            return 0.0
        if int(step - begin) % self.every:
            return 0.0
        return self.tau(step, n_steps) if callable(self.tau) else self.tau

    def check(self) -> None:
        if isinstance(self.tau, Schedule):
            self.tau.check()
        else:
            self._check_numbers("tau")
        self._check_numbers("begin")
        self._check_steps("end")
        self._check_order()
        if not is_number(self.every) or int(self.every) != self.every or self.every < 1:
            msg = f"The 'every' parameter of Window must be an integer of at least 1. Got {shown(self.every)}."
            raise ValueError(msg)
