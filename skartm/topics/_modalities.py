"""Modalities of a model: what is declared, searched and learned about them."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import names_in_order, shown
from skartm.base._parameters import is_number
from skartm.em import Layout, Modality, blocks_of, resolve_modalities

_ROWS = 2048  # documents counted at once


def check_modalities(model: Any) -> None:
    """Raise on weights that cannot be those of modalities, or that are given without any."""
    owner = type(model).__name__
    weights = model.modality_weights
    if model.modalities is None:
        for name in ("modality_weights", "main_modality"):
            if getattr(model, name) is not None:
                msg = f"{owner}: {name} needs modalities, which say which columns they are. Got {name}="
                raise ValueError(f"{msg}{shown(getattr(model, name))} and modalities=None.")
        return
    if weights is not None and not isinstance(weights, Mapping):
        msg = f"The 'modality_weights' parameter of {owner} must be a dict of name to weight. Got {shown(weights)}."
        raise TypeError(msg)
    for name, weight in (weights or {}).items():
        if not is_number(weight) or not np.isfinite(weight) or weight < 0:
            msg = f"{owner}: the weight of modality {name!r} must be a finite number, at least 0. Got {shown(weight)}."
            raise ValueError(msg)


def check_topic_names(model: Any) -> None:
    """Raise unless there are as many different names as topics, or none."""
    if model.topic_names is None:
        return
    given = model.topic_names
    if isinstance(given, (str, Mapping, Set)) or not isinstance(given, Iterable) or not hasattr(given, "__len__"):
        msg = f"The 'topic_names' parameter must be {model.n_components} strings. Got {shown(model.topic_names)}."
        raise TypeError(msg)
    names = list(model.topic_names)
    if len(names) != model.n_components or not all(isinstance(name, str) for name in names):
        msg = f"The 'topic_names' parameter must be {model.n_components} strings. Got {shown(model.topic_names)}."
        raise ValueError(msg)
    if len(set(names)) != len(names):
        repeated = sorted({name for name in names if names.count(name) > 1})
        msg = f"The 'topic_names' parameter must not repeat names. Got {repeated} more than once."
        raise ValueError(msg)


def layout_of(
    model: Any,
    X: Any,
    *,
    n_docs: int | None = None,
    y: NDArray | None = None,
    sample_weight: NDArray | None = None,
    known: bool = False,
    fitting: bool = False,
) -> Layout:
    """Names, modalities and what else the terms need.

    ``known`` takes the weights of the fit, whatever X is; ``fitting`` shows X to the terms.
    """
    n_tokens = X.shape[1]
    names = model.topic_names
    if names is None:
        prefix = type(model).__name__.lower()
        names = [f"{prefix}{t}" for t in range(model.n_components)]
    modalities = resolve_modalities(model.modalities, n_tokens, type(model).__name__)
    if modalities:
        modalities = _weighted(model, modalities, X, sample_weight, known=known)
    documents, weights = (X, sample_weight) if fitting else (None, None)
    return Layout(tuple(names), n_tokens, modalities, names_of_tokens(model, n_tokens), n_docs, y, documents, weights)


def names_of_tokens(model: Any, n_tokens: int) -> tuple[str, ...] | None:
    """Names of the columns: those given, or those of a data frame."""
    names = model.token_names if model.token_names is not None else getattr(model, "feature_names_in_", None)
    if names is None:
        return None
    parameter = f"The 'token_names' parameter of {type(model).__name__}"
    return tuple(str(name) for name in names_in_order(names, n_tokens, parameter))


def _weighted(
    model, modalities: tuple[Modality, ...], X: Any, sample_weight: NDArray | None, *, known: bool
) -> tuple[Modality, ...]:
    declared = dict(model.modality_weights or {})
    names = [modality.name for modality in modalities]
    asked = [*declared, *([model.main_modality] if model.main_modality is not None else [])]
    for name in asked:
        if name not in names:
            msg = f"{type(model).__name__}: modality_weights and main_modality must name {names}. Got {name!r}."
            raise ValueError(msg)
    weights: dict[str, float]
    if known and hasattr(model, "modality_weights_"):
        weights = model.modality_weights_
    else:
        weights = {name: float(declared.get(name, 1.0)) for name in names}
        if not any(weights.values()):
            msg = f"{type(model).__name__}: at least one modality must have a positive weight. Got {shown(declared)}."
            raise ValueError(msg)
        if model.main_modality is not None:
            weights = _relative_weights(model, weights, modalities, X, sample_weight)
        model.modality_weights_ = weights
    return tuple(replace(modality, weight=weights[modality.name]) for modality in modalities)


def _relative_weights(
    model, weights: dict[str, float], modalities: tuple[Modality, ...], X: Any, sample_weight: NDArray | None
) -> dict[str, float]:
    """kappa_m = g_m N_main / N_m: a relative weight of 1 gives a modality the mass of the main one."""
    counts = token_counts(X, sample_weight)
    mass = {modality.name: float(counts[modality.tokens].sum()) for modality in modalities}
    main = mass[model.main_modality]
    if main == 0:
        msg = (
            f"{type(model).__name__}: the main modality must have tokens in X. Got none of "
            f"{shown(model.main_modality)}."
        )
        raise ValueError(msg)
    return {name: weight * main / mass[name] if mass[name] > 0 else 0.0 for name, weight in weights.items()}


def token_counts(X: Any, sample_weight: NDArray | None) -> NDArray:
    """Counts of every column, in float64; read by parts, for X may be larger than the memory."""
    counts = np.zeros(X.shape[1])
    for start, rows in blocks_of(X, _ROWS):
        x = rows.data.astype(np.float64)
        if sample_weight is not None:
            x *= np.repeat(sample_weight[start : start + _ROWS], np.diff(rows.indptr))
        counts += np.bincount(rows.indices, weights=x, minlength=X.shape[1])
    return counts
