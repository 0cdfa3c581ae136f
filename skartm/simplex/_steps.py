"""Multiplicative steps on flat points: the lemma, the shifted lemma, exponentiated gradient."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skartm.simplex._blocks import Blocks

MAX_HALVINGS = 60  # of a step; after them it is below rounding
SPREAD = 1e6  # of the lengths of steps over simplices: keeps each above a constant, as the proof wants it
LONGEST = 1e12  # in units of the first step


@dataclass
class Point:
    """A point with its value, its gradient and what steps need of them."""

    p: NDArray[np.float64]
    value: float
    gradient: NDArray[np.float64]
    deviation: NDArray[np.float64]  # g - gbar
    variance: NDArray[np.float64]  # of the gradient, a simplex each
    gap: NDArray[np.float64]  # max g - gbar over positive coordinates, a simplex each
    full_gap: NDArray[np.float64]  # the same over all coordinates that may move


class Function:
    """The function to be maximised, on flat vectors; counts its evaluations."""

    def __init__(self, function: Callable[[Any], tuple[Any, Any]], blocks: Blocks, movable: NDArray[np.bool_]) -> None:
        self.function, self.blocks, self.movable = function, blocks, movable
        self.n_evaluations = 0

    def __call__(self, p: NDArray[np.float64]) -> Point | None:
        """The point at p, rounded to the types of the start; None where value or gradient are not finite."""
        blocks, p = self.blocks, self.blocks.rounded(p)
        self.n_evaluations += 1
        answer = self.function(blocks.unflatten(p))
        if not isinstance(answer, tuple) or len(answer) != 2:
            msg = f"ascend: value_and_gradient must return a value and a gradient. Got {type(answer).__name__}."
            raise TypeError(msg)
        value = float(answer[0])
        if not np.isfinite(value):
            return None
        gradient = blocks.flatten(answer[1], "the gradient")
        gradient = np.where(self.movable, gradient, 0.0)  # x / 0 and the like, where p is zero for ever
        if not np.isfinite(gradient).all():
            return None
        mean = blocks.sums(p * gradient) / blocks.sums(p)
        deviation = gradient - blocks.spread(mean)
        return Point(
            p=p,
            value=value,
            gradient=gradient,
            deviation=deviation,
            variance=blocks.sums(p * deviation**2),
            gap=blocks.maxima(np.where(p > 0, deviation, -np.inf)),
            full_gap=blocks.maxima(np.where(self.movable, deviation, -np.inf)),
        )

    def rounding(self, point: Point) -> float:
        """How much of a change of the value may be rounding."""
        return 64 * self.blocks.eps * max(1.0, abs(point.value))


class Step(Protocol):
    """From a point to the next one."""

    problem: str
    degenerate: NDArray[np.bool_]

    def __call__(self, point: Point) -> Point | None:
        """The next point, or None with ``problem`` set when there is none."""


class PlainStep:
    """p <- norm(p g). Simplices without a positive p g stay; a step that decreases f is refused."""

    def __init__(self, function: Function, tol: float) -> None:
        self.function, self.tol, self.problem = function, tol, ""
        self.degenerate = np.zeros(len(function.blocks.lengths), dtype=bool)

    def __call__(self, point: Point) -> Point | None:
        """See Step."""
        blocks = self.function.blocks
        positive = np.maximum(point.p * point.gradient, 0)
        totals = blocks.sums(positive)
        stays = ~(totals > 0)
        # at an optimum there is nothing to be done, so nothing is missed either
        self.degenerate |= stays & (point.gap > self.tol)
        if np.all(stays | (point.gap <= self.tol)):
            self.problem = "no simplex that is not optimal has a positive p * gradient"
            return None
        share = positive / blocks.spread(np.where(stays, 1.0, totals))
        trial = self.function(np.where(blocks.spread(stays), point.p, share))
        if trial is None:
            self.problem = "the value or the gradient after a plain step is not finite"
            return None
        # rounding of a value that stands still is no fall
        if trial.value < point.value - self.function.rounding(point):
            self.problem = f"a plain step would decrease the function by {point.value - trial.value:.3g}"
            return None
        return trial


def shifted(p: NDArray, deviation: NDArray, eta: NDArray) -> NDArray:
    """p (1 + eta (g - gbar)), truncated at zero; not normalised."""
    return p * np.maximum(1 + eta * deviation, 0)


def exponentiated(p: NDArray, deviation: NDArray, eta: NDArray) -> NDArray:
    """p exp(eta (g - gbar)); not normalised."""
    return p * np.exp(np.minimum(eta * deviation, 500.0))  # 500: far above what is accepted, below overflow


class AscendingStep:
    """A step of length eta, halved until the gain is at least sigma * sum over simplices of eta * Var_p(g)."""

    def __init__(self, function: Function, update: Callable[..., NDArray], sigma: float, *, truncate: bool) -> None:
        self.function, self.update, self.sigma, self.truncate = function, update, sigma, truncate
        self.problem = ""
        self.degenerate = np.zeros(len(function.blocks.lengths), dtype=bool)
        self.eta: NDArray | None = None
        self.longest = 0.0

    def __call__(self, point: Point) -> Point | None:
        """See Step."""
        blocks = self.function.blocks
        if self.eta is None:  # the largest change of a coordinate is by its own size
            largest = blocks.maxima(np.abs(np.where(point.p > 0, point.deviation, 0)))
            unit = 1 / largest.max()
            self.eta = np.minimum(1 / np.maximum(largest, largest.max() / 1000), 1000 * unit)
            self.longest = LONGEST * unit
        for _ in range(MAX_HALVINGS):
            eta = self._allowed(point, self.eta)
            weights = self.update(point.p, point.deviation, blocks.spread(eta))
            trial = self.function(blocks.normalized(weights))
            if trial is not None and self._gains(point, trial, self.sigma * float(eta @ point.variance)):
                self.eta = self._longer(eta, point, trial)
                return trial
            self.eta = self.eta / 2 if trial is None else np.minimum(self.eta, eta) / 2
        self.problem = "no step increases the function any more: rounding, or the gradient is not that of the value"
        return None

    def _gains(self, before: Point, after: Point, wanted: float) -> bool:
        gain = after.value - before.value
        if 0 <= gain < min(wanted, self.function.rounding(before)):
            # too little for the digits of the value: by the gradients, but it must not fall
            gain = float((after.gradient + before.gradient) @ (after.p - before.p)) / 2
        return gain >= wanted

    def _allowed(self, point: Point, eta: NDArray) -> NDArray:
        """Without truncation no coordinate is to fall below a tenth in one step."""
        if self.truncate:
            return eta
        deepest = self.function.blocks.maxima(np.where(point.p > 0, -point.deviation, 0))
        return np.minimum(eta, 0.9 / np.maximum(deepest, np.finfo(float).tiny))

    def _longer(self, eta: NDArray, before: Point, after: Point) -> NDArray:
        """Up to twice as long, but not beyond what the curvature along the step just made allows."""
        blocks = self.function.blocks
        change = after.p - before.p
        curvature = -blocks.sums(change * (after.gradient - before.gradient))
        length = blocks.sums(np.divide(change**2, before.p, out=np.zeros_like(change), where=before.p > 0))
        limit = np.divide(length, curvature, out=np.full_like(eta, np.inf), where=curvature > 0)
        eta = np.clip(limit, eta, 2 * eta)
        return np.clip(eta, eta.max() / SPREAD, self.longest)


def revived(function: Function, point: Point, tol: float, sigma: float) -> Point | None:
    """Move mass to the best coordinates, where these are zeros (a Frank-Wolfe step); None if no share of it gains."""
    blocks = function.blocks
    wanted = point.full_gap > np.maximum(point.gap, tol)
    best = (
        function.movable & (point.p == 0) & (point.deviation == blocks.spread(point.full_gap)) & blocks.spread(wanted)
    )
    direction = blocks.normalized(np.where(blocks.spread(wanted), best, point.p)) - point.p
    slope = float(point.full_gap[wanted].sum())
    share = 0.5
    for _ in range(MAX_HALVINGS):
        trial = function(point.p + share * direction)
        if trial is not None and trial.value - point.value >= sigma * share * slope:
            return trial
        share /= 2
    return None
