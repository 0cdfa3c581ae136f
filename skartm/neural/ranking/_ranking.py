"""The weights of the neural topic model, and steps that lower its ranking loss."""

from dataclasses import dataclass

import numpy as np
from numpy.random import RandomState
from numpy.typing import NDArray
from scipy.special import expit

from skartm._kernels import ranking_differences, ranking_gradient
from skartm.neural.ranking._examples import Examples
from skartm.neural.ranking._optimizers import RULES, Rule

LOSSES = ("hinge", "logistic")


@dataclass
class Weights:
    """What is learned.

    Attributes
    ----------
    term : array of shape (length of vectors, n_topics)
        W2.
    document : array of shape (n_docs, n_topics)
        W1.
    label : array of shape (n_topics, n_classes) or None
        W3.
    """

    term: NDArray
    document: NDArray
    label: NDArray | None = None

    def copy(self) -> "Weights":
        """The same weights, which training does not change."""
        return Weights(self.term.copy(), self.document.copy(), None if self.label is None else self.label.copy())


@dataclass(frozen=True)
class Objective:
    """The loss: its form and margin, the strength of the penalty on W2, the weight of the labels."""

    loss: str
    margin: float
    alpha: float
    label_weight: float

    def values(self, differences: NDArray) -> NDArray:
        """Loss of examples."""
        if self.loss == "hinge":
            return np.maximum(self.margin - differences, 0)
        return np.logaddexp(0, self.margin - differences)

    def slopes(self, differences: NDArray) -> NDArray:
        """Derivative of the loss of examples by their differences."""
        if self.loss == "hinge":
            return -(differences < self.margin).astype(differences.dtype)
        return -expit(self.margin - differences)


def sigmoid_topics(vectors: NDArray, weights: NDArray) -> NDArray:
    """lt, of shape (n_terms, n_topics)."""
    return expit(vectors @ weights)


def softmax(weights: NDArray) -> NDArray:
    """Rows of distributions."""
    result = np.exp(weights - weights.max(axis=1, keepdims=True))
    result /= result.sum(axis=1, keepdims=True)
    return result


@dataclass
class Gradient:
    """Mean loss of a batch, mean difference, and the gradients; that of W1 is for ``rows`` only."""

    loss: float
    difference: float
    term: NDArray
    document: NDArray
    rows: NDArray
    label: NDArray | None = None


def gradient(
    vectors: NDArray,
    weights: Weights,
    batch: tuple[NDArray, NDArray, NDArray],
    objective: Objective,
    targets: NDArray | None = None,
) -> Gradient:
    """Gradient of the mean loss of the examples of a batch.

    Parameters
    ----------
    vectors : array of shape (n_terms, length)
        le.
    weights : Weights
    batch : terms, documents with them, documents without them
    objective : Objective
    targets : array of int of shape (n_docs,) or None
        Class of every document.
    """
    terms, positives, negatives = batch
    rows, places = np.unique(np.concatenate([positives, negatives]), return_inverse=True)
    more, less = np.split(places.astype(np.int32), 2)
    met, terms = np.unique(terms, return_inverse=True)
    terms, vectors = terms.astype(np.int32), vectors[met]
    lt, ld = sigmoid_topics(vectors, weights.term), softmax(weights.document[rows])
    differences = np.empty(terms.size, dtype=lt.dtype)
    ranking_differences(terms, more, less, lt, ld, differences)
    slopes = objective.slopes(differences) / lt.dtype.type(terms.size)
    lt_gradient, ld_gradient = np.zeros_like(lt), np.zeros_like(ld)
    ranking_gradient(terms, more, less, slopes, lt, ld, lt_gradient, ld_gradient)
    of_label = None
    if weights.label is not None and targets is not None:
        of_label = _label_gradient(ld, weights.label, more, targets[positives], objective.label_weight, ld_gradient)
    of_term = vectors.T @ (lt_gradient * lt * (1 - lt)) + 2 * objective.alpha * weights.term
    of_document = ld * (ld_gradient - (ld_gradient * ld).sum(axis=1, keepdims=True))
    loss = float(objective.values(differences.astype(np.float64)).mean())
    return Gradient(loss, float(differences.mean()), of_term, of_document, rows, of_label)


def _label_gradient(
    ld: NDArray, label: NDArray, places: NDArray, targets: NDArray, label_weight: float, ld_gradient: NDArray
) -> NDArray:
    """Of the mean negative log-probability of the classes of the documents with the term; that by ld is added."""
    off = softmax(ld @ label)[places]
    off[np.arange(places.size), targets] -= 1
    off *= label_weight / places.size
    total = np.zeros((ld.shape[0], label.shape[1]), dtype=ld.dtype)
    np.add.at(total, places, off)
    ld_gradient += total @ label.T
    return ld.T @ total


class Training:
    """Passes over all examples.

    Parameters
    ----------
    vectors, weights, objective, targets
        As for `gradient`; the weights are changed in place.
    examples : Examples
    optimizer : str
        One of ``RULES``.
    learning_rate, document_learning_rate : float
        Of W2 and W3, and of the rows of W1.
    """

    def __init__(
        self,
        vectors: NDArray,
        weights: Weights,
        examples: Examples,
        objective: Objective,
        *,
        optimizer: str,
        learning_rate: float,
        document_learning_rate: float,
        targets: NDArray | None = None,
    ) -> None:
        self.vectors, self.weights, self.examples, self.objective = vectors, weights, examples, objective
        self.targets = targets
        rule = RULES[optimizer]
        self.of_term: Rule = rule(weights.term, learning_rate)
        self.of_document: Rule = rule(weights.document, document_learning_rate)
        self.of_label: Rule | None = None if weights.label is None else rule(weights.label, learning_rate)

    @np.errstate(over="ignore", invalid="ignore")  # weights that overflow are an error in the end
    def run(self, batch_size: int, random_state: RandomState) -> tuple[float, float]:
        """One pass; the mean loss of an example and the mean difference, each before the step of its batch."""
        loss = difference = n_examples = 0.0
        for batch in self.examples.batches(batch_size, random_state):
            step = gradient(self.vectors, self.weights, batch, self.objective, self.targets)
            self.of_term.step(self.weights.term, step.term, slice(None))
            self.of_document.step(self.weights.document, step.document, step.rows)
            if self.of_label is not None and step.label is not None and self.weights.label is not None:
                self.of_label.step(self.weights.label, step.label, slice(None))
            size = batch[0].size
            loss, difference, n_examples = (
                loss + step.loss * size,
                difference + step.difference * size,
                n_examples + size,
            )
        n_examples = max(n_examples, 1.0)
        return loss / n_examples, difference / n_examples
