"""Axes to draw on: those given, or new ones."""

from typing import Any


def axes_for(owner: str, ax: Any, figsize: tuple[float, float]) -> tuple[Any, Any]:
    """Figure and axes; new ones of the given size in inches unless there are axes.

    Raises
    ------
    ImportError
        matplotlib is not installed.
    """
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        msg = f"{owner}.plot needs matplotlib, which is not installed. Install it with 'pip install skartm[plot]'."
        raise ImportError(msg) from error
    if ax is not None:
        return ax.figure, ax
    return plt.subplots(figsize=figsize, layout="constrained")
