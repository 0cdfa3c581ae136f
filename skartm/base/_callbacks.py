"""The one file that touches :mod:`sklearn.callback`, which may still change without a deprecation cycle."""

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Self, TypeVar

from sklearn.callback import AutoPropagatedCallback, CallbackSupportMixin, ScoringMonitor
from sklearn.callback import with_callbacks as with_callbacks_of_sklearn

__all__ = ["SILENT", "CallbackSupportMixin", "FitTask", "ScoringMonitor", "with_callbacks"]


_Method = TypeVar("_Method", bound=Callable[..., Any])


def with_callbacks(method: _Method) -> _Method:
    """Set callbacks up and tear them down around a fit, wherever it is interrupted."""
    managed = with_callbacks_of_sklearn(method)

    @functools.wraps(method)
    def fit(estimator: Any, *args: Any, **kwargs: Any) -> Any:
        # an interruption in the middle of the setup must not be replaced by the AttributeError of its teardown
        estimator._skl_callbacks_to_teardown = []
        return managed(estimator, *args, **kwargs)

    return fit  # type: ignore[return-value]


class FitTask:
    """A fit, or a part of one, of which the callbacks of an estimator are told.

    A task is told of from ``begin`` to ``end``. In between it may have parts, which are tasks too: iterations, or fits
    of other estimators. A copy in another process leaves the data behind.

    Parameters
    ----------
    estimator : estimator with CallbackSupportMixin, or None
        Nobody is told of the tasks of None.
    X, y : what the estimator learns from, for callbacks that ask for it

    Attributes
    ----------
    stopped : bool
        Whether it has ended, and a callback asked to stop what it is a part of.
    """

    def __init__(self, estimator: Any, X: Any = None, y: Any = None) -> None:
        self.estimator, self.X, self.y, self.stopped = estimator, X, y, False
        self._parent: FitTask | None = None
        self._name = "fit"
        self._number: int | None = None
        self._context: Any = None
        self._iteration: FitTask | None = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"X": None, "y": None}

    @property
    def observed(self) -> bool:
        """Whether any callback looks on."""
        return bool(getattr(self.estimator, "_skl_callbacks", ()))

    def part(self, name: str, number: int | None = None) -> "FitTask":
        """A part of this task; parts have numbers if they do not follow each other."""
        part = FitTask(self.estimator, self.X, self.y)
        part._parent, part._name, part._number = self, name, number
        return part

    def begin(self, n_parts: int | None = 0, *, ordered: bool = True) -> Self:
        """Begin, with so many parts at most (None is not known), one after the other if they are ``ordered``."""
        if self.estimator is not None:
            self._open(n_parts, ordered=ordered)
            self._context.call_on_fit_task_begin(estimator=self.estimator, X=self.X, y=self.y)
        return self

    def end(self, fitted: Callable[[], None] | None = None) -> bool:
        """End; True when a callback asks to stop what this is a part of.

        ``fitted`` makes the attributes of the estimator those of a fit that ends here. It is called if a callback asks
        for the model, of which it gets a copy.
        """
        if self.estimator is not None:
            made = None if fitted is None else functools.partial(_no_more, fitted)
            self.stopped = self._context.call_on_fit_task_end(
                estimator=self.estimator, X=self.X, y=self.y, reconstruction_attributes=made
            )
        return self.stopped

    def mark_whole(self) -> None:
        """Say that the attributes of the estimator are whole; an interruption after it keeps them."""
        if self.estimator is not None:
            self.estimator._mark_whole()

    @contextmanager
    def around(self, model: Any) -> Iterator[None]:
        """Begin a task that is the fit of another estimator, which is told of as a part of this one."""
        if self.estimator is None:
            yield
            return
        self._open(0, ordered=True)
        with self._propagated(model):
            self._context.call_on_fit_task_begin(estimator=self.estimator, X=self.X, y=self.y)
            yield

    @contextmanager
    def shown_by(self, model: Any, fitted: Callable[[Any], Any]) -> Iterator[None]:
        """Within it iterations of a model, which the user does not see, are iterations of this task.

        ``fitted`` makes the attributes of the estimator from a fitted model: for callbacks that ask for them, and after
        an interruption, if the model has learned anything.
        """
        before = vars(model)  # which a fit replaces
        if self.observed:
            model.set_callbacks(_Iterations(self, fitted))
        try:
            yield
        except BaseException as error:
            if not isinstance(error, Exception) and vars(model) is not before:
                fitted(model)
                self.mark_whole()
            raise
        finally:
            model.set_callbacks()

    def begin_iteration(self) -> None:
        self._iteration = self.part("em-iteration").begin() if self.observed else None

    def end_iteration(self, fitted: Callable[[], None] | None = None) -> bool:
        return self._iteration is not None and self._iteration.end(fitted)

    def _open(self, n_parts: int | None, *, ordered: bool) -> None:
        sizes = {"max_subtasks": n_parts, "sequential_subtasks": ordered}
        if self._parent is None:
            self._context = self.estimator._init_callback_context(**sizes)
        else:
            self._context = self._parent._context.subcontext(self._name, self._number, **sizes)

    def _propagated(self, model: Any) -> AbstractContextManager[None]:
        """The model reports to callbacks of this estimator that go down; with such of its own to these alone."""
        own = any(isinstance(callback, AutoPropagatedCallback) for callback in getattr(model, "_skl_callbacks", ()))
        if not hasattr(model, "set_callbacks") or (own and not self.observed):
            return nullcontext()
        return self._context.propagate_callback_context(model)


SILENT = FitTask(None)


def _no_more(function: Callable[[], None]) -> dict[str, Any]:
    """Call it; there are no attributes that it has not set."""
    function()
    return {}


class _Iterations:
    """A callback of a model inside of an estimator: iterations of the model are iterations of the estimator.

    Parameters
    ----------
    task : FitTask
        That of the estimator, which has begun.
    fitted : callable
        Makes the attributes of the estimator from a fitted copy of the model.
    """

    def __init__(self, task: FitTask, fitted: Callable[[Any], Any]) -> None:
        self.task, self.fitted = task, fitted

    def setup(self, estimator: Any, context: Any) -> None:
        """Nothing is to be done before the fit."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """Nothing is to be done after the fit."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Begin an iteration."""
        if context.parent is not None:
            self.task.begin_iteration()

    def on_fit_task_end(self, estimator: Any, context: Any, *, fitted_estimator: Any = None) -> bool:
        """End an iteration."""
        if context.parent is None:
            return False
        return self.task.end_iteration(lambda: self.fitted(fitted_estimator.set_callbacks()))
