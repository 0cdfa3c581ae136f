"""The members of a stacking: checks, and those that are taken by default."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.utils.validation import has_fit_parameter

from skartm.base import shown
from skartm.base._named import is_named
from skartm.monotonic._classifier import MonotonicClassifier
from skartm.monotonic._regressor import MonotonicRegressor
from skartm.monotonic.nets._constrained import Constrained
from skartm.monotonic.polynomial._polynomial import Polynomial

_SHALLOW = {"learning_rate": 0.05, "max_iter": 150, "max_leaf_nodes": 8, "early_stopping": False}
_NETS = 2  # in every fold, so that an average has ten of them
_POLYNOMIALS, _ENOUGH_ROWS = 4, 20000  # at most so many, and so many rows of them together
_LARGEST = 1e30  # target of the trees, which add up squares in single precision
_DEEP = {"max_iter": 200, "early_stopping": False}


def default_members(task: str, signs: NDArray, n_rows: int, rng: np.random.RandomState) -> list[tuple[str, Any]]:
    """Estimators that err in different ways: products, a smooth function, a line and steps."""
    classify = task == "classification"
    net = MonotonicClassifier if classify else MonotonicRegressor
    trees = HistGradientBoostingClassifier if classify else HistGradientBoostingRegressor
    n_polynomials = int(np.clip(_ENOUGH_ROWS // n_rows, 1, _POLYNOMIALS))
    kinds: dict[str, tuple[Any, dict[str, Any]]] = {
        "polynomial": (net, {"model": Polynomial(n_members=n_polynomials), "n_jobs": 1}),
        "constrained": (net, {"model": Constrained(n_members=_NETS), "n_jobs": 1}),
        "linear": (net, {"model": "linear", "n_jobs": 1}),
        "shallow_trees": (trees, _SHALLOW),
        "deep_trees": (trees, _DEEP),
    }
    seeds = rng.randint(np.iinfo(np.int32).max, size=len(kinds))
    return [
        (name, make(monotonic_cst=signs, random_state=int(seed), **options))
        for seed, (name, (make, options)) in zip(seeds, kinds.items(), strict=True)
    ]


def check_default_data(owner: Any, X: Any, y: NDArray, parts: list[NDArray]) -> None:
    """Raise if trees, which are among the default members, cannot learn from the rows of a part."""
    name = type(owner).__name__
    if np.abs(y).max() > _LARGEST:
        msg = f"the default members need targets between {-_LARGEST:g} and {_LARGEST:g}. Got up to {np.abs(y).max():g}."
        raise ValueError(f"{name}: {msg} Rescale the target.")
    if sparse.issparse(X):  # which members refuse themselves
        return
    missing = X.isna().to_numpy() if hasattr(X, "iloc") else np.isnan(np.asarray(X, dtype=np.float64))
    empty = np.flatnonzero(np.any([missing[part].all(axis=0) for part in parts], axis=0))
    if empty.size:
        msg = f"a fold leaves no value of the features {empty.tolist()} to learn from."
        raise ValueError(f"{name}: {msg} Leave them out or fill them in.")


def check_members(owner: Any, estimators: Any, task: str | None) -> None:
    """Raise unless it is a list of named estimators for one task, the declared one if there is one."""
    name = type(owner).__name__
    wanted = "must be None or a list of pairs (name, estimator) with different names."
    if not isinstance(estimators, (list, tuple)) or not estimators or not all(is_named(item) for item in estimators):
        msg = f"The 'estimators' parameter of {name} {wanted} Got {shown(estimators)} instead."
        raise TypeError(msg)
    names = [key for key, _ in estimators]
    if len(set(names)) < len(names) or any("__" in key or key in owner.get_params(deep=False) for key in names):
        msg = f"The 'estimators' parameter of {name} {wanted} No name may contain '__' or be a parameter's."
        raise ValueError(f"{msg} Got {names}.")
    members = [member for _, member in estimators]
    able = {"regression": all(map(is_regressor, members)), "classification": all(map(is_classifier, members))}
    if not any(able.values()) if task is None else not able[task]:
        kinds = {"regression": "regressors only", "classification": "classifiers only"}
        expected = " or ".join(kinds.values()) if task is None else kinds[task]
        msg = f"The 'estimators' parameter of {name} must hold {expected}. Got {shown(estimators)}."
        raise ValueError(msg)
    lacking = [key for key, member in estimators if is_classifier(member) and not hasattr(member, "predict_proba")]
    if lacking:
        msg = f"The 'estimators' parameter of {name} must hold classifiers with predict_proba. Without it: {lacking}."
        raise ValueError(msg)


def constrained_members(owner: Any, estimators: Any, monotonic_cst: Any) -> list[tuple[str, Any]]:
    """Members with the constraint of the stacking, if it has one."""
    if monotonic_cst is None:
        return list(estimators)
    lacking = [name for name, member in estimators if "monotonic_cst" not in member.get_params(deep=False)]
    if lacking:
        msg = (
            f"{type(owner).__name__}: monotonic_cst needs members with a parameter of this name. Without it: {lacking};"
        )
        raise ValueError(f"{msg} make all members monotone yourself and leave monotonic_cst of the stacking None.")
    return [(name, clone(member).set_params(monotonic_cst=monotonic_cst)) for name, member in estimators]


def check_weighted(owner: Any, estimators: Any) -> None:
    """Raise if a member cannot be fitted with weights."""
    unable = [name for name, member in estimators if not has_fit_parameter(member, "sample_weight")]
    if unable:
        msg = f"{type(owner).__name__}: sample_weight needs members whose fit takes it. Without it: {unable}."
        raise ValueError(msg)
