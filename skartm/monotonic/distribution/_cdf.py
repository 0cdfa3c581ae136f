"""Multivariate distribution functions."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, DensityMixin, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skartm.base import shown
from skartm.base._callbacks import CallbackSupportMixin, FitTask, with_callbacks
from skartm.base._caller import warn
from skartm.base._data import as_array, check_weights
from skartm.base._fitting import iterate
from skartm.base._parameters import check_declared, check_integer, declared, flag, integer, parameters, real
from skartm.base._state import Stateful
from skartm.base._threads import effective_n_threads
from skartm.monotonic.distribution._held_out import Learner, Settings, average_of, chosen
from skartm.monotonic.distribution._product_mixture import ProductMixture

_LARGEST = 1e150  # the square of more than that is infinite


@parameters
class MonotoneCDF(Stateful, CallbackSupportMixin, DensityMixin, BaseEstimator):
    r"""A multivariate distribution function: density, conditional and marginal distributions, samples.

    .. math::

       F(x) = \sum_k \pi_k \prod_j \sum_h p_{kjh}\, \Phi\Bigl(\frac{x_j - \mu_{jh}}{s_{jh}}\Bigr)

    with weights :math:`\pi` and :math:`p_{kj}` that are distributions, is itself a distribution function: it increases
    in every argument, from 0 to 1, inside and outside of the training range. Its density is a polynomial with
    non-negative coefficients in the weights, so the lemma of :doc:`/user_guide/simplex`, here the EM algorithm,
    maximises the likelihood without a step length. The means :math:`\mu_{jh}` are quantiles of the features, the widths
    :math:`s_{jh}` follow the distances between these; both are fixed.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Products in the sum. One of them makes the features independent. "auto" chooses 1, 5, 10, 20 or 40 by the
        likelihood of parts of the training data that are left out, beginning with 10.
    n_estimators : int, default=8
        Such mixtures are learned from different starts, and F is their average, which has the same form with as many
        times more components. It is closer to the truth than any of them. With ``n_components=1`` there is one.
    bandwidth : float or "auto", default="auto"
        Widths of the normal distributions, relative to the distances between the quantiles that are their means. "auto"
        chooses 1, 1.6, 2.5 or 4 in the same way.
    n_knots : int, default=24
        Quantiles of a feature. Besides a normal distribution on each of them there are wider ones on half and on a
        quarter as many. Equal quantiles, as of a feature with few values, are one knot.
    prior : float, default=0.2
        Pseudo-counts, a positive number of rows: how strongly each :math:`p_{kj}` is drawn to the distribution of the
        feature alone.
    early_stopping : bool, default=True
        Stop after the number of steps that is best for the likelihood of the parts left out; with False, where a step
        gains less than ``tol``.
    max_iter : int, default=50
        Most steps.
    tol : float, default=1e-4
        Without early stopping: least gain of a step, in the mean of a row. 0 makes all steps.
    n_jobs : int or None, default=None
        Threads of the kernels; results do not depend on it.
    random_state : int, RandomState or None, default=None
        Of the parts left out, and of the rows near which components begin.

    Attributes
    ----------
    mixture_ : object
        ``mixture_.weights`` is :math:`\pi` of the average, of shape (n_products,), where n_products is the sum of the
        components of all mixtures; ``mixture_.table`` is p, of shape (n_bases, n_products), the bases of a feature j
        in the rows from ``mixture_.bases.offsets[j]`` to ``mixture_.bases.offsets[j + 1]``; ``mixture_.bases.means``
        and ``.widths`` are :math:`\mu` and s.
    n_components_ : int
        Of one mixture. Fewer than asked for where there are fewer distinct rows.
    bandwidth_ : float
    n_iter_ : int
    objective_ : array of shape (n_steps,)
        Log-likelihood plus the logarithm of the prior before each step, the mean of the mixtures; it never falls.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    NaN is a missing value. In ``fit`` such a row counts by what it has, and everywhere else its feature is integrated
    out: ``cdf`` with NaN is the distribution function of the other features.

    A density of data with ties can be as high as widths are small. A width is at least 1/50 of the standard deviation
    of its feature. A feature that does not vary gets a normal distribution with a deviation of a thousandth of its
    value, or of 0.001 if that is zero.

    The time of a step is in proportion to rows, features, components, mixtures and knots. Training holds the
    densities of all bases, about 14 n_knots bytes an entry of X.

    References
    ----------
    L. Baum, J. Eagon. "An inequality with applications to statistical estimation for probabilistic functions of Markov
    processes." *Bulletin of the AMS* 73, 1967.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.monotonic import MonotoneCDF
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(500, 1))
    >>> model = MonotoneCDF(random_state=0).fit(np.hstack([x, x + 0.5 * rng.normal(size=(500, 1))]))
    >>> bool(model.cdf([[0.0, 0.0]])[0] > 0.3)  # the quarter of independent features, and more
    True
    >>> given = model.conditional({0: 1.5})
    >>> bool(given.cdf([[0.0]])[0] < 0.1)
    True
    >>> model.sample(3, random_state=0).shape
    (3, 2)
    """

    n_components: int | str = declared(default="auto", kw_only=False)
    n_estimators: int = integer(default=8, low=1)
    bandwidth: float | str = real(default="auto", low=0, open_low=True, or_=("auto",))
    n_knots: int = integer(default=24, low=1)
    prior: float = real(default=0.2, low=0, open_low=True)
    early_stopping: bool = flag(default=True)
    max_iter: int = integer(default=50, low=1)
    tol: float = real(default=1e-4, low=0)
    n_jobs: int | None = None
    random_state: Any = None

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn the weights; after an interruption they are those of the last whole step.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            NaN is a missing value.
        y : ignored
        sample_weight : array of shape (n_samples,) or None
            Factors of the log-likelihood of rows; integers are repetitions, except that all repetitions of a row are
            left out together where something is chosen by what is left out.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Parameters out of their range, infinite entries, or a feature without any value.
        """
        settings = self._settings()
        X = validate_data(self, as_array(X), dtype=np.float64, ensure_all_finite="allow-nan")
        weights = check_weights(self, sample_weight, X.shape[0])
        if weights is None:
            weights = np.ones(X.shape[0])
        X, weights = X[weights > 0], weights[weights > 0]
        self._check_values(X)
        components, bandwidth = self.n_components == "auto", self.bandwidth == "auto"
        steps = bool(self.early_stopping)
        choice = components or bandwidth or steps
        task = FitTask(self, X).begin(1 + choice)
        if choice:
            part = task.part("choice").begin(None)
            options = {"components": components, "bandwidth": bandwidth, "steps": steps}
            settings = chosen(X, weights, settings, part, **options)
            part.end()
        self._learn(Learner(X, weights, settings), settings, float(weights.sum()), task.part("steps"))
        task.end()
        return self

    def cdf(self, X: Any) -> NDArray:
        """F(x), the probability of no feature above that of x.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            A missing value is as good as infinity.

        Returns
        -------
        array of shape (n_samples,), in [0, 1]
            Monotone in every feature, in floating point too.
        """
        X = self._checked(X)
        return self.mixture_.cdf(X, effective_n_threads(self.n_jobs))

    def score_samples(self, X: Any) -> NDArray:
        """Logarithm of the density.

        Parameters
        ----------
        X : array of shape (n_samples, n_features)
            Features that are missing are integrated out.

        Returns
        -------
        array of shape (n_samples,)
        """
        X = self._checked(X)
        return self.mixture_.log_density(X, effective_n_threads(self.n_jobs))

    def density(self, X: Any) -> NDArray:
        """The density, the exponential of ``score_samples``, of shape (n_samples,)."""
        return np.exp(self.score_samples(X))

    def score(self, X: Any, y: Any = None) -> float:
        """Mean logarithm of the density of the rows of X; ``y`` is ignored."""
        return float(self.score_samples(X).mean())

    def conditional(self, given: Mapping[Any, float]) -> "MonotoneCDF":
        """The distribution of the other features, given the values of some.

        Parameters
        ----------
        given : mapping
            From features, as indices or names, to their values.

        Returns
        -------
        MonotoneCDF
            Fitted, of the features that are not given, in their order: ``cdf``, ``density``, ``sample`` and all else
            are those of the conditional distribution.

        Raises
        ------
        ValueError
            Unknown features, none or all of them, or values that are not finite numbers.
        """
        check_is_fitted(self)
        features = self._indices(list(given), "given")
        values = np.asarray(list(given.values()), dtype=np.float64)
        if not np.isfinite(values).all():
            msg = f"MonotoneCDF: values of 'given' must be finite numbers. Got {shown(dict(given))}."
            raise ValueError(msg)
        rest = np.setdiff1d(np.arange(self.n_features_in_), features)
        if not rest.size:
            msg = (
                f"MonotoneCDF: 'given' must leave at least one of {self.n_features_in_} features. Got "
                f"{shown(dict(given))}."
            )
            raise ValueError(msg)
        row = np.full((1, self.n_features_in_), np.nan)
        row[0, features] = values
        return self._of_features(rest, self.mixture_.shares(row, 1)[0])

    def marginal(self, features: Sequence[Any]) -> "MonotoneCDF":
        """The distribution of some features, given by indices or names, in this order: a fitted MonotoneCDF."""
        check_is_fitted(self)
        return self._of_features(self._indices(list(features), "features"), None)

    def sample(self, n_samples: int = 1, random_state: Any = None) -> NDArray:
        """Rows drawn from the distribution, of shape (n_samples, n_features).

        Parameters
        ----------
        n_samples : int, default=1
        random_state : int, RandomState or None, default=None
        """
        check_is_fitted(self)
        if not isinstance(n_samples, Integral) or n_samples < 1:
            msg = f"MonotoneCDF: n_samples must be an integer of at least 1. Got {shown(n_samples)}."
            raise ValueError(msg)
        rng, mixture = check_random_state(random_state), self.mixture_
        components = _drawn(np.broadcast_to(mixture.weights, (n_samples, len(mixture.weights))), rng)
        X = np.empty((n_samples, self.n_features_in_))
        for j, (start, end) in enumerate(zip(mixture.bases.offsets[:-1], mixture.bases.offsets[1:], strict=True)):
            basis = start + _drawn(mixture.table[start:end].T[components], rng)
            X[:, j] = mixture.bases.means[basis] + mixture.bases.widths[basis] * rng.standard_normal(n_samples)
        return X

    def _settings(self) -> Settings:
        n_components = 1 if self.n_components == "auto" else check_integer(self, "n_components", minimum=1)
        check_declared(self)
        bandwidth = 1.0 if self.bandwidth == "auto" else float(self.bandwidth)
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        n_threads = effective_n_threads(self.n_jobs)
        return Settings(
            n_components, self.n_estimators, bandwidth, self.n_knots, float(self.prior), self.max_iter, seed, n_threads
        )

    def _check_values(self, X: NDArray) -> None:
        empty = np.isnan(X).all(axis=0)
        if empty.any():
            msg = (
                f"MonotoneCDF: every feature must have a value in some row. Features {np.flatnonzero(empty)} have none."
            )
            raise ValueError(msg)
        if np.nanmax(np.abs(X)) > _LARGEST:
            msg = f"MonotoneCDF: features must be at most {_LARGEST:g}. Got {np.nanmax(np.abs(X)):g}; scale them."
            raise ValueError(msg)

    def _checked(self, X: Any) -> NDArray:
        check_is_fitted(self)
        return validate_data(self, as_array(X), reset=False, dtype=np.float64, ensure_all_finite="allow-nan")

    def _learn(self, learner: Learner, settings: Settings, total: float, task: FitTask) -> None:
        """Steps until they gain little, if nothing else says how many."""
        by_gain = not self.early_stopping and self.tol > 0
        objective: list[float] = []

        def converged(value: float) -> bool:
            return by_gain and len(objective) > 1 and value - objective[-2] < self.tol * total

        def update(_: int) -> float:
            objective.append(learner.update())
            return objective[-1]

        def write(kept: tuple[int, list[ProductMixture]], *, interrupted: bool = False) -> None:
            n_iter, mixtures = kept
            self._keep(average_of(mixtures), settings.bandwidth, n_iter)
            self.objective_ = np.array(objective[:n_iter])
            self.n_components_ = max(len(mixture.weights) for mixture in mixtures)

        def keep() -> tuple[int, list[ProductMixture]]:
            return len(objective), learner.mixtures

        ended = iterate(task, update, settings.max_iter, keep=keep, write=write, converged=converged, lazily=True)
        if by_gain and not ended:
            msg = f"MonotoneCDF did not converge in {settings.max_iter} steps. Increase max_iter, or tol."
            warn(msg, ConvergenceWarning)

    def _keep(self, mixture: ProductMixture, bandwidth: float, n_iter: int) -> None:
        self.mixture_ = mixture
        self.bandwidth_ = bandwidth
        self.n_iter_ = n_iter

    def _indices(self, features: list[Any], name: str) -> NDArray:
        """Features by name or index; none of them twice."""
        names = list(getattr(self, "feature_names_in_", []))
        places = [names.index(key) if isinstance(key, str) and key in names else key for key in features]
        known = [isinstance(j, (int, np.integer)) and not isinstance(j, bool) for j in places]
        good = all(known) and all(0 <= j < self.n_features_in_ for j in places)
        if not good or not places or len(set(places)) < len(places):
            able = f"indices below {self.n_features_in_}" + (f" or names among {names}" if names else "")
            msg = f"MonotoneCDF: {name!r} must have at least one feature and none twice, {able}. Got {shown(features)}."
            raise ValueError(msg)
        return np.array(places, dtype=np.intp)

    def _of_features(self, features: NDArray, weights: NDArray | None) -> "MonotoneCDF":
        other = clone(self)
        other._keep(self.mixture_.of_features(features, weights), self.bandwidth_, self.n_iter_)
        other.objective_, other.n_components_ = self.objective_, self.n_components_
        other.n_features_in_ = len(features)
        if hasattr(self, "feature_names_in_"):
            other.feature_names_in_ = self.feature_names_in_[features]
        return other

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _drawn(probabilities: NDArray, rng: np.random.RandomState) -> NDArray:
    """One column of every row, drawn by the probabilities of the row."""
    cumulated = np.cumsum(probabilities, axis=1)
    drawn = rng.uniform(size=(len(probabilities), 1)) * cumulated[:, -1:]
    return np.minimum((cumulated <= drawn).sum(axis=1), probabilities.shape[1] - 1)
