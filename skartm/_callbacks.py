"""The one file that touches :mod:`sklearn.callback`, which may still change without a deprecation cycle."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from sklearn.callback import CallbackSupportMixin, ScoringMonitor
from sklearn.callback import with_callbacks as with_callbacks_of_sklearn

__all__ = ["CallbackSupportMixin", "FitTask", "ScoringMonitor", "with_callbacks"]


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
    """A fit of known length, reported to the callbacks of an estimator.

    Parameters
    ----------
    estimator : estimator with CallbackSupportMixin
    max_iter : int
        Iterations at most.
    X : the validated data
    """

    def __init__(self, estimator: Any, max_iter: int, X: Any) -> None:
        self.estimator, self.X = estimator, X
        self._context = estimator._init_callback_context(max_subtasks=max_iter)
        self._context.call_on_fit_task_begin(estimator=estimator, X=X)
        self._iteration: Any = None

    @property
    def observed(self) -> bool:
        """Whether any callback looks on."""
        return bool(self._context._callbacks)

    def begin_iteration(self) -> None:
        self._iteration = self._context.subcontext(task_name="em-iteration")
        self._iteration.call_on_fit_task_begin(estimator=self.estimator, X=self.X)

    def end_iteration(self) -> bool:
        """Tell the callbacks; True when one of them asks to stop. A callback may ask for a copy of the model so far."""
        return self._iteration.call_on_fit_task_end(estimator=self.estimator, X=self.X, reconstruction_attributes={})

    def end(self) -> None:
        self._context.call_on_fit_task_end(estimator=self.estimator, X=self.X)
