"""The runner's side: one library in a process of its own, asked for one chunk of training after the other."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.sparse as sp

HERE = Path(__file__).resolve().parent
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
                    "RAYON_NUM_THREADS", "NUMBA_NUM_THREADS")  # fmt: skip


@dataclass
class Choice:
    """A library, one of its variants, and parameters that replace those of the variant."""

    library: str
    variant: str
    parameters: dict = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Return ``library:variant`` with the replaced parameters."""
        replaced = "".join(f"@{key}={value}" for key, value in self.parameters.items())
        return f"{self.library}:{self.variant}{replaced}"


def available_libraries() -> list[str]:
    """Return the names of the adapters."""
    return sorted(path.stem.removeprefix("bench_") for path in (HERE / "libraries").glob("bench_*.py"))


def parse_choices(text: str) -> list[Choice]:
    """Read ``skartm,bigartm:lda,tomotopy:default@alpha=0.05``; a bare name is every variant, ``all`` every library.

    Raises
    ------
    ValueError
        If a library or a variant does not exist.
    """
    names = available_libraries()
    choices = []
    for part in (",".join(names) if text == "all" else text).split(","):
        head, *settings = part.strip().split("@")
        library, _, variant = head.partition(":")
        if library not in names:
            raise ValueError(f"no library {library!r}; there are {', '.join(names)}.")
        variants = importlib.import_module(f"libraries.bench_{library}").VARIANTS
        if variant and variant not in variants:
            raise ValueError(f"{library} has no variant {variant!r}; it has {', '.join(variants)}.")
        parameters = {key: _value(value) for key, value in (setting.split("=", 1) for setting in settings)}
        choices += [Choice(library, name, parameters) for name in ([variant] if variant else variants)]
    return choices


def _value(text: str):
    """Read a number, true/false/null, or keep the text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def interpreter(library: str, given: dict[str, str]) -> str:
    """Return the Python of a library: the command line, ``SKARTM_BENCH_PYTHON_<LIBRARY>``, or the current one."""
    python = given.get(library) or os.environ.get(f"SKARTM_BENCH_PYTHON_{library.upper()}") or sys.executable
    # the worker runs in a folder of its own; links are kept: they are what makes a virtual environment
    return os.path.abspath(python) if os.sep in python else python


class Session:
    """One library training in its own process.

    Use as a context manager; :meth:`start` converts the data, each :meth:`advance` trains one chunk.

    Parameters
    ----------
    choice : Choice
    train : csr_matrix of shape (n_docs, n_tokens)
    n_topics, n_threads, seed : int
    python : str
        The interpreter.
    keep_phi : bool
        Whether phi is handed over after each chunk.
    wall_limit : float or None
        Seconds after which the process is killed.
    arrays : dict of str to ndarray
        Further arrays for the adapter, found as ``<folder>/<name>.npy``.
    """

    def __init__(self, choice, train, n_topics, n_threads=1, seed=0, python=sys.executable, keep_phi=True,
                 wall_limit=None, arrays=None):  # fmt: skip
        self.choice, self.train, self.python = choice, train, python
        self.wall_limit, self.arrays = wall_limit, arrays or {}
        variant = importlib.import_module(f"libraries.bench_{choice.library}").VARIANTS[choice.variant]
        self.job = {"library": choice.library, "topics": n_topics, "threads": n_threads, "seed": seed,
                    "keep_phi": keep_phi, "parameters": {**variant, **choice.parameters}}  # fmt: skip

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="skartm-bench-")
        self.folder = Path(self._folder.name)
        sp.save_npz(self.folder / "train.npz", sp.csr_matrix(self.train), compressed=False)
        for name, array in self.arrays.items():
            np.save(self.folder / f"{name}.npy", array)
        environment = dict(os.environ) | {name: str(self.job["threads"]) for name in THREAD_VARIABLES}
        self._errors = open(self.folder / "stderr.txt", "w+")
        self.process = subprocess.Popen(
            [self.python, str(HERE / "worker.py"), json.dumps({**self.job, "folder": str(self.folder)})],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True, env=environment,
            cwd=self.folder,
        )  # fmt: skip
        self._timer = threading.Timer(self.wall_limit or 1e8, self.process.kill)
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *exc):
        self._timer.cancel()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        self._errors.close()
        self._folder.cleanup()

    def _record(self):
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        self.process.wait()
        self._errors.seek(0)
        tail = self._errors.read().strip().splitlines()[-8:]
        reason = "killed at the time limit" if self.process.returncode == -9 else f"exit {self.process.returncode}"
        raise RuntimeError(f"{self.choice.label}: {reason}\n    " + "\n    ".join(tail))

    def start(self) -> dict:
        """Wait for the conversion; return its record (version, convert_cpu, convert_wall, base_mb)."""
        self._waiting = False
        return self._record()

    def advance(self) -> dict | None:
        """Train one chunk; return its record (step, cpu, wall, peak_mb), None when the adapter has finished."""
        if self._waiting:
            self.process.stdin.write("go\n")
            self.process.stdin.flush()
        record = self._record()
        self._waiting = record["event"] == "snapshot"
        return record if self._waiting else None

    def phi(self):
        """Return phi of the last chunk, (n_topics, n_tokens), float32."""
        return np.load(self.folder / "phi.npy")
