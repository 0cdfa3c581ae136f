"""Threads worth waking for a piece of work."""

_WORTH = 2_000_000  # multiply-adds, about a tenth of a millisecond: what waking threads on a busy machine may cost


def worthwhile(n_threads: int, work: float) -> int:
    """At most ``n_threads``, one for every two million multiply-adds; results do not depend on it."""
    return max(1, min(n_threads, int(work / _WORTH)))
