"""Two threads against one: wall time of a collection pass, in turns, medians and their ratio.

python benchmarks/threads.py --problem imdb --topics 100 --threads 1 2
"""

from __future__ import annotations

import argparse
import statistics

from problems import data_folder, read_counts

from skartm import ARTMTransformer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", default="imdb")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    X = read_counts(options.problem, data_folder(options.data)).astype("float32")
    seconds: dict[int, list[float]] = {n: [] for n in options.threads}
    for _ in range(options.rounds):
        for n in options.threads:
            model = ARTMTransformer(options.topics, max_iter=4, tol=0, doc_tol=0, n_jobs=n, random_state=0).fit(X)
            seconds[n] += model.history_["seconds"][1:]  # the first pass also builds the index of the transpose
    first = statistics.median(seconds[options.threads[0]])
    for n, values in seconds.items():
        median = statistics.median(values)
        print(f"{options.problem}, {options.topics} topics, {n} threads: {median:.3f} s a pass, {first / median:.2f} x")


if __name__ == "__main__":
    main()
