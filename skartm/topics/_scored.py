"""Held-out likelihood of a topic model."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.base._data import check_counts, check_weights
from skartm.base._sparse import with_data
from skartm.em import ModalitySelection
from skartm.metrics import completion_split, log_likelihood


class ScoredModel:
    """Mixin: ``score`` and ``perplexity``, overall and of a modality."""

    evaluation: str
    components_: NDArray

    def score(self, X: Any, y: Any = None, sample_weight: Any = None, *, modality: ModalitySelection = None) -> float:
        """Mean log-likelihood of a token, in nats: higher is better, and corpora of any size compare.

        With ``evaluation="completion"`` of the held-out half of every document given its observed half
        (:func:`skartm.metrics.completion_split`); with "fold_in" of all tokens given all tokens. Theta sees every
        modality with its weight; the likelihood is of p(w|d) in a token's own modality and counts every token once, so
        that models with different weights compare. By completion, rows that are not counts, of tf-idf for instance, are
        halved by cells, and documents of one token are left out, with a ``LeftOutDocumentsWarning``.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
        y : ignored
        sample_weight : array of shape (n_docs,), default=None
        modality : None, name or names, default=None
            Modalities whose tokens are scored; None is all.

        Returns
        -------
        float
        """
        check_is_fitted(self, "components_")
        X = check_counts(self, X, self._dtype(), reset=False)  # type: ignore[attr-defined]
        weights = check_weights(self, sample_weight, X.shape[0])
        return self._score_by(self._doc_topic, X, weights, modality)  # type: ignore[attr-defined]

    def _score_by(
        self, theta_of: Callable[[Any], NDArray], X: Any, weights: NDArray | None, modality: ModalitySelection
    ) -> float:
        """The same with a theta of one's own for the documents that are given."""
        given, scored = (X, X) if self.evaluation == "fold_in" else self._halves(X)
        theta = theta_of(given)
        if modality is not None:
            layout = self._layout(X, known=True)  # type: ignore[attr-defined]
            chosen = np.zeros(X.shape[1])
            chosen[layout.tokens(modality, type(self).__name__)] = 1
            every, scored = scored, with_data(scored, scored.data * chosen[scored.indices])
            if every.data.any() and not scored.data.any():
                msg = (
                    f"{type(self).__name__}: modality must have tokens to be scored. Got {modality!r}, of which "
                    f"{'no document has any' if every is X else 'no document has one in its held-out half'}; score "
                    "another one, or with evaluation='fold_in'."
                )
                raise ValueError(msg)
        return log_likelihood(self.components_, theta, scored, sample_weight=weights)

    def _halves(self, X: Any) -> tuple[Any, Any]:
        observed, held_out = completion_split(X, keep_order=self._reads_order())  # type: ignore[attr-defined]
        observed.data = observed.data.astype(self._dtype())  # type: ignore[attr-defined]  # astype of the matrix sorts
        return observed, held_out

    def perplexity(self, X: Any, sample_weight: Any = None, *, modality: ModalitySelection = None) -> float:
        """exp(-score): lower is better; see :meth:`score` for what is given and what is scored."""
        return float(np.exp(-self.score(X, sample_weight=sample_weight, modality=modality)))
