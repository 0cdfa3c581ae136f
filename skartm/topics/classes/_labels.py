"""Labels: the targets of a classifier as a modality."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import assert_all_finite, check_consistent_length, column_or_1d

from skartm.base import shown
from skartm.base._data import matrix_of_numbers
from skartm.base._order import is_known, keep_order
from skartm.base._sparse import compact, own_csr
from skartm.em import Layout, SomeRows, is_memory_mapped
from skartm.topics._modalities import token_counts
from skartm.topics._start import given_topics

LABELS = "labels"


@dataclass(frozen=True)
class Labels:
    """Targets of documents.

    Parameters
    ----------
    classes : array of shape (n_classes,)
        Sorted; numbers of the columns for an indicator matrix.
    columns : CSR of shape (n_docs, n_classes)
        One where a document has the class.
    multilabel : bool
        Whether documents have any number of labels, and not one class each.
    """

    classes: NDArray
    columns: Any
    multilabel: bool


def read_labels(y: Any, X: Any, owner: str, classes: Sequence[Any] | NDArray | None = None) -> Labels:
    """Labels of the documents X.

    Parameters
    ----------
    y : array of shape (n_docs,), or indicator matrix of shape (n_docs, n_labels)
    X : matrix of shape (n_docs, n_tokens)
    owner : str
        Who asks; named in the error.
    classes : array of shape (n_classes,), default=None
        All that there are; None takes those of y.

    Raises
    ------
    ValueError
        Not a classification target, another length than X, or labels that are not among ``classes``.
    """
    if y is None:
        msg = f"This {owner} estimator requires y to be passed, but the target y is None."
        raise ValueError(msg)
    y = compact(own_csr(y, "y")) if sparse.issparse(y) else y
    try:
        check_classification_targets(y)
        multilabel = type_of_target(y, input_name="y") == "multilabel-indicator"
    except TypeError as error:  # what it says is of the inside of numpy
        raise TypeError(f"{owner}: labels in y must be of one kind, which can be sorted. Got several.") from error
    if not multilabel:
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
    check_consistent_length(X, y)
    if multilabel:
        columns = compact(matrix_of_numbers(y, "y"))
        known = np.arange(columns.shape[1]) if classes is None else np.asarray(classes)
        if known.size != columns.shape[1]:
            msg = f"{owner}: y must have one column for each of the {known.size} labels. Got {columns.shape[1]}."
            raise ValueError(msg)
        return Labels(known, columns, True)
    try:
        present, codes = np.unique(y, return_inverse=True)
    except TypeError as error:
        raise TypeError(f"{owner}: labels in y must be of one kind, which can be sorted. Got several.") from error
    known = present if classes is None else np.unique(np.asarray(classes))
    unknown = np.setdiff1d(present, known)
    if unknown.size:
        msg = f"{owner}: y must have labels of classes={known.tolist()}. Got {unknown.tolist()}."
        raise ValueError(msg)
    places = np.searchsorted(known, present)[codes]
    ones, indptr = np.ones(places.size), np.arange(places.size + 1)
    return Labels(known, sparse.csr_matrix((ones, places, indptr), shape=(places.size, known.size)), False)


def label_modality(estimator: Any, layout: Layout, X: Any, labels: Labels, weights: NDArray | None) -> dict[str, Any]:
    """Parameters of a topic model whose columns are those of X and then one a class.

    Labels get ``estimator.label_weight`` times the weighted mass of X.

    Raises
    ------
    ValueError
        A modality of X with the name of that of the labels.
    """
    n_tokens, n_classes = X.shape[1], labels.classes.size
    named: dict[str, Any] = {entry.name: entry.tokens for entry in layout.modalities} or {"words": slice(0, n_tokens)}
    if LABELS in named:
        msg = (
            f"{type(estimator).__name__}: a modality of X must not be named {LABELS!r}, as those of y are. Got "
            f"{list(named)}."
        )
        raise ValueError(msg)
    counts = token_counts(X, weights)
    mass = float(counts.sum() if layout.token_weights is None else counts @ layout.token_weights)
    n_labels = float(token_counts(labels.columns, weights).sum())
    weight = float(estimator.label_weight) * mass / n_labels if n_labels > 0 else 0.0
    names, init = layout.token_names, estimator.init
    if init is not None and not isinstance(init, str):
        init = given_topics(init, (layout.n_topics, n_tokens), "The 'init' parameter")
        init = np.hstack([init, np.full((init.shape[0], n_classes), 1 / n_classes)])
    return {
        "modalities": {**named, LABELS: slice(n_tokens, n_tokens + n_classes)},
        "modality_weights": {**{entry.name: entry.weight for entry in layout.modalities}, LABELS: weight},
        "main_modality": None,
        "topic_names": list(layout.topic_names),
        "token_names": None if names is None else [*names, *map(str, labels.classes)],
        "init": init,
    }


def read_prior(prior: Any, n_classes: int, owner: str) -> NDArray:
    """Frequencies of the classes, which sum to 1, from "uniform" or numbers."""
    if isinstance(prior, str) and prior == "uniform":
        return np.full(n_classes, 1 / n_classes)
    array = np.asarray(prior)
    numbers = array.dtype.kind in "fiu" and array.shape == (n_classes,)
    if not numbers or not np.isfinite(array).all() or (array < 0).any() or not array.any():
        msg = (
            f"The 'class_prior' parameter of {owner} must be None, 'uniform' or {n_classes} non-negative numbers. "
            f"Got {shown(prior)}."
        )
        raise ValueError(msg)
    return array / array.sum()


def beside(X: Any, labels: Labels) -> Any:
    """X with the labels as columns behind its own; of a text they come last.

    Of a matrix on disk they are put together when they are read.
    """
    if is_memory_mapped(X):
        return SomeRows(X, np.arange(X.shape[0]), labels.columns)
    wide = sparse.hstack([X, labels.columns.astype(X.dtype)], format="csr")
    return keep_order(wide) if is_known(X) else wide
