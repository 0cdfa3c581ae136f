"""gensim LdaMulticore: worker processes; it has no callbacks, so each chunk is one `update` of the model."""

from .bench_gensim_lda import arguments, convert, version

__all__ = ["USES_PROCESSES", "VARIANTS", "convert", "train", "version"]
USES_PROCESSES = True
VARIANTS = {
    "default": {"passes": 20, "chunk": 2},
    "tuned": {"passes": 40, "chunk": 4, "alpha": 0.1, "eta": 0.1, "chunksize": 1000, "iterations": 100, "offset": 8,
              "decay": 0.7},
}  # fmt: skip


def train(data, job, recorder):
    """Update with `chunk` passes between snapshots.

    The pool of an `update` is ended by gensim itself, so the time of its processes is known at each snapshot. As a new
    `update` counts its documents again, the step size falls a little faster than within one call.
    """
    from gensim.models import LdaMulticore

    options = job["parameters"]
    settings = arguments(data, job)
    corpus = settings.pop("corpus")
    settings["passes"] = options["chunk"]
    model = LdaMulticore(workers=job["threads"], **settings)
    for step in range(options["chunk"], options["passes"] + 1, options["chunk"]):
        model.update(corpus)
        recorder.snapshot(model.get_topics, step)
