"""Compiled loops: arrays in, arrays out.

The half step exists once per instruction-set level; the best level that the processor runs is taken at import.
The environment variable ``SKARTM_KERNEL`` (``baseline``, ``v3``, ``v4``) forces one.
"""

import importlib.util
import os

import skartm._kernels._cpu as _cpu
from skartm._kernels._neighbours import nearest_neighbours
from skartm._kernels._ranking import ranking_differences, ranking_gradient
from skartm._kernels._transpose import transpose_index
from skartm._kernels._windows import count_gensim_windows, count_windows

__all__ = [
    "LEVEL",
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


def available_levels() -> list[str]:
    """Instruction-set levels that were compiled and that this processor runs, best first."""
    names = []
    for name, needs in _NEEDS.items():
        compiled = importlib.util.find_spec(f"skartm._kernels._half_step_{name}") is not None
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
half_step = importlib.import_module(f"skartm._kernels._half_step_{LEVEL}")
