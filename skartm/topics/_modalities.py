"""Modalities of a model: what is declared, searched and learned about them."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import names_in_order, shown
from skartm.base._parameters import is_number
from skartm.em import Layout, Modality, blocks_of, resolve_modalities

_PREFIX = "modality_weights__"
_ROWS = 2048  # documents counted at once


class ModalModel:
    """Mixin: parameters ``modalities``, ``modality_weights``, ``main_modality`` and ``token_names``.

    The weights are parameters of the model: ``set_params(modality_weights__tags=2.0)``, and the same in a grid.
    """

    modalities: Any = None
    modality_weights: Any = None
    main_modality: Any = None
    token_names: Any = None
    n_components: int
    topic_names: Any = None
    modality_weights_: dict[str, float]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of the estimator and, if ``deep``, of what it is made of, weights of modalities among them."""
        params = super().get_params(deep=deep)  # type: ignore[misc]
        if deep and isinstance(self.modality_weights, Mapping):
            params.update({f"{_PREFIX}{name}": weight for name, weight in self.modality_weights.items()})
        return params

    def set_params(self, **params: Any) -> Any:
        """Set parameters of the estimator, and weights by ``modality_weights__<name>``."""
        if "modality_weights" in params:
            self.modality_weights = params.pop("modality_weights")
        weights = {key: params.pop(key) for key in list(params) if key.startswith(_PREFIX)}
        if weights:  # a new dict: the old one may be shared with a clone
            named = {key.removeprefix(_PREFIX): weight for key, weight in weights.items()}
            self.modality_weights = {**(self.modality_weights or {}), **named}
        return super().set_params(**params)  # type: ignore[misc]

    def _check_modalities(self) -> None:
        owner = type(self).__name__
        weights = self.modality_weights
        if self.modalities is None:
            for name in ("modality_weights", "main_modality"):
                if getattr(self, name) is not None:
                    msg = f"{owner}: {name} needs modalities, which say which columns they are. Got {name}="
                    raise ValueError(f"{msg}{shown(getattr(self, name))} and modalities=None.")
            return
        if weights is not None and not isinstance(weights, Mapping):
            msg = f"The 'modality_weights' parameter of {owner} must be a dict of name to weight. Got {shown(weights)}."
            raise TypeError(msg)
        for name, weight in (weights or {}).items():
            if not is_number(weight) or not np.isfinite(weight) or weight < 0:
                msg = (
                    f"{owner}: the weight of modality {name!r} must be a finite number, at least 0. Got "
                    f"{shown(weight)}."
                )
                raise ValueError(msg)

    def _check_topic_names(self) -> None:
        if self.topic_names is None:
            return
        given = self.topic_names
        if isinstance(given, (str, Mapping, Set)) or not isinstance(given, Iterable) or not hasattr(given, "__len__"):
            msg = f"The 'topic_names' parameter must be {self.n_components} strings. Got {shown(self.topic_names)}."
            raise TypeError(msg)
        names = list(self.topic_names)
        if len(names) != self.n_components or not all(isinstance(name, str) for name in names):
            msg = f"The 'topic_names' parameter must be {self.n_components} strings. Got {shown(self.topic_names)}."
            raise ValueError(msg)
        if len(set(names)) != len(names):
            repeated = sorted({name for name in names if names.count(name) > 1})
            msg = f"The 'topic_names' parameter must not repeat names. Got {repeated} more than once."
            raise ValueError(msg)

    def _layout(
        self,
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
        names = self.topic_names
        if names is None:
            prefix = type(self).__name__.lower()
            names = [f"{prefix}{t}" for t in range(self.n_components)]
        modalities = resolve_modalities(self.modalities, n_tokens, type(self).__name__)
        if modalities:
            modalities = self._weighted(modalities, X, sample_weight, known=known)
        documents, weights = (X, sample_weight) if fitting else (None, None)
        names_of_tokens = self._names_of_tokens(n_tokens)
        return Layout(tuple(names), n_tokens, modalities, names_of_tokens, n_docs, y, documents, weights)

    def _names_of_tokens(self, n_tokens: int) -> tuple[str, ...] | None:
        names = self.token_names if self.token_names is not None else getattr(self, "feature_names_in_", None)
        if names is None:
            return None
        parameter = f"The 'token_names' parameter of {type(self).__name__}"
        return tuple(str(name) for name in names_in_order(names, n_tokens, parameter))

    def _weighted(
        self, modalities: tuple[Modality, ...], X: Any, sample_weight: NDArray | None, *, known: bool
    ) -> tuple[Modality, ...]:
        declared = dict(self.modality_weights or {})
        names = [modality.name for modality in modalities]
        asked = [*declared, *([self.main_modality] if self.main_modality is not None else [])]
        for name in asked:
            if name not in names:
                msg = f"{type(self).__name__}: modality_weights and main_modality must name {names}. Got {name!r}."
                raise ValueError(msg)
        weights: dict[str, float]
        if known and hasattr(self, "modality_weights_"):
            weights = self.modality_weights_
        else:
            weights = {name: float(declared.get(name, 1.0)) for name in names}
            if not any(weights.values()):
                msg = (
                    f"{type(self).__name__}: at least one modality must have a positive weight. Got {shown(declared)}."
                )
                raise ValueError(msg)
            if self.main_modality is not None:
                weights = self._relative_weights(weights, modalities, X, sample_weight)
            self.modality_weights_ = weights
        return tuple(replace(modality, weight=weights[modality.name]) for modality in modalities)

    def _relative_weights(
        self, weights: dict[str, float], modalities: tuple[Modality, ...], X: Any, sample_weight: NDArray | None
    ) -> dict[str, float]:
        """kappa_m = g_m N_main / N_m: a relative weight of 1 gives a modality the mass of the main one."""
        counts = token_counts(X, sample_weight)
        mass = {modality.name: float(counts[modality.tokens].sum()) for modality in modalities}
        main = mass[self.main_modality]
        if main == 0:
            msg = (
                f"{type(self).__name__}: the main modality must have tokens in X. Got none of "
                f"{shown(self.main_modality)}."
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
