"""The machine's single-precision peak on one thread, to say how much of it a kernel reaches."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).resolve().with_name("fma_peak.c")
FLAGS = ("-O3", "-march=native", "-ffp-contract=fast")


def fma_peak() -> tuple[float, str]:
    """Return GFLOP/s and how they were measured: a compiled loop of FMAs, or numpy's sgemm without a compiler."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler:
        with tempfile.TemporaryDirectory() as folder, contextlib.suppress(OSError, subprocess.CalledProcessError):
            program = str(Path(folder) / "fma_peak")
            command = [*compiler.split(), *FLAGS, str(SOURCE), "-o", program]
            subprocess.run(command, check=True, capture_output=True)
            out = subprocess.run([program], check=True, capture_output=True, text=True).stdout
            return float(out.split()[0]), f"FMA loop, {Path(compiler).name} {' '.join(FLAGS)}"
    return sgemm_peak(), "numpy sgemm (no working C compiler): a little below the FMA peak"


def sgemm_peak(n: int = 1536, rounds: int = 5) -> float:
    """Return the GFLOP/s of CPU time of a square single-precision product on one thread, the best of some rounds."""
    from threadpoolctl import threadpool_limits

    a = np.ones((n, n), dtype=np.float32)
    seconds = []
    with threadpool_limits(1):
        for _ in range(rounds):
            start = time.process_time()
            a @ a
            seconds.append(time.process_time() - start)
    return 2.0 * n**3 / min(seconds) * 1e-9


if __name__ == "__main__":
    print("{:.1f} GFLOP/s ({})".format(*fma_peak()))
