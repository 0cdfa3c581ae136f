"""Measuring one training run: CPU time, wall time and peak memory, with the clock stopped while phi is handed over."""

from __future__ import annotations

import contextlib
import json
import re
import sys
import time
from pathlib import Path

import numpy as np

try:
    import resource
except ImportError:  # Windows has no getrusage: the children are then not counted
    resource = None


class StopTraining(Exception):
    """Raised inside an adapter's `train` when the runner has seen enough."""


def cpu_seconds() -> float:
    """Return user + system time of this process, all its threads and its finished children."""
    if resource is None:
        return time.process_time()
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _status_mb(field: str) -> float | None:
    """Return a field of ``/proc/self/status`` in MB, None where there is no such file."""
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        return None
    found = re.search(rf"{field}:\s+(\d+) kB", text)
    return int(found.group(1)) / 1024 if found else None


def memory_mb() -> float:
    """Return the resident memory now, in MB (NaN where it is not known)."""
    now = _status_mb("VmRSS")
    return float("nan") if now is None else now


def reset_peak_memory() -> None:
    """Start the peak of the resident memory again (Linux; elsewhere the peak is that of the whole process)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory_mb(n_children: int = 0) -> float:
    """Return the peak resident memory, in MB.

    The kernel's VmHWM is preferred to ``ru_maxrss``, which a child process inherits from its parent. `n_children`
    worker processes are counted as that many times the largest one: an upper bound, pages they share count twice.
    """
    peak = _status_mb("VmHWM")
    if resource is None:
        return float("nan") if peak is None else peak
    unit = 2**20 if sys.platform == "darwin" else 2**10
    if peak is None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return peak + n_children * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / unit


class Recorder:
    """The clock of one run, and the worker's side of the conversation with the runner.

    Adapters call :meth:`snapshot` after each chunk of training. The clock stands still until the runner has answered,
    so neither the evaluation nor the copy of phi is counted.

    Parameters
    ----------
    channel : text file
        JSON lines to the runner.
    replies : text file
        "go" or "stop", a line a snapshot.
    phi_path : Path or None
        Where phi is left for the runner; None times the chunks without handing anything over.
    n_children : int
        Worker processes that the library starts.
    """

    def __init__(self, channel, replies, phi_path, n_children=0):
        self.channel, self.replies, self.phi_path, self.n_children = channel, replies, phi_path, n_children
        self.cpu = self.wall = 0.0
        self._cpu_start = self._wall_start = 0.0

    def send(self, **record) -> None:
        """Send one record to the runner."""
        self.channel.write(json.dumps(record) + "\n")
        self.channel.flush()

    def start(self) -> None:
        """Let the clock run."""
        self._wall_start, self._cpu_start = time.perf_counter(), cpu_seconds()

    def stop(self) -> None:
        """Stop the clock and add up."""
        self.cpu += cpu_seconds() - self._cpu_start
        self.wall += time.perf_counter() - self._wall_start

    def restart(self) -> None:
        """Set the clock to zero: for libraries that can only train again from the start, longer."""
        self.cpu = self.wall = 0.0
        self.start()

    def snapshot(self, get_phi, step: int, reported: float = 0.0) -> None:
        """Stop the clock, hand phi over, wait for the answer, go on.

        Parameters
        ----------
        get_phi : callable
            Returns phi of shape (n_topics, n_tokens); called only when phi is wanted.
        step : int
            Passes over the collection so far.
        reported : float
            The library's own figure for the last pass, if it has one.

        Raises
        ------
        StopTraining
            If the runner says so.
        """
        self.stop()
        peak = peak_memory_mb(self.n_children)
        if self.phi_path is not None:
            np.save(self.phi_path, np.asarray(get_phi(), dtype=np.float32))
        self.send(event="snapshot", step=step, cpu=self.cpu, wall=self.wall, peak_mb=peak, reported=reported)
        if self.replies.readline().strip() != "go":
            raise StopTraining
        self.start()
