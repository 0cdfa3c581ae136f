"""Where public classes and functions are found: a saved model names this place, not the file that has the code."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from types import FunctionType
from typing import Any


def publish(namespace: MutableMapping[str, Any], names: Iterable[str] | None = None) -> None:
    """Make the module of a namespace the ``__module__`` of the classes and functions in its ``__all__``.

    Every public ``__init__`` ends with ``publish(globals())``. A class that several of them have belongs to the one
    that says so last, which is ``skartm`` itself. Pickles and skops files then hold ``skartm.PLSA``, so moving a
    file inside of the library breaks no saved model. The price is known from NumPy, which does the same:
    ``inspect.getsource`` finds the source of methods and functions, but not that of a whole class.

    Parameters
    ----------
    namespace : dict
        ``globals()`` of the module.
    names : iterable of str, default=None
        None takes ``__all__``.
    """
    module = namespace["__name__"]
    for name in namespace["__all__"] if names is None else names:
        item = namespace[name]
        if isinstance(item, (type, FunctionType)) and item.__module__.partition(".")[0] == "skartm":
            item.__module__ = module
