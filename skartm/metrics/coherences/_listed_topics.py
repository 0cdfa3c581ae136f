"""Topics as lists of the columns of their top tokens."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.metrics.reports._top_tokens import check_components, top_columns

# Column of a token that the vocabulary does not have; no matrix counts it.
UNSEEN = -1


def resolve_topics(topics: Any, names: list[Any] | None, n_features: int, n_top: int) -> list[NDArray[np.intp]]:
    """Return the columns of the top tokens of each topic, ``UNSEEN`` for tokens that ``names`` lacks."""
    if isinstance(topics, (list, tuple)) or (isinstance(topics, np.ndarray) and topics.dtype.kind in "OSUT"):
        return _resolve_lists(topics, names, n_features, n_top)
    components = check_components(topics)
    if components.shape[1] != n_features:
        raise ValueError(
            f"topics must have one column for each of the {n_features} columns of X. Got an array of shape "
            f"{components.shape}, read as probabilities; pass column indices as lists of int."
        )
    return top_columns(components, n_top)


def _resolve_lists(
    topics: Sequence[Sequence[Any]] | NDArray[Any], names: list[Any] | None, n_features: int, n_top: int
) -> list[NDArray[np.intp]]:
    if len(topics) == 0:
        raise ValueError("topics must have at least one topic. Got none.")
    column_of = None if names is None else {name: column for column, name in enumerate(names)}
    tops = []
    for number, topic in enumerate(topics):
        if isinstance(topic, str) or not hasattr(topic, "__len__"):
            raise ValueError(
                "topics must be an array of probabilities or a list with one list of tokens per topic. Got "
                f"{shown(topic)} "
                f"as topic {number}; wrap the tokens of a single topic into one more list."
            )
        listed = list(topic)[:n_top]
        tops.append(np.array([_column(token, column_of, n_features) for token in listed], dtype=np.intp))
        if len(set(listed)) < len(listed):
            twice = next(token for position, token in enumerate(listed) if token in listed[:position])
            raise ValueError(f"topics must list a token once per topic. Got {shown(twice)} twice in topic {number}.")
    return tops


def _column(token: Any, column_of: dict[Any, int] | None, n_features: int) -> int:
    if isinstance(token, str):
        if column_of is None:
            raise ValueError(
                "feature_names must name the columns of X when topics hold tokens. Got None, and the token "
                f"{shown(token)}; "
                "pass feature_names=vectorizer.get_feature_names_out()."
            )
        if len(column_of) < n_features:
            raise ValueError(
                "feature_names must not repeat a name when topics hold tokens. "
                f"Got {len(column_of)} different names of {n_features} columns; pass topics as column indices."
            )
        return column_of.get(token, UNSEEN)
    if not isinstance(token, Integral) or isinstance(token, bool):
        raise TypeError(
            f"topics given as lists must hold tokens (str) or column indices (int). Got {shown(token)}; "
            "pass probabilities as an array."
        )
    if not 0 <= int(token) < n_features:
        raise ValueError(f"topics must hold column indices of X, in the range [0, {n_features}). Got {token}.")
    return int(token)
