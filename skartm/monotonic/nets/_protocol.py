"""What the estimators ask of a monotone net."""

from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from skartm.monotonic.nets._losses import Loss


class Net(Protocol):
    """A function of the features that is monotone in those with a sign, and how it is learned.

    A net is a ``sklearn.base.BaseEstimator``: its constructor stores options that have defaults, so that
    ``MonotonicRegressor(model=Smooth(n_groups=4))`` and ``model__n_groups`` of a grid search work.

    Attributes
    ----------
    losses : names of the losses it can be fitted by
    handles_missing : whether X may contain NaN; else the estimator puts the training median in its place

    Notes
    -----
    A net whose ``fit`` has a parameter ``task`` tells callbacks what it does. It gets a ``FitTask`` that has not begun,
    begins and ends it, and makes its iterations by ``skartm.base._fitting.iterate``. A net without it is one step.
    """

    losses: ClassVar[tuple[str, ...]]
    handles_missing: ClassVar[bool]

    def fit(
        self,
        X: NDArray,
        y: NDArray,
        sample_weight: NDArray,
        signs: NDArray,
        loss: Loss,
        rng: np.random.Generator,
        n_threads: int,
    ) -> Self:
        """Learn from rows.

        Parameters
        ----------
        X : float64 array of shape (n_rows, n_features), C-contiguous
            Scaled to [0, 1] by the range of the training data; constant features are 0.
        y : float64 array of shape (n_rows,)
            The target as the user has it; 0 or 1 with the loss "log_loss".
        sample_weight : float64 array of shape (n_rows,)
            Positive (rows of weight zero have been left out); a weight of 2 counts as the row twice.
        signs : int8 array of shape (n_features,)
            1 rises, -1 falls, 0 is free.
        loss : a loss of ``_losses.py``
        rng : Generator
            All randomness comes from here.
        n_threads : int
            Threads of kernels, on which the result must not depend.
        """

    def predict(self, X: NDArray) -> NDArray:
        """Means, quantiles or probabilities, float64 of shape (n_rows,), on the scale of y.

        X may lie outside [0, 1]. Every row is computed by itself: the same in any batch.
        """
