"""Averages of monotone estimators."""

from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, is_classifier, is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import (
    ClassifierTags,
    RegressorTags,
    _safe_indexing,
    check_array,
    check_consistent_length,
    check_random_state,
    column_or_1d,
    get_tags,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from skartm.base import shown
from skartm.base._callbacks import CallbackSupportMixin, FitTask, with_callbacks
from skartm.base._data import as_array, check_structure, check_weights
from skartm.base._named import is_named
from skartm.base._parameters import (
    check_declared,
    check_integer,
    choice,
    declared,
    parameters,
    real,
)
from skartm.base._state import Stateful
from skartm.base._threads import foreign_threads
from skartm.monotonic._constraints import check_monotonic_cst
from skartm.monotonic.stacking._cross_fitting import cross_fit, equal_rows, held_out
from skartm.monotonic.stacking._members import (
    check_default_data,
    check_members,
    check_weighted,
    constrained_members,
    default_members,
)
from skartm.monotonic.stacking._weights import classification_weights, regression_weights

_TASKS = ("classification", "regression")


def _classifies(estimator: Any) -> bool:
    if estimator._task() == "classification":
        return True
    msg = (
        f"{type(estimator).__name__} has predict_proba for classification only; its task is {shown(estimator._task())}."
    )
    raise AttributeError(msg)


def _two_whole_numbers(y: NDArray) -> bool:
    values = np.unique(y)
    return values.size == 2 and bool((np.isfinite(values) & (values == np.rint(values))).all())


@parameters
class MonotonicStacking(Stateful, CallbackSupportMixin, BaseEstimator):
    r"""Average of monotone estimators, whose weights are a learned distribution.

    .. math::

       f(x) = \sum_k w_k f_k(x), \qquad w_k \ge 0, \quad \sum_k w_k = 1

    is monotone in what all its members are monotone in. Every member is fitted once for each fold, on the other rows;
    f_k is the mean of these fits, and w is learned from the predictions of the rows that were held out, by least
    squares or likelihood with a Dirichlet prior that pulls it towards the uniform distribution.

    Parameters
    ----------
    estimators : list of (name, estimator) or None, default=None
        The members: all regressors, or all classifiers of two classes that have ``predict_proba``. None is a
        polynomial, a constrained net, a linear model and histogram gradient boosting with shallow and with deep trees.
    task : {"regression", "classification"} or None, default=None
        None is what ``estimators`` are for. The default members classify if the target has two whole values, or is no
        number; set the task for a regression of two values.
    monotonic_cst : array-like of shape (n_features,), dict or series of feature names or None, default=None
        1 for features in which the prediction must not fall (for classification: the probability of ``classes_[1]``),
        -1 for those in which it must not rise, 0 for free ones. It is given to all members, which must have a
        parameter of this name. None leaves given members as they are; default members are free of constraints then.
    cv : int or cross-validation splitter, default=5
        Folds. With an integer equal rows are in the same fold, and targets are spread evenly over the folds.
    shrinkage : float, default=2.0
        Strength alpha of the prior, :math:`\alpha \sum_k \ln w_k`; it counts against the log-likelihood of the distinct
        rows of X. 0 is none; infinity is the uniform distribution.
    n_jobs : int or None, default=None
        Jobs in which members are fitted; results do not depend on it.
    random_state : int, RandomState or None, default=None
        For the folds and for default members; given members keep their own.

    Attributes
    ----------
    weights_ : array of shape (n_members,)
        w, in the order of ``estimators``.
    estimators_ : list of lists of fitted estimators
        Of each member, the fits of the folds. There is one fit, of all rows, and weights are uniform, where folds would
        leave too little to learn from.
    names_ : list of str
        Names of the members.
    task_ : str
    classes_ : array of shape (2,)
        With classification only.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    References
    ----------
    L. Breiman. "Stacked regressions." *Machine Learning* 24, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.ensemble import HistGradientBoostingRegressor
    >>> from sklearn.linear_model import LinearRegression
    >>> from skartm import MonotonicStacking
    >>> X = np.linspace(0, 1, 200)[:, None]
    >>> trees = HistGradientBoostingRegressor(monotonic_cst=[1])
    >>> members = [("trees", trees), ("line", LinearRegression(positive=True))]
    >>> model = MonotonicStacking(members, random_state=0).fit(X, X[:, 0])
    >>> dict(zip(model.names_, model.weights_.round(2).tolist()))["line"] > 0.9
    True
    >>> bool((np.diff(model.predict(X)) >= 0).all())
    True
    """

    _lists: ClassVar[tuple[str, ...]] = ("estimators",)

    estimators: list[tuple[str, Any]] | None = declared(default=None, kw_only=False)
    task: str | None = choice(default=None, among=(None, *_TASKS))
    monotonic_cst: Any = None
    cv: Any = 5
    shrinkage: float = real(default=2.0, low=0, or_=(np.inf,))
    n_jobs: int | None = None
    random_state: Any = None


    @with_callbacks
    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the members and learn their weights.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            Given to the members as it is.
        y : array of shape (n_samples,)
        sample_weight : array of shape (n_samples,) or None

        Returns
        -------
        self
        """
        check_declared(self)
        if isinstance(self.cv, Integral):
            check_integer(self, "cv", minimum=2)
        if self.estimators is not None:
            check_members(self, self.estimators, self.task)
        X = self._checked(X, y, reset=True)
        target = self._target(y)
        check_consistent_length(X, target)
        weights = check_weights(self, sample_weight, len(target))
        rows = np.arange(len(target)) if weights is None else np.flatnonzero(weights)  # weight zero: no row
        if self.task_ == "classification" and np.unique(target[rows]).size < 2:
            got = self.classes_[int(target[rows[0]])]
            msg = f"y must have two classes of positive weight. Got one class: {shown(got)}."
            raise ValueError(f"MonotonicStacking: {msg}")
        rng = check_random_state(self.random_state)
        named = self._members(len(rows), rng)
        if weights is not None:
            check_weighted(self, named)
        folds = held_out(self.cv, X, target, rows, self.task_ == "classification", rng)
        self.names_ = [name for name, _ in named]
        members = [member for _, member in named]
        distinct = self.estimators is None
        if distinct:
            check_default_data(self, X, target, [np.setdiff1d(rows, fold) for fold in folds] or [rows])
        task = FitTask(self, X, y).begin(2)
        given = (X, target, weights, rows, folds, self.n_jobs, task.part("members"))
        self.estimators_ = cross_fit(members, *given, distinct=distinct)
        part = task.part("weights").begin()
        self._learn_weights(X, target, weights, folds)
        part.end()
        task.end()
        return self

    def predict(self, X: Any) -> NDArray:
        """Predictions of shape (n_samples,): numbers, or the likelier classes.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        output = self._average(X)
        return output if self.task_ == "regression" else self.classes_[(output >= 0.5).astype(np.intp)]

    @available_if(_classifies)
    def predict_proba(self, X: Any) -> NDArray:
        """Probabilities of ``classes_``, of shape (n_samples, 2).

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        """
        output = self._average(X)
        return np.column_stack([1 - output, output])

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Coefficient of determination, or the share of right classes.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
        y : array of shape (n_samples,)
        sample_weight : array of shape (n_samples,) or None
        """
        predicted = self.predict(X)
        measure = r2_score if self.task_ == "regression" else accuracy_score
        return float(measure(y, predicted, sample_weight=sample_weight))

    def _average(self, X: Any) -> NDArray:
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        total = np.zeros(X.shape[0])
        for weight, fits in zip(self.weights_, self.estimators_, strict=True):
            if weight > 0:
                part = np.zeros(X.shape[0])
                for fit in fits:
                    part += self._output(fit, X)
                total += weight * (part / len(fits))
        return np.clip(total, 0, 1) if self.task_ == "classification" else total

    def _output(self, fit: Any, X: Any) -> NDArray:
        with foreign_threads():
            output = fit.predict(X) if self.task_ == "regression" else fit.predict_proba(X)[:, 1]
        return np.asarray(output, dtype=np.float64)

    def _learn_weights(self, X: Any, y: NDArray, sample_weight: NDArray | None, folds: list[NDArray]) -> None:
        self.weights_ = np.full(len(self.names_), 1 / len(self.names_))
        if not folds or len(self.names_) == 1 or np.isinf(self.shrinkage):
            return
        predictions = [
            np.concatenate([self._output(fit, _safe_indexing(X, fold)) for fit, fold in zip(fits, folds, strict=True)])
            for fits in self.estimators_
        ]
        rows = np.concatenate(folds)
        weights = np.ones(rows.size) if sample_weight is None else sample_weight[rows]
        learn = regression_weights if self.task_ == "regression" else classification_weights
        n_distinct = equal_rows(_safe_indexing(X, rows)).max() + 1
        weights = weights * (n_distinct / weights.sum())
        self.weights_ = learn(np.column_stack(predictions), y[rows], weights, float(self.shrinkage))

    def _checked(self, X: Any, y: Any = "no_validation", *, reset: bool) -> Any:
        """X, of which the members check what they need: here it is rectangular and has its features."""
        if not hasattr(X, "iloc"):
            X = check_structure(as_array(X))
            X = check_array(X, accept_sparse="csr", dtype=None, ensure_all_finite=False, estimator=self, input_name="X")
        validate_data(self, X, y, reset=reset, skip_check_array=True)
        return X

    def _target(self, y: Any) -> NDArray:
        """Numbers, or codes of classes; sets the task and the classes."""
        y = column_or_1d(y, warn=True)
        task = self._declared_task()
        if task is None:
            classes = np.asarray(y).dtype.kind not in "fiu" or _two_whole_numbers(np.asarray(y))
            task = "classification" if classes else "regression"
        self.task_ = task
        if task == "regression":
            return check_array(y, ensure_2d=False, dtype=np.float64, input_name="y", estimator=self)
        if np.asarray(y).dtype.kind == "f":
            check_array(y, ensure_2d=False, input_name="y", estimator=self)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) > 2:
            msg = f"Only binary classification is supported. The type of the target is {len(self.classes_)} classes;"
            raise ValueError(f"{msg} a monotone probability needs two of them.")
        return codes

    def _members(self, n_rows: int, rng: np.random.RandomState) -> list[tuple[str, Any]]:
        signs = check_monotonic_cst(self, self.monotonic_cst)
        if self.estimators is None:
            return default_members(self.task_, signs, n_rows, rng)
        return constrained_members(self, self.estimators, self.monotonic_cst)

    def _task(self) -> str | None:
        return getattr(self, "task_", None) or self._declared_task()

    def _declared_task(self) -> str | None:
        """The task that parameters tell; None if y has to."""
        if self.task is not None or not self.estimators:
            return self.task
        members = [item[1] for item in self.estimators if is_named(item)]
        if members and all(is_classifier(member) for member in members):
            return "classification"
        return "regression" if members and all(is_regressor(member) for member in members) else None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        task = self._task()
        if task == "classification":
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags(multi_class=False)
        elif task == "regression":
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        members = [item[1] for item in self.estimators or () if is_named(item)]
        tags.input_tags.allow_nan = all(get_tags(member).input_tags.allow_nan for member in members)
        tags.input_tags.sparse = bool(members) and all(get_tags(member).input_tags.sparse for member in members)
        return tags
