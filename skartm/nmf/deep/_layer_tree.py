"""Layers of a factorisation as a tree of topics."""

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._topic_tree import TopicTree, make_tree

_THRESHOLD = 0.25


def layer_tree(
    layers: Sequence[NDArray],
    components: Sequence[NDArray],
    weights: Sequence[NDArray],
    features: Sequence[Any],
    threshold: Any,
    n_top: int,
) -> TopicTree:
    """The last layer is the first level; p(child | parent) are the entries of the layer, p(parent | child) by Bayes."""
    threshold = _THRESHOLD if threshold is None else threshold
    if not isinstance(threshold, Real) or isinstance(threshold, bool) or not 0 <= float(threshold) <= 1:
        msg = f"DeepSimplexNMF: the threshold of edges must be a number in [0, 1]. Got {shown(threshold)}."
        raise ValueError(msg)
    names, tokens, parents = [], [], []
    for number, table in enumerate(components):
        names.append([f"layer{number}_{t}" for t in range(table.shape[0])])
        order = np.argsort(-table, axis=1, kind="stable")[:, :n_top]
        tokens.append([[features[j] for j in row if c[j] > 0] for row, c in zip(order, table, strict=True)])
    for layer, mass in zip(layers[1:], weights[1:], strict=True):
        joint = (layer * mass[:, None]).T  # (below, above)
        sums = joint.sum(axis=1, keepdims=True)
        parents.append(np.divide(joint, sums, out=np.zeros_like(joint), where=sums > 0))
    return make_tree(names[::-1], weights[::-1], tokens[::-1], layers[:0:-1], parents[::-1], float(threshold))
