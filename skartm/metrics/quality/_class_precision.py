"""Precision of the most probable class of a document."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from skartm.base._sparse import own_csr
from skartm.metrics.reports._top_tokens import check_components, check_doc_topic


def class_precision(class_components: ArrayLike, doc_topic: ArrayLike, labels: Any) -> float:
    r"""Share of the documents whose most probable class is right.

    .. math::

        \frac{1}{|D|} \bigl|\{d : \arg\max_c p(c \mid d) \in C_d\}\bigr|, \qquad
        p(c \mid d) = \sum_t \phi_{ct} \theta_{td},

    with ``C_d`` the classes of a document, which are tokens of a modality of their own; BigARTM's
    ``ClassPrecisionScore``. Theta must come from the other tokens, without the classes themselves.

    Parameters
    ----------
    class_components : array-like of shape (n_topics, n_classes)
        Columns of ``components_`` that belong to the classes.
    doc_topic : array-like of shape (n_docs, n_topics)
        theta.
    labels : array-like of int of shape (n_docs,), or {array-like, sparse matrix} of shape (n_docs, n_classes)
        The column of the class of each document, or an indicator of its classes. A document without classes (-1, or
        a row of zeros) is left out.

    Returns
    -------
    precision : float
        In [0, 1], 0 if no document has a class. Ties go to the first class, but a document without probability in any
        class is wrong.

    Raises
    ------
    ValueError
        If the shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm.metrics import class_precision
    >>> p_ct = np.array([[0.9, 0.1], [0.2, 0.8]])
    >>> theta = np.array([[1.0, 0.0], [0.3, 0.7], [0.8, 0.2]])
    >>> class_precision(p_ct, theta, [0, 1, 1])
    0.6666666666666666
    """
    phi = check_components(class_components)
    n_topics, n_classes = phi.shape
    theta = check_doc_topic(doc_topic, None, n_topics)
    truth = _indicator(labels, theta.shape[0], n_classes)
    labelled = truth.any(axis=1)
    if not labelled.any():
        return 0.0
    p_cd = theta[labelled] @ phi
    best = p_cd.argmax(axis=1)
    rows = np.arange(len(best))
    return float((truth[labelled][rows, best] & (p_cd[rows, best] > 0)).mean())


def _indicator(labels: Any, n_docs: int, n_classes: int) -> np.ndarray:
    labels = own_csr(labels, "labels").toarray() if sparse.issparse(labels) else np.asarray(labels)
    if labels.shape == (n_docs, n_classes) and labels.dtype.kind in "fiub":
        return labels > 0
    if labels.shape != (n_docs,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be {n_docs} integers, or an indicator of shape ({n_docs}, {n_classes}). "
            f"Got shape {labels.shape}, {labels.dtype}; LabelEncoder makes integers of names."
        )
    if labels.size and (labels.min() < -1 or labels.max() >= n_classes):
        raise ValueError(
            f"labels must be columns of class_components, in [0, {n_classes}), or -1. Got {labels.min()} to "
            f"{labels.max()}."
        )
    return labels[:, None] == np.arange(n_classes)
