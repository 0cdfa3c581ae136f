"""check_regularizer: the tests that every regularizer has to pass, ours and yours."""

import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from skartm.em import Layout


def check_regularizer(
    regularizer: Any,
    *,
    n_tokens: int = 13,
    n_topics: int = 4,
    n_docs: int = 7,
    rtol: float = 1e-5,
    random_state: int = 0,
) -> None:
    """Check that a regularizer keeps the contract of the engine.

    * it survives ``clone`` and ``pickle`` with the same parameters, and ``bind`` changes none of them;
    * the term is x * dR/dx: it agrees with central finite differences of ``value``;
    * it touches its own topics only, adds to ``out``, and leaves its inputs as they were;
    * names of topics that the model does not have are an error.

    Parameters
    ----------
    regularizer : Regularizer
    n_tokens, n_topics, n_docs : int
        Shape of the random model; raise them when the regularizer names tokens or topics beyond.
    rtol : float
        Largest difference to the finite differences, relative to the largest entry of the term.
    random_state : int

    Raises
    ------
    AssertionError
        A sentence that says which part of the contract is broken.

    Examples
    --------
    >>> from skartm.regularizers import Decorrelation, check_regularizer
    >>> check_regularizer(Decorrelation(topics=[0, 2]))
    """
    rng = np.random.default_rng(random_state)
    layout = Layout(tuple(f"topic{t}" for t in range(n_topics)), n_tokens)
    _check_declaration(regularizer, layout)
    term = regularizer.bind(layout)
    if regularizer.side == "phi":
        phi = rng.dirichlet(np.ones(n_tokens), size=n_topics).T.copy()
        n_wt = rng.uniform(0.5, 9, size=phi.shape)
        _check_phi(term, phi, n_wt, rtol)
    else:
        theta = rng.dirichlet(np.ones(n_topics), size=n_docs)
        _check_theta(term, theta, rtol)


def _check_declaration(regularizer: Any, layout: Layout) -> None:
    name = type(regularizer).__name__
    before = repr(regularizer)
    for copy in (clone(regularizer), pickle.loads(pickle.dumps(regularizer))):
        _require(repr(copy) == before, f"{name}: clone and pickle must keep the parameters")
    regularizer.bind(layout)
    regularizer.strength()
    _require(repr(regularizer) == before, f"{name}: bind must not change parameters")
    if "topics" in regularizer.get_params():
        try:
            clone(regularizer).set_params(topics=["no such topic"]).bind(layout)
        except ValueError:
            return
        _require(False, f"{name}: bind must raise ValueError on a topic that the model does not have")


def _check_phi(term: Any, phi: NDArray, n_wt: NDArray, rtol: float) -> None:
    phi_before, n_before = phi.copy(), n_wt.copy()
    out = np.ones_like(phi)
    term.add_term(phi, n_wt, out)
    added = out - 1
    again = np.zeros_like(phi)
    term.add_term(phi, n_wt, again)
    _require(np.allclose(added, again, atol=1e-12), "add_term must add to out")
    _require(np.array_equal(phi, phi_before) and np.array_equal(n_wt, n_before), "add_term must not change its inputs")
    _compare(again, phi * _gradient(lambda x: term.value(x, n_wt), phi), rtol)
    others = np.setdiff1d(np.arange(phi.shape[1]), term.topics)
    _require(not again[:, others].any(), "add_term must leave topics outside of its subset alone")


def _check_theta(term: Any, theta: NDArray, rtol: float) -> None:
    constant = np.asarray(term.constant())
    _compare(np.broadcast_to(constant, theta.shape), theta * _gradient(term.value, theta), rtol)
    others = np.setdiff1d(np.arange(theta.shape[1]), term.topics)
    _require(not constant[others].any(), "constant must leave topics outside of its subset alone")


def _gradient(function: Any, point: NDArray) -> NDArray:
    """Central differences with a step relative to the coordinate."""
    gradient = np.empty_like(point)
    for index in np.ndindex(point.shape):
        step = 1e-5 * point[index]
        up, down = point.copy(), point.copy()
        up[index] += step
        down[index] -= step
        gradient[index] = (function(up) - function(down)) / (up[index] - down[index])
    return gradient


def _compare(term: NDArray, expected: NDArray, rtol: float) -> None:
    # below 1e-4 the finite differences are mostly rounding, as of a term that is zero
    error = np.abs(term - expected).max() / max(np.abs(expected).max(), 1e-4)
    _require(bool(error < rtol), f"the term must be x * dR/dx: relative difference {error:.1e} to finite differences")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise AssertionError(message)
