"""Automatic differentiation of a function of one matrix, by a library that is imported when it is needed."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

LIBRARIES = ("torch", "jax", "autograd")


def library_of_choice(name: str | None, owner: str) -> str:
    """The named library, or the first of ``LIBRARIES`` that is installed.

    Raises
    ------
    ValueError
        A name that is not one of them.
    ImportError
        What is asked for is not installed; says what to install.
    """
    if name is not None and name not in LIBRARIES:
        msg = f"The 'autodiff' parameter of {owner} must be None or one of {LIBRARIES}. Got {name!r}."
        raise ValueError(msg)
    for library in LIBRARIES if name is None else (name,):
        if find_spec(library) is not None:
            return library
    wanted = "one of torch, jax and autograd" if name is None else name
    remedy = f"Give it gradient=, or `pip install {name or 'autograd'}`."
    msg = f"{owner}: a function without gradient needs {wanted}, which is not installed. {remedy}"
    raise ImportError(msg)


class Differentiated:
    """Value and gradient, in numpy and float64, of a function that is written for a library.

    Parameters
    ----------
    function : callable
        Of a matrix of the library (a tensor of torch, an array of jax or of autograd), and of constants beside it.
    library : {"torch", "jax", "autograd"}
    """

    def __init__(self, function: Callable[..., Any], library: str) -> None:
        self._function = function
        self._value, self._gradient = {"torch": _torch, "jax": _jax, "autograd": _autograd}[library](function)

    def value(self, x: NDArray, *constants: NDArray) -> float:
        return float(self._value(x, *constants))

    def gradient(self, x: NDArray, *constants: NDArray) -> NDArray:
        return np.asarray(self._gradient(x, *constants), dtype=np.float64)


def _torch(function: Callable[..., Any]) -> tuple[Callable[..., float], Callable[..., Any]]:
    torch = import_module("torch")

    def tensors(arrays: tuple[NDArray, ...]) -> list[Any]:
        return [torch.tensor(array, dtype=torch.float64) for array in arrays]

    def value(*arrays: NDArray) -> float:
        with torch.no_grad():
            return float(function(*tensors(arrays)))

    def gradient(x: NDArray, *constants: NDArray) -> Any:
        point = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        with torch.enable_grad():
            result = function(point, *tensors(constants))
            (slope,) = torch.autograd.grad(result, point, allow_unused=True)
        return np.zeros(x.shape) if slope is None else slope.numpy()

    return value, gradient


def _jax(function: Callable[..., Any]) -> tuple[Callable[..., float], Callable[..., Any]]:
    jax = import_module("jax")
    # a context, so that the precision of the rest of the program stays as it is; where it lives depends on the version
    context = getattr(jax, "enable_x64", None)
    double = (lambda: context(True)) if callable(context) else import_module("jax.experimental").enable_x64

    def value(*arrays: NDArray) -> float:
        with double():
            return float(function(*map(jax.numpy.asarray, arrays)))

    def gradient(*arrays: NDArray) -> Any:
        with double():
            return np.asarray(jax.grad(function)(*map(jax.numpy.asarray, arrays)))

    return value, gradient


def _autograd(function: Callable[..., Any]) -> tuple[Callable[..., float], Callable[..., Any]]:
    autograd = import_module("autograd")
    return function, autograd.grad(function)
