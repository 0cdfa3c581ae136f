"""What the nets that are learned by gradients share: members, the rows they learn from, prediction."""

from dataclasses import replace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skartm.base import Versioned
from skartm.base._callbacks import SILENT, FitTask
from skartm.base._fitting import iterate
from skartm.base._parameters import check_declared, integer, parameters, real
from skartm.monotonic.nets._grid import snap
from skartm.monotonic.nets._losses import Loss
from skartm.monotonic.nets._rprop import Rprop

_MOST_ROWS = 2048  # of a step of a member
_CHUNK = 4096  # rows predicted at a time
_FEW_ROWS = 4  # a member with less to hold out holds nothing out
_LEAST_PARTS = 5  # no member holds out more than a fifth
_LONGEST = 500.0  # of a raw output in training: the exponential of more is too large

Parameters = dict[str, NDArray]


@parameters
class Network(Versioned, BaseEstimator):
    """Mean of nets, each of which stops early on other held-out rows.

    A subclass has ``_shapes`` (names and shapes of the parameters), ``_start`` (a net's first parameters), ``_forward``
    and ``_backward`` (all members at once, for learning) and ``_outputs`` (one member, monotone to the last digit, for
    prediction).

    Attributes
    ----------
    theta_ : array of shape (n_members, n_parameters)
    n_iter_ : array of shape (n_members,)
    """

    losses: ClassVar[tuple[str, ...]] = ("squared_error", "quantile", "poisson", "log_loss")
    handles_missing: ClassVar[bool] = False

    n_members: int = integer(default=5, low=1)
    max_iter: int = integer(default=500, low=1)
    patience: int = integer(default=50, low=1)
    tol: float = real(default=1e-4, low=0)

    def fit(
        self,
        X: NDArray,
        y: NDArray,
        sample_weight: NDArray,
        signs: NDArray,
        loss: Loss,
        rng: np.random.Generator,
        n_threads: int = 1,
        task: FitTask = SILENT,
    ) -> Self:
        """Learn from rows, as ``_protocol.Net`` says; nothing here depends on ``n_threads``."""
        check_declared(self)
        self.signs_, self.loss_ = signs, loss
        X, y, weights = _distinct(self._turned(X), y, sample_weight)
        standard_y, self.standard_ = loss.standard(y, weights)
        start = np.stack([self._start(rng) for _ in range(self.n_members)])
        if y.min() == y.max():  # there is nothing to learn
            self.standard_ = replace(self.standard_, spread=0.0)
            self.theta_, self.n_iter_ = start, np.zeros(self.n_members, int)
            task.begin().end()
            return self
        y = standard_y
        rows, train, held = self._splits(weights, _groups(X), rng)
        shown = X[None] if rows is None else X[rows]
        target = y[None] if rows is None else y[rows]
        evaluate = _Evaluation(self, shown.astype(np.float32), target, train, held)
        tol = self.tol * abs(np.average(loss.values(y, np.full_like(y, self.standard_.start)), weights=weights))
        search = Rprop(evaluate, start.astype(np.float32), patience=self.patience, tol=tol)

        def write(kept: tuple[NDArray, NDArray], *, interrupted: bool = False) -> None:
            theta, self.n_iter_ = kept
            self.theta_ = theta.astype(np.float64)

        def keep() -> tuple[NDArray, NDArray]:
            return search.best.copy(), search.n_iter.copy()

        iterate(task, search.step, self.max_iter, keep=keep, write=write, converged=bool, lazily=True)
        return self

    def predict(self, X: NDArray) -> NDArray:
        """Predictions, float64 of shape (n_rows,)."""
        parts = [self._raw(X[first : first + _CHUNK]) for first in range(0, len(X), _CHUNK)]
        return self.loss_.predictions(np.concatenate(parts)) if parts else np.zeros(0)

    def _raw(self, X: NDArray) -> NDArray:
        X = self._turned(X)
        total = np.zeros(len(X))
        for theta in self.theta_:
            total += self._outputs({name: value[0] for name, value in self._unpack(theta[None]).items()}, X)
        return self.standard_.raw(snap(total / self.n_members))

    def _turned(self, X: NDArray) -> NDArray:
        """Features with falling ones negated, so that there are only rising and free ones."""
        return X * np.where(self.signs_ < 0, -1.0, 1.0)

    def _splits(
        self, weights: NDArray, groups: NDArray, rng: np.random.Generator
    ) -> tuple[NDArray | None, NDArray, NDArray]:
        """Rows of the members, None for all rows; their weights for learning and for stopping, each of sum one.

        Groups of equal features are dealt to the members, or to fifths for a few of them; a member holds out what it
        was dealt. A member of many rows takes some of them.
        """
        n, n_groups, members = len(weights), groups[-1] + 1, self.n_members
        parts = max(members, _LEAST_PARTS)
        dealt = np.empty(n_groups, int)
        dealt[rng.permutation(n_groups)] = np.arange(n_groups) % parts
        held = (dealt[groups] == np.arange(members)[:, None]) & (n_groups >= _FEW_ROWS * parts)
        rows = None
        if n > _MOST_ROWS:
            rows = np.stack([np.sort(rng.permutation(n)[:_MOST_ROWS]) for _ in range(members)])
            weights, held = weights[rows], np.take_along_axis(held, rows, axis=1)
        weights = np.broadcast_to(weights, held.shape)
        learn = np.where(held, 0, weights)
        stop = np.where(held | ~held.any(axis=1, keepdims=True), weights, 0)
        return rows, learn / learn.sum(axis=1, keepdims=True), stop / stop.sum(axis=1, keepdims=True)

    def _unpack(self, theta: NDArray) -> Parameters:
        """Named views of parameters: (m, n_parameters) to (m, *shape) each."""
        named, first = {}, 0
        for name, shape in self._shapes().items():
            last = first + int(np.prod(shape))
            named[name] = theta[:, first:last].reshape(len(theta), *shape)
            first = last
        return named

    def _shapes(self) -> dict[str, tuple[int, ...]]:
        raise NotImplementedError

    def _start(self, rng: np.random.Generator) -> NDArray:
        raise NotImplementedError

    def _forward(self, parameters: Parameters, X: NDArray) -> tuple[NDArray, tuple[NDArray, ...]]:
        """Outputs (m, n) of m members for X (1 or m, n, d), and what ``_backward`` needs."""
        raise NotImplementedError

    def _backward(self, parameters: Parameters, kept: tuple[NDArray, ...], X: NDArray, slope: NDArray) -> Parameters:
        """Derivatives by the parameters, ``slope`` (m, n) being those by the outputs."""
        raise NotImplementedError

    def _outputs(self, parameters: Parameters, X: NDArray) -> NDArray:
        """Outputs (n,) of one member for X (n, d)."""
        raise NotImplementedError


class _Evaluation:
    """Gradients and held-out losses of members, for ``rprop``."""

    def __init__(self, net: Network, X: NDArray, y: NDArray, train: NDArray, held: NDArray) -> None:
        self.net, self.X, self.y, self.train, self.held = net, X, y, train, held

    def __call__(self, theta: NDArray, members: NDArray) -> tuple[NDArray, NDArray]:
        net = self.net
        X, y = (array if len(array) == 1 else array[members] for array in (self.X, self.y))
        parameters = net._unpack(theta)
        output, kept = net._forward(parameters, X)
        raw = net.standard_.start + np.clip(output.astype(np.float64), -_LONGEST, _LONGEST)
        held = (net.loss_.values(y, raw) * self.held[members]).sum(axis=1)
        slope = net.loss_.gradients(y, raw) * self.train[members]
        slope /= np.abs(slope).max(axis=1, keepdims=True) + np.finfo(float).tiny  # float32 reaches no further than 1e38
        gradients = net._backward(parameters, kept, X, slope.astype(theta.dtype))
        return np.concatenate([gradients[name].reshape(len(theta), -1) for name in net._shapes()], axis=1), held


def _distinct(X: NDArray, y: NDArray, weights: NDArray) -> tuple[NDArray, NDArray, NDArray]:
    """Distinct rows in order, their weights added: then k equal rows are one of weight k, and order is nothing.

    Weights are rounded, so that equal sums have equal bits; rows of a weight that is nothing beside the largest go.
    """
    table, inverse = np.unique(np.column_stack([X, y]), axis=0, return_inverse=True)
    total = np.bincount(inverse.ravel(), weights)
    total = np.round(total / total.max(), 12)
    table, total = table[total > 0], total[total > 0]
    return np.ascontiguousarray(table[:, :-1]), table[:, -1].copy(), total


def _groups(X: NDArray) -> NDArray:
    """Numbers of groups of equal rows, which are neighbours."""
    return np.concatenate([[0], np.cumsum((X[1:] != X[:-1]).any(axis=1))])
