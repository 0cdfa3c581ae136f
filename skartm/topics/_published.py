"""What a fit publishes of its topics, and topics that are assigned in place of these."""

from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skartm.em import EM, State, unpadded_transpose
from skartm.regularizers import check_regularizers
from skartm.topics._start import given_phi


def publish(model: Any, engine: EM, state: State) -> None:
    """The topics of a state, their masses, and what the regularizers have learned."""
    model.components_ = unpadded_transpose(state.phi_wt, engine.n_topics)
    model._block_mass = np.array(state.block_mass)
    model.topic_mass_ = model._block_mass.sum(axis=0)
    model.learned_ = state.learned
    model.tokens_seen_ = np.array(state.seen)
    model._learners = {name: kind_of(item) for name, item in check_regularizers(model) if name in model.learned_}
    model.dead_topics_ = np.flatnonzero(model.topic_mass_ <= 0)
    model.__dict__.pop("shown_words_", None)  # of the topics before


def assign_components(model: Any, value: Any) -> None:
    """Topics from outside, instead of those of a fit; of a model that is fitted they keep their masses."""
    check_is_fitted(model, "components_")
    layout = model._layout(model.components_, known=True)
    phi = given_phi(value, layout, f"{type(model).__name__}.components_", dead=True)
    model.components_ = np.ascontiguousarray(phi.T, dtype=model.components_.dtype)
    mass, alive = model._block_mass, model.components_.any(axis=1)
    mean = mass.sum(axis=1, keepdims=True) / max(np.count_nonzero(model.topic_mass_ > 0), 1)
    model._block_mass = np.where(alive, np.where(mass.sum(axis=0) > 0, mass, mean), 0.0)
    model.topic_mass_ = model._block_mass.sum(axis=0)
    model.dead_topics_ = np.flatnonzero(model.topic_mass_ <= 0)
    model.tokens_seen_ = model.tokens_seen_ | model.components_.any(axis=0)
    model.__dict__.pop("n_wt_", None)
    model.__dict__.pop("shown_words_", None)


def learned_before(model: Any) -> dict[str, Any]:
    """What the regularizers of the last fit have learned, without those in whose place there is another now."""
    learned, learners = getattr(model, "learned_", {}), getattr(model, "_learners", {})
    return {
        name: learned[name]
        for name, item in check_regularizers(model)
        if name in learned and learners.get(name, kind_of(item)) == kind_of(item)
    }


def kind_of(regularizer: Any) -> str:
    """The class of a regularizer, as a word."""
    return f"{type(regularizer).__module__}.{type(regularizer).__qualname__}"
