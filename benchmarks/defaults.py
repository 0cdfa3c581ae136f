"""Where the defaults of the engine come from: CPU time to held-out quality by inner passes, tolerance, reuse of theta.

    python benchmarks/defaults.py --problem ng20 --topics 100

Every row is one setting; the columns are the CPU seconds after which the document-completion perplexity of the one
evaluation (evaluation.py) came within 2 % and 0.5 % of the best that any setting reached, and the setting's own best.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from evaluation import DocumentCompletion
from problems import data_folder, load_problem

from skartm import ARTMTransformer
from skartm.regularizers import SmoothSparsePhi, SmoothSparseTheta

SETTINGS = {
    f"{'reuse' if reuse else 'cold'} {passes} passes, doc_tol {tol}": {
        "reuse_theta": reuse, "max_doc_iter": passes, "doc_tol": tol,
    }
    for reuse, passes, tol in [
        (False, 10, 0.0), (False, 10, 0.01), (False, 10, 0.03), (False, 10, 0.1), (False, 5, 0.0), (False, 3, 0.0),
        (True, 1, 0.0), (True, 2, 0.0), (True, 3, 0.0), (True, 5, 0.0), (True, 10, 0.03), (True, 10, 0.1),
    ]
}  # fmt: skip
ONLINE = {
    f"online batch {size}, offset {offset}, decay {decay}": {
        "learning_method": "online", "batch_size": size, "learning_offset": offset, "learning_decay": decay,
    }
    for size in (256, 512, 2048) for offset in (1.0, 10.0) for decay in (0.5, 0.7)
}  # fmt: skip


class Clock:
    """Callback: CPU time and topics after every iteration."""

    def setup(self, estimator, context):
        self.started = time.process_time()
        self.paused = 0.0
        self.snapshots = []

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        now = time.process_time()
        if context.task_name == "em-iteration":
            self.snapshots.append((now - self.started - self.paused, estimator.components_))
        self.paused += time.process_time() - now


def trajectory(train, evaluate, n_topics, smoothing, iterations, setting):
    """[(CPU seconds, perplexity)] after some iterations, the first ones densely."""
    regularizers = []
    if smoothing:
        regularizers = [("phi", SmoothSparsePhi(smoothing)), ("theta", SmoothSparseTheta(smoothing))]
    clock = Clock()
    model = ARTMTransformer(
        n_topics, regularizers=regularizers, max_iter=iterations, tol=0, n_jobs=1, random_state=0, **setting
    ).set_callbacks(clock)
    model.fit(train)
    chosen = sorted({round(1.25**k) for k in range(1, 40)} & set(range(1, iterations + 1)) | {iterations})
    return [(clock.snapshots[k - 1][0], evaluate(clock.snapshots[k - 1][1])) for k in chosen]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--problem", default="ng20")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--smoothing", type=float, default=0.1, help="tau of both smoothing regularizers; 0 is PLSA")
    parser.add_argument("--iterations", type=int, default=40)
    parser.add_argument("--online", action="store_true", help="compare online settings instead")
    parser.add_argument("--data", type=Path, default=None)
    options = parser.parse_args()
    problem = load_problem(options.problem, data_folder(options.data))
    completion = DocumentCompletion(problem.test)
    settings = ONLINE if options.online else SETTINGS
    tracks = {}
    for name, setting in settings.items():
        tracks[name] = trajectory(
            problem.train, completion.perplexity, options.topics, options.smoothing, options.iterations, setting
        )
    best = min(value for track in tracks.values() for _, value in track)
    print(f"{options.problem}, {options.topics} topics, smoothing {options.smoothing}; best of all {best:.0f}")
    print(f"{'setting':44s} {'CPU to 2 %':>10s} {'to 0.5 %':>9s} {'own best':>9s} {'CPU all':>8s}")
    for name, track in tracks.items():
        reached = [next((f"{s:.2f}" for s, value in track if value <= best * (1 + gap)), "-") for gap in (0.02, 0.005)]
        print(f"{name:44s} {reached[0]:>10s} {reached[1]:>9s} {min(v for _, v in track):9.0f} {track[-1][0]:8.2f}")


if __name__ == "__main__":
    main()
