"""tomotopy LDAModel: collapsed Gibbs sampling in C++. Phi is the estimate from the current sample."""

from . import in_column_order, token_lists

VARIANTS = {
    "default": {"passes": 1000, "chunk": 20},
    "tuned": {"passes": 1000, "chunk": 20, "alpha": 0.1, "eta": 0.1, "optim_interval": 0},
}


def version():
    """Return name and version."""
    import tomotopy

    return f"tomotopy {tomotopy.__version__} ({tomotopy.isa})"


def convert(counts, job):
    """Return the model with its documents, not yet trained."""
    import tomotopy

    options = job["parameters"]
    settings = {key: options[key] for key in ("alpha", "eta") if key in options}
    model = tomotopy.LDAModel(k=job["topics"], seed=job["seed"] + 1, **settings)
    if "optim_interval" in options:
        model.optim_interval = options["optim_interval"]
    for document in token_lists(counts):
        model.add_doc(document)
    return model, counts.shape[1]


def train(data, job, recorder):
    """Sample, `chunk` iterations between snapshots."""
    model, n_tokens = data
    options = job["parameters"]

    def get_phi():
        phi = [model.get_topic_word_dist(t) for t in range(model.k)]
        return in_column_order(phi, model.used_vocabs, n_tokens)

    for step in range(options["chunk"], options["passes"] + 1, options["chunk"]):
        model.train(options["chunk"], workers=job["threads"])
        recorder.snapshot(get_phi, step)
