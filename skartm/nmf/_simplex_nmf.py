"""Non-negative matrix factorisation as a scikit-learn transformer."""

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skartm.base._callbacks import CallbackSupportMixin, FitTask, with_callbacks
from skartm.base._caller import warn
from skartm.base._data import check_matrix, check_scale, check_weights, read_matrix
from skartm.base._fitting import iterate
from skartm.base._parameters import check_choice, check_declared, choice, integer, parameters, precision, real
from skartm.base._sparse import canonical, own_csr
from skartm.base._state import Stateful
from skartm.nmf._start import STARTS, given_factor, start_of
from skartm.nmf.solvers._choice import solve_rows, solver_of
from skartm.nmf.solvers._least_squares import check_squares, is_sparse
from skartm.nmf.solvers._observed import Observed, observed
from skartm.nmf.solvers._online import check_online, statistics_of
from skartm.nmf.solvers._penalties import check_penalties
from skartm.nmf.solvers._regularized import check_terms
from skartm.nmf.solvers._volume import check_volume
from skartm.regularizers import NamedRegularizers

_LOSSES = ("frobenius", "kullback-leibler")


@NamedRegularizers.register
@parameters
class SimplexNMF(
    Stateful, CallbackSupportMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    r"""Non-negative matrix factorisation, with the scale of the components kept apart.

    .. math::

       X \approx W \operatorname{diag}(s)\, H, \qquad W, s, H \ge 0

    minimises either of

    .. math::

       \sum_{ij} \Bigl(x_{ij} \ln \frac{x_{ij}}{z_{ij}} - x_{ij} + z_{ij}\Bigr), \qquad
       \frac12 \sum_{ij} (x_{ij} - z_{ij})^2, \qquad z = W \operatorname{diag}(s)\, H

    The Kullback-Leibler divergence is minimised by multiplicative updates on the kernel of topic models, of which it is
    the likelihood; the Frobenius norm by extrapolated hierarchical alternating least squares (E-HALS), whose loss never
    increases. Sparse X stays sparse with both. NaN in an array is a missing entry, of which the loss knows nothing.

    Parameters
    ----------
    n_components : int, default=10
    beta_loss : {"kullback-leibler", "frobenius"}, default="kullback-leibler"
    simplex : {"H", "W", "both"} or None, default="H"
        What sums to one. It changes how the product is written, never the product:

        * ``"H"``: rows of ``components_``; the scale is in W, ``scale_`` is ones;
        * ``"W"``: columns of the W of the training rows, weighted by ``sample_weight``; the scale is in
          ``components_``, ``scale_`` is ones;
        * ``"both"``: both of them; the scale is in ``scale_``. With the Kullback-Leibler divergence the three are
          p(i|t), p(j|t) and p(t) times the sum of X;
        * None: as the algorithm leaves them; ``scale_`` is ones.

        A component without any mass is zeros.
    regularizers : list of (str, Regularizer), default=()
        Regularizers of H from :mod:`skartm.regularizers`, those of ``side="phi"``, for the Kullback-Leibler
        divergence: the divergence minus :math:`\sum_i \tau_i R_i(H)` is minimised, with rows of H that are
        distributions. An absolute tau is on the scale of the entries of X, as in :class:`ARTMTransformer`.
    volume_weight : float, default=0.0
        For ``"frobenius"``: adds :math:`\lambda \ln \det(H H^T + \delta I)` for rows of H that are distributions, with
        :math:`\lambda` this share of :math:`\|X\|^2 / 2`; components move close around the rows. See the user guide.
        Neither this nor ``regularizers`` takes missing entries or penalties.
    init : {"nndsvda", "nndsvd", "spa", "random"}, array of shape (n_components, n_features), pair of arrays or None
        H to start from, or W and H; default=None is "nndsvda" where ``n_components`` is at most the smaller side of X
        and nothing is missing, "random" otherwise. "spa" takes rows of X by the successive projection algorithm: the
        truth where every component has a row to itself. Means of columns take the place of missing entries in all but
        "random". W starts as a function of H, the same for equal rows, unless it is given. With the Kullback-Leibler
        divergence zeros of the start stay zeros.
    inner_iter : int or None, default=None
        Updates of W before one of H; with ``"frobenius"`` at most so many sweeps over either. None is 3 for
        ``"kullback-leibler"`` and 4 for ``"frobenius"``. With 1 the former makes the updates of
        ``sklearn.decomposition.NMF(solver="mu")``: from the same start W H is the same after every iteration, up to
        rounding, and so is H up to the scale of its rows.
    alpha_W, alpha_H : float, default=0 and "same", as alpha_W
        Penalties of W and H as in scikit-learn, alpha_W n_features and alpha_H n_samples times
        :math:`\rho \|.\|_1 + (1 - \rho) \|.\|_F^2 / 2`, rho being ``l1_ratio``. They need ``simplex=None``.
    l1_ratio : float in [0, 1], default=0
    forget_factor : float in (0, 1], default=0.7
        What ``partial_fit`` multiplies its statistics of earlier batches by; 1 forgets nothing.
    max_iter : int, default=200
        Iterations; in ``transform``, updates of a row.
    tol : float, default=1e-4
        ``"frobenius"`` stops when the norm of the projected gradient is at most this share of the first one.
        ``"kullback-leibler"`` stops as scikit-learn does, when in ten iterations the square root of the divergence
        falls by less than this share of what it was at the start. 0 makes all iterations.
    dtype : {"float32", "float64"} or None, default=None
        None is that of X, float64 for integers.
    n_jobs : int or None, default=None
        Threads of the kernels; results do not depend on it.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    components_ : array of shape (n_components, n_features)
        H.
    scale_ : array of shape (n_components,)
        s.
    reconstruction_err_ : float
        Square root of twice the loss of the training data, as in scikit-learn. After an interruption it is what the
        last whole iteration found on its way, before its last step lowered it.
    n_iter_ : int
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    Notes
    -----
    ``fit_transform`` is ``fit`` and ``transform``: W is solved for the final H, to convergence, row by row, so rows do
    not depend on each other.

    References
    ----------
    D. D. Lee and H. S. Seung, Algorithms for non-negative matrix factorization, NIPS 2000.
    A. M. S. Ang and N. Gillis, Accelerating nonnegative matrix factorization algorithms using extrapolation, Neural
    Computation 31(2), 2019.
    R. M. Neal and G. E. Hinton, A view of the EM algorithm that justifies incremental, sparse, and other variants,
    1998.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import SimplexNMF
    >>> X = np.outer([1.0, 2.0, 0.0], [4.0, 0.0, 2.0]) + np.outer([0.0, 1.0, 3.0], [0.0, 1.0, 1.0])
    >>> model = SimplexNMF(2, simplex="both", max_iter=2000, tol=1e-8, random_state=0).fit(X)
    >>> W = model.transform(X)
    >>> bool(np.abs(model.inverse_transform(W) - X).max() < 1e-2)
    True
    >>> W.sum(axis=0).round(6), model.components_.sum(axis=1).round(6)
    (array([1., 1.]), array([1., 1.]))
    """

    n_components: int = integer(default=10, low=1, kw_only=False)
    beta_loss: str = choice(default="kullback-leibler", among=_LOSSES)
    simplex: str | None = choice(default="H", among=("H", "W", "both", None))
    regularizers: Any = ()
    volume_weight: float = real(default=0.0, low=0)
    init: Any = None
    inner_iter: int | None = integer(default=None, low=1, none=True)
    alpha_W: float = real(default=0.0, low=0)
    alpha_H: float | str = real(default="same", low=0, or_=("same",))
    l1_ratio: float = real(default=0.0, low=0, high=1)
    forget_factor: float = real(default=0.7, low=0, high=1, open_low=True)
    max_iter: int = integer(default=200, low=1)
    tol: float = real(default=1e-4, low=0)
    dtype: Any = precision(default=None, none=True)
    n_jobs: int | None = None
    random_state: Any = None

    _assignable: ClassVar[frozenset[str]] = frozenset({"components_"})
    _live: ClassVar[frozenset[str]] = frozenset({"max_iter", "tol", "inner_iter"})
    _structural: ClassVar[frozenset[str]] = frozenset({"n_components"})
    _lists: ClassVar[tuple[str, ...]] = ("regularizers",)

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None, entry_weight: Any = None) -> Self:
        """Learn H; after an interruption, H is that of the last whole iteration.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features), non-negative
            NaN in an array is a missing entry. Entries that a sparse matrix does not store are zeros.
        y : ignored
        sample_weight : array of shape (n_samples,) or None
            Factors of the loss of rows; integers are repetitions.
        entry_weight : array or sparse matrix of the shape of X, or None
            Factors of the loss of entries; entries of weight zero, or not stored, are missing.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Parameters out of their range, or X with negative or infinite entries.
        """
        self._check_parameters()
        X, known = self._read(X, entry_weight, reset=True)
        weights = check_weights(self, sample_weight, X.shape[0])
        if known is not None and not known.weighted(weights).weights.any():
            raise ValueError(f"{type(self).__name__}: no entry of X is observed; give some that is, with a weight.")
        W, H = start_of(self, X if known is None else known, weights)
        self.__dict__.pop("_online", None)
        solver, converged = solver_of(self, X, known, W, H, weights)

        def update(number: int) -> Any:
            value = solver.update()
            self.n_iter_ = number + 1
            return value

        def write(_: Any, *, interrupted: bool = False) -> None:
            loss, W = (solver.last_loss, solver.W) if interrupted else (solver.loss(), None)
            self.reconstruction_err_ = float(np.sqrt(2 * loss))
            self._write(X, known, solver.H, weights, W)

        task = FitTask(self, X)
        ended = iterate(task, update, self.max_iter, keep=lambda: solver, write=write, converged=converged)
        if not ended and self.tol > 0:
            msg = f"SimplexNMF did not converge in {self.max_iter} iterations. Increase max_iter, or tol."
            warn(msg, ConvergenceWarning)
        return self

    @available_if(check_online)
    def partial_fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Improve H by one more batch of rows.

        W of the batch is solved for the present H, and H for the sums over all batches that the losses need of W, of
        which those of earlier batches have been multiplied by ``forget_factor`` once a batch. ``n_iter_`` counts
        batches, ``reconstruction_err_`` is that of the batch before H changes. After ``fit`` it goes on from its H.
        Not with missing entries, penalties, or W on simplices.
        """
        self._check_parameters()
        first = not hasattr(self, "components_")
        X, known = self._read(X, None, reset=first)
        if known is not None:
            raise ValueError("SimplexNMF: partial_fit does not take missing entries. Got NaN in X; use fit.")
        weights = check_weights(self, sample_weight, X.shape[0])
        H = self._first(X, weights) if first else self.components_
        if not isinstance(getattr(self, "_online", None), statistics_of(self)):
            self._online, self.n_iter_ = statistics_of(self)(), 0
        H, loss = self._online.update(self, X, H, weights)
        self.reconstruction_err_ = float(np.sqrt(2 * loss))
        self._write(X, None, H, weights)
        self.n_iter_ += 1
        return self

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None, entry_weight: Any = None
    ) -> NDArray:
        """``fit`` and ``transform`` of the same rows, entries weighted alike."""
        self.fit(X, y, sample_weight=sample_weight, entry_weight=entry_weight)
        return self.transform(X, entry_weight=entry_weight)

    def transform(self, X: Any, entry_weight: Any = None) -> NDArray:
        """W of rows, for the H of the fit.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features), non-negative
            With NaN where entries are missing. A row of which nothing is observed gets zeros.
        entry_weight : array or sparse matrix of the shape of X, or None
            As in ``fit``.

        Returns
        -------
        array of shape (n_samples, n_components)
        """
        check_is_fitted(self)
        self._check_parameters()
        X, known = self._read(X, entry_weight, reset=False)
        return solve_rows(self, X, known, self.scale_[:, None] * self.components_)

    def inverse_transform(self, X: Any) -> NDArray:
        """W diag(s) H.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_components)
            W.

        Returns
        -------
        array of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        W = check_matrix(X, "X", accept_sparse=True, dtype=[np.float64, np.float32])
        if W.shape[1] != self.components_.shape[0]:
            msg = f"SimplexNMF: W must have {self.components_.shape[0]} columns, one a component. Got {W.shape[1]}."
            raise ValueError(msg)
        return W @ (self.scale_[:, None] * self.components_)

    def _check_parameters(self) -> None:
        check_declared(self)
        check_penalties(self)
        check_terms(self)
        check_volume(self)
        if self.init is None or isinstance(self.init, str):
            check_choice(self, "init", (*STARTS, None))

    def _read(self, X: Any, entry_weight: Any, *, reset: bool) -> tuple[Any, Observed | None]:
        """X as the solvers read it, and what of it is observed if that is not everything."""
        dtype = [np.float64, np.float32] if self.dtype is None else np.dtype(self.dtype)
        dtype = dtype if reset else self.components_.dtype
        X = own_csr(X) if is_sparse(X) else X
        if is_sparse(X) and X.dtype.kind == "f" and np.isnan(X.data).any():
            msg = "X must be an array where NaN says what is missing. Got a sparse matrix that contains NaN"
            raise ValueError(f"{type(self).__name__}: {msg}; leave them out, and give entry_weight.")
        finite = True if is_sparse(X) else "allow-nan"
        X = read_matrix(self, X, reset=reset, dtype=dtype, ensure_non_negative=True, finite=finite)
        if is_sparse(X):
            X = canonical(X)
        elif (X < 0).any():  # scikit-learn does not see them beside NaN
            raise ValueError(f"Negative values in data passed to {type(self).__name__}: X must be non-negative.")
        if self.beta_loss == "frobenius":
            check_squares(X, type(self).__name__)
        check_scale(X, X.dtype, type(self).__name__)
        known = observed(X, entry_weight, type(self).__name__)
        if known is not None and entry_weight is None and (check_terms(self) or check_volume(self)):
            name = "regularizers" if self.regularizers else "volume_weight"
            msg = f"{name} cannot be combined with missing entries. Got NaN in X; leave it away, or fill X."
            raise ValueError(f"{type(self).__name__}: {msg}")
        if known is None and not is_sparse(X) and self.beta_loss == "kullback-leibler":
            X = sparse.csr_matrix(X)
        return X, known

    def _first(self, X: Any, weights: NDArray | None) -> NDArray:
        """H before the first batch."""
        W, H = start_of(self, X, weights)
        if W is not None:
            msg = "init must be H or a name for partial_fit, which solves for W. Got a pair; pass its second one."
            raise ValueError(f"{type(self).__name__}: {msg}")
        if not H.any():
            msg = "partial_fit needs a first batch that is not zeros, to start H from it. Got zeros"
            raise ValueError(f"{type(self).__name__}: {msg}; pass another one, or H as init.")
        return H

    def _write(
        self, X: Any, known: Observed | None, H: NDArray, weights: NDArray | None, W: NDArray | None = None
    ) -> None:
        """Put the scale where ``simplex`` wants it; a W of the same product is used instead of solving for it."""
        self.scale_ = np.ones(H.shape[0], dtype=H.dtype)
        self.components_ = H
        if self.simplex in ("H", "both"):
            sums = H.sum(axis=1, dtype=np.float64)
            self.components_ = (H / np.where(sums > 0, sums, 1)[:, None]).astype(H.dtype)
        if self.simplex in ("W", "both"):
            if W is None:
                W = solve_rows(self, X, known, self.components_)
            elif self.simplex == "both":
                W = W * H.sum(axis=1)
            mass = (W.sum(axis=0, dtype=np.float64) if weights is None else weights @ W).astype(H.dtype)
            if self.simplex == "both":
                self.scale_ = mass
            else:
                self.components_ = self.components_ * mass[:, None]

    def _assign_components_(self, value: Any) -> None:
        """H from outside, instead of that of a fit; its rows are scaled as ``simplex`` says."""
        check_is_fitted(self)
        H = given_factor(value, self.components_.shape, "components_", self.components_.dtype)
        sums = H.sum(axis=1, keepdims=True) if self.simplex in ("H", "both") else np.ones((H.shape[0], 1))
        self.components_ = (H / np.where(sums > 0, sums, 1)).astype(H.dtype)
        self.__dict__.pop("_online", None)

    @property
    def _n_features_out(self) -> int:
        return self.components_.shape[0]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.input_tags.allow_nan = not self.regularizers and not self.volume_weight
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
