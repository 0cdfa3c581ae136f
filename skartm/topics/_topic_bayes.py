"""TopicBayes: classes of documents from their topics, by naive Bayes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_softmax

_LARGEST = 2**24  # numbers in the scores from which the strength is learned; more documents are thinned out
_NEWTON_STEPS = 50


@dataclass
class TopicBayes:
    r"""Naive Bayes with topics in the place of words.

    .. math:: p(c|d) \propto p(c) \prod_t q(t|c)^{s \sqrt{\theta_{td}}}, \qquad
              q(t|c) \propto \beta + \sum_{d \in c} \sqrt{\theta_{td}}

    The root makes a topic that fills a tenth of a document worth a third of one that fills it; the topics of a document
    are not independent, and the strength s, learned by maximum conditional likelihood, makes up for it. With
    ``multilabel`` every label is a problem of its own, with or without it, and all have one s.

    Parameters
    ----------
    n_classes, n_topics : int
    multilabel : bool
    beta : float

    Attributes
    ----------
    mass : array of shape (2, n_classes, n_topics)
        Sums of the roots in documents with a class and (for labels) without it.
    count : array of shape (2, n_classes)
        Documents with a class and without it.
    strength : float
        s.
    n_updates : int
        Calls of ``learn``.
    """

    n_classes: int
    n_topics: int
    multilabel: bool
    beta: float = 0.1

    def __post_init__(self) -> None:
        self.mass = np.zeros((2, self.n_classes, self.n_topics))
        self.count = np.zeros((2, self.n_classes))
        self.strength, self.n_updates, self._seen = 1.0, 0, 0.0

    def learn(self, theta: NDArray, labels: NDArray, weights: NDArray, rho: float = 1.0) -> None:
        """Read documents; what was read before keeps the share ``1 - rho``.

        Parameters
        ----------
        theta : array of shape (n_docs, n_topics)
        labels : sparse matrix of shape (n_docs, n_classes), of zeros and ones
        weights : array of shape (n_docs,)
        rho : float in [0, 1]
        """
        roots = np.sqrt(theta, dtype=np.float64)
        labels = labels.astype(np.float64)
        weighted = labels.multiply(weights[:, None]).tocsr()  # (D, C)
        mass, count = np.asarray(weighted.T @ roots), np.asarray(weighted.sum(axis=0)).ravel()
        total = weights.sum()
        masses = np.stack([mass, weights @ roots - mass])
        counts = np.stack([count, total - count])
        scale = 1.0 if rho == 1 or total == 0 else max(self._seen, total) / total
        self.mass = (1 - rho) * self.mass + rho * scale * masses
        self.count = (1 - rho) * self.count + rho * scale * counts
        self._seen += total
        self.n_updates += 1
        strength = self._best_strength(roots, labels, weights)
        self.strength = (1 - rho) * self.strength + rho * strength

    def log_probabilities(self, theta: NDArray) -> NDArray:
        """ln p(c|d), or for labels the log-odds of each; of shape (n_docs, n_classes)."""
        scores = self._log_prior() + self.strength * self._evidence(np.sqrt(theta, dtype=np.float64))
        return scores if self.multilabel else log_softmax(scores, axis=1)

    def _log_prior(self) -> NDArray:
        if self.multilabel:
            return np.log((self.count[0] + 0.5) / (self.count[1] + 0.5))
        with np.errstate(divide="ignore"):
            return np.log(self.count[0] / self.count[0].sum())

    def _evidence(self, roots: NDArray) -> NDArray:
        smooth = np.log(self.mass + self.beta)
        smooth -= np.log((self.mass + self.beta).sum(axis=2, keepdims=True))
        return roots @ (smooth[0] - smooth[1] if self.multilabel else smooth[0]).T  # (D, C)

    def _best_strength(self, roots: NDArray, labels: NDArray, weights: NDArray) -> float:
        """Newton steps for the s of largest conditional likelihood, which is concave; a weak prior is around 1."""
        step = -(-roots.shape[0] * self.n_classes // _LARGEST)
        prior, evidence = self._log_prior(), self._evidence(roots[::step])
        truth, weights = labels[::step].toarray(), weights[::step, None]
        strength = 1.0
        for _ in range(_NEWTON_STEPS):
            scores = prior + strength * evidence
            p = expit(scores) if self.multilabel else np.exp(log_softmax(scores, axis=1))
            mean = p * evidence if self.multilabel else (p * evidence).sum(axis=1, keepdims=True)
            slope = (weights * (truth - p) * evidence).sum() - 0.1 * (strength - 1)
            spread = p * (1 - p) * evidence**2 if self.multilabel else p * (evidence - mean) ** 2
            change = slope / ((weights * spread).sum() + 0.1)
            strength = max(strength + float(np.clip(change, -2.0, 2.0)), 0.0)
            if abs(change) < 1e-12 * strength:
                break
        return strength
