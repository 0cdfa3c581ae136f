"""Rules of gradient descent, for whole matrices and for some of their rows."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_FIRST, _SECOND = 0.9, 0.999  # of Adam, as published
_FADING = 0.95  # of Adadelta, as published
_SMALL = 1e-8
_SMALL_STEP = 1e-6


class Rule(Protocol):
    """How a gradient becomes a step."""

    def step(self, parameter: NDArray, gradient: NDArray, rows: NDArray | slice = ...) -> None:
        """Change ``parameter[rows]`` in place; the gradient is that of these rows."""


class StochasticGradient:
    """The gradient times a constant."""

    def __init__(self, parameter: NDArray, learning_rate: float) -> None:
        self.learning_rate = learning_rate

    def step(self, parameter: NDArray, gradient: NDArray, rows: NDArray | slice = slice(None)) -> None:
        parameter[rows] -= self.learning_rate * gradient


class Adam:
    """Each number by its mean gradient over the root of its mean square: steps do not depend on the scale.

    A row that is not in a batch keeps its means and its count of steps.
    """

    def __init__(self, parameter: NDArray, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.mean, self.square = np.zeros_like(parameter), np.zeros_like(parameter)
        self.count = np.zeros((parameter.shape[0], 1), dtype=parameter.dtype)

    def step(self, parameter: NDArray, gradient: NDArray, rows: NDArray | slice = slice(None)) -> None:
        mean, square, count = self.mean[rows], self.square[rows], self.count[rows] + 1
        mean = _FIRST * mean + (1 - _FIRST) * gradient
        square = _SECOND * square + (1 - _SECOND) * gradient * gradient
        self.mean[rows], self.square[rows], self.count[rows] = mean, square, count
        root = np.sqrt(square / (1 - _SECOND**count)) + _SMALL
        parameter[rows] -= self.learning_rate * mean / (1 - _FIRST**count) / root


class Adadelta:
    """Steps in the unit of the parameter: the root mean square of past steps over that of past gradients."""

    def __init__(self, parameter: NDArray, learning_rate: float) -> None:
        self.learning_rate = learning_rate
        self.square, self.moved = np.zeros_like(parameter), np.zeros_like(parameter)

    def step(self, parameter: NDArray, gradient: NDArray, rows: NDArray | slice = slice(None)) -> None:
        square = _FADING * self.square[rows] + (1 - _FADING) * gradient * gradient
        change = np.sqrt((self.moved[rows] + _SMALL_STEP) / (square + _SMALL_STEP)) * gradient
        self.square[rows] = square
        self.moved[rows] = _FADING * self.moved[rows] + (1 - _FADING) * change * change
        parameter[rows] -= self.learning_rate * change


RULES: dict[str, Callable[[NDArray, float], Rule]] = {"adam": Adam, "adadelta": Adadelta, "sgd": StochasticGradient}
