"""Topics to read: the tokens that stand for them, overall and of a modality."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.base._parameters import check_declared, fail
from skartm.em import Layout, ModalitySelection
from skartm.metrics import WordChoice
from skartm.metrics.reports._top_tokens import check_n_top, check_relevance, lifted, table_of, top_columns
from skartm.metrics.reports._word_choice import choose_words, shown_first
from skartm.topics._corpus import Corpus


def top_tokens(
    model: Any, n_top: int = 10, *, modality: ModalitySelection = None, relevance: float | None = None
) -> list[list[Any]]:
    """Tokens of each topic to read, the best first: the most probable ones, unless something else is asked for.

    Parameters
    ----------
    n_top : int, default=10
        Tokens of a topic, at most; those of probability zero are left out.
    modality : None, name or names, default=None
        Modalities whose tokens are listed; None is the main one, or else the first. Several together compare
        probabilities of different distributions.
    relevance : float, default=None
        Order by ``phi_wt * (phi_wt / p_w) ** relevance`` with the share ``p_w`` that the token has in the modalities,
        by the topics and their masses; 0 is by probability. See :func:`skartm.metrics.top_tokens`. None is as
        ``shown_words`` of the model says for the main modality, and by probability without.

    Returns
    -------
    list of n_components lists
        Names of the tokens (``token_names``, or the columns of a data frame), or columns of X without names.
    """
    tops, names = _listed(model, n_top, modality, relevance)
    return [top.tolist() if names is None else [names[column] for column in top] for top in tops]


def topic_table(
    model: Any, n_top: int = 10, *, modality: ModalitySelection = None, relevance: float | None = None
) -> Any:
    """The tokens of :meth:`top_tokens` with their probabilities, as a data frame in long form.

    Parameters
    ----------
    n_top : int, default=10
    modality : None, name or names, default=None
        None is the main modality, or else the first.
    relevance : float, default=None
        As in :meth:`top_tokens`.

    Returns
    -------
    pandas.DataFrame
        Columns ``topic``, ``rank``, ``token`` and ``probability``; see :func:`skartm.metrics.topic_table`.
    """
    tops, names = _listed(model, n_top, modality, relevance)
    return table_of(tops, model.components_, names, model.get_feature_names_out().tolist())


def check_shown_words(model: Any, name: str) -> None:
    """Raise unless the parameter is None or a choice of words."""
    choice = getattr(model, name)
    if choice is None:
        return
    if not isinstance(choice, WordChoice):
        fail(model, name, "None (by probability) or a skartm.metrics.WordChoice", choice)
    check_declared(choice)


def shown_words_of(model: Any, corpus: Corpus) -> NDArray[np.intp]:
    """Columns of the tokens of the main modality that are shown for each topic, chosen by the documents of the fit."""
    layout = model._layout(model.components_, known=True)
    phi, mass = model.components_, _token_mass(model, layout)
    columns = _tokens_of(model, layout, None)
    if columns.size < phi.shape[1]:
        own = np.zeros(phi.shape[1], dtype=bool)
        own[columns] = True
        phi, mass = np.where(own, phi, 0), None if mass is None else np.where(own, mass, 0)
    return choose_words(model.shown_words, phi, corpus.X, mass, corpus.sample_weight)


def _listed(
    model: Any, n_top: int, modality: ModalitySelection, relevance: float | None
) -> tuple[list[NDArray[np.intp]], NDArray | None]:
    """Columns of the tokens to list for each topic, and the names of all columns, if the model knows them."""
    check_is_fitted(model, "components_")
    check_n_top(n_top)
    layout = model._layout(model.components_, known=True)
    columns = _tokens_of(model, layout, modality)
    choice = getattr(model, "shown_words", None) if relevance is None else None
    if choice is not None and not np.array_equal(columns, _tokens_of(model, layout, None)):
        choice = None
    if choice is not None:
        relevance = float(choice.relevance)
    relevance = 0.0 if relevance is None else check_relevance(relevance)
    mass = _token_mass(model, layout) if relevance > 0 else None
    weights = lifted(model.components_[:, columns], relevance, None if mass is None else mass[columns])
    tops = [columns[top].astype(np.intp) for top in top_columns(weights, n_top)]
    shown = getattr(model, "shown_words_", None) if choice is not None else None
    names = None if layout.token_names is None else np.array(layout.token_names, dtype=object)
    return tops if shown is None else shown_first(shown, tops, n_top), names


def _tokens_of(model: Any, layout: Layout, modality: ModalitySelection) -> NDArray:
    """Columns of the modalities; None is the main one, or else the first, or all columns without any."""
    if modality is None and layout.modalities:
        modality = model.main_modality or layout.modalities[0].name
    return layout.tokens(modality, type(model).__name__)


def _token_mass(model: Any, layout: Layout) -> NDArray | None:
    """Tokens of every column by the topics and their masses; None for a model that keeps no masses."""
    block_mass = getattr(model, "_block_mass", None)
    if block_mass is None:
        return None
    mass = np.empty(model.components_.shape[1])
    for tokens, n_t in zip(layout.blocks, block_mass, strict=True):
        mass[tokens] = n_t @ model.components_[:, tokens]
    return mass
