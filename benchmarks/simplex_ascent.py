"""Steps, evaluations and CPU time of skartm.simplex.ascend until all gaps are small, methods x accelerations.

The problems are generated. "mixture" and "plsa" are logarithms of polynomials with positive coefficients,
"least squares" is concave, "network" (a smooth min-max net) is neither. A run that did not get there has its reason in
the last column.
"""

import argparse
import time
import warnings

import numpy as np

from skartm.exceptions import PlainAscentWarning
from skartm.simplex import ascend


def mixture(rng):
    densities = rng.gamma(0.3, size=(2000, 50)) + 0.01

    def function(p):
        z = densities @ p
        return np.log(z).sum(), densities.T @ (1 / z)

    return function, np.full(50, 1 / 50), 1e-2


def plsa(rng):
    topics, theta = rng.dirichlet(np.full(200, 0.1), 5), rng.dirichlet(np.full(5, 0.3), 100)
    counts = rng.poisson(100 * theta @ topics).astype(float)
    there = counts > 0

    def function(x):
        z = x["theta"] @ x["phi"]
        ratios = np.divide(counts, z, out=np.zeros_like(z), where=there)
        value = np.sum(counts[there] * np.log(z[there]))
        return value, {"phi": x["theta"].T @ ratios, "theta": ratios @ x["phi"].T}

    return function, {"phi": rng.dirichlet(np.ones(200), 5), "theta": rng.dirichlet(np.ones(5), 100)}, 1e-2


def least_squares(rng):
    matrix = rng.standard_normal((200, 100)) / 10
    target = matrix @ rng.dirichlet(np.full(100, 0.1)) + 0.01 * rng.standard_normal(200)

    def function(p):
        rest = target - matrix @ p
        return -rest @ rest / 2, matrix.T @ rest

    return function, np.full(100, 1 / 100), 1e-6


def network(rng):
    x = rng.uniform(-1, 1, (500, 8))
    y = 3 * np.minimum(x[:, 0] + x[:, 1], x[:, 2] + 0.5 * x[:, 3])
    offsets = rng.standard_normal(36)

    def function(p, scale=8.0):
        a = (scale * x @ p.T + offsets).reshape(500, 6, 6)
        inner = np.log(np.exp(a).sum(axis=2))
        output = -np.log(np.exp(-inner).sum(axis=1))
        shares = np.exp(output[:, None] - inner)[:, :, None] * np.exp(a - inner[:, :, None])
        slopes = scale * (y - output)[:, None] * shares.reshape(500, 36) / 500
        return -np.mean((y - output) ** 2) / 2, slopes.T @ x

    return function, rng.dirichlet(np.ones(8), 36), 1e-5


PROBLEMS = {"mixture": mixture, "plsa": plsa, "least squares": least_squares, "network": network}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", default=",".join(PROBLEMS), help="with commas")
    parser.add_argument("--max-iter", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=3, help="the CPU time is the median")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in options.problem.split(","):
        function, start, tol = PROBLEMS[name](np.random.default_rng(options.seed))
        print(f"\n| {name}, gap {tol:g} | | steps | evaluations | CPU s | value | largest gap | end |")
        print("|---|---|---|---|---|---|---|---|")
        for method in ("plain", "shifted", "exponentiated"):
            for acceleration in (None, "squarem", "anderson"):
                seconds = []
                for _ in range(options.rounds):
                    begin = time.process_time()
                    with warnings.catch_warnings(), np.errstate(all="ignore"):
                        warnings.simplefilter("ignore", PlainAscentWarning)
                        result = ascend(
                            function,
                            start,
                            method=method,
                            acceleration=acceleration,
                            tol=tol,
                            max_iter=options.max_iter,
                        )
                    seconds.append(time.process_time() - begin)
                gaps = result.gap.values() if isinstance(result.gap, dict) else [result.gap]
                gap = max(float(np.max(part)) for part in gaps)
                end = "reached" if result.converged else result.message
                print(
                    f"| {method} | {acceleration or ''} | {result.n_iter} | {result.n_evaluations} | "
                    f"{np.median(seconds):.2f} | {result.value:.6f} | {gap:.1e} | {end} |"
                )


if __name__ == "__main__":
    main()
