"""Additive regularizers of H: those of topic models, with the Kullback-Leibler divergence."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.em import Bound, Layout, PhiTerm
from skartm.nmf.solvers._kullback_leibler import KullbackLeibler
from skartm.regularizers import bind_all, check_regularizers


def check_terms(estimator: Any) -> bool:
    """Whether there are regularizers; raises on those that cannot be used."""
    named = check_regularizers(estimator)
    owner = type(estimator).__name__
    if named and estimator.beta_loss != "kullback-leibler":
        msg = (
            f"{owner}: regularizers are terms of the likelihood of topics and need beta_loss='kullback-leibler'. Got "
            f"beta_loss={shown(estimator.beta_loss)} and {[name for name, _ in named]}; take one of the two away."
        )
        raise ValueError(msg)
    for name, regularizer in named:
        if getattr(regularizer, "side", "phi") != "phi":
            msg = (
                f"{owner}: {name!r} must be a regularizer of H (side 'phi'). Got {type(regularizer).__name__}, of side "
                f"{shown(regularizer.side)}; ARTMTransformer takes it."
            )
            raise ValueError(msg)
    return bool(named)


def bind_terms(estimator: Any, X: Any, sample_weight: NDArray | None) -> list[Bound[PhiTerm]]:
    """Terms for the rows of H, whose names are those of ``get_feature_names_out``."""
    prefix = type(estimator).__name__.lower()
    names = tuple(f"{prefix}{t}" for t in range(estimator.n_components))
    features = getattr(estimator, "feature_names_in_", None)
    tokens = None if features is None else tuple(str(name) for name in features)
    layout = Layout(names, X.shape[1], (), tokens, X.shape[0], None, X, sample_weight)
    return list(bind_all(check_regularizers(estimator), layout).phi)


class Regularized:
    """Minimises the divergence minus sum_i tau_i R_i by the EM algorithm of ARTM.

    theta of the rows are distributions and start where the last iteration left them, so that it is
    ARTMTransformer(reuse_theta=True).
    """

    in_parts = False

    def __init__(self, model: KullbackLeibler, n_iter: int) -> None:
        self.model, self.n_iter = model, n_iter
        self.done = 0

    def update(self) -> float:
        """One update of W and H; the objective, of the W and H between the two and the R after them."""
        model, posterior = self.model, self.model.engine.posterior
        acting = model.engine.acting(self.done, self.n_iter)
        divergence = model.expect()
        posterior.update(model.phi_wt, model.counters, model.phi_wt, acting.phi)
        self.done += 1
        posterior.measure(model.phi_wt, model.counters.fold())
        values = [posterior.coefficients[name] * value for name, value in posterior.values.items()]
        return divergence - float(np.sum(values))

    @property
    def H(self) -> NDArray:
        return self.model.H

    @property
    def W(self) -> NDArray:
        return self.model.W

    @property
    def last_loss(self) -> float:
        """The divergence before H of the last update changed."""
        return self.model.last_loss

    @property
    def settled(self) -> bool:
        """Whether the strengths stay as they are."""
        return self.model.engine.settled(self.done - 1, self.n_iter)

    def loss(self) -> float:
        """The divergence of what there is now."""
        return self.model.loss()
