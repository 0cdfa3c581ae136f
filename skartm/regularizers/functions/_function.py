"""A regularizer that is a Python function."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._parameters import declared, parameters
from skartm.em import Documents, Layout, ModalitySelection, PhiTerm, ThetaTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.regularizers.functions._autodiff import Differentiated, library_of_choice

_OWNER = "FunctionRegularizer"


@parameters
class FunctionRegularizer(Regularizer):
    r"""A function of phi or theta, to be maximised, with its gradient or without.

    .. math:: R(\Phi) = f\bigl((\phi_{wt})_{w \in W^m,\, t \in S}\bigr), \qquad
              r_{wt} = \phi_{wt} \frac{\partial f}{\partial \phi_{wt}}

    The function sees the chosen rows and columns only, tokens of the modality and topics of S, as a matrix of its own
    in float64; so what it does not see it cannot change, and value and term belong together. Cells of phi that are
    zero have a zero term.

    Without a gradient the function is differentiated by torch, jax or autograd, and gets their matrices: operators and
    methods (``-(phi**2).sum()``) work in all three, else take the functions of the library (``torch.log``).

    Parameters
    ----------
    value : callable
        ``value(phi)`` -> float, phi of shape (tokens, topics of S); with ``counters=True`` ``value(phi, n_wt)``. For
        ``side="theta"`` ``value(theta)``, theta of shape (n_docs, topics of S), a sum over the documents.
    tau : float or Schedule, default=1.0
        Strength; absolute, in the unit of tokens divided by that of the function.
    gradient : callable, default=None
        df/dphi, of the arguments of ``value``, an array of the shape of phi, not multiplied by phi. None: by autodiff.
    side : {"phi", "theta"}, default="phi"
        What is regularised. Theta has no ``relative``, ``modality`` and ``counters``.
    counters : bool, default=False
        Whether the functions take the new counters of the same cells too, which are constants.
    autodiff : None, "torch", "jax" or "autograd", default=None
        The library that differentiates; None is the first of them that is installed.
    relative : None or float in [0, 1], default=None
        None: absolute. A number: ``tau`` is the share of the counters' mass that the term moves.
    topics : None, slice, names or indices, default=None
        Topics S that the function sees; None is all.
    modality : None, name or names, default=None
        Modality whose tokens the function sees; None is all.

    Notes
    -----
    A model can be pickled, and fitted by processes, when the functions can be: those of a module can, a lambda cannot.
    A :class:`Regularizer` of your own is faster where the chosen cells are few, and can learn parameters.

    Examples
    --------
    The entropy of topics, in numpy and with its gradient:

    >>> import numpy as np
    >>> from skartm.regularizers import FunctionRegularizer, check_regularizer
    >>> def entropy(phi):
    ...     return -(phi * np.log(np.maximum(phi, 1e-16))).sum()
    >>> def slope(phi):
    ...     return -np.log(np.maximum(phi, 1e-16)) - 1
    >>> smooth = FunctionRegularizer(entropy, 0.02, gradient=slope, relative=0.0)

    It is used as any other:

    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> X = load_peps().data
    >>> plain = ARTMTransformer(5, max_iter=10, tol=0, random_state=0).fit(X)
    >>> model = ARTMTransformer(5, regularizers=[("smooth", smooth)], max_iter=10, tol=0, random_state=0).fit(X)
    >>> bool(entropy(model.components_) > entropy(plain.components_))
    True
    """

    value: Any = declared(default=None, kw_only=False)
    tau: Any = declared(default=1.0, kw_only=False)
    gradient: Any = None
    side: str = "phi"
    counters: bool = False
    autodiff: str | None = None
    relative: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None

    def bind(self, layout: Layout) -> "_FunctionOfPhi | _FunctionOfTheta":
        for name, given in (("value", self.value), ("gradient", self.gradient)):
            if not callable(given) and (name, given) != ("gradient", None):
                msg = f"The {name!r} parameter of {_OWNER} must be a function. Got {shown(given)}."
                raise TypeError(msg)
        if self.side not in ("phi", "theta"):
            msg = f"The 'side' parameter of {_OWNER} must be 'phi' or 'theta'. Got {shown(self.side)}."
            raise ValueError(msg)
        topics, tokens = layout.topics(self.topics, _OWNER), layout.tokens(self.modality, _OWNER)
        function: _Function
        if self.gradient is None:
            function = Differentiated(self.value, library_of_choice(self.autodiff, _OWNER))
        else:
            function = _Given(self.value, self.gradient)
        if self.side == "phi":
            return _FunctionOfPhi(function, tokens, topics, bool(self.counters))
        for name, given in (("relative", self.relative), ("modality", self.modality), ("counters", self.counters)):
            if given is not None and given is not False:
                msg = f"{_OWNER}: {name} is of side='phi' only. Got {name}={shown(given)} with side='theta'."
                raise ValueError(msg)
        return _FunctionOfTheta(function, topics)


class _Function(Protocol):
    def value(self, x: NDArray, *constants: NDArray) -> float: ...

    def gradient(self, x: NDArray, *constants: NDArray) -> NDArray: ...


class _Given:
    """Value and gradient in numpy."""

    def __init__(self, value: Callable[..., Any], gradient: Callable[..., Any]) -> None:
        self._value, self._gradient = value, gradient

    def value(self, x: NDArray, *constants: NDArray) -> float:
        return float(self._value(x, *constants))

    def gradient(self, x: NDArray, *constants: NDArray) -> NDArray:
        return np.asarray(self._gradient(x, *constants), dtype=np.float64)


def _term(function: _Function, x: NDArray, *constants: NDArray) -> NDArray:
    """x * df/dx, 0 where x is."""
    gradient = function.gradient(x.copy(), *constants)  # a copy: what is not ours may write into it
    if gradient.shape != x.shape:
        msg = f"{_OWNER}: the gradient must have the shape of its argument, {x.shape}. Got {gradient.shape}."
        raise ValueError(msg)
    term = np.multiply(x, gradient, out=np.zeros_like(x), where=x > 0)
    if not np.isfinite(term).all():
        row, column = np.argwhere(~np.isfinite(term))[0]
        msg = f"{_OWNER}: the gradient must be finite where its argument is positive. Got {gradient[row, column]} at "
        raise ValueError(f"{msg}row {row}, column {column}, of value {x[row, column]}.")
    return term


class _FunctionOfPhi(PhiTerm):
    def __init__(self, function: _Function, tokens: NDArray, topics: NDArray, counters: bool) -> None:
        self.topics, self._function, self._counters = topics, function, counters
        self._cells = np.ix_(tokens, topics)

    def _arguments(self, phi_wt: NDArray, n_wt: NDArray) -> list[NDArray]:
        matrices = (phi_wt, n_wt) if self._counters else (phi_wt,)
        return [matrix[self._cells].astype(np.float64) for matrix in matrices]

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        return self._function.value(*self._arguments(phi_wt, n_wt))

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        out[self._cells] += _term(self._function, *self._arguments(phi_wt, n_wt)).astype(out.dtype)


class _FunctionOfTheta(ThetaTerm):
    def __init__(self, function: _Function, topics: NDArray) -> None:
        self.topics, self._function = topics, function

    def value(self, theta_dt: NDArray, documents: Documents) -> float:
        theta = theta_dt[:, self.topics].astype(np.float64)
        if documents.sample_weight is None:
            return self._function.value(theta)
        # a weight counts a document so many times; the sum does not say what each contributes
        values = [self._function.value(theta[d : d + 1]) for d in range(theta.shape[0])]
        return float(documents.sample_weight @ np.asarray(values, dtype=np.float64))

    def add_term(self, theta_dt: NDArray, n_dt: NDArray, documents: Documents, inner_pass: int, out: NDArray) -> None:
        out[:, self.topics] += _term(self._function, theta_dt[:, self.topics].astype(np.float64)).astype(out.dtype)
