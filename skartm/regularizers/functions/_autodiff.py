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

    It holds the function and the name of the library only, so it can be pickled when the function can.

    Parameters
    ----------
    function : callable
        Of a matrix of the library (a tensor of torch, an array of jax or of autograd), and of constants beside it.
    library : {"torch", "jax", "autograd"}
    """

    def __init__(self, function: Callable[..., Any], library: str) -> None:
        self._function, self._library = function, library
        import_module(library)  # a broken installation is an error here, not in the middle of a fit

    def value(self, x: NDArray, *constants: NDArray) -> float:
        value, _ = _WAYS[self._library]
        return float(value(self._function, x, *constants))

    def gradient(self, x: NDArray, *constants: NDArray) -> NDArray:
        _, gradient = _WAYS[self._library]
        with np.errstate(all="ignore"):  # an infinite slope at zero is not used, any other is an error of its own
            return np.asarray(gradient(self._function, x, *constants), dtype=np.float64)


def _torch_value(function: Callable[..., Any], *arrays: NDArray) -> Any:
    torch = import_module("torch")
    with torch.no_grad():
        return function(*(torch.tensor(array, dtype=torch.float64) for array in arrays))


def _torch_gradient(function: Callable[..., Any], x: NDArray, *constants: NDArray) -> Any:
    torch = import_module("torch")
    with torch.enable_grad():
        point = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        result = function(point, *(torch.tensor(array, dtype=torch.float64) for array in constants))
        (slope,) = torch.autograd.grad(result, point, allow_unused=True)
    return np.zeros(x.shape) if slope is None else slope.numpy()


def _jax_double(jax: Any) -> Any:
    """A context, so that the precision of the rest of the program stays as it is; its place depends on the version."""
    return jax.enable_x64(True) if hasattr(jax, "enable_x64") else import_module("jax.experimental").enable_x64()


def _jax_value(function: Callable[..., Any], *arrays: NDArray) -> Any:
    jax = import_module("jax")
    with _jax_double(jax):
        return function(*(jax.numpy.asarray(array) for array in arrays))


def _jax_gradient(function: Callable[..., Any], *arrays: NDArray) -> Any:
    jax = import_module("jax")
    with _jax_double(jax):
        return np.asarray(jax.grad(function)(*(jax.numpy.asarray(array) for array in arrays)))


def _autograd_value(function: Callable[..., Any], *arrays: NDArray) -> Any:
    return function(*arrays)


def _autograd_gradient(function: Callable[..., Any], *arrays: NDArray) -> Any:
    return import_module("autograd").grad(function)(*arrays)


_WAYS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "torch": (_torch_value, _torch_gradient),
    "jax": (_jax_value, _jax_gradient),
    "autograd": (_autograd_value, _autograd_gradient),
}
