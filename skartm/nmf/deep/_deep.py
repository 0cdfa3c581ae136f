"""Non-negative matrix factorisation in layers, as a scikit-learn transformer."""

import warnings
from collections.abc import Sequence
from numbers import Integral
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.base._callbacks import CallbackSupportMixin, FitTask, with_callbacks
from skartm.base._caller import warn
from skartm.base._data import check_matrix, check_scale, check_weights, read_matrix
from skartm.base._parameters import (
    check_declared,
    choice,
    declared,
    integer,
    parameters,
    precision,
    real,
)
from skartm.base._sparse import canonical
from skartm.base._state import Stateful
from skartm.base._threads import effective_n_threads
from skartm.base._topic_tree import TopicTree
from skartm.nmf._simplex_nmf import SimplexNMF
from skartm.nmf._start import STARTS
from skartm.nmf.deep._labels import LabelledRows
from skartm.nmf.deep._layer_tree import layer_tree
from skartm.nmf.deep._layers import Blocks, LayeredDivergence, Refined, products, refine
from skartm.nmf.solvers._kullback_leibler import KullbackLeibler, solve_rows

_LEAST_LABELS = 1e-9  # weight of labels
_PASSES = 3  # updates of W before one of the layers


@parameters
class DeepSimplexNMF(
    Stateful, LabelledRows, CallbackSupportMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    r"""Non-negative matrix factorisation in layers whose rows are distributions.

    .. math::

       X \approx W_l\, H_l H_{l-1} \cdots H_1, \qquad l = 1, \dots, L, \qquad
       \sum_{l=1}^{L} \lambda_l \sum_{ij} \Bigl(x_{ij} \ln \frac{x_{ij}}{z^{(l)}_{ij}} - x_{ij} + z^{(l)}_{ij}\Bigr)
       \to \min, \qquad z^{(l)} = W_l\, H_l \cdots H_1

    The first layer has components over features, every further one has groups of the components below it: rows of
    :math:`H_1` are p(feature | component), rows of :math:`H_l` are p(component below | component). A product of such
    matrices is one, so the components of every layer are distributions over features too. Layers are first learned one
    after the other, the next one from the W of the last, and then refined together by the EM algorithm, in which the
    objective never increases.

    With labels, ``fit(X, y)``, components of the first layer are distributions over classes too, as over a modality of
    topics: every row has its class beside its features, so that rows of a class tend to share components. ``predict``
    is then available.

    Parameters
    ----------
    layers : sequence of int, default=(10, 3)
        Components of the layers, the finest first.
    layer_weights : sequence of float or None, default=None
        :math:`\lambda`, positive; None is 1 for all.
    label_weight : float, default=1.0
        The label of a row counts this many times as much as all its features together; 0 leaves ``y`` out.
    output : {"top", "all"} or int, default="top"
        What ``transform`` returns: W of the last layer, those of all layers beside each other (the finest first), or
        that of the layer with this index.
    init : {"nndsvda", "nndsvd", "spa", "random"} or None, default=None
        Start of every layer; see :class:`SimplexNMF`. None is "nndsvda" where a layer allows it, or else "random".
    inner_iter : int, default=3
        Updates of W before one of H.
    max_iter : int, default=200
        Iterations of a layer when it is learned alone; in ``transform``, updates of a row.
    joint_iter : int, default=100
        Iterations over all layers together; 0 leaves the layers as they were learned one by one. One layer alone is
        :class:`SimplexNMF` and needs none.
    tol : float, default=1e-4
        Iterations stop when in ten of them the square root of the objective falls by less than this share of what it
        was at the start. 0 makes all iterations.
    dtype : {"float32", "float64"} or None, default=None
        None is that of X, float64 for integers.
    n_jobs : int or None, default=None
        Threads of the kernels; results do not depend on it.
    random_state : int, RandomState or None, default=None

    Attributes
    ----------
    layers_ : list of arrays of shape (n_l, n_{l-1})
        H of the layers, the finest first.
    layer_components_ : list of arrays of shape (n_l, n_features)
        Components of the layers over features, :math:`H_l \cdots H_1`.
    components_ : array of shape (n_L, n_features)
        Those of the last layer.
    component_weights_ : list of arrays of shape (n_l,)
        Shares of the components in the sum of X.
    loss_curve_ : array of shape (n_iterations + 1,)
        The objective in the joint phase, labels included: before it, and in every iteration between the updates of W
        and those of the layers.
    reconstruction_err_ : float
        Square root of twice the divergence of X from its rebuilding by the last layer, without the labels. After an
        interruption it is what the last whole iteration found on its way, with the labels.
    n_iter_ : int
        Iterations over all layers together; of SimplexNMF where there is one layer.
    classes_ : array
        Only after a fit with labels.
    label_components_ : array of shape (n_1, n_classes)
        Only after a fit with labels: p(class | component of the first layer).
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    See Also
    --------
    SimplexNMF : One layer.
    skartm.HierarchicalARTM : Levels of topics learned from the top.

    Notes
    -----
    W of a layer is solved for the components of this layer alone, row by row, so that every layer rebuilds X as well
    as its components can. The Frobenius norm is not offered: the product of the layers would need another algorithm.

    References
    ----------
    D. D. Lee and H. S. Seung, Algorithms for non-negative matrix factorization, NIPS 2000.
    T. Will, R. Zhang, E. Sadovnik, M. Gao, J. Vendrow, J. Haddock, D. Molitor and D. Needell, Neural nonnegative matrix
    factorization for hierarchical multilayer topic modeling, 2023.

    Examples
    --------
    >>> from skartm import DeepSimplexNMF
    >>> from skartm.datasets import load_peps
    >>> model = DeepSimplexNMF((12, 4), max_iter=100, joint_iter=20, tol=0, random_state=0).fit(load_peps().data)
    >>> [layer.shape for layer in model.layers_]
    [(12, 7637), (4, 12)]
    >>> bool(abs(model.components_.sum(axis=1) - 1).max() < 1e-6)
    True
    >>> bool(model.loss_curve_[-1] < model.loss_curve_[0])
    True
    """

    layers: Sequence[int] = declared(default=(10, 3), kw_only=False)
    layer_weights: Sequence[float] | None = None
    label_weight: float = real(default=1.0, low=0)
    output: str | int = "top"
    init: str | None = choice(default=None, among=(*STARTS, None))
    inner_iter: int = integer(default=_PASSES, low=1)
    max_iter: int = integer(default=200, low=1)
    joint_iter: int = integer(default=100, low=0)
    tol: float = real(default=1e-4, low=0)
    dtype: Any = precision(default=None, none=True)
    n_jobs: int | None = None
    random_state: Any = None

    _live: ClassVar[frozenset[str]] = frozenset({"output", "max_iter", "tol", "inner_iter"})

    @with_callbacks
    def fit(self, X: Any, y: Any = None, sample_weight: ArrayLike | None = None) -> Self:
        """Learn the layers; after an interruption, they are those of the last whole iteration over all of them.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features), non-negative
        y : array of shape (n_samples,) or None
            Labels of classes.
        sample_weight : array of shape (n_samples,) or None
            Factors of the loss of rows.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            Parameters out of their range, X with negative, infinite or missing entries, or y that is not of classes.
        """
        self._check_parameters()
        X = self._checked(X, reset=True)
        weights = check_weights(self, sample_weight, X.shape[0])
        data, blocks = self._with_labels(X, y)
        refined = len(self.layers) > 1 and self.joint_iter > 0
        task = FitTask(self, X, y).begin(len(self.layers) + (data is not X) + refined)
        layers, W = self._layer_by_layer(X, data, blocks, weights, task)
        model = self._joint(data, layers, W, weights, blocks)

        def write(reached: Refined, *, interrupted: bool = False) -> None:
            self.n_iter_, self.loss_curve_ = len(reached.curve) - 1, np.array(reached.curve)
            self._write(X, model, weights, reached if interrupted else None)

        if refined:
            _, converged = refine(model, task.part("joint"), self.joint_iter, self.tol, write)
        else:
            converged = len(layers) > 1 or self.n_iter_ < self.max_iter
            self.n_iter_ = 0 if len(layers) > 1 else self.n_iter_
            self.loss_curve_ = np.array([model.loss()])
            self._write(X, model, weights)
        task.end()
        if self.tol > 0 and not converged:
            msg = "DeepSimplexNMF did not converge. Increase joint_iter (one layer: max_iter), or tol."
            warn(msg, ConvergenceWarning)
        return self

    def transform(self, X: Any) -> NDArray:
        """W of rows, for the layers of the fit.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features), non-negative

        Returns
        -------
        array of shape (n_samples, n_components)
            Of the layers that ``output`` names.
        """
        check_is_fitted(self)
        self._check_parameters()
        X = self._checked(X, reset=False)
        return np.hstack([self._solve(X, number) for number in self._shown()])

    def inverse_transform(self, X: Any) -> NDArray:
        """W times the components: X as the layer of ``output`` rebuilds it.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_components)
            W, as ``transform`` returns it; of ``output="all"`` the columns of the last layer are used.

        Returns
        -------
        array of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        self._check_parameters()
        W = check_matrix(X, "X", accept_sparse=True, dtype=[np.float64, np.float32])
        if W.shape[1] != self._n_features_out:
            msg = f"DeepSimplexNMF: W must have {self._n_features_out} columns, one a component. Got {W.shape[1]}."
            raise ValueError(msg)
        components = self.layer_components_[self._shown()[-1]]
        return W[:, -components.shape[0] :] @ components

    def topic_tree(self, threshold: float | None = None, *, n_top: int = 10, modality: None = None) -> TopicTree:
        """The layers as a tree from the last one to the first, for :class:`skartm.plotting.TopicTreeDisplay`.

        Parameters
        ----------
        threshold : float in [0, 1], default=None
            Smallest p(parent | child) of an edge; the best parent has one always. None is 0.25.
        n_top : int, default=10
            Features of a node.
        modality : None
            Features are all of one kind.

        Returns
        -------
        TopicTree
        """
        check_is_fitted(self)
        if modality is not None:
            msg = f"DeepSimplexNMF: features are of one kind, so modality must be None. Got {shown(modality)}."
            raise ValueError(msg)
        features = getattr(self, "feature_names_in_", np.arange(self.n_features_in_)).tolist()
        weights = self.component_weights_
        return layer_tree(self.layers_, self.layer_components_, weights, features, threshold, n_top)

    # --- parameters and data -----------------------------------------------------------------------------------------

    def _check_parameters(self) -> None:
        sizes = self.layers
        if not isinstance(sizes, (list, tuple, np.ndarray)) or len(sizes) == 0 or not all(map(_is_size, sizes)):
            msg = f"must be integers of at least 1, one a layer. Got {shown(sizes)}."
            raise ValueError(f"The 'layers' parameter of DeepSimplexNMF {msg}")
        self._layer_weights()
        self._shown()
        check_declared(self)
        if 0 < self.label_weight < _LEAST_LABELS:
            msg = f"must be 0 or at least {_LEAST_LABELS:g}, to keep the digits of labels"
            raise ValueError(f"The 'label_weight' parameter of DeepSimplexNMF {msg}. Got {shown(self.label_weight)}.")

    def _layer_weights(self) -> list[float]:
        if self.layer_weights is None:
            return [1.0] * len(self.layers)
        weights = np.asarray(self.layer_weights)
        good = weights.shape == (len(self.layers),) and weights.dtype.kind in "iuf"
        if not good or not np.isfinite(weights).all() or not (weights > 0).all():
            msg = f"must be {len(self.layers)} positive numbers, one a layer. Got {shown(self.layer_weights)}."
            raise ValueError(f"The 'layer_weights' parameter of DeepSimplexNMF {msg}")
        return weights.astype(float).tolist()

    def _shown(self) -> list[int]:
        """Layers that ``transform`` returns."""
        n, output = len(self.layers), self.output
        if isinstance(output, str) and output in ("top", "all"):
            return [n - 1] if output == "top" else list(range(n))
        if isinstance(output, Integral) and not isinstance(output, bool) and -n <= output < n:
            return [int(output) % n]
        msg = f"must be 'top', 'all' or the index of one of {n} layers. Got {shown(output)}."
        raise ValueError(f"The 'output' parameter of DeepSimplexNMF {msg}")

    def _checked(self, X: Any, *, reset: bool) -> Any:
        dtype = [np.float64, np.float32] if self.dtype is None else np.dtype(self.dtype)
        dtype = dtype if reset else self.components_.dtype
        X = sparse.csr_matrix(read_matrix(self, X, reset=reset, dtype=dtype, ensure_non_negative=True))
        return check_scale(canonical(X), X.dtype, type(self).__name__)

    # --- learning ----------------------------------------------------------------------------------------------------

    def _layer_by_layer(
        self, X: Any, data: Any, blocks: Blocks, weights: NDArray | None, task: FitTask
    ) -> tuple[list[NDArray], list[NDArray]]:
        """H and W of the layers, each but the first learned from the W below; with labels the first one is not X."""
        random_state = check_random_state(self.random_state)
        layers: list[NDArray] = []
        W: list[NDArray] = []
        for number, size in enumerate(self.layers):
            labelled = number == 0 and data is not X
            part = task.part(f"layer-{number}")
            model = SimplexNMF(
                int(size),
                init=self.init,
                inner_iter=self.inner_iter,
                max_iter=1 if labelled else self.max_iter,
                tol=self.tol,
                n_jobs=self.n_jobs,
                random_state=random_state,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)
                with part.around(model):
                    model.fit(X, sample_weight=weights)
            X = model.transform(X)
            part.end()
            H, self.n_iter_ = model.components_, model.n_iter_
            if labelled:
                H, X = self._first_with_labels(data, H, X, blocks, weights, task.part("labels"))
            layers.append(H)
            W.append(X)
        return layers, W

    def _joint(
        self, data: Any, layers: list[NDArray], W: list[NDArray], weights: NDArray | None, blocks: Blocks
    ) -> LayeredDivergence:
        return LayeredDivergence(
            data,
            layers,
            W,
            weights=self._layer_weights()[: len(layers)],
            sample_weight=weights,
            n_passes=self.inner_iter,
            n_threads=effective_n_threads(self.n_jobs),
            blocks=blocks,
        )

    def _solve(self, X: Any, number: int) -> NDArray:
        n_threads = effective_n_threads(self.n_jobs)
        return solve_rows(X, self.layer_components_[number], n_passes=self.max_iter, tol=self.tol, n_threads=n_threads)

    def _write(
        self, X: Any, model: LayeredDivergence, weights: NDArray | None, reached: Refined | None = None
    ) -> None:
        """What is published: features and labels apart, each with rows that are distributions.

        What was ``reached`` takes the place of the present state, and of a look at the data.
        """
        (_, share), *labels = model.blocks
        m, dtype = X.shape[1], X.dtype
        whole = model.layers if reached is None else reached.layers
        layers = [whole[0][:, :m] / share, *whole[1:]]
        for own, mass in labels:
            self.label_components_ = (whole[0][:, own] / mass).astype(dtype)
        self.layers_ = [layer.astype(dtype) for layer in layers]
        self.layer_components_ = [c.astype(dtype) for c in products(layers)]
        self.components_ = self.layer_components_[-1]
        if reached is None:
            W = [share * w for w in model.W]
            masses = [w.sum(axis=0, dtype=np.float64) if weights is None else weights @ w for w in W]
            options: dict[str, Any] = {"n_passes": 1, "n_threads": effective_n_threads(self.n_jobs)}
            loss = KullbackLeibler(X, self.components_, W[-1].astype(dtype), sample_weight=weights, **options).loss()
        else:
            masses, loss = reached.masses, reached.loss
        self.component_weights_ = [mass / max(mass.sum(), np.finfo(np.float64).tiny) for mass in masses]
        self.reconstruction_err_ = float(np.sqrt(2 * loss))

    @property
    def _n_features_out(self) -> int:
        return sum(self.layer_components_[number].shape[0] for number in self._shown())

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _is_size(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1
