"""Peak memory of a fit on a memory-mapped corpus, repeated 1, 4 and 10 times.

    python benchmarks/memory.py --problem poetry_zh --topics 100

Every row is a fresh process. *Anonymous* memory is what the process allocates; pages of the mapped file that happen to
be in memory belong to the page cache, the system takes them back at will, and they are shown apart. The bound is
3 copies of phi + 64 bytes a non-zero of one batch + 150 MB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import scipy.sparse as sp
from problems import data_folder, read_counts

from skartm.datasets import open_memmap, save_memmap

BATCH = 2048


def status_mb(field: str) -> float:
    """One line of /proc/self/status in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) / 1024
    return float("nan")


class Watch(threading.Thread):
    """Samples the anonymous memory every 2 ms."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak, self.stopped = 0.0, False

    def run(self):
        while not self.stopped:
            self.peak = max(self.peak, status_mb("RssAnon"))
            time.sleep(0.002)


def fit_one(folder: str, n_topics: int, method: str) -> None:
    """Fit in this process and print the figures as JSON."""
    from skartm import ARTMTransformer

    X = open_memmap(folder)
    before = status_mb("RssAnon")
    watch = Watch()
    watch.start()
    model = ARTMTransformer(n_topics, learning_method=method, max_iter=2, tol=0, random_state=0, n_jobs=1)
    model.fit(X)
    watch.stopped = True
    watch.join()
    bound = 3 * n_topics * X.shape[1] * 4 / 2**20 + 64 * X[:BATCH].nnz / 2**20 + 150
    print(json.dumps({
        "documents": X.shape[0], "nnz": X.nnz, "fit": watch.peak - before, "process": watch.peak, "bound": bound,
        "with_file_pages": status_mb("VmHWM"),
    }))  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", default="poetry_zh")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--data", default=None)
    parser.add_argument("--fit", nargs=2, metavar=("FOLDER", "METHOD"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fit:
        fit_one(options.fit[0], options.topics, options.fit[1])
        return
    counts = read_counts(options.problem, data_folder(options.data)).astype("float32")
    print(f"{options.problem}, {options.topics} topics; megabytes")
    print(
        f"{'':10s}{'documents':>10s}{'non-zeros':>12s}{'fit':>8s}{'process':>9s}{'bound':>7s}{'with file pages':>17s}"
    )
    for times in (1, 4, 10):
        with tempfile.TemporaryDirectory() as folder:
            save_memmap(Path(folder) / "csr", (sp.csr_matrix(counts) for _ in range(times)))
            for method in ("batch", "online"):
                command = [sys.executable, __file__, "--topics", str(options.topics), "--fit", f"{folder}/csr", method]
                row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                print(
                    f"{times:>2d}x {method:7s}{row['documents']:10d}{row['nnz']:12d}{row['fit']:8.0f}"
                    f"{row['process']:9.0f}{row['bound']:7.0f}{row['with_file_pages']:17.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
