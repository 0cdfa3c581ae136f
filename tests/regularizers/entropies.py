"""Functions for FunctionRegularizer; they can be pickled, and need no library."""

import numpy as np


def entropy(phi):
    """-sum p ln p; rows of theta add up."""
    return -(phi * np.log(np.maximum(phi, 1e-16))).sum()


def entropy_slope(phi):
    return -np.log(np.maximum(phi, 1e-16)) - 1


def cross(phi, n_wt):
    """sum n phi^2 / 2."""
    return 0.5 * (n_wt * phi**2).sum()


def cross_slope(phi, n_wt):
    return n_wt * phi


def squares(phi):
    """-sum p^2 / 2, by operators that numpy, torch, jax and autograd have."""
    return -0.5 * (phi**2).sum()


def weighted_squares(phi, n_wt):
    return -0.5 * (n_wt * phi**2).sum()


def constant(phi):
    return 0.0 * phi.sum() + 3.0


def root(phi):
    """Its slope is infinite at 0."""
    return (phi**0.5).sum()
