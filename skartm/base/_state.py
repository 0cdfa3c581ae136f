"""State of a model: what a call may change, when others see it, and what a fitted model remembers of its parameters.

A method that learns works on a copy of the estimator. The copy becomes the state of the estimator in one assignment,
when the method has succeeded. A call that fails leaves the estimator as it was, and another thread sees the old state
or the new one, never a mixture. A method that reads works on a snapshot whose parameters are those of the fit, so that
a parameter that was changed since cannot contradict the fitted arrays.
"""

import copy
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, TypedDict, TypeVar

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils._available_if import _AvailableIfDescriptor
from sklearn.utils.metaestimators import available_if

from skartm.base._equality import same_value
from skartm.base._named import nested_params, set_nested
from skartm.base._versioned import Versioned, without_version

_RECORD, _WORKING, _WHOLE, _MADE = "_fit_record", "_working", "_whole_state", "_made_once"
_OF_A_CALL = frozenset({_WORKING, _WHOLE, _MADE, "_learning", "_callback_fit_ctx", "_skl_callbacks_to_teardown"})
_LIVE = frozenset({"n_jobs", "verbose", "batch_size", "max_doc_iter", "doc_tol"})
_LEARNS = frozenset({"fit", "partial_fit", "fit_transform", "fit_predict", "refit_subtopics"})
_PLAIN = ("get_params", "set_params", "get_metadata_routing")  # of the parameters, not of the state; so is set_*
_Method = TypeVar("_Method", bound=Callable[..., Any])
_Thing = TypeVar("_Thing")


class Record(TypedDict):
    """What a fitted estimator remembers of the call that made its state."""

    params: dict[str, Any]  # its parameters at that time
    names: list[str]  # the attributes that are its state


class _Made(dict[Any, Any]):
    """What was made once for a state; it follows from the state, so copies and pickles begin with nothing."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _Made, ()

    def __deepcopy__(self, memo: Any) -> "_Made":
        return _Made()


class Stateful(Versioned):
    """Mixin of all estimators: methods that learn succeed as a whole, methods that read see one state.

    It comes before all other bases. Every public method of a class of this library is wrapped when the class is made;
    methods of classes that users derive from it stay as they are.

    Attributes
    ----------
    _live : frozenset of str
        Parameters that methods of a fitted model read as they are now, beside those of every class; the values are
        checked again once they change. All other parameters are those of the fit.
    _structural : frozenset of str
        Parameters that must not change when a model learns further.
    _assignable : frozenset of str
        Fitted arrays that may be assigned; each needs a method ``_assign_<name>`` that checks the value and sets all
        that follows from it.
    _lists, _weights : tuple of str
        Parameters that are lists of ``(name, item)``, and dicts of numbers by name: what is in them are parameters too,
        ``name``, ``name__parameter`` and ``parameter__name``.
    """

    _get_param_names: Any  # of BaseEstimator
    _live: ClassVar[frozenset[str]] = frozenset()
    _structural: ClassVar[frozenset[str]] = frozenset({"n_components", "topic_names", "modalities"})
    _assignable: ClassVar[frozenset[str]] = frozenset()
    _lists: ClassVar[tuple[str, ...]] = ()
    _weights: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__module__.partition(".")[0] != __name__.partition(".")[0]:
            return
        for name in dir(cls):
            if not name.startswith(("_", "set_")) and name not in _PLAIN:
                found = inspect.getattr_static(cls, name)
                wrapped = _wrapped(name, found)
                if wrapped is not found:
                    setattr(cls, name, wrapped)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.endswith("_") and not name.startswith("_") and _WORKING not in self.__dict__:
            if name in self._assignable:
                self._assign(name, value)
                return
            record = self.__dict__.get(_RECORD)
            if record is not None and name in record["names"]:
                what = f"{type(self).__name__}.{name} is a result of fit and cannot be assigned"
                allowed = sorted(self._assignable)
                msg = f"{what}. {'Assign ' + ', '.join(allowed) + ', or fit' if allowed else 'Fit'} the model again."
                raise AttributeError(msg)
        super().__setattr__(name, value)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of the estimator and, if ``deep``, of what it is made of."""
        params: dict[str, Any] = super().get_params(deep=deep)  # type: ignore[misc]
        return params | nested_params(self, self._lists, self._weights) if deep else params

    def set_params(self, **params: Any) -> Any:
        """Set parameters of the estimator and, by ``name__parameter``, of what it is made of.

        Parameters
        ----------
        **params : parameters by name

        Returns
        -------
        self

        Raises
        ------
        ValueError
            A name is not that of a parameter. No parameter is set then.
        """
        before = {name: self.__dict__[name] for name in self._get_param_names() if name in self.__dict__}
        try:
            left = set_nested(self, params, self._lists, self._weights)
            return super().set_params(**left)  # type: ignore[misc]
        except BaseException:
            self.__dict__.update(before)
            raise

    def __copy__(self) -> "Stateful":
        new = type(self).__new__(type(self))
        new.__dict__.update(without_version(self.__getstate__()))
        if _RECORD in new.__dict__:
            new.__dict__[_MADE] = _Made()
        return new

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        state.pop(_MADE, None)
        if _WORKING in state:  # a callback copies the model: the copy is what its fit has reached
            state = self._finished(state)
            state |= {name: _own(state[name]) for name in state[_RECORD]["names"]}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        params = set(self._get_param_names())
        for name, value in list(self.__dict__.items()):
            if name not in params:
                self.__dict__[name] = frozen(value)
        if _RECORD in state:
            self.__dict__[_MADE] = _Made()

    # --- calls -------------------------------------------------------------------------------------------------------

    def _assign(self, name: str, value: Any) -> None:
        """Replace a fitted array and all that follows from it, or raise and change nothing."""
        work = self._copy_to_work(fresh=False)
        record: Record | None = work.__dict__.get(_RECORD)
        work.__dict__.update(record["params"] if record is not None else {})
        getattr(work, f"_assign_{name}")(value)
        self._take_over(work.__dict__)

    def _copy_to_work(self, *, fresh: bool) -> "Stateful":
        """A copy that may be changed: what is fitted is shared as far as it is read-only, and left out if ``fresh``."""
        work = type(self).__new__(type(self))
        state, params = dict(self.__dict__), set(self._get_param_names())
        record = state.get(_RECORD)
        for name in record["names"] if record is not None else ():
            if fresh:
                state.pop(name, None)
            elif name in state and name not in params:
                state[name] = _own(state[name])
        if fresh:
            state.pop(_RECORD, None)
        state.pop(_MADE, None)  # it would be of the state before
        work.__dict__.update(state)
        work.__dict__[_WORKING] = frozenset(state)
        return work

    def _snapshot(self) -> Any:
        """A copy to read from, with the parameters of the fit but for those that may change."""
        snapshot = type(self).__new__(type(self))
        state = dict(self.__dict__)
        record: Record | None = state.get(_RECORD)
        snapshot.__dict__.update(state)
        snapshot.__dict__[_WORKING] = frozenset(state)
        if record is None:
            return snapshot
        changed = False
        for name, value in record["params"].items():
            if name not in _LIVE and name not in self._live:
                snapshot.__dict__[name] = value
            elif (now := snapshot.__dict__.get(name)) is not value and not same_value(now, value):
                changed = True
        if changed:
            snapshot._check_live()
        return snapshot

    def _once(self, key: Any, make: Callable[[], _Thing]) -> _Thing:
        """What ``make`` gives, made at the first call for a fitted state, its live parameters and a key.

        It must follow from these and the parameters of the fit, and nobody may change it. Threads that ask at the same
        time may make it twice.
        """
        made = self.__dict__.get(_MADE)
        kind: Any = type(self)
        key = (key, *map(self.__dict__.get, _live_names(kind)))
        try:
            hash(key)
        except TypeError:
            made = None
        if made is None:
            return make()
        if key not in made:
            made[key] = make()
        found: _Thing = made[key]
        return found

    def _check_live(self) -> None:
        """Raise if a parameter that was changed since the fit is not valid."""
        check: Any = getattr(self, "_check_parameters", None)
        if check is not None:
            check()

    def _check_goes_on(self) -> None:
        """Raise if a parameter that must stay was changed before the model learns further."""
        record: Record | None = self.__dict__.get(_RECORD)
        if record is None:
            return
        for name in sorted(self._structural & set(record["params"])):
            before, now = record["params"][name], getattr(self, name)
            if not same_value(before, now):
                msg = (
                    f"The {name!r} parameter of {type(self).__name__} must stay as it was in the fit, "
                    f"{_short(before)}, while the model learns further. Got {_short(now)}; set it back, or fit a new "
                    "model."
                )
                raise ValueError(msg)

    def _mark_whole(self) -> None:
        """Say that the state of this moment is whole; an interruption after it keeps it."""
        if _WORKING in self.__dict__:
            self.__dict__[_WHOLE] = {name: value for name, value in self.__dict__.items() if name != _WHOLE}

    def _with(self, without: Iterable[str] = (), **changes: Any) -> Any:
        """A fitted model like this one with some attributes or parameters changed, which must fit to each other."""
        work = self._copy_to_work(fresh=False).__dict__
        work.update(changes)
        for name in without:
            work.pop(name, None)
        new = type(self).__new__(type(self))
        object.__setattr__(new, "__dict__", self._finished(work))
        return new

    def _return_to_whole(self) -> bool:
        """Go back to the last state that was marked as whole, if there is one; from now on none is marked."""
        whole = self.__dict__.pop(_WHOLE, None)
        if whole is not None:
            self.__dict__.update(whole)
        return whole is not None

    def _take_over(self, work: dict[str, Any]) -> None:
        """Make the state that a call has left on its copy the state of this estimator, in one assignment."""
        state, params = self._finished(work), self.__dict__
        for name in self._get_param_names():
            if name in params:
                state[name] = params[name]
        object.__setattr__(self, "__dict__", state)

    def _finished(self, work: dict[str, Any]) -> dict[str, Any]:
        """The state that a call has left on its copy, with a record of it and arrays that cannot be written."""
        params, record = set(self._get_param_names()), work.get(_RECORD)
        own = {name: value for name, value in work.items() if name not in params and name not in _OF_A_CALL}
        before = work[_WORKING] - frozenset(record["names"] if record is not None else ())
        names = frozenset(own) - before - {_RECORD}
        state = {name: work[name] for name in params if name in work}
        state |= {name: frozen(value) if name in names else value for name, value in own.items()}
        kept = {name: _kept(work[name]) for name in sorted(params) if name in work}
        state[_RECORD] = {"params": kept, "names": sorted(names)}
        state[_MADE] = _Made()
        return state


@functools.cache
def _live_names(cls: Any) -> tuple[str, ...]:
    return tuple(sorted(_LIVE | cls._live))


def _wrapped(name: str, found: Any) -> Any:
    if isinstance(found, _AvailableIfDescriptor):
        inside = _wrapped(name, found.fn)
        return found if inside is found.fn else available_if(found.check)(inside)
    if not inspect.isfunction(found) or hasattr(found, "_one_state"):
        return found
    return _learning(name, found) if name in _LEARNS else _reading(found)


def _learning(name: str, method: _Method) -> _Method:
    """The method on a copy, which becomes the state when it succeeds.

    An interruption (an exception that is no ``Exception``, such as KeyboardInterrupt or SystemExit) keeps the last
    state that was marked as whole.
    """

    @functools.wraps(method)
    def learn(self: Stateful, *args: Any, **kwargs: Any) -> Any:
        if _WORKING in self.__dict__:
            return method(self, *args, **kwargs)
        goes_on = name in ("partial_fit", "refit_subtopics") or bool(getattr(self, "warm_start", False))
        work = self._copy_to_work(fresh=not goes_on)
        if goes_on:
            work._check_goes_on()
        try:
            result = method(work, *args, **kwargs)
        except BaseException as error:
            whole = work.__dict__.get(_WHOLE)
            if whole is not None and not isinstance(error, Exception):
                self._take_over({name: state for name, state in whole.items() if name in work.__dict__})
            raise
        self._take_over(work.__dict__)
        return self if result is work else result

    learn._one_state = True  # type: ignore[attr-defined]
    return learn  # type: ignore[return-value]


def _reading(method: _Method) -> _Method:
    """The method on a snapshot of the state."""

    @functools.wraps(method)
    def read(self: Stateful, *args: Any, **kwargs: Any) -> Any:
        if _WORKING in self.__dict__:
            return method(self, *args, **kwargs)
        snapshot = self._snapshot()
        result = method(snapshot, *args, **kwargs)
        return self if result is snapshot else result

    read._one_state = True  # type: ignore[attr-defined]
    return read  # type: ignore[return-value]


def frozen(value: Any) -> Any:
    """The value with arrays that cannot be written; the arrays of others stay as they are."""
    if isinstance(value, np.ndarray):
        if not value.flags.writeable:
            return value
        view = value.view()
        view.flags.writeable = False
        return view
    if sparse.issparse(value):
        return _frozen_matrix(value)
    if type(value) in (list, tuple):
        return type(value)(frozen(item) for item in value)
    if type(value) is dict:
        return {key: frozen(item) for key, item in value.items()}
    return value


def _frozen_matrix(value: Any) -> Any:
    if value.format not in ("csr", "csc"):
        return value
    arrays = (value.data, value.indices, value.indptr)
    if not any(array.flags.writeable for array in arrays):
        return value
    new = copy.copy(value)
    new.data, new.indices, new.indptr = (frozen(array) for array in arrays)
    return new


def _own(value: Any) -> Any:
    """What a call that learns further may change of the state: all but arrays, which it replaces."""
    if isinstance(value, (np.ndarray, str, bytes, int, float, complex, type, type(None))) or sparse.issparse(value):
        return value
    if isinstance(value, BaseEstimator):
        return copy.copy(value)
    if type(value) in (list, tuple):
        return type(value)(_own(item) for item in value)
    if type(value) is dict:
        return {key: _own(item) for key, item in value.items()}
    return copy.deepcopy(value)


def _kept(value: Any) -> Any:
    """A parameter as it is now, whatever is done later to the object: arrays are shared, containers are not."""
    if isinstance(value, BaseEstimator) or (hasattr(value, "get_params") and not isinstance(value, type)):
        new = copy.copy(value)
        for name, item in list(vars(new).items()):
            vars(new)[name] = _kept(item)
        return new
    if type(value) in (list, tuple):
        return type(value)(_kept(item) for item in value)
    if type(value) is dict:
        return {key: _kept(item) for key, item in value.items()}
    return value


def _short(value: Any, limit: int = 100) -> str:
    text = repr(value)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
