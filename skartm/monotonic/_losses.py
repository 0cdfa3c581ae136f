"""Losses of monotone models: what a net minimises, and what it knows of the target."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, xlogy


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
        return np.clip(raw, self.low, self.high)

    def best_constant(self, y: NDArray, weights: NDArray) -> float:
        """The raw output of least mean loss."""
        return float(np.average(y, weights=weights))


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
        return np.clip(raw, self.low, self.high)

    def best_constant(self, y: NDArray, weights: NDArray) -> float:
        order = np.argsort(y, kind="stable")
        cumulated = np.cumsum(weights[order])
        return float(y[order][np.searchsorted(cumulated, self.quantile * cumulated[-1])])


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
        return np.clip(np.exp(raw), self.low, self.high)

    def best_constant(self, y: NDArray, weights: NDArray) -> float:
        return float(np.log(np.average(y, weights=weights)))


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

    def best_constant(self, y: NDArray, weights: NDArray) -> float:
        mean = np.clip(np.average(y, weights=weights), 1e-6, 1 - 1e-6)
        return float(np.log(mean / (1 - mean)))


def poisson_deviance(y: NDArray, prediction: NDArray) -> NDArray:
    """2 (y ln(y / prediction) - y + prediction), by rows."""
    return 2 * (xlogy(y, y) - xlogy(y, prediction) - y + prediction)


Loss = SquaredError | Quantile | Poisson | LogLoss
