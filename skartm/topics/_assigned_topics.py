"""One topic for a document."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.em import Layout, TopicSelection


def predict_topics(model: Any, X: Any, *, without: TopicSelection = None) -> NDArray[np.intp]:
    """The topic of each document that has the largest share of it, a hard label.

    Background topics have words of every document, and so the largest share of many. ``without`` leaves them out.

    Parameters
    ----------
    X : as ``transform`` takes it
    without : name or pattern ("background*"), list of names, patterns or columns, slice or mask, default=None
        Topics that no document gets; None is none of them.

    Returns
    -------
    array of int of shape (n_docs,)
        Columns of ``transform``, and rows of ``components_``. Among equal shares it is the first one, which so is the
        topic of a document without tokens.

    Raises
    ------
    ValueError, TypeError
        A topic that the model does not have, no topic left, or data that cannot be used.

    Examples
    --------
    >>> from skartm import ARTMTransformer, topic_groups
    >>> from skartm.datasets import load_peps
    >>> from skartm.regularizers import SmoothSparsePhi
    >>> X, names = load_peps().data, topic_groups(subject=7, background=1)
    >>> common = SmoothSparsePhi(0.1, relative=1.0, topics="background*")
    >>> model = ARTMTransformer(8, topic_names=names, regularizers=[("common", common)], random_state=0).fit(X)
    >>> topics = model.predict_topics(X, without="background*")
    >>> topics.shape, "background0" in model.get_feature_names_out()[topics]
    ((736,), False)
    """
    check_is_fitted(model, "components_")
    names = tuple(str(name) for name in model.get_feature_names_out())
    kept = np.ones(len(names), dtype=bool)
    if without is not None:
        left_out = Layout(names, model.components_.shape[1]).topics(without, f"{type(model).__name__}.predict_topics")
        kept[left_out] = False
    if not kept.any():
        owner = f"{type(model).__name__}.predict_topics"
        raise ValueError(f"{owner}: without must leave at least one of {kept.size} topics. Got {shown(without)}.")
    theta = np.asarray(model.transform(X))
    return np.flatnonzero(kept)[theta[:, kept].argmax(axis=1)]
