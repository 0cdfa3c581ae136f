"""One table about the topics of a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import names_in_order
from skartm.metrics._corpus import Corpus
from skartm.metrics.coherences._coherence import coherence
from skartm.metrics.quality._entropy import topic_entropy
from skartm.metrics.quality._kernels import topic_kernels
from skartm.metrics.quality._mass import topic_shares
from skartm.metrics.reports._top_tokens import check_n_top, label_columns, top_columns
from skartm.metrics.reports._word_choice import shown_first
from skartm.metrics.scoring._fitted import FittedTopics
from skartm.metrics.scoring._scores import coherence_documents

if TYPE_CHECKING:
    import pandas as pd


def topic_report(
    model: Any,
    X: Any = None,
    feature_names: Sequence[str] | NDArray[Any] | None = None,
    *,
    n_top: int = 10,
    threshold: float = 0.1,
    measure: str = "npmi",
    tokens: Any = None,
) -> pd.DataFrame:
    """Table of the topics of a fitted model: how large, how clear and how coherent, and their top tokens.

    Parameters
    ----------
    model : fitted estimator
        A topic model, or a pipeline with one among its steps.
    X : data as ``model.transform`` takes them, default=None
        Corpus for the coherence, and for the masses of models that do not keep them. None leaves out what needs it.
    feature_names : sequence of shape (n_tokens,), default=None
        Names of the tokens. None asks the steps in front of the model, or its ``feature_names_in_``; without any the
        tokens are numbers.
    n_top : int, default=10
        Top tokens, shown and used in the coherence: of a model with ``shown_words_`` these, else the most probable.
    threshold : float, default=0.1
        Of `topic_kernels`.
    measure : str, default="npmi"
        Of `coherence`.
    tokens : slice, array of int or array of bool, default=None
        Columns to report on, those of a modality for instance. None takes all.

    Returns
    -------
    report : pandas.DataFrame
        One row a topic, named as in ``get_feature_names_out``, in the order of ``components_``. Columns: ``mass`` and
        ``share`` (`topic_shares`), ``kernel_size``, ``purity`` and ``contrast`` (`topic_kernels`), ``entropy``
        (`topic_entropy`), ``coherence`` with ``X``, and ``top_tokens``, separated by blanks. ``mass`` and ``share``
        are missing where masses are unknown; kernels then take topics as equally probable.

    Raises
    ------
    ImportError
        If pandas is not installed.

    Examples
    --------
    >>> from skartm import PLSA
    >>> from skartm.datasets import load_peps
    >>> from skartm.metrics import topic_report
    >>> peps = load_peps()
    >>> model = PLSA(4, max_iter=20, tol=0, random_state=0).fit(peps.data)
    >>> report = topic_report(model, peps.data, peps.feature_names, n_top=5)
    >>> list(report.index)
    ['plsa0', 'plsa1', 'plsa2', 'plsa3']
    >>> list(report.columns)
    ['mass', 'share', 'kernel_size', 'purity', 'contrast', 'entropy', 'coherence', 'top_tokens']
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "topic_report needs pandas, which is not installed. Install it with 'pip install pandas', or call "
            "topic_kernels, topic_entropy and coherence, which return arrays."
        ) from error

    fitted = FittedTopics(model, X).part(tokens)
    phi, mass = fitted.topics, fitted.topic_mass
    if feature_names is None:
        feature_names = fitted.feature_names()
    if feature_names is not None:
        names = names_in_order(feature_names, fitted.all_topics.shape[1], "feature_names", "columns of the model")
        feature_names = fitted.columns(np.array([names], dtype=object))[0]
    check_n_top(n_top)
    tops = _shown_first(fitted, top_columns(phi, n_top), n_top)
    kernels = topic_kernels(phi, mass, threshold=threshold)
    columns: dict[str, Any] = {} if mass is None else {"mass": mass, "share": topic_shares(mass)}
    columns |= {"kernel_size": kernels.size, "purity": kernels.purity, "contrast": kernels.contrast}
    columns["entropy"] = topic_entropy(phi, average=False)
    if X is not None:
        documents = coherence_documents(Corpus(fitted), measure)
        ranked = np.zeros(phi.shape)  # in which the words that are listed are the most probable ones, in their order
        for row, top in zip(ranked, tops, strict=True):
            row[top] = np.arange(top.size, 0, -1)
        columns["coherence"] = coherence(ranked, documents, measure=measure, n_top=n_top, average=False)
    columns["top_tokens"] = [" ".join(map(str, top)) for top in label_columns(tops, feature_names, phi.shape[1])]
    return pd.DataFrame(columns, index=pd.Index(_topic_names(fitted.model, len(phi)), name="topic"))


def _shown_first(fitted: FittedTopics, tops: list[NDArray[np.intp]], n_top: int) -> list[NDArray[np.intp]]:
    """Columns of the part to list: those that the model shows, and then the most probable ones."""
    shown: Any = getattr(fitted.model, "shown_words_", None)
    if shown is None:
        return tops
    place = np.full(fitted.all_topics.shape[1] + 1, -1, dtype=np.intp)  # the last one is that of -1
    own = fitted.columns(np.arange(place.size - 1)[None, :])[0]
    place[own] = np.arange(own.size)
    return shown_first(place[shown], tops, n_top)


def _topic_names(model: Any, n_topics: int) -> list[Any]:
    if hasattr(model, "get_feature_names_out"):
        return list(model.get_feature_names_out())
    return list(range(n_topics))
