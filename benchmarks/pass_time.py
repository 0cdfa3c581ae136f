"""CPU time of one pass over the collection: skartm against BigARTM, and against the machine's peak.

PLSA, 10 inner passes without a tolerance, one thread, the whole corpus. The two libraries train in two processes that
take turns in the same run, so that a change of the machine's speed meets both; only the one whose turn it is has work.
A turn is some passes in one call, which shares the fixed cost of a call among them as in normal use. The figure is
the median over the turns; the first turn of each is not counted.

Example::

    python benchmarks/pass_time.py --problem ng20 --topics 100,200 --python bigartm=/path/to/bigartm/env/bin/python
"""

from __future__ import annotations

import argparse
import contextlib
from statistics import median

import numpy as np
import scipy.sparse as sp
from peak import fma_peak
from problems import data_folder, read_counts
from session import Choice, Session, interpreter

INNER = 10
SIDES = {"skartm": {"max_doc_iter": INNER, "doc_tol": 0.0}, "bigartm": {"inner": INNER}}


def arguments(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", default="ng20")
    parser.add_argument("--topics", default="100,200")
    parser.add_argument("--libraries", default="skartm,bigartm")
    parser.add_argument("--rounds", type=int, default=5, help="counted turns of each library")
    parser.add_argument("--passes", type=int, default=3, help="passes a turn")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--python", action="append", default=[], metavar="LIBRARY=PATH", help="interpreter of a library"
    )
    parser.add_argument("--data", help="folder of corpora (default: $SKARTM_DATA, ../shared/data)")
    return parser.parse_args(argv)


def corpus(name, folder):
    """Return all non-empty documents, without unused words."""
    counts = read_counts(name, folder).astype(np.int32)
    counts = counts[np.flatnonzero(counts.getnnz(axis=1) > 0)]
    return sp.csr_matrix(counts[:, np.flatnonzero(counts.getnnz(axis=0) > 0)])


def take_turns(counts, n_topics, options) -> dict[str, list[float]]:
    """Return the CPU seconds a pass of each turn of each library."""
    pythons = dict(item.split("=", 1) for item in options.python)
    seconds = {}
    with contextlib.ExitStack() as stack:
        sessions = {}
        for library in options.libraries.split(","):
            n_passes = options.passes * (options.rounds + 1)
            settings = {**SIDES[library], "chunk": options.passes, "passes": n_passes}
            choice = Choice(library, "plsa", settings)
            sessions[library] = stack.enter_context(
                Session(choice, counts, n_topics, options.threads, python=interpreter(library, pythons), keep_phi=False)
            )
            sessions[library].start()
        for turn in range(options.rounds + 1):
            for library, session in sessions.items():
                seconds.setdefault(library, []).append(session.advance()["cpu"])
            if turn == 0:
                print(f"T = {n_topics}: first turns", {k: round(v[0], 3) for k, v in seconds.items()})
    return {library: list(np.diff(cpu) / options.passes) for library, cpu in seconds.items()}


def report(counts, n_topics, seconds, peak) -> None:
    """Print the lines of one number of topics."""
    flops = 4.0 * counts.nnz * n_topics * (INNER + 1)
    for library, values in seconds.items():
        rate = flops / median(values) * 1e-9
        spread = f"{min(values):.4f} .. {max(values):.4f}"
        print(f"T = {n_topics:4d}  {library:8s} {median(values):8.4f} s a pass ({spread})  {rate:6.1f} GFLOP/s  "
              f"{100 * rate / peak:5.1f} % of the peak")  # fmt: skip
    if {"skartm", "bigartm"} <= seconds.keys():
        print(f"T = {n_topics:4d}  bigartm / skartm = {median(seconds['bigartm']) / median(seconds['skartm']):.1f}")


def main(argv=None) -> None:
    """Measure the peak, then each number of topics, then the peak again."""
    options = arguments(argv)
    counts = corpus(options.problem, data_folder(options.data))
    peak, how = fma_peak()
    print(f"{options.problem}: {counts.shape[0]} documents, {counts.shape[1]} words, {counts.nnz} non-zeros; "
          f"{INNER} inner passes, {options.threads} thread(s)")  # fmt: skip
    print(f"peak: {peak:.1f} GFLOP/s ({how}); flops of a pass: 4 * non-zeros * T * (inner passes + 1)")
    for n_topics in map(int, options.topics.split(",")):
        report(counts, n_topics, take_turns(counts, n_topics, options), peak)
    print(f"peak again: {fma_peak()[0]:.1f} GFLOP/s")


if __name__ == "__main__":
    main()
