"""Number of threads of the kernels."""

import joblib
from joblib.parallel import get_active_backend

from skartm._kernels import max_threads
from skartm.base import shown


def effective_n_threads(n_jobs: int | None) -> int:
    """Threads for ``n_jobs``.

    None is what OpenMP and the machine allow (``OMP_NUM_THREADS`` and threadpoolctl limits count), and one inside a
    joblib thread. A positive number is taken as it is; -1 is all processors, -2 all but one, and so on.

    Raises
    ------
    TypeError, ValueError
        Not an integer, or 0.
    """
    if n_jobs is None:
        backend, _ = get_active_backend()
        nested_thread = getattr(backend, "nesting_level", 0) > 0 and getattr(backend, "supports_sharedmem", False)
        return 1 if nested_thread else max(1, min(max_threads(), joblib.cpu_count()))
    if isinstance(n_jobs, bool) or not hasattr(n_jobs, "__index__"):
        msg = f"The 'n_jobs' parameter must be None or a non-zero integer. Got {shown(n_jobs)} instead."
        raise TypeError(msg)
    if n_jobs == 0:
        msg = "The 'n_jobs' parameter must be None or a non-zero integer. Got 0 instead."
        raise ValueError(msg)
    return int(n_jobs) if n_jobs > 0 else max(1, joblib.cpu_count() + 1 + int(n_jobs))
