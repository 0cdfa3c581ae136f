"""Products of stochastic matrices: the layers of a deep factorisation, refined together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base._callbacks import FitTask
from skartm.base._fitting import SmallDecrease, iterate
from skartm.nmf.solvers._kullback_leibler import KullbackLeibler

Blocks = Sequence[tuple[slice, float]]
WHOLE: Blocks = ((slice(None), 1.0),)
_STEPS = 5  # M steps of the layers on the counters of one E step, which cost what the small matrices cost


def products(layers: Sequence[NDArray]) -> list[NDArray]:
    """C_1 = H_1, C_2 = H_2 H_1, ...: the components of every layer over the features."""
    out = [layers[0]]
    for layer in layers[1:]:
        out.append(layer @ out[-1])
    return out


def m_step(
    layers: Sequence[NDArray], counts: Sequence[NDArray], weights: Sequence[float], blocks: Blocks = WHOLE
) -> list[NDArray]:
    """One M step of all layers at once, for the counters of the components of every layer.

    The steps t_L, ..., t_1, j of a path through the layers are hidden; the expected number of paths through the entry
    (t, s) of a layer is the entry times the derivative of sum n_tj ln c_tj, and its rows are normalised; those of the
    first layer block by block, each to the mass of the block.
    """
    c = products(layers)
    back: NDArray | None = None
    out: list[NDArray] = []
    for number in range(len(layers) - 1, -1, -1):
        ratio = np.divide(counts[number], c[number], out=np.zeros_like(c[number]), where=c[number] > 0)
        ratio *= weights[number]
        back = ratio if back is None else ratio + layers[number + 1].T @ back
        found = layers[number] * (back @ c[number - 1].T if number else back)
        for columns, mass in WHOLE if number else blocks:
            sums = found[:, columns].sum(axis=1, keepdims=True)
            found[:, columns] *= np.divide(mass, sums, out=np.zeros_like(sums), where=sums > 0)
        out.insert(0, found)
    return out


class LayeredDivergence:
    """Minimises sum_l weight_l D(X | W_l H_l ... H_1) over W_l and rows of all H_l that are distributions, by EM.

    With a W of its own every layer is one KullbackLeibler; the M steps are made for the layers that they share. All of
    it is one generalised EM algorithm, so the sum never increases.

    Parameters
    ----------
    X : CSR of shape (n_rows, n_features)
    layers : sequence of arrays of shape (n_l, n_{l-1})
        H_1 (n_0 is the number of features), H_2, ...; rows that are distributions, or zeros.
    W : sequence of arrays of shape (n_rows, n_l)
    weights : sequence of float
    sample_weight : array of shape (n_rows,) or None
    n_passes : int
        Updates of a W before one of the layers.
    blocks : sequence of (slice, float)
        Features of a kind, and what they sum to in every row of H_1.

    Attributes
    ----------
    last_losses : list of float
        Divergences of the layers in the last update, between W and the layers.
    last_masses : list of arrays of shape (n_l,)
        Sums of the columns of all W after the last update, rows weighted.
    """

    in_parts = False

    def __init__(
        self,
        X: Any,
        layers: Sequence[NDArray],
        W: Sequence[NDArray],
        *,
        weights: Sequence[float],
        sample_weight: NDArray | None,
        n_passes: int,
        n_threads: int,
        blocks: Blocks = WHOLE,
    ) -> None:
        self.blocks = blocks
        dtype = layers[0].dtype
        self.layers = [layer.astype(np.float64) for layer in layers]
        self.weights = list(weights)
        self.last_losses: list[float] = []
        self.last_masses: list[NDArray] = []
        self.models = [
            KullbackLeibler(X, c.astype(dtype), w, sample_weight=sample_weight, n_passes=n_passes, n_threads=n_threads)
            for c, w in zip(products(self.layers), W, strict=True)
        ]
        for model in self.models[1:]:
            model.batches = self.models[0].batches  # with their index

    @property
    def W(self) -> list[NDArray]:
        return [model.W for model in self.models]

    def loss(self) -> float:
        """The sum of what there is now."""
        return float(np.dot(self.weights, [model.loss() for model in self.models]))

    def update(self) -> float:
        """One update of every W and of all layers; the weighted sum of divergences between the two."""
        divergences, counts = [], []
        for model in self.models:
            divergences.append(model.expect())
            stored = model.counters.fold()[:, : model.n_components]
            counts.append(stored.T.astype(np.float64))
        for _ in range(_STEPS if len(self.layers) > 1 else 1):
            self.layers = m_step(self.layers, counts, self.weights, self.blocks)
        for model, c, n_tj in zip(self.models, products(self.layers), counts, strict=True):
            model.phi_wt[:, : model.n_components] = c.T
            model.rescale(n_tj.sum(axis=1))
        self.last_losses, self.last_masses = divergences, [n_tj.sum(axis=1) for n_tj in counts]
        return float(np.dot(self.weights, divergences))


@dataclass(frozen=True)
class Refined:
    """What the updates of layers have led to: objectives, layers, sums of the columns of W, loss of the last layer."""

    curve: tuple[float, ...]  # before the updates and in each of them
    layers: list[NDArray]
    masses: list[NDArray]
    loss: float


def refine(
    model: LayeredDivergence, task: FitTask, max_iter: int, tol: float, write: Callable[..., None] | None = None
) -> tuple[int, bool]:
    """Update until the objective falls slowly; the number of updates, and whether they ended before the last one.

    ``write`` is that of :func:`skartm.base._fitting.iterate`; it gets what is ``Refined``.
    """
    curve = [model.loss()]

    def update(_: int) -> float:
        curve.append(model.update())
        return curve[-1]

    def keep() -> Refined:
        return Refined(tuple(curve), model.layers, model.last_masses, model.last_losses[-1])

    rule = SmallDecrease(model, tol, loss=curve[0])
    ended = iterate(task, update, max_iter, keep=keep if write else None, write=write, converged=rule, lazily=True)
    return len(curve) - 1, ended
