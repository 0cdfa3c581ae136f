"""The version that wrote a saved model, and what happens when another one reads it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

from skartm._version import __version__
from skartm.exceptions import OtherVersionWarning

from ._shown import shown_list

_KEY = "_skartm_version"
_BEFORE = "0.1.0"  # wrote no version


class Versioned:
    """Mixin in front of :class:`sklearn.base.BaseEstimator`: pickles and skops files say which version wrote them.

    A file of the same minor version is read as it is. A file of another one is read with an
    :class:`~skartm.exceptions.OtherVersionWarning`: parameters that it lacks have their defaults, and what else has
    changed is up to ``_migrate``. A file with a parameter that the class no longer has is refused.

    Hooks of a class
    ----------------
    _renamed_parameters : mapping of an old name to (new name, version)
        The version is the first with the new name. Files with the old name are read with a ``FutureWarning`` by
        that minor version; a later one refuses them, and says the new name.
    _migrate(state, version)
        Returns the state as this version has it, from one that ``version`` wrote.
    """

    _renamed_parameters: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """The state, with the version of the library."""
        return {**super().__getstate__(), _KEY: __version__}  # type: ignore[dict-item]

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of this version, or of another one as the class describes."""
        state = dict(state)
        version = state.pop(_KEY, _BEFORE)
        state = self._renamed(state, version)
        if _minor(version) != _minor(__version__):
            state = self._migrate(state, version)
            self._warn(version)
        self._check_parameters(state, version)
        parent = getattr(super(), "__setstate__", None)
        if parent is None:
            self.__dict__.update(state)
        else:
            parent(state)

    def _migrate(self, state: dict[str, Any], version: str) -> dict[str, Any]:
        """Return the state of this version from one that another minor version wrote."""
        return state

    def _warn(self, version: str) -> None:
        message = f"{type(self).__name__} was saved by skartm {version} and is read by {__version__}; if its results "
        warnings.warn(f"{message}differ, fit it again or install skartm {version}.", OtherVersionWarning, stacklevel=3)

    def _renamed(self, state: dict[str, Any], version: str) -> dict[str, Any]:
        for old, (new, since) in self._renamed_parameters.items():
            if old not in state:
                continue
            owner = type(self).__name__
            if _minor(__version__) > _minor(since):
                raise ValueError(
                    f"{owner}: the saved model must have the parameter {new!r}, which was {old!r} before skartm "
                    f"{since}. Got {old!r}, written by skartm {version}; read it with skartm {since}, save it again."
                )
            message = f"{owner}: the parameter {old!r} of the saved model is {new!r} since skartm {since}; save it"
            warnings.warn(f"{message} again, for the next minor version refuses it.", FutureWarning, stacklevel=4)
            state[new] = state.pop(old)
        return state

    def _check_parameters(self, state: dict[str, Any], version: str) -> None:
        """Refuse parameters that the class does not have; give those that the file does not have their defaults.

        Whatever else an estimator stores begins or ends with an underscore.
        """
        if not hasattr(type(self), "_get_param_names"):
            return
        names = type(self)._get_param_names()  # type: ignore[attr-defined]
        gone = [name for name in state if not name.startswith("_") and not name.endswith("_") and name not in names]
        if gone:
            raise ValueError(
                f"{type(self).__name__} of skartm {__version__} must not have the parameters {shown_list(gone)}, which "
                f"were removed. Got them in a model that skartm {version} wrote; read it with that version, or fit it "
                "again."
            )
        missing = [name for name in names if name not in state]
        if missing:
            defaults = _defaults(type(self))
            state.update({name: defaults[name] for name in missing if name in defaults})


def _defaults(cls: type) -> dict[str, Any]:
    from inspect import Parameter, signature

    parameters = signature(cls).parameters.items()
    return {name: parameter.default for name, parameter in parameters if parameter.default is not Parameter.empty}


def _minor(version: str) -> tuple[int, int]:
    """Major and minor number; (0, 0) of what is not a version."""
    parts = version.split(".") if isinstance(version, str) else []
    numbers = [int(part) for part in parts[:2] if part.isdecimal()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)
