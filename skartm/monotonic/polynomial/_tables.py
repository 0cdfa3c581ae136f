"""One polynomial while it is learned: its distributions, and the counts that improve them."""

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike, NDArray

from skartm._kernels import half_step
from skartm.monotonic.polynomial._knots import Knots

_START_ACTIVE = 0.9  # mass of the steps of a feature that a component asks from the start
_START_IDLE = 0.5  # the same of all features that it does not ask, together


class Tables:
    """P = sum_k pi_k z_k over products of tables, improved by the lemma.

    Parameters
    ----------
    knots : Knots
        With the signs in the last column of ``features``.
    n_components : int
        The first half are products ("and"), the others one minus a product of tables of opposite sign ("or").
    n_active : float
        Features that a component asks from the start, on average.
    priors : tuple of 4 floats
        Pseudo-counts of all components together: of components, of smoothing between neighbouring entries, of steps at
        any knot, of features that are not asked.
    power : int
        1 is the lemma; 2 goes as far again in the same direction, in logarithms.
    rng : Generator
    dtype : float32 or float64

    Attributes
    ----------
    pi : array of shape (n_components,)
    p : array of shape (n_rows, n_components)
        Steps, distributions over the knots of a feature; free entries of features without sign and of missing values.
    entries : array of shape (n_rows, n_components)
        The tables: cumulative sums of the steps.
    """

    def __init__(
        self,
        knots: Knots,
        n_components: int,
        *,
        n_active: float,
        priors: tuple[float, float, float, float],
        power: int,
        rng: Generator,
        dtype: DTypeLike,
    ) -> None:
        n_features = len(knots.features)
        self.features, self.power = knots.features, power
        self.n_and = (n_components + 1) // 2
        self.p = _start(knots, n_components, self.n_and, n_active, rng).astype(dtype)
        self.pi = np.full(n_components, 1 / n_components, dtype=dtype)
        self.entries = np.empty_like(self.p)
        self.counts = np.zeros((2 * knots.n_rows + 1, n_components), dtype=dtype)
        self.scratch = np.zeros((2 * n_features + 4, n_components), dtype=dtype)
        self.priors = (np.array(priors) / n_components).astype(dtype)
        self.order = np.arange(n_features, dtype=np.int32)
        half_step.table_update(  # no counts, no priors: entries of the start
            self.features, self.counts, np.zeros(4, dtype), 1, self.n_and, self.p, self.pi, self.entries, self.scratch
        )

    def count(self, index: NDArray, share: NDArray, target: NDArray, order: NDArray) -> float:
        """Add the expected counts of rows; their log-likelihood before the next update."""
        return half_step.table_counts(
            index, share, target, order, self.entries, self.pi, self.n_and, self.counts, self.scratch
        )

    def update(self) -> None:
        """Distributions in proportion to themselves times their counts."""
        half_step.table_update(
            self.features,
            self.counts,
            self.priors,
            self.power,
            self.n_and,
            self.p,
            self.pi,
            self.entries,
            self.scratch,
        )

    def probabilities(self, index: NDArray, share: NDArray) -> NDArray:
        """P of rows."""
        return predictions(index, share, self.entries, self.pi, self.n_and, 1)


def predictions(index: NDArray, share: NDArray, entries: NDArray, pi: NDArray, n_and: int, n_threads: int) -> NDArray:
    """sum_k pi_k z_k of rows that Knots.locate has found."""
    n, n_features = index.shape
    out = np.empty(n)
    scratch = np.empty((n_threads, 2 * n_features + 1, pi.size), dtype=entries.dtype)
    order = np.arange(n_features, dtype=np.int32)
    half_step.table_predictions(index, share, order, entries, pi, n_and, scratch, out, n_threads)
    return out


def _start(knots: Knots, n_components: int, n_and: int, n_active: float, rng: Generator) -> NDArray:
    """Random steps and waves; components differ in the features that they ask."""
    n_features = len(knots.features)
    p = np.full((knots.n_rows, n_components), 0.5)
    for first, n, sign in knots.features:
        active = rng.random(n_components) < n_active / n_features
        asked = np.where(active, _START_ACTIVE, _START_IDLE / n_features)
        for side, direction in ((slice(0, n_and), sign), (slice(n_and, n_components), -sign)):
            mass = asked[side]
            if direction == 0:
                speed, phase = rng.standard_normal(mass.size), rng.uniform(0, 2 * np.pi, mass.size)
                wave = 1.5 * np.sin(np.pi * speed * np.linspace(0, 1, n)[:, None] + phase)
                wave += 0.3 * rng.standard_normal((n, mass.size))
                p[first : first + n, side] = 1 - mass / (1 + np.exp(-wave))
            else:
                steps = rng.gamma(0.5, size=(n, mass.size)) + 1e-3
                steps = mass * (0.5 * steps / steps.sum(axis=0) + 0.5 / n)
                steps[0 if direction > 0 else -1] += 1 - mass
                p[first : first + n, side] = steps
    return p
