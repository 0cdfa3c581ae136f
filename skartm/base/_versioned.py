"""The version that wrote a saved model, and what happens when another one reads it."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any, ClassVar

from skartm._version import __version__
from skartm.base._caller import warn
from skartm.exceptions import OtherVersionWarning

from ._shown import shown_list

_VERSION, _PARAMETERS = "_skartm_version", "_skartm_parameters"
_BEFORE = "0.1.0"  # wrote no version


class Versioned:
    """Mixin in front of :class:`sklearn.base.BaseEstimator`: pickles and skops files say which version wrote them.

    A file of the same minor version is read as it is. A file of another one is read with an
    :class:`~skartm.exceptions.OtherVersionWarning`: parameters that it lacks have their defaults, and what else has
    changed is up to ``_migrate``. A file with a parameter that the class no longer has is refused.

    Attributes
    ----------
    _renamed_parameters : mapping of an old name to (new name, version)
        The version is the first with the new name. Files with the old name are read with a ``FutureWarning`` by
        that minor version; a later one refuses them, and says the new name.

    Notes
    -----
    A class overrides ``_migrate(state, version)`` to return the state as this version has it, from one that
    ``version`` wrote.
    """

    _renamed_parameters: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def __getstate__(self) -> dict[str, Any]:
        """The state, with the version of the library and the names of the parameters."""
        state = dict(super().__getstate__())  # type: ignore[call-overload]
        return state | {_VERSION: __version__, _PARAMETERS: _parameters_of(type(self))}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the state of this version, or of another one as the class describes."""
        version = state.get(_VERSION, _BEFORE)
        saved = list(state.get(_PARAMETERS, ()))
        state = without_version(state)
        if _is_ours(type(self)):
            state, saved = _renamed(type(self), state, saved, version)
            _refuse_removed(type(self), saved, version)
            if _minor(version) != _minor(__version__):
                state = self._migrate({**_defaults(type(self)), **state}, version)
                _warn(type(self), version)
        parent = getattr(super(), "__setstate__", None)
        if parent is None:
            self.__dict__.update(state)
        else:
            parent(state)

    def _migrate(self, state: dict[str, Any], version: str) -> dict[str, Any]:
        """Return the state of this version from one that another minor version wrote."""
        return state


def without_version(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state as the attributes of the object, without what says who wrote it."""
    return {name: value for name, value in state.items() if name not in (_VERSION, _PARAMETERS)}


def _renamed(
    cls: type[Versioned], state: dict[str, Any], saved: list[str], version: str
) -> tuple[dict[str, Any], list[str]]:
    """Give parameters that were renamed their new names, for one minor version."""
    for old, (new, since) in cls._renamed_parameters.items():
        if old not in saved:
            continue
        if _minor(__version__) > _minor(since):
            raise ValueError(
                f"{cls.__name__}: the saved model must have the parameter {new!r}, which was {old!r} before skartm "
                f"{since}. Got {old!r}, written by skartm {version}; read it with skartm {since}, save it again."
            )
        message = f"{cls.__name__}: the parameter {old!r} of the saved model is {new!r} since skartm {since}; save it"
        warn(f"{message} again, for the next minor version refuses it.", FutureWarning)
        state = {new if name == old else name: value for name, value in state.items()}
        saved = [new if name == old else name for name in saved]
    return state, saved


def _refuse_removed(cls: type, saved: list[str], version: str) -> None:
    gone = sorted(set(saved) - set(_parameters_of(cls)))
    if gone:
        raise ValueError(
            f"{cls.__name__} of skartm {__version__} must not have the parameters {shown_list(gone)}, which were "
            f"removed. Got them in a model that skartm {version} wrote; read it with that version, or fit it again."
        )


def _warn(cls: type, version: str) -> None:
    message = (
        f"{cls.__name__} was saved by skartm {version} and is read by {__version__}; if its results differ, fit it"
    )
    warn(f"{message} it again or install skartm {version}.", OtherVersionWarning)


def _is_ours(cls: type) -> bool:
    """Whether a class belongs to the library: the parameters of those that users derive have no version of ours."""
    return cls.__module__.partition(".")[0] == __name__.partition(".")[0]


def _parameters_of(cls: Any) -> tuple[str, ...]:
    return tuple(cls._get_param_names()) if hasattr(cls, "_get_param_names") else ()


def _defaults(cls: type) -> dict[str, Any]:
    parameters = signature(cls).parameters.items()
    return {name: parameter.default for name, parameter in parameters if parameter.default is not Parameter.empty}


def _minor(version: Any) -> tuple[int, int]:
    """Major and minor number; (0, 0) of what is not a version."""
    parts = version.split(".") if isinstance(version, str) else []
    numbers = [int(part) for part in parts[:2] if part.isdecimal()]
    return (numbers[0], numbers[1]) if len(numbers) == 2 else (0, 0)
