"""TopicBayes: classes of documents from their topics, by naive Bayes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_softmax

from skartm.em import row_products

_POWERS = (1 / 2, 1 / 3, 1 / 4)
_LARGEST = 2**20  # probabilities computed at every step of the calibration; more documents are thinned out
_STEPS = 100
_CLOSE = 1e-6


class TopicBayes:
    r"""Naive Bayes with topics in the place of words.

    .. math:: p(c|d) \propto e^{b_c} p(c) \prod_t q(t|c)^{s \theta_{td}^p}, \qquad
              q(t|c) \propto \beta + \sum_{d \in c} \theta_{td}^p

    A power p below 1 lets a topic that fills a tenth of a document count for more than a tenth of it: topics tell
    classes by being there. The topics of a document are not independent; s and b, of largest conditional
    likelihood, make up for it. With ``multilabel`` every label is a problem of its own, with or without it, and all
    have one s.

    Parameters
    ----------
    n_classes, n_topics : int
    multilabel : bool
    beta : float

    Attributes
    ----------
    mass : array of shape (2, n_classes, n_topics)
        Sums of the powers in documents with a class and (for labels) without it.
    count : array of shape (2, n_classes)
        Documents with a class and without it.
    power, strength : float
        p and s.
    offsets : array of shape (n_classes,)
        b.
    n_updates : int
        Calls of ``learn``.
    """

    def __init__(self, n_classes: int, n_topics: int, *, multilabel: bool, beta: float = 0.1) -> None:
        self.multilabel, self.beta = multilabel, beta
        self.mass, self.count = np.zeros((2, n_classes, n_topics)), np.zeros((2, n_classes))
        self.power, self.strength, self.offsets = _POWERS[0], 1.0, np.zeros(n_classes)
        self.n_updates, self._seen = 0, 0.0

    def learn(self, theta: NDArray, labels: Any, weights: NDArray, rho: float = 1.0) -> None:
        """Read documents; what was read before keeps the share ``1 - rho``, and the power.

        Parameters
        ----------
        theta : array of shape (n_docs, n_topics)
        labels : sparse matrix of shape (n_docs, n_classes), of zeros and ones
        weights : array of shape (n_docs,)
        rho : float in [0, 1]
        """
        total = float(weights.sum())
        scale = rho * (1.0 if self.n_updates == 0 else max(self._seen, total) / total)
        with_class = np.asarray(labels.T @ weights).ravel()
        count = (1 - rho) * self.count + scale * np.stack([with_class, total - with_class])
        best = -np.inf
        for power in _POWERS if self.n_updates == 0 else (self.power,):
            features = np.power(theta, power, dtype=np.float64)
            mass = np.asarray(labels.multiply(weights[:, None]).T @ features)
            mass = (1 - rho) * self.mass + scale * np.stack([mass, weights @ features - mass])
            likelihood, strength, offsets = self._calibrate(self._evidence(features, mass), count, labels, weights)
            if likelihood > best:
                best, chosen = likelihood, (power, mass, strength, offsets)
        self.power, self.mass, strength, offsets = chosen
        self.count = count
        self.strength = (1 - rho) * self.strength + rho * strength
        self.offsets = (1 - rho) * self.offsets + rho * offsets
        self._seen += total
        self.n_updates += 1

    def log_probabilities(self, theta: NDArray) -> NDArray:
        """ln p(c|d), or for labels the log-odds of each; of shape (n_docs, n_classes)."""
        evidence = self._evidence(np.power(theta, self.power, dtype=np.float64), self.mass)
        scores = self._log_prior(self.count) + self.offsets + self.strength * evidence
        return scores if self.multilabel else log_softmax(scores, axis=1)

    def _log_prior(self, count: NDArray) -> NDArray:
        if self.multilabel:
            return np.log((count[0] + 0.5) / (count[1] + 0.5))
        with np.errstate(divide="ignore"):
            return np.log(count[0] / count[0].sum())

    def _evidence(self, features: NDArray, mass: NDArray) -> NDArray:
        smooth = mass + self.beta
        logs = np.log(smooth) - np.log(smooth.sum(axis=2, keepdims=True))
        return row_products(features, (logs[0] - logs[1] if self.multilabel else logs[0]).T)  # (D, C)

    def _calibrate(
        self, evidence: NDArray, count: NDArray, labels: Any, weights: NDArray
    ) -> tuple[float, float, NDArray]:
        """Conditional log-likelihood, strength and offsets: Newton steps for s, and a scaling that makes the expected
        number of documents of every class the observed one. A weak prior is around s = 1, b = 0.
        """
        step = -(-evidence.size // _LARGEST)
        evidence, truth, weights = evidence[::step], labels[::step].toarray(), weights[::step, None]
        prior, observed = self._log_prior(count), (weights * truth).sum(axis=0)
        strength, offsets, likelihood = 1.0, np.zeros(evidence.shape[1]), -np.inf
        for _ in range(_STEPS):
            scores = prior + offsets + strength * evidence
            before, likelihood, p = likelihood, *self._likelihood(scores, truth, weights)
            if abs(likelihood - before) <= _CLOSE * abs(likelihood):
                break
            if self.multilabel:
                spread = p * (1 - p) * evidence**2
                offsets = offsets + np.clip(_slope(observed, p, weights) / _curvature(p, weights), -1, 1)
            else:
                spread = p * (evidence - (p * evidence).sum(axis=1, keepdims=True)) ** 2
                offsets = offsets + np.log((observed + 1) / ((weights * p).sum(axis=0) + 1))
            slope = (weights * (truth - p) * evidence).sum() - 0.1 * (strength - 1)
            change = slope / ((weights * spread).sum() + 0.1)
            strength = max(strength + float(np.clip(change, -2.0, 2.0)), 0.0)
        return likelihood, strength, offsets

    def _likelihood(self, scores: NDArray, truth: NDArray, weights: NDArray) -> tuple[float, NDArray]:
        if self.multilabel:
            value = -np.logaddexp(0, np.where(truth > 0, -scores, scores))
            return float((weights * value).sum()), expit(scores)
        logs = log_softmax(scores, axis=1)
        return float((weights * np.where(weights * truth > 0, logs, 0)).sum()), np.exp(logs)


def _slope(observed: NDArray, p: NDArray, weights: NDArray) -> NDArray:
    return observed - (weights * p).sum(axis=0)


def _curvature(p: NDArray, weights: NDArray) -> NDArray:
    return (weights * p * (1 - p)).sum(axis=0) + 1
