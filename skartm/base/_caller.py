"""Warnings that point to the line of the user."""

import os
import sys
import warnings

import sklearn

_INSIDE = tuple(
    os.path.dirname(os.path.abspath(place)) + os.sep for place in (os.path.dirname(__file__), str(sklearn.__file__))
)


def warn(message: str, category: type[Warning]) -> None:
    """Warn where the library was called from, however many of its own functions and of scikit-learn's lie between."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_INSIDE):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level + 1)
