"""The Frobenius norm with a penalty of the volume that the components span."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.em import padded, padded_zeros
from skartm.nmf.solvers._least_squares import Side, half_squares, is_sparse, scaled_rows
from skartm.simplex import project

_RIDGE = 1e-3  # delta as a share of the mean squared length of the first components


def check_volume(estimator: Any) -> bool:
    """Whether the volume is penalised; raises where it cannot be."""
    owner = type(estimator).__name__
    if estimator.volume_weight == 0:
        return False
    if estimator.beta_loss != "frobenius":
        msg = (
            f"{owner}: volume_weight needs beta_loss='frobenius'. Got {shown(estimator.beta_loss)}; "
            "change one of the two."
        )
        raise ValueError(msg)
    return True


class SmallVolume:
    r"""Minimises |X - W H|^2 / 2 + lambda ln det(H H^T + delta I) over W >= 0 and rows of H that are distributions.

    The logarithm of the determinant is concave, so it is below its tangent, lambda tr(P H H^T) + constant with
    P = (H H^T + delta I)^{-1} at the present H. With the tangent in its place the objective is quadratic in a row of H,
    and its minimum on the simplex is a projection. So no sweep over the rows of W or of H increases the objective
    (Leplat, Gillis and Ang 2020, with another divergence).
    """

    in_parts = False

    def __init__(
        self,
        X: Any,
        H: NDArray,
        W: NDArray | None,
        *,
        sample_weight: NDArray | None,
        volume_weight: float,
        n_sweeps: int,
        n_threads: int,
    ) -> None:
        k, dtype = H.shape[0], H.dtype
        self.root = root = None if sample_weight is None else np.sqrt(sample_weight).astype(dtype)
        self.X = X if root is None else scaled_rows(X, root)
        self.n_sweeps = n_sweeps
        self.rows = Side(self.X, k, dtype, n_threads)
        data = self.X.data if is_sparse(self.X) else self.X
        self.norm = float(np.square(data, dtype=np.float64).sum())
        self.weight = 0.5 * volume_weight * self.norm
        sums = H.sum(axis=1, keepdims=True, dtype=np.float64)
        self._H = np.divide(H, sums, out=np.full(H.shape, 1 / H.shape[1]), where=sums > 0)
        self.delta = _RIDGE * float(np.square(self._H).sum()) / k
        self.w = padded_zeros(X.shape[0], k, dtype)
        if W is None:
            self.rows.sweep(self.w, padded(self._H.T, dtype), 10 * n_sweeps)
        else:
            self.w[:, :k] = (W if root is None else W * root[:, None]) * sums.T

    @property
    def H(self) -> NDArray:
        return self._H.astype(self.w.dtype)

    @property
    def W(self) -> NDArray:
        """Rows of weight zero are zeros."""
        W = self.w[:, : self._H.shape[0]]
        if self.root is None:
            return W.copy()
        root = self.root[:, None]
        return np.divide(W, root, out=np.zeros_like(W), where=root > 0)

    def loss(self) -> float:
        """|X - W H|^2 / 2, without the penalty."""
        return half_squares(self.X, self.w[:, : self._H.shape[0]], self._H)

    def objective(self) -> float:
        """What is minimised, of what there is now."""
        return self.loss() + self.weight * float(np.linalg.slogdet(self._spread())[1])

    def update(self) -> None:
        """Sweeps over W, and over H."""
        self.rows.sweep(self.w, padded(self._H.T, self.w.dtype), self.n_sweeps)
        squares, target = self._products()
        gram = squares + 2 * self.weight * np.linalg.inv(self._spread())
        for _ in range(self.n_sweeps):
            for t in np.flatnonzero(gram.diagonal() > 0):  # else X is zeros
                rest = target[t] - gram[t] @ self._H + gram[t, t] * self._H[t]
                self._H[t] = project(rest / gram[t, t])
        products = float((self._H * (0.5 * squares @ self._H - target)).sum())
        self.last_loss = max(0.5 * self.norm + products, 0.0)

    def _spread(self) -> NDArray:
        return self._H @ self._H.T + self.delta * np.eye(self._H.shape[0])

    def _products(self) -> tuple[NDArray, NDArray]:
        W = self.w[:, : self._H.shape[0]]
        return (W.T @ W).astype(np.float64), np.asarray(self.X.T @ W, dtype=np.float64).T
