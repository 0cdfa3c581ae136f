"""Likelihood of texts under contexts: every word given the others, or itself too."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.base._data import check_counts, check_weights
from skartm.em import ModalitySelection, SomeRows, perplexity_of
from skartm.simplex import FLOOR
from skartm.topics._corpus import Corpus
from skartm.topics._scored import mean_of_parts


def score(
    model: Any,
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    position_gamma: Any = None,
    *,
    modality: ModalitySelection = None,
) -> float:
    r"""Mean log-likelihood of a token given its context, in nats: higher is better.

    With ``evaluation="leave_one_out"`` a token is no part of its own context, whatever ``own_word`` says:
    :math:`\gamma_i = 0` for the position predicted, in every layer. It is what compares with other models: a
    context that has the word itself predicts it too well, the more so the larger gamma. With "plain" contexts are
    those of training.

    Parameters
    ----------
    X : CSR matrix of shape (n_docs, n_tokens)
        Rows are texts.
    y : ignored
    sample_weight : array of shape (n_docs,), default=None
    position_gamma : list of arrays or CSR matrix, default=None
        As in :meth:`fit`.
    modality : None, name or names, default=None
        Modalities whose tokens are scored; None is all.

    Returns
    -------
    float
    """
    return _mean_log_likelihood(model, X, sample_weight, position_gamma, modality, None)


def perplexity(
    model: Any,
    X: Any,
    sample_weight: Any = None,
    position_gamma: Any = None,
    *,
    modality: ModalitySelection = None,
    evaluation: str | None = None,
) -> float:
    """exp(-score): lower is better; ``evaluation`` takes the place of the parameter of the model."""
    return perplexity_of(_mean_log_likelihood(model, X, sample_weight, position_gamma, modality, evaluation))


def _mean_log_likelihood(
    model, X: Any, sample_weight: Any, position_gamma: Any, modality: ModalitySelection, evaluation: str | None
) -> float:
    check_is_fitted(model, "components_")
    X = check_counts(model, X, model._dtype(), reset=False)
    weights = check_weights(model, sample_weight, X.shape[0])
    if position_gamma is None:
        return _mean_of_parts(model, X, weights, modality, evaluation)
    return _mean_and_mass(model, X, weights, position_gamma, modality, evaluation)[0]


def _mean_of_parts(
    model, X: Any, weights: NDArray | None, modality: ModalitySelection = None, evaluation: str | None = None
) -> float:
    def of_part(part: slice, rows: Any, own: NDArray | None) -> tuple[float, float]:
        return _mean_and_mass(model, rows, own, None, modality, evaluation)

    return mean_of_parts(X, weights, of_part)


def score_held_out(model: Any, held_out: Corpus) -> float:
    """What ``validation_perplexity`` is made of."""
    return _mean_of_parts(model, held_out.X, None) if isinstance(held_out.X, SomeRows) else model.score(held_out.X)


def _mean_and_mass(
    model: Any,
    X: Any,
    weights: NDArray | None,
    position_gamma: Any,
    modality: ModalitySelection,
    evaluation: str | None,
) -> tuple[float, float]:
    counts = X.data.astype(np.float64)
    if weights is not None:
        counts *= np.repeat(weights, np.diff(X.indptr))
    if modality is not None:
        layout = model._layout(X, known=True)
        chosen = np.zeros(X.shape[1])
        chosen[layout.tokens(modality, type(model).__name__)] = 1
        counts *= chosen[X.indices]
    total = counts.sum()
    values = model.position_log_likelihood(X, position_gamma, evaluation=evaluation)
    return (float(counts @ values / total), float(total)) if total > 0 else (0.0, 0.0)


def position_log_likelihood(
    model: Any, X: Any, position_gamma: Any = None, *, evaluation: str | None = None
) -> NDArray:
    """ln p(w_i | context) of every position.

    Leaving a word out takes one more pass over the text with one layer. With more layers each position needs all of
    them without it: time grows with the square of the length of a document.

    Parameters
    ----------
    X : CSR matrix of shape (n_docs, n_tokens)
        Rows are texts.
    position_gamma : list of arrays or CSR matrix, default=None
        As in :meth:`fit`.
    evaluation : {"leave_one_out", "plain"} or None, default=None
        None is the parameter of the model.

    Returns
    -------
    array of shape (n_entries,)
        One number a stored entry of X, in its order; ln 1e-16 for a token without probability.
    """
    check_is_fitted(model, "components_")
    chosen = model.evaluation if evaluation is None else evaluation
    if chosen not in model._evaluations:
        msg = f"The 'evaluation' parameter must be one of {list(model._evaluations)}. Got {shown(chosen)}."
        raise ValueError(msg)
    X = check_counts(model, X, model._dtype(), reset=False)
    without = chosen == "leave_one_out"
    own_word = False if without and model.n_layers == 1 else None
    parts = []
    for batch, mixture, shared in model._read(X, position_gamma, own_word=own_word):
        if without and model.n_layers > 1:
            parts.append(mixture.left_out(shared, batch))
        else:
            parts.extend(positions.z for positions in mixture.positions(shared, batch))
    z = np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)
    seen = z > (1e-30 if model._dtype() == np.float32 else 1e-290)
    return np.log(np.where(seen, z, FLOOR))
