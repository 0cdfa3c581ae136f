"""Labels of rows as features, and predictions from what components have of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, column_or_1d

from skartm.base._callbacks import FitTask
from skartm.em import row_products
from skartm.nmf.deep._layers import WHOLE, Blocks, LayeredDivergence, refine


class LabelledRows:
    """Mixin: ``predict`` after a fit with labels.

    Of the estimator it asks some parameters, ``_checked`` (X of a user), ``_solve`` (W of a layer) and ``_joint`` (the
    layers, to be refined together).
    """

    label_weight: float
    classes_: NDArray
    label_components_: NDArray
    _checked: Callable[..., Any]
    _solve: Callable[[Any, int], NDArray]
    _joint: Callable[..., LayeredDivergence]
    max_iter: int
    tol: float
    n_iter_: int

    def _knows_labels(self) -> bool:
        if not hasattr(self, "classes_"):
            msg = "DeepSimplexNMF: predictions need a fit with labels, fit(X, y)."
            raise AttributeError(msg)
        return True

    @available_if(_knows_labels)
    def predict(self, X: Any) -> NDArray:
        """The most probable class, from the first layer.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_samples, n_features), non-negative

        Returns
        -------
        array of shape (n_samples,)
            Of a row of zeros the first class.
        """
        shares = row_products(self._solve(self._checked(X, reset=False), 0), self.label_components_)
        return self.classes_[np.argmax(shares, axis=1)]

    def _with_labels(self, X: Any, y: Any) -> tuple[Any, Blocks]:
        """X with columns of classes, in one of which a row has ``label_weight`` times its own sum; and the blocks."""
        for name in ("classes_", "label_components_"):
            self.__dict__.pop(name, None)
        if y is None or self.label_weight == 0:
            return X, WHOLE
        y = column_or_1d(y, warn=True)
        check_consistent_length(X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        (n_rows, m), n_classes = X.shape, self.classes_.size
        mass = self.label_weight * np.asarray(X.sum(axis=1, dtype=np.float64)).ravel()
        labels = sparse.csr_matrix((mass.astype(X.dtype), codes, np.arange(n_rows + 1)), shape=(n_rows, n_classes))
        share = 1 / (1 + self.label_weight)
        blocks = ((slice(0, m), share), (slice(m, m + n_classes), 1 - share))
        return sparse.hstack([X, labels], format="csr", dtype=X.dtype), blocks

    def _first_with_labels(
        self, data: Any, H: NDArray, W: NDArray, blocks: Blocks, weights: NDArray | None, task: FitTask
    ) -> tuple[NDArray, NDArray]:
        """H and W of features and labels, from a start that knows no labels: every component has all of them alike."""
        (_, features), (own, labels) = blocks
        n_classes = own.stop - own.start
        alike = np.full((H.shape[0], n_classes), labels / n_classes, dtype=H.dtype)
        model = self._joint(data, [np.hstack([features * H, alike])], [W], weights, blocks)
        self.n_iter_, _ = refine(model, task, self.max_iter, self.tol)
        return model.layers[0].astype(H.dtype), model.W[0]
