"""skartm and BigARTM from the same start: perplexity after each pass, side by side.

Both get the same random phi (BigARTM's own is overwritten in place), run PLSA with 10 inner passes and hand over phi
after each pass. Two figures are compared. *evaluated*: the perplexity of the training documents under that phi,
computed here in float64 numpy (theta from the uniform start, 10 passes). *reported*: what each library says itself
about the pass; both compute it with the phi from before the pass.

Example::

    python benchmarks/same_start.py --problem kos --topics 20 --python bigartm=/path/to/bigartm/env/bin/python
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from pass_time import INNER, SIDES, corpus
from problems import data_folder
from session import Choice, Session, interpreter


def arguments(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", default="ng20")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--passes", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--phi", type=float, default=0.0, help="smoothing of phi (tau)")
    parser.add_argument("--theta", type=float, default=0.0, help="smoothing of theta (tau)")
    parser.add_argument("--dtype", default="float32", help="of skartm; BigARTM computes in float32")
    parser.add_argument("--tolerance", type=float, default=0.005, help="exit status 1 above this relative difference")
    parser.add_argument(
        "--python", action="append", default=[], metavar="LIBRARY=PATH", help="interpreter of a library"
    )
    parser.add_argument("--data", help="folder of corpora (default: $SKARTM_DATA, ../shared/data)")
    return parser.parse_args(argv)


def training_perplexity(counts, phi, theta_prior=0.0, n_passes=INNER) -> float:
    """Return the perplexity of the documents themselves, theta by `n_passes` of EM from the uniform start."""
    phi_wt = np.ascontiguousarray(phi.T, dtype=np.float64)
    log_likelihood = 0.0
    for start, stop in zip(counts.indptr[:-1], counts.indptr[1:], strict=True):
        phi_dt, x = phi_wt[counts.indices[start:stop]], counts.data[start:stop]
        theta = np.full(phi.shape[0], 1.0 / phi.shape[0])
        for _ in range(n_passes):
            z = phi_dt @ theta
            theta = theta * (np.divide(x, z, out=np.zeros_like(z), where=z > 0) @ phi_dt) + theta_prior
            theta /= theta.sum()
        log_likelihood += x @ np.log(np.maximum(phi_dt @ theta, 1e-300))
    return float(np.exp(-log_likelihood / counts.sum()))


def trajectory(library, counts, init, options):
    """Return one (evaluated, reported, phi) a pass of one library from the given start."""
    settings = {**SIDES[library], "chunk": 1, "passes": options.passes, "phi": options.phi, "theta": options.theta,
                "report": True, "dtype": options.dtype}  # fmt: skip
    python = interpreter(library, dict(item.split("=", 1) for item in options.python))
    steps = []
    with Session(
        Choice(library, "plsa", settings), counts, init.shape[0], python=python, arrays={"init": init}
    ) as session:
        session.start()
        while (record := session.advance()) is not None:
            phi = session.phi()
            steps.append((training_perplexity(counts, phi, options.theta), record["reported"], phi))
    return steps


def main(argv=None) -> int:
    """Print the two trajectories; return 1 when they differ by more than the tolerance."""
    options = arguments(argv)
    counts = corpus(options.problem, data_folder(options.data))
    random = np.random.default_rng(options.seed).random((options.topics, counts.shape[1]))
    init = (random / random.sum(axis=1, keepdims=True)).astype(np.float32)
    ours, theirs = (trajectory(library, counts, init, options) for library in ("skartm", "bigartm"))
    print(f"{options.problem}, T = {options.topics}, {INNER} inner passes, the same start\n")
    print("pass | evaluated: skartm   bigartm   relative | reported: skartm   bigartm   relative | max |phi - phi'|")
    worst = 0.0
    for step, (a, b) in enumerate(zip(ours, theirs, strict=True), 1):
        relative = [abs(a[i] / b[i] - 1) if b[i] else float("nan") for i in (0, 1)]
        worst = max(worst, relative[0])
        print(f"{step:4d} | {a[0]:17.3f} {b[0]:9.3f} {relative[0]:10.2e} | {a[1]:16.3f} {b[1]:9.3f} "
              f"{relative[1]:10.2e} | {np.abs(a[2] - b[2]).max():.2e}")  # fmt: skip
    print(f"\nlargest relative difference of the evaluated perplexity: {worst:.2e}")
    return int(not worst <= options.tolerance)


if __name__ == "__main__":
    sys.exit(main())
