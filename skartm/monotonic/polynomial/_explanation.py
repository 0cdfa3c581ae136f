"""Which thresholds on which features make a prediction: the products of a polynomial as if-then terms."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.monotonic._scaling import Scaling
from skartm.monotonic.polynomial._polynomial import Polynomial

_NOTICEABLE = 0.1  # an entry that varies by less is no condition


@dataclass(frozen=True)
class Condition:
    """A feature above or below a threshold, or within intervals.

    Attributes
    ----------
    feature : name of the feature, x0, x1, ... without names
    intervals : tuple of pairs (low, high)
        In units of the data; infinite where nothing limits them.
    strength : float in (0, 1]
        By how much the product changes with it; 1 is a condition that must be met.
    """

    feature: str
    intervals: tuple[tuple[float, float], ...]
    strength: float

    def __str__(self) -> str:
        low, high = self.intervals[0][0], self.intervals[-1][1]
        if len(self.intervals) > 1 or (np.isfinite(low) and np.isfinite(high)):
            return f"{self.feature} in " + " or ".join(f"[{low:.4g}, {high:.4g}]" for low, high in self.intervals)
        return f"{self.feature} >= {low:.4g}" if np.isfinite(low) else f"{self.feature} <= {high:.4g}"


@dataclass(frozen=True)
class Term:
    """So much is added to the prediction as far as all ("and") or any ("or") of the conditions are met.

    Attributes
    ----------
    weight : float
        On the scale of the target.
    kind : {"and", "or"}
    conditions : tuple of Condition
    met : float or None
        For a row, how far they are met, in [0, 1].
    """

    weight: float
    kind: str
    conditions: tuple[Condition, ...]
    met: float | None = None

    def __str__(self) -> str:
        joined = f" {self.kind} ".join(str(condition) for condition in self.conditions)
        if not self.conditions:
            return f"{self.weight:+.4g} always"
        met = "" if self.met is None else f" (met by {self.met:.2f})"
        return f"{self.weight:+.4g} if {joined}{met}"


def explain_model(net: Polynomial, scaling: Scaling, names: list[str], n_terms: int | None) -> list[Term]:
    """The terms of largest weight times strongest condition; equal ones are added up."""
    found: dict[tuple[Any, ...], Term] = {}
    for k in range(net.weights_.size):
        term = _term(net, scaling, names, k)
        if term.conditions and term.weight > 0:
            key = (term.kind, tuple((condition.feature, condition.intervals) for condition in term.conditions))
            old = found.get(key)
            found[key] = term if old is None else Term(old.weight + term.weight, term.kind, old.conditions)
    terms = sorted(found.values(), key=lambda t: -t.weight * max(c.strength for c in t.conditions))
    return terms[:n_terms]


def explain_rows(
    net: Polynomial, scaling: Scaling, names: list[str], X: NDArray, n_terms: int | None
) -> list[list[Term]]:
    """For every row of scaled X, the terms that add the most to its prediction.

    All of them (None) make it up; else those without a noticeable condition, nearly a constant, are left out.
    """
    index, share = net.knots_.locate(X, np.float64)
    z = np.ones((X.shape[0], net.weights_.size))
    for j in range(X.shape[1]):
        low, part = net.tables_[index[:, j]], share[:, [j]]
        high = net.tables_[np.minimum(index[:, j] + 1, len(net.tables_) - 1)]
        z *= low + part * (high - low)
    z[:, net.n_and_ :] = 1 - z[:, net.n_and_ :]
    terms = [_term(net, scaling, names, k) for k in range(net.weights_.size)]
    asking = np.array([n_terms is None or bool(term.conditions) for term in terms])
    added = np.where(asking, z * net.weights_, 0)
    largest = np.argsort(-added, axis=1, kind="stable")[:, :n_terms]
    return [
        [Term(terms[k].weight, terms[k].kind, terms[k].conditions, float(z[i, k])) for k in row if added[i, k] > 0]
        for i, row in enumerate(largest)
    ]


def _term(net: Polynomial, scaling: Scaling, names: list[str], k: int) -> Term:
    conditions = []
    for j, (first, n, _) in enumerate(net.knots_.features):
        entries = net.tables_[first : first + n, k]
        entries = entries if k < net.n_and_ else 1 - entries
        strength = float(np.ptp(entries))
        if strength >= _NOTICEABLE:
            knots = scaling.low[j] + scaling.width[j] * net.knots_.values[j]
            conditions.append(Condition(names[j], _intervals(knots, entries), strength))
    return Term(float(net.weights_[k]), "and" if k < net.n_and_ else "or", tuple(conditions))


def _intervals(knots: NDArray, entries: NDArray) -> tuple[tuple[float, float], ...]:
    """Where entries are above the middle of their range; ends lie halfway between two knots."""
    above = entries >= (entries.min() + entries.max()) / 2
    change = np.flatnonzero(above[1:] != above[:-1])
    ends = ((knots[change] + knots[change + 1]) / 2).tolist()
    ends = ([-np.inf] if above[0] else []) + ends + ([np.inf] if above[-1] else [])
    return tuple(zip(ends[::2], ends[1::2], strict=True))
