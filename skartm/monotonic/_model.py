"""What the regressor and the classifier share: checks, scaling of features, the net."""

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_feature_names_in, check_is_fitted, has_fit_parameter, validate_data

from skartm.base import shown
from skartm.base._callbacks import CallbackSupportMixin, FitTask
from skartm.base._data import as_array, check_weights
from skartm.base._state import Stateful
from skartm.base._threads import effective_n_threads
from skartm.monotonic._constraints import check_monotonic_cst
from skartm.monotonic._scaling import Scaling
from skartm.monotonic.nets._constrained import Constrained
from skartm.monotonic.nets._linear import Linear
from skartm.monotonic.nets._losses import Loss
from skartm.monotonic.nets._minmax import MinMax
from skartm.monotonic.nets._smooth import Smooth
from skartm.monotonic.polynomial._explanation import explain_model, explain_rows
from skartm.monotonic.polynomial._polynomial import Polynomial

_MOST_COPIES = 1e6  # mean weight of a row

# name: class of the net
MODELS: dict[str, Any] = {
    "polynomial": Polynomial,
    "minmax": MinMax,
    "smooth": Smooth,
    "constrained": Constrained,
    "linear": Linear,
}


class MonotonicModel(Stateful, CallbackSupportMixin, BaseEstimator):
    """Base of the estimators; ``model``, ``monotonic_cst``, ``n_jobs`` and ``random_state`` are theirs."""

    model: Any
    monotonic_cst: Any
    n_jobs: int | None
    random_state: Any

    def _new_net(self, loss: Loss) -> Any:
        if isinstance(self.model, str):
            if self.model not in MODELS:
                msg = f"must be one of {sorted(MODELS)} or a net. Got {shown(self.model)} instead."
                raise ValueError(f"The 'model' parameter of {type(self).__name__} {msg}")
            net = MODELS[self.model]()
        elif isinstance(self.model, tuple(MODELS.values())):
            net = clone(self.model)
        else:
            msg = f"must be one of {sorted(MODELS)} or a net. Got {shown(self.model)} instead."
            raise TypeError(f"The 'model' parameter of {type(self).__name__} {msg}")
        if loss.name not in net.losses:
            able = sorted(name for name, other in MODELS.items() if loss.name in other.losses)
            msg = f"{type(net).__name__} cannot be fitted by the loss {loss.name!r}, only by {sorted(net.losses)}."
            raise ValueError(f"{type(self).__name__}: {msg} Models that can: {able}.")
        return net

    def _fit_net(self, X: NDArray, y: NDArray, sample_weight: Any, loss: Loss, targets: Any) -> None:
        """Learn ``net_`` from checked data; ``targets`` are y as the user has them."""
        net = self._new_net(loss)
        self.monotonic_cst_ = check_monotonic_cst(self, self.monotonic_cst)
        weights = check_weights(self, sample_weight, X.shape[0])
        if weights is None:
            weights = np.ones(X.shape[0])
        given, kept = (X, targets), weights > 0
        X, y, weights = X[kept], y[kept], weights[kept]
        self.scaling_ = Scaling().fit(X)
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        self.net_, task = net, FitTask(self, *given)
        watched = has_fit_parameter(net, "task")
        if not watched:
            task.begin()
        net.fit(
            self.scaling_.transform(X, fill=not net.handles_missing),
            y,
            _copies(weights),
            self.monotonic_cst_,
            loss,
            np.random.default_rng(seed),
            effective_n_threads(self.n_jobs),
            **({"task": task} if watched else {}),
        )
        if not watched:
            task.end()

    def _net_predictions(self, X: Any) -> NDArray:
        X = validate_data(self, as_array(X), reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
        return self.net_.predict(self.scaling_.transform(X, fill=not self.net_.handles_missing))

    def explain(self, X: Any = None, *, n_terms: int | None = 10) -> Any:
        """If-then terms of the model "polynomial": thresholds on features, and what they add to the prediction.

        Parameters
        ----------
        X : array of shape (n_samples, n_features) or None
            None explains the function as a whole.
        n_terms : int or None, default=10
            Terms at most; None is all. All terms of a row, each ``weight * met``, and ``net_.offset_`` add up to its
            prediction, which is then cut off at the bounds. With a number, terms are left out that hardly depend on X.

        Returns
        -------
        list of Term, or for every row of X such a list
            Largest first. A term has ``weight``, ``kind`` ("and", "or"), ``conditions`` and, for a row, ``met``.
        """
        check_is_fitted(self)
        if not isinstance(self.net_, Polynomial):
            msg = f"explain needs model='polynomial'. Got a {type(self.net_).__name__}, which has no thresholds."
            raise ValueError(f"{type(self).__name__}: {msg}")
        if n_terms is not None and (not isinstance(n_terms, Integral) or n_terms < 1):
            msg = f"n_terms must be a positive integer or None. Got {shown(n_terms)}."
            raise ValueError(f"{type(self).__name__}: {msg}")
        names = [str(name) for name in _check_feature_names_in(self)]
        if X is None:
            return explain_model(self.net_, self.scaling_, names, n_terms)
        X = validate_data(self, as_array(X), reset=False, dtype=np.float64, ensure_all_finite="allow-nan")
        return explain_rows(self.net_, self.scaling_, names, self.scaling_.transform(X), n_terms)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _copies(weights: NDArray) -> NDArray:
    """Weights as numbers of rows: less than one a row is no number, and beside a million pseudo-counts are nothing."""
    largest = weights.max()
    mean = (weights / largest).mean()  # the sum of the weights themselves may be infinite
    if 1.0 <= mean * largest <= _MOST_COPIES:
        return weights
    return weights / largest * (float(np.clip(mean * largest, 1.0, _MOST_COPIES)) / mean)
