"""Compiled loops: arrays in, arrays out.

The half step exists once per instruction-set level and precision. The best level that the processor runs is taken at
import; the environment variable ``SKARTM_KERNEL`` (``baseline``, ``v3``, ``v4``) forces one. The precision is that of
the arrays.
"""

import functools
import importlib.util
import os
from collections.abc import Callable
from typing import Any

import numpy as np

import skartm._kernels._cpu as _cpu
from skartm._kernels._neighbours import nearest_neighbours
from skartm._kernels._ranking import ranking_differences, ranking_gradient
from skartm._kernels._transpose import transpose_index
from skartm._kernels._windows import count_gensim_windows, count_windows

__all__ = [
    "LEVEL",
    "HalfStep",
    "available_levels",
    "count_gensim_windows",
    "count_windows",
    "half_step",
    "in_forked_child",
    "max_threads",
    "nearest_neighbours",
    "ranking_differences",
    "ranking_gradient",
    "transpose_index",
]

max_threads = _cpu.max_threads
in_forked_child = _cpu.in_forked_child

_NEEDS = {"v4": 4, "v3": 3, "baseline": 0}
_PRECISIONS = ("f32", "f64")


class HalfStep:
    """The loops of ``_half_step.pyx`` for one instruction-set level, as functions of arrays.

    A call goes to the library for the precision of its first array of real numbers.
    """

    def __init__(self, level: str) -> None:
        self.level = level
        single, double = (importlib.import_module(f"skartm._kernels._half_step_{level}_{kind}") for kind in _PRECISIONS)
        for name, loop in vars(double).items():
            if callable(loop) and not name.startswith("_"):
                setattr(self, name, _for_both(name, getattr(single, name), loop))


def _for_both(name: str, single: Callable[..., Any], double: Callable[..., Any]) -> Callable[..., Any]:
    loops = {np.dtype(np.float32): single, np.dtype(np.float64): double}

    @functools.wraps(double)
    def loop(*arguments: Any) -> Any:
        for argument in arguments:
            chosen = loops.get(getattr(argument, "dtype", None))
            if chosen is not None:
                return chosen(*arguments)
        raise TypeError(f"{name} takes arrays of float32 or float64. Got none.")

    return loop


def available_levels() -> list[str]:
    """Instruction-set levels that were compiled and that this processor runs, best first."""
    names = []
    for name, needs in _NEEDS.items():
        compiled = importlib.util.find_spec(f"skartm._kernels._half_step_{name}_f64") is not None
        if compiled and _cpu.level() >= needs:
            names.append(name)
    return names


def _choose() -> str:
    levels = available_levels()
    forced = os.environ.get("SKARTM_KERNEL")
    if not forced:
        return levels[0]
    if forced not in levels:
        msg = f"SKARTM_KERNEL must be one of {levels} on this machine. Got {forced!r} instead."
        raise ImportError(msg)
    return forced


LEVEL = _choose()
half_step: Any = HalfStep(LEVEL)
