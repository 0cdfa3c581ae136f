"""check_regularizer: the tests that every regularizer has to pass, ours and yours."""

import pickle
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from skartm.em import Documents, Layout, Modality

_LAST = 1000  # an inner pass after all that a term may tell apart


def check_regularizer(
    regularizer: Any,
    *,
    layout: Layout | None = None,
    n_tokens: int = 13,
    n_topics: int = 4,
    n_docs: int = 7,
    rtol: float = 1e-5,
    random_state: int = 0,
) -> None:
    """Check that a regularizer keeps the contract of the engine.

    * it survives ``clone`` and ``pickle`` with the same parameters, and ``bind`` changes none; ``pickle`` cannot
      carry a lambda or a function that is defined in another one, so it is not tried where a parameter is such a one;
    * the term is x * dR/dx: it agrees with central finite differences of ``value``; a term of p(t|d,w) gives
      distributions and is, by the theorem of the E-step, the gradient of a regularizer of p(t|d,w);
    * it touches its own topics only, adds to ``out``, and leaves its inputs as they were;
    * a theta term of a document does not depend on the documents beside it;
    * names of topics and modalities that the model does not have are an error.

    Parameters
    ----------
    regularizer : Regularizer
    layout : Layout, default=None
        The model to bind to. None makes one of topics "topic0", "topic1", ..., tokens "token0", "token1", ..., of which
        the first two thirds are the modality "words" and the rest "tags", and documents with random targets.
    n_tokens, n_topics, n_docs : int
        Shape of that model; raise them when the regularizer names tokens or topics beyond.
    rtol : float
        Largest difference to the finite differences, relative to the largest entry of the term.
    random_state : int

    Raises
    ------
    AssertionError
        A sentence that says which part of the contract is broken.
    TypeError
        ``regularizer`` is not a regularizer.

    Examples
    --------
    >>> from skartm.regularizers import Decorrelation, check_regularizer
    >>> check_regularizer(Decorrelation(topics=[0, 2]))
    """
    if isinstance(regularizer, type) or not all(hasattr(regularizer, name) for name in ("bind", "strength", "side")):
        msg = (
            "check_regularizer: regularizer must be a Regularizer, such as SmoothSparsePhi(). Got "
            f"{repr(regularizer)[:200]}; a function becomes one by FunctionRegularizer(function)."
        )
        raise TypeError(msg)
    rng = np.random.default_rng(random_state)
    if layout is None:
        layout = example_layout(n_tokens, n_topics, n_docs, rng)
    _check_declaration(regularizer, layout)
    term = regularizer.bind(layout)
    n_docs = layout.n_docs or n_docs
    if regularizer.side == "phi":
        phi = rng.dirichlet(np.ones(layout.n_tokens), size=layout.n_topics).T.copy()
        n_wt = rng.uniform(0.5, 9, size=phi.shape)
        _check_phi(term, phi, n_wt, rtol)
    elif regularizer.side == "theta":
        _check_theta(term, rng.dirichlet(np.ones(layout.n_topics), size=n_docs), rng.uniform(1, 50, n_docs), rtol)
    else:
        p = rng.dirichlet(np.ones(layout.n_topics), size=11)
        _check_posterior(term, p, rng.permutation(layout.n_tokens)[:11], rng.uniform(1, 5, 11), rtol)


def example_layout(n_tokens: int, n_topics: int, n_docs: int, rng: np.random.Generator) -> Layout:
    """The model that regularizers are checked with."""
    tokens = np.arange(n_tokens, dtype=np.int32)
    cut = max(2 * n_tokens // 3, 1)
    modalities = (Modality("words", tokens[:cut]), Modality("tags", tokens[cut:])) if cut < n_tokens else ()
    names = tuple(f"token{w}" for w in range(n_tokens))
    topics = tuple(f"topic{t}" for t in range(n_topics))
    return Layout(topics, n_tokens, modalities, names, n_docs, rng.integers(0, 3, n_docs))


def _check_declaration(regularizer: Any, layout: Layout) -> None:
    name = type(regularizer).__name__
    before = repr(regularizer)
    copies = [clone(regularizer)]
    if all(_can_be_pickled(value) for value in regularizer.get_params(deep=False).values() if callable(value)):
        _require(_can_be_pickled(regularizer), f"{name}: pickle must be able to carry it")
        copies.append(pickle.loads(pickle.dumps(regularizer)))
    for copy in copies:
        _require(repr(copy) == before, f"{name}: clone and pickle must keep the parameters")
    regularizer.bind(layout)
    regularizer.strength()
    _require(repr(regularizer) == before, f"{name}: bind must not change parameters")
    for parameter, wrong in (("topics", ["no such topic"]), ("modality", "no such modality")):
        if parameter in regularizer.get_params(deep=False):
            try:
                clone(regularizer).set_params(**{parameter: wrong}).bind(layout)
            except ValueError:
                continue
            _require(False, f"{name}: bind must raise ValueError on a name in {parameter} that the model does not have")


def _can_be_pickled(item: Any) -> bool:
    try:
        pickle.dumps(item)
    except (pickle.PicklingError, AttributeError, TypeError):
        return False
    return True


def _check_phi(term: Any, phi: NDArray, n_wt: NDArray, rtol: float) -> None:
    phi_before, n_before = phi.copy(), n_wt.copy()
    term.learn(phi, n_wt)
    out = np.ones_like(phi)
    term.add_term(phi, n_wt, out)
    added = out - 1
    again = np.zeros_like(phi)
    term.add_term(phi, n_wt, again)
    _require(np.allclose(added, again, atol=1e-12), "add_term must add to out")
    _require(np.array_equal(phi, phi_before) and np.array_equal(n_wt, n_before), "a term must not change its inputs")
    _compare(again, phi * _gradient(lambda x: term.value(x, n_wt), phi), rtol)
    others = np.setdiff1d(np.arange(phi.shape[1]), term.topics)
    _require(not again[:, others].any(), "add_term must leave topics outside of its subset alone")


def _check_theta(term: Any, theta: NDArray, mass: NDArray, rtol: float) -> None:
    documents, before = Documents(0, mass), theta.copy()
    n_dt = theta * mass[:, None]
    half = len(theta) // 2
    first, second = (term.observe(theta[a:b], documents.part(a, b)) for a, b in ((0, half), (half, len(theta))))
    _require(first is not None, "observe must return a statistic, which adds up to what finish gets")
    statistic = first + second
    _require(np.isfinite(term.finish(statistic, 1.0)), "finish must return a finite value")
    again = np.zeros_like(theta)
    term.add_term(theta, n_dt, documents, _LAST, again)
    out = np.ones_like(theta)
    term.add_term(theta, n_dt, documents, _LAST, out)
    _require(np.allclose(out - 1, again, atol=1e-12), "add_term must add to out")
    _require(np.array_equal(theta, before), "a term must not change its inputs")
    _compare(again, theta * _gradient(lambda x: term.value(x, documents), theta), rtol)
    constant = term.constant()
    if constant is not None:
        _require(np.allclose(again, constant), "add_term must agree with constant")
    others = np.setdiff1d(np.arange(theta.shape[1]), term.topics)
    _require(not again[:, others].any(), "a term must leave topics outside of its subset alone")
    part = np.zeros_like(theta[2:5])
    term.add_term(theta[2:5], n_dt[2:5], Documents(2, mass[2:5]), _LAST, part)
    _require(np.allclose(part, again[2:5], atol=1e-12), "the term of a document must not depend on those beside it")


def _check_posterior(term: Any, p: NDArray, tokens: NDArray, counts: NDArray, rtol: float) -> None:
    before = p.copy()
    result = np.asarray(term.apply(p, tokens, counts))
    _require(np.array_equal(p, before), "apply must not change its inputs")
    _require(result.shape == p.shape, "apply must return the shape of p")
    _require(bool((result >= 0).all()) and np.allclose(result.sum(axis=1), 1), "apply must return distributions")

    def regularizer(x: NDArray) -> float:  # R(Pi) = sum n (p~ - p) ln p, with p~ and the p before ln as they are
        return float(counts @ ((result - before) * np.log(x)).sum(axis=1))

    gradient = _gradient(regularizer, p)
    moved = p * (1 + (gradient - (p * gradient).sum(axis=1, keepdims=True)) / counts[:, None])
    _compare(moved, result, rtol)


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
