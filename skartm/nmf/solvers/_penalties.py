"""Penalties of W and H."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown


class Penalty(NamedTuple):
    """l1 |F|_1 + l2 |F|^2 / 2 of a factor F."""

    l1: float = 0.0
    l2: float = 0.0

    def value(self, factor: NDArray, weights: NDArray | None = None) -> float:
        """Of a non-negative factor, rows weighted."""
        squares = np.einsum("ij,ij->i", factor, factor, dtype=np.float64)
        rows = self.l1 * factor.sum(axis=1, dtype=np.float64) + 0.5 * self.l2 * squares
        return float(rows.sum() if weights is None else rows @ weights)


NONE = Penalty()


def check_penalties(model: Any) -> None:
    """Raise where there are penalties but no ``simplex=None``."""
    if model.simplex is not None and any(any(penalty) for penalty in penalties(model, 1.0, 1)):
        msg = (
            f"{type(model).__name__}: alpha_W and alpha_H need simplex=None, since a penalty says where the scale is. "
            f"Got simplex={shown(model.simplex)}."
        )
        raise ValueError(msg)


def penalties(model: Any, n_samples: float, n_features: int) -> tuple[Penalty, Penalty]:
    """Of W and of H."""
    alpha_H = model.alpha_W if model.alpha_H == "same" else model.alpha_H
    scales = (float(model.alpha_W) * n_features, float(alpha_H) * n_samples)
    of_W, of_H = (Penalty(scale * model.l1_ratio, scale * (1 - model.l1_ratio)) for scale in scales)
    return of_W, of_H
