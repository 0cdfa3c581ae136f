"""Losses of monotone models: what a net minimises, and what it knows of the target."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

_SMALLEST, _LARGEST = np.finfo(np.float64).tiny, np.finfo(np.float64).max  # predictions are finite, means positive


@dataclass(frozen=True)
class Standard:
    """Units of a target in which no loss is too large or too small for floating point.

    A model learns outputs g, beginning at zero, by the loss of the target in these units and ``start + g``; its raw
    outputs are then ``center + spread g``.
    """

    start: float
    center: float
    spread: float

    def raw(self, outputs: NDArray) -> NDArray:
        with np.errstate(over="ignore"):
            return self.center + self.spread * outputs


@dataclass(frozen=True)
class SquaredError:
    """(y - f)^2 / 2, the prediction being f.

    Parameters
    ----------
    low, high : float
        Bounds of the target that the user has declared; infinite without.
    """

    low: float = -np.inf
    high: float = np.inf
    name: str = "squared_error"

    def values(self, y: NDArray, raw: NDArray) -> NDArray:
        return 0.5 * (y - raw) ** 2

    def gradients(self, y: NDArray, raw: NDArray) -> NDArray:
        """Derivatives of ``values`` by ``raw``."""
        return raw - y

    def predictions(self, raw: NDArray) -> NDArray:
        """What a raw output of a net means, an increasing function of it."""
        return np.clip(raw, max(self.low, -_LARGEST), min(self.high, _LARGEST))

    def standard(self, y: NDArray, weights: NDArray) -> tuple[NDArray, Standard]:
        """The target in standard units, and these; the center is the raw output of least mean loss."""
        return _by_deviation(y, float(np.average(y, weights=weights)), weights)


@dataclass(frozen=True)
class Quantile:
    """The pinball loss: q max(y - f, 0) + (1 - q) max(f - y, 0), least at the quantile q of y."""

    quantile: float = 0.5
    low: float = -np.inf
    high: float = np.inf
    name: str = "quantile"

    def values(self, y: NDArray, raw: NDArray) -> NDArray:
        return np.where(y >= raw, self.quantile * (y - raw), (1 - self.quantile) * (raw - y))

    def gradients(self, y: NDArray, raw: NDArray) -> NDArray:
        return np.where(y >= raw, -self.quantile, 1 - self.quantile)

    def predictions(self, raw: NDArray) -> NDArray:
        return np.clip(raw, max(self.low, -_LARGEST), min(self.high, _LARGEST))

    def standard(self, y: NDArray, weights: NDArray) -> tuple[NDArray, Standard]:
        order = np.argsort(y, kind="stable")
        cumulated = np.cumsum(weights[order])
        center = float(y[order][np.searchsorted(cumulated, self.quantile * cumulated[-1])])
        return _by_deviation(y, center, weights)


@dataclass(frozen=True)
class Poisson:
    """exp(f) - y f, half the deviance up to a term of y; the prediction is exp(f) > 0."""

    low: float = 0.0
    high: float = np.inf
    name: str = "poisson"

    def values(self, y: NDArray, raw: NDArray) -> NDArray:
        return np.exp(raw) - y * raw

    def gradients(self, y: NDArray, raw: NDArray) -> NDArray:
        return np.exp(raw) - y

    def predictions(self, raw: NDArray) -> NDArray:
        with np.errstate(over="ignore", under="ignore"):
            return np.clip(np.exp(raw), max(self.low, _SMALLEST), min(self.high, _LARGEST))

    def standard(self, y: NDArray, weights: NDArray) -> tuple[NDArray, Standard]:
        mean = np.average(y, weights=weights)
        return y / mean, Standard(0.0, float(np.log(mean)), 1.0)


@dataclass(frozen=True)
class LogLoss:
    """-y ln P - (1 - y) ln(1 - P), P = 1 / (1 + exp(-f)) being the prediction; y may be a fraction."""

    low: float = 0.0
    high: float = 1.0
    name: str = "log_loss"

    def values(self, y: NDArray, raw: NDArray) -> NDArray:
        return np.logaddexp(0, raw) - y * raw

    def gradients(self, y: NDArray, raw: NDArray) -> NDArray:
        return expit(raw) - y

    def predictions(self, raw: NDArray) -> NDArray:
        return expit(raw)

    def standard(self, y: NDArray, weights: NDArray) -> tuple[NDArray, Standard]:
        mean = np.clip(np.average(y, weights=weights), 1e-6, 1 - 1e-6)
        center = float(np.log(mean / (1 - mean)))
        return y, Standard(center, center, 1.0)


def _by_deviation(y: NDArray, center: float, weights: NDArray) -> tuple[NDArray, Standard]:
    """The standard deviation is the unit; targets that are all equal have none."""
    apart = y - np.average(y, weights=weights)
    unit = float(np.abs(apart).max()) or 1.0  # squares of y itself may be infinite, or zero
    spread = unit * float(np.sqrt(np.average((apart / unit) ** 2, weights=weights))) or 1.0
    return (y - center) / spread, Standard(0.0, center, spread)


Loss = SquaredError | Quantile | Poisson | LogLoss
