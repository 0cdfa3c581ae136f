"""skartm: PLSA and ARTM by ARTMTransformer, variational LDA.

ARTMTransformer continues by warm starts of `chunk` passes. LDA has none, as in scikit-learn: each of its snapshots is a
new fit with more iterations and has the time of that fit alone.
"""

VARIANTS = {
    "plsa": {"passes": 40, "chunk": 1, "max_doc_iter": 10, "doc_tol": 0.0},
    "artm": {"passes": 40, "chunk": 1, "max_doc_iter": 10, "doc_tol": 0.0, "phi": 0.1, "theta": 0.1},
    "reuse": {"passes": 60, "chunk": 1, "max_doc_iter": 3, "doc_tol": 0.0, "phi": 0.1, "theta": 0.1,
              "reuse_theta": True},
    "tuned": {"passes": 40, "chunk": 1, "max_doc_iter": 10, "phi": 0.03},
    "default": {"passes": 40, "chunk": 1, "phi": 0.1, "theta": 0.1},
    "variational": {"iterations": [5, 10, 20, 40]},
}  # fmt: skip

ESTIMATOR_PARAMETERS = ("max_doc_iter", "doc_tol", "reuse_theta", "batch_size", "dtype", "learning_method")


def version():
    """Return name and version."""
    import skartm

    return f"skartm {getattr(skartm, '__version__', '')}"


def convert(counts, job):
    """Keep the counts: CSR is what `fit` takes."""
    return counts


def build(job, max_iter):
    """Return the estimator of one variant, `max_iter` iterations a `fit`; absent parameters keep the defaults."""
    from pathlib import Path

    import numpy as np

    from skartm import ARTMTransformer
    from skartm.regularizers import SmoothSparsePhi, SmoothSparseTheta

    options = job["parameters"]
    regularizers = []
    if options.get("phi"):
        regularizers.append(("smooth_phi", SmoothSparsePhi(tau=options["phi"])))
    if options.get("theta"):
        regularizers.append(("smooth_theta", SmoothSparseTheta(tau=options["theta"])))
    start = Path(job["folder"]) / "init.npy"
    return ARTMTransformer(
        job["topics"],
        regularizers=regularizers,
        max_iter=max_iter,
        tol=0,
        init=np.load(start) if start.exists() else None,
        n_jobs=job["threads"],
        random_state=job["seed"],
        **{key: options[key] for key in ESTIMATOR_PARAMETERS if key in options},
    )


def train_variational(counts, job, recorder):
    """Fit anew for each number of iterations."""
    from functools import partial

    from skartm import LDA

    options = job["parameters"]
    for n in options["iterations"]:
        recorder.restart()
        model = LDA(
            job["topics"],
            doc_topic_prior=options.get("alpha"),
            topic_word_prior=options.get("eta"),
            dtype=options.get("dtype", "float32"),
            max_iter=n,
            n_jobs=job["threads"],
            random_state=job["seed"],
        )
        model.fit(counts)
        recorder.snapshot(partial(getattr, model, "components_"), n)


class Snapshots:
    """Callback of one fit: phi to the recorder after every `chunk` iterations."""

    def __init__(self, recorder, options):
        self.recorder, self.chunk, self.report = recorder, options["chunk"], options.get("report")

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        if context.task_name == "em-iteration" and estimator.n_iter_ % self.chunk == 0:
            reported = float(estimator.history_["perplexity"][-1]) if self.report else 0.0
            self.recorder.snapshot(lambda: estimator.components_, estimator.n_iter_, reported)


def train(counts, job, recorder):
    """One fit, watched by a callback."""
    options = job["parameters"]
    if "iterations" in options:
        train_variational(counts, job, recorder)
        return
    build(job, options["passes"]).set_callbacks(Snapshots(recorder, options)).fit(counts)
