"""Number of threads of the kernels, and of processes beside this one."""

import os
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

import joblib
from joblib.parallel import get_active_backend
from threadpoolctl import threadpool_limits

from skartm._kernels import in_forked_child, max_threads
from skartm.base import shown

_WORTH = 2_000_000  # multiply-adds, about a tenth of a millisecond: what waking threads on a busy machine may cost


def effective_n_threads(n_jobs: int | None) -> int:
    """Threads for ``n_jobs``.

    None is what OpenMP and the machine allow (``OMP_NUM_THREADS`` and threadpoolctl limits count), and one inside a
    joblib thread. A positive number is taken as it is; -1 is all processors, -2 all but one, and so on. In a child of
    ``os.fork`` it is one whatever ``n_jobs`` says, because the threads of the parent do not exist there.

    Raises
    ------
    TypeError, ValueError
        Not an integer, or 0.
    """
    if n_jobs is None:
        backend, _ = get_active_backend()
        nested_thread = getattr(backend, "nesting_level", 0) > 0 and getattr(backend, "supports_sharedmem", False)
        return 1 if nested_thread else max(1, min(max_threads(), _n_processors()))
    if isinstance(n_jobs, bool) or not hasattr(n_jobs, "__index__"):
        msg = f"The 'n_jobs' parameter must be None or a non-zero integer. Got {shown(n_jobs)} instead."
        raise TypeError(msg)
    if n_jobs == 0:
        msg = "The 'n_jobs' parameter must be None or a non-zero integer. Got 0 instead."
        raise ValueError(msg)
    if in_forked_child():
        return 1
    return int(n_jobs) if n_jobs > 0 else max(1, _n_processors() + 1 + int(n_jobs))


def _n_processors() -> int:
    """What this process may use: joblib reads files of the system, so its answer is kept while the affinity stays."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    return _counted_processors(allowed, os.environ.get("LOKY_MAX_CPU_COUNT"))


@cache
def _counted_processors(allowed: int, limit: str | None) -> int:
    return joblib.cpu_count()


def effective_n_processes(n_jobs: int | None) -> int | None:
    """``n_jobs`` for ``joblib.Parallel``; 1 in a child of ``os.fork``, which has no share in the parent's workers."""
    return 1 if in_forked_child() else n_jobs


def foreign_threads() -> AbstractContextManager[Any]:
    """Within it the OpenMP of other libraries has one thread too, if this is a child of ``os.fork``.

    For estimators of scikit-learn that are members of ours: their teams wait for the parent's threads as ours would.
    """
    return threadpool_limits(1, user_api="openmp") if in_forked_child() else nullcontext()


def worthwhile(n_threads: int, work: float) -> int:
    """At most ``n_threads``, one for every two million multiply-adds; results do not depend on it."""
    return max(1, min(n_threads, int(work / _WORTH)))
