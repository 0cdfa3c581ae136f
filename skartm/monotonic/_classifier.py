"""Monotone classification."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from skartm.base import shown
from skartm.base._callbacks import with_callbacks
from skartm.base._data import as_array, check_weights
from skartm.base._parameters import declared, parameters
from skartm.monotonic._model import MonotonicModel
from skartm.monotonic.nets._losses import LogLoss


@parameters
class MonotonicClassifier(ClassifierMixin, MonotonicModel):
    r"""Classification into two classes by a probability that is monotone in features.

    .. math::

       P(y = 1 \mid x) = a + \sum_k c_k z_k(x), \qquad c_k \ge 0, \qquad
       z_k(x) = \prod_j u_{kj}(x_j) \ \text{or} \ 1 - \prod_j v_{kj}(x_j)

    with the default model; see :doc:`/user_guide/monotone`. Signs are those of the probability of ``classes_[1]``.

    Parameters
    ----------
    model : str or net, default="polynomial"
        See :class:`MonotonicRegressor`.
    monotonic_cst : array-like of shape (n_features,), dict, series or None, default=None
        1 for a feature in which the probability may not fall, -1 where it may not rise, 0 where it is free; or a
        dict from names of features to signs. The same as in
        :class:`sklearn.ensemble.HistGradientBoostingClassifier`.
    n_jobs : int or None, default=None
        Threads; results do not depend on it.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    classes_ : array of shape (2,)
    net_ : the fitted net
    monotonic_cst_ : int8 array of shape (n_features,)
    scaling_ : the ranges of the features
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import MonotonicClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.random((300, 2))
    >>> y = (X[:, 0] > 0.4) & (X[:, 1] < 0.7)
    >>> model = MonotonicClassifier(monotonic_cst=[1, -1], random_state=0).fit(X, y)
    >>> bool(model.score(X, y) > 0.95)
    True
    >>> strongest = model.explain()[0]
    >>> strongest.kind, sorted({condition.feature for condition in strongest.conditions})
    ('and', ['x0', 'x1'])
    """

    model: Any = declared(default="polynomial", kw_only=False)
    monotonic_cst: Any = None
    n_jobs: int | None = None
    random_state: Any = None

    @with_callbacks
    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Learn the probability of ``classes_[1]``.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            NaN is a missing value.
        y : array of shape (n_samples,)
            Two classes.
        sample_weight : array of shape (n_samples,) or None

        Returns
        -------
        self
        """
        X, y = validate_data(self, as_array(X), y, dtype=np.float64, ensure_all_finite="allow-nan")
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        weights = check_weights(self, sample_weight, X.shape[0])
        seen = np.unique(codes if weights is None else codes[weights > 0])
        if len(self.classes_) > 2:
            msg = f"Only binary classification is supported. The type of the target is {len(self.classes_)} classes;"
            raise ValueError(f"{msg} a monotone probability needs two of them.")
        if seen.size < 2:
            msg = f"y must have two classes of positive weight. Got one class: {shown(self.classes_[seen[0]])}."
            raise ValueError(f"MonotonicClassifier: {msg}")
        self._fit_net(X, codes.astype(np.float64), weights, LogLoss(), y)
        return self

    def predict_proba(self, X: Any) -> NDArray:
        """Probabilities of ``classes_``, float64 of shape (n_samples, 2).

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        positive = self._net_predictions(X)
        return np.column_stack([1 - positive, positive])

    def predict(self, X: Any) -> NDArray:
        """The likelier class of every row; ``classes_[1]`` where they are as likely.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        return self.classes_[(self._net_predictions(X) >= 0.5).astype(np.intp)]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags
