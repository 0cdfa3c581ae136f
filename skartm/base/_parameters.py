"""Parameters of estimators, regularizers and schedules: each is declared once, with its default and its check.

A class with parameters is written as ::

    @parameters
    class Model(BaseEstimator):
        n_components: int = integer(default=10, low=1, kw_only=False)
        tol: float = real(default=1e-3, low=0.0)
        init: Any = None

The decorator writes the constructor, which stores its arguments and does nothing else, as scikit-learn wants it.
``check_declared(model)`` makes all declared checks, when ``fit`` begins. A check that needs more than the value of one
parameter is a function of the model.

The decorator is :func:`dataclasses.dataclass` without comparison and representation, which scikit-learn has. What a
class inherits need not be repeated: a parameter can be declared again with another default, and ``without`` takes
parameters of a base away, whose values then are attributes of the class.
"""

import dataclasses
import inspect
from collections.abc import Callable, Collection
from numbers import Integral, Real
from typing import Any, ClassVar, TypeVar, dataclass_transform, get_origin, overload

import numpy as np

from skartm.base._shown import shown

MOST_SAMPLES = 1e18  # documents of a corpus: counters that stand for so many do not overflow in float32
_REQUIRED = dataclasses.MISSING
_CHECK = "check"
_PRECISIONS = {name: np.dtype(name) for name in ("float32", "float64")}
_Class = TypeVar("_Class", bound=type)
Check = Callable[[Any, str], Any]

# --- declarations ----------------------------------------------------------------------------------------------------


def declared(*, default: Any = _REQUIRED, check: Check | None = None, kw_only: bool = True) -> Any:
    """A parameter with a check of its own, ``check(owner, name)``, or with none."""
    return dataclasses.field(default=default, kw_only=kw_only, metadata={} if check is None else {_CHECK: check})


def integer(*, default: Any, low: int, none: bool = False, kw_only: bool = True) -> Any:
    """An integer of at least ``low``; None too, if ``none``."""

    def check(owner: Any, name: str) -> None:
        check_integer(owner, name, minimum=low)

    return declared(default=default, check=_or_none(check, none), kw_only=kw_only)


def real(
    *,
    default: Any,
    low: float,
    high: float = np.inf,
    open_low: bool = False,
    none: bool = False,
    or_: Collection[Any] = (),
    kw_only: bool = True,
) -> Any:
    """A finite number in [low, high], or (low, high] with ``open_low``, or one of ``or_``; None too, if ``none``."""

    def check(owner: Any, name: str) -> None:
        if not _is_one_of(getattr(owner, name), or_):
            check_real(owner, name, low=low, high=high, open_low=open_low)

    return declared(default=default, check=_or_none(check, none), kw_only=kw_only)


def choice(*, default: Any, among: Collection[Any], kw_only: bool = True) -> Any:
    """One of some strings, or None or a flag among them."""
    return declared(default=default, check=lambda owner, name: check_choice(owner, name, among), kw_only=kw_only)


def flag(*, default: Any, kw_only: bool = True) -> Any:
    """True or False."""
    return declared(default=default, check=check_flag, kw_only=kw_only)


def precision(*, default: Any, none: bool = False) -> Any:
    """float32 or float64; None too, if ``none``."""
    return declared(default=default, check=_or_none(check_dtype, none))


@overload
def parameters(cls: _Class) -> _Class: ...
@overload
def parameters(*, without: Collection[str]) -> Callable[[_Class], _Class]: ...


@dataclass_transform(
    eq_default=False, kw_only_default=True, field_specifiers=(declared, integer, real, choice, flag, precision)
)
def parameters(cls: Any = None, *, without: Collection[str] = ()) -> Any:
    """Write the constructor of a class from the parameters that it declares.

    Parameters
    ----------
    without : collection of str
        Parameters of a base that this class does not have. Their values are those that the class or the base gives
        them.
    """
    if cls is None:
        return lambda decorated: parameters_of_class(decorated, without)
    return parameters_of_class(cls, ())


def parameters_of_class(cls: Any, without: Collection[str]) -> Any:
    """The class, with its constructor."""
    annotations = inspect.get_annotations(cls)
    of_the_class = {name for name, kind in annotations.items() if kind is ClassVar or get_origin(kind) is ClassVar}
    own = [name for name in annotations if name not in without and name not in of_the_class]
    wrong = [name for name in own if name.startswith("_") or name.endswith("_")]
    if wrong:
        raise TypeError(f"{cls.__name__}: no parameter begins or ends with '_'. Got {wrong}; annotate ClassVar or not.")
    inherited = getattr(cls, "__dataclass_fields__", {})
    new = {name for name in own if name not in inherited}
    cls.__annotations__ = annotations | dict.fromkeys(without, ClassVar[Any])
    cls = dataclasses.dataclass(eq=False, repr=False, kw_only=True, match_args=False)(cls)
    # what is special to a class comes first, also before what it inherits; the order of keywords is free
    own_first = sorted(
        inspect.signature(cls.__init__).parameters.values(),
        key=lambda parameter: (parameter.kind, parameter.kind is parameter.KEYWORD_ONLY and parameter.name not in new),
    )
    cls.__init__.__signature__ = inspect.Signature(own_first, return_annotation=None)
    return cls


def check_declared(owner: Any) -> None:
    """Make the checks that the class of an object declares for its parameters.

    Raises
    ------
    ValueError, TypeError
        A parameter is out of its range, or not of its type.
    """
    for field in dataclasses.fields(owner):
        check = field.metadata.get(_CHECK)
        if check is not None:
            check(owner, field.name)


def _or_none(check: Check, none: bool) -> Check:
    return (lambda owner, name: None if getattr(owner, name) is None else check(owner, name)) if none else check


def _is_one_of(value: Any, values: Collection[Any]) -> bool:
    alike = (other for other in values if isinstance(value, type(other)) or (is_number(value) and is_number(other)))
    return any(value == other for other in alike)


# --- checks ----------------------------------------------------------------------------------------------------------


def is_number(value: Any) -> bool:
    """A real number; not a bool."""
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def fail(owner: Any, name: str, expected: str, got: Any) -> None:
    """Raise an error of a parameter: a TypeError for what is neither a number nor a string."""
    msg = f"The {name!r} parameter of {type(owner).__name__} must be {expected}. Got {shown(got)} instead."
    raise (ValueError if isinstance(got, (Real, str)) and not isinstance(got, bool) else TypeError)(msg)


def check_integer(owner: Any, name: str, *, minimum: int) -> int:
    """An integer parameter of at least ``minimum``."""
    value = getattr(owner, name)
    if not isinstance(value, Integral) or isinstance(value, bool) or value < minimum:
        fail(owner, name, f"an integer of at least {minimum}", value)
    return int(value)


def check_real(owner: Any, name: str, *, low: float, high: float = np.inf, open_low: bool = False) -> float:
    """A finite real parameter in [low, high], or (low, high] with ``open_low``."""
    value = getattr(owner, name)
    bad = not is_number(value) or not np.isfinite(float(value))
    if bad or value < low or value > high or (open_low and value <= low):
        bracket = "(" if open_low else "["
        fail(owner, name, f"a finite number in {bracket}{low}, {high}{']' if np.isfinite(high) else ')'}", value)
    return float(value)


def check_positive(owner: Any, name: str) -> None:
    """A parameter that is a finite number above 0."""
    value = getattr(owner, name)
    if not is_number(value) or not (np.isfinite(value) and value > 0):
        msg = f"The {name!r} parameter of {type(owner).__name__} must be a finite number above 0. Got {shown(value)}."
        raise ValueError(msg)


def check_choice(owner: Any, name: str, choices: Collection[Any]) -> Any:
    """A parameter that is one of ``choices``."""
    value = getattr(owner, name)
    if not isinstance(value, (str, bool, type(None))) or value not in choices:
        fail(owner, name, f"one of {sorted(choices, key=str)}", value)
    return value


def check_flag(owner: Any, name: str) -> bool:
    """A boolean parameter."""
    value = getattr(owner, name)
    if not isinstance(value, (bool, np.bool_)):
        fail(owner, name, "True or False", value)
    return bool(value)


def check_dtype(owner: Any, name: str = "dtype") -> np.dtype:
    """float32 or float64."""
    value = getattr(owner, name)
    if type(value) is str and value in _PRECISIONS:  # nearly always, and quickly
        return _PRECISIONS[value]
    try:
        dtype = np.dtype(value) if value is not None else None
    except TypeError:
        dtype = None
    if dtype is None or dtype not in (np.dtype(np.float32), np.dtype(np.float64)):  # numpy: float64 == None
        fail(owner, name, "'float32' or 'float64'", value)
    return dtype  # type: ignore[return-value]
