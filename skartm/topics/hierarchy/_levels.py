"""Levels of a hierarchy: what is declared of them, checked, named, searched and learned."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.utils import check_random_state

from skartm.base import shown
from skartm.base._callbacks import SILENT, FitTask
from skartm.base._named import is_named, named_pairs
from skartm.base._parameters import check_integer, check_real
from skartm.regularizers import ParentTopics, Schedule
from skartm.topics._artm import ARTMTransformer
from skartm.topics._doc_iter import doc_iters
from skartm.topics.hierarchy._links import PARENTS, level_counts


def check_levels(owner: Any) -> list[tuple[str, ARTMTransformer]]:
    """Names and fresh models of all levels, from the top; raises on what is not a growing list of levels."""
    levels, kind = owner.levels, type(owner).__name__
    if not isinstance(levels, (list, tuple)) or len(levels) == 0:
        msg = f"The 'levels' parameter of {kind} must be a list of at least one level. Got {shown(levels)}."
        raise TypeError(msg) if not isinstance(levels, (list, tuple)) else ValueError(msg)
    _check_names(owner)
    named = [item if is_named(item) else (f"level{number}", item) for number, item in enumerate(levels)]
    models = [(name, check_level(kind, level, owner.estimator)) for name, level in named]
    sizes = [int(model.n_components) for _, model in models]
    for upper, lower in pairwise(sizes):
        if lower <= upper:
            msg = f"{kind}: every level must have more topics than the one above. Got {sizes}."
            raise ValueError(msg)
    for name, model in models[1:]:
        if model.validation_fraction is not None:
            msg = (
                f"{kind}: validation_fraction must be None below the first level, which stands for all documents. "
                f"Got {shown(model.validation_fraction)} at {name!r}; validate by score_levels of other documents."
            )
            raise ValueError(msg)
    return models


def _check_names(owner: Any) -> None:
    kind, taken = type(owner).__name__, set(owner.get_params(deep=False))
    automatic = [f"level{number}" for number, item in enumerate(owner.levels) if not is_named(item)]
    for name, count in Counter([*automatic, *(name for name, _ in named_pairs(owner.levels))]).items():
        if count > 1:
            reason = f"is used {count} times; names must be unique"
        elif name in taken:
            reason = "is a parameter of the estimator"
        elif "__" in name or not name:
            reason = "must not be empty or contain '__'"
        else:
            continue
        msg = f"{kind}: the name {name!r} of a level {reason}."
        raise ValueError(msg)


def check_level(kind: str, level: Any, template: Any) -> ARTMTransformer:
    """A fresh model: the template with a number of topics, or a clone of the one given."""
    what = "a number of topics, or a model with regularizers such as ARTMTransformer"
    if isinstance(level, Integral) and not isinstance(level, bool):
        if level < 1:
            msg = f"{kind}: a level must have at least 1 topic. Got {level}."
            raise ValueError(msg)
        model = ARTMTransformer() if template is None else _checked_model(kind, template, "estimator", "a model")
        model.set_params(n_components=int(level))
        return model
    return _checked_model(kind, level, "a level", f"{what}, by itself or as (name, level)")


def _checked_model(kind: str, model: Any, parameter: str, what: str) -> ARTMTransformer:
    if not isinstance(model, ARTMTransformer) or "regularizers" not in model.get_params(deep=False):
        msg = f"{kind}: {parameter} must be {what}. Got {shown(model)}; PLSA is ARTMTransformer without regularizers."
        raise TypeError(msg)
    check_integer(model, "n_components", minimum=1)
    if model.warm_start:
        msg = f"{kind}: warm_start of a level must be False, for every fit starts anew. Got {shown(model.warm_start)}."
        raise ValueError(msg)
    if any(name == PARENTS for name, _ in named_pairs(model.regularizers)):
        msg = f"{kind}: the name {PARENTS!r} of a regularizer is that of the tie to the level above; rename it."
        raise ValueError(msg)
    return clone(model)


def check_ties(owner: Any, models: list[ARTMTransformer]) -> list[ParentTopics]:
    """For every level below the first the regularizer that ties it to the one above, without its counts."""
    kind, given = type(owner).__name__, owner.parent_weight
    check_real(owner, "psi_sparsity", low=-np.inf)
    if owner.psi_sparsity >= 1:
        msg = f"The 'psi_sparsity' parameter of {kind} must be below 1. Got {shown(owner.psi_sparsity)}."
        raise ValueError(msg)
    several = isinstance(given, (list, tuple, np.ndarray))
    taus = list(given) if several else [given] * len(models)
    if len(taus) != len(models):
        msg = (
            f"The 'parent_weight' parameter of {kind} must be one number, or one for each of the {len(models)} levels "
            f"below the first. Got {shown(given)}."
        )
        raise ValueError(msg)
    for tau in taus if several else [given]:
        if isinstance(tau, Schedule):
            tau.check()
        elif not isinstance(tau, Real) or isinstance(tau, bool) or not 0 <= float(tau) < np.inf:
            msg = (
                f"The 'parent_weight' parameter of {kind} must be finite, at least 0, or a Schedule. Got {shown(tau)}."
            )
            raise ValueError(msg) if isinstance(tau, Real) else TypeError(msg)
    return [_tie(tau, owner.psi_sparsity, model) for tau, model in zip(taus, models, strict=True)]


def _tie(tau: Any, sparsity: float, model: ARTMTransformer) -> ParentTopics:
    params = model.get_params(deep=False)
    passes = {name: params[name] for name in ("max_doc_iter", "doc_tol") if name in params}
    if "max_doc_iter" in passes:
        passes["max_doc_iter"] = doc_iters(model)[1]
    return ParentTopics(tau=tau, sparsity=sparsity, n_jobs=model.n_jobs, **passes)


def fill_in(owner: Any, model: ARTMTransformer, name: str, random_state: Any) -> None:
    """Give a model what its owner says of columns, unless it has its own; topics are named after ``name``."""
    token_names = owner.token_names
    if token_names is None:
        token_names = getattr(owner, "feature_names_in_", None)
    topic_names = [f"{name}_{t}" for t in range(int(model.n_components))]
    shared = {"modalities": owner.modalities, "token_names": token_names, "topic_names": topic_names}
    for parameter, value in {**shared, "random_state": random_state}.items():
        if value is not None and getattr(model, parameter) is None:
            model.set_params(**{parameter: value})


def learn_levels(
    owner: Any,
    named: list[tuple[str, ARTMTransformer]],
    ties: list[ParentTopics],
    X: Any,
    y: Any,
    weights: Any,
    task: FitTask,
) -> Iterator[tuple[ARTMTransformer, NDArray, FitTask]]:
    """The levels, fitted from the top, each with its n_wt and its part of the fit, which is to be ended.

    An interrupted one comes if a pass of it was complete.
    """
    random, above = check_random_state(owner.random_state), np.empty(0)
    for number, (name, model) in enumerate(named):
        fill_in(owner, model, name, random.randint(2**31 - 1) if number else owner.random_state)
        if number:
            tie = ties[number - 1].set_params(counts=above)
            model.set_params(regularizers=[*model.regularizers, (PARENTS, tie)])
        part = task.part(f"fit-{name}")
        try:
            with part.around(model):
                model.fit(X, y, sample_weight=weights)
        except BaseException as error:
            if not isinstance(error, Exception) and hasattr(model, "components_"):
                yield model, level_counts(model, X, weights), SILENT
            raise
        above = level_counts(model, X, weights)
        yield model, above, part
