"""The process in which one library trains: ``python worker.py '{"library": ..., "folder": ..., ...}'``.

Run by :mod:`session`, with the interpreter of that library; needs numpy and scipy besides the library. Standard output
carries the conversation (JSON lines out, "go"/"stop" in), so what the libraries print is sent to standard error.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import sys
from pathlib import Path

import scipy.sparse as sp
from recording import Recorder, StopTraining, memory_mb, reset_peak_memory


def main() -> None:
    """Convert the data, train, report."""
    job = json.loads(sys.argv[1])
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    folder = Path(job["folder"])
    adapter = importlib.import_module(f"libraries.bench_{job['library']}")
    n_children = job["threads"] if getattr(adapter, "USES_PROCESSES", False) else 0
    phi_path = folder / "phi.npy" if job["keep_phi"] else None
    recorder = Recorder(channel, sys.stdin, phi_path, n_children)
    train = sp.csr_matrix(sp.load_npz(folder / "train.npz"))
    version = adapter.version()
    recorder.start()
    data = adapter.convert(train, job)
    recorder.stop()
    reset_peak_memory()
    recorder.send(
        event="ready", version=version, convert_cpu=recorder.cpu, convert_wall=recorder.wall, base_mb=memory_mb()
    )
    recorder.restart()
    with contextlib.suppress(StopTraining):
        adapter.train(data, job, recorder)
    recorder.send(event="end")
    channel.close()
    # native libraries with threads of their own may hang or crash at exit: everything has been said
    os._exit(0)


if __name__ == "__main__":
    main()
