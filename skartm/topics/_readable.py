"""Topics to read: their most probable tokens, overall and of a modality."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.em import ModalitySelection
from skartm.metrics import top_tokens as top_tokens_of
from skartm.metrics import topic_table as topic_table_of


def top_tokens(model: Any, n_top: int = 10, *, modality: ModalitySelection = None) -> list[list[Any]]:
    """Most probable tokens of each topic, most probable first.

    Parameters
    ----------
    n_top : int, default=10
        Tokens of a topic, at most; those of probability zero are left out.
    modality : None, name or names, default=None
        Modalities whose tokens are listed; None is the main one, or else the first. Several together compare
        probabilities of different distributions.

    Returns
    -------
    list of n_components lists
        Names of the tokens (``token_names``, or the columns of a data frame), or columns of X without names.
    """
    columns, names = _columns(model, modality)
    tops = top_tokens_of(model.components_[:, columns], names, n_top=n_top)
    return tops if names is not None else [columns[top].tolist() for top in tops]


def topic_table(model: Any, n_top: int = 10, *, modality: ModalitySelection = None) -> Any:
    """Most probable tokens of each topic with their probabilities, as a data frame in long form.

    Parameters
    ----------
    n_top : int, default=10
    modality : None, name or names, default=None
        None is the main modality, or else the first.

    Returns
    -------
    pandas.DataFrame
        Columns ``topic``, ``rank``, ``token`` and ``probability``; see :func:`skartm.metrics.topic_table`.
    """
    columns, names = _columns(model, modality)
    topics = model.get_feature_names_out().tolist()
    table = topic_table_of(model.components_[:, columns], names, n_top=n_top, topic_names=topics)
    return table if names is not None else table.assign(token=columns[table["token"]])


def _columns(model: Any, modality: ModalitySelection) -> tuple[NDArray, list[str] | None]:
    """Columns of the modalities and, if the model knows them, their names."""
    check_is_fitted(model, "components_")
    layout = model._layout(model.components_, known=True)
    if modality is None and layout.modalities:
        modality = model.main_modality or layout.modalities[0].name
    columns = layout.tokens(modality, type(model).__name__)
    names = None if layout.token_names is None else np.asarray(layout.token_names, dtype=object)[columns].tolist()
    return columns, names
