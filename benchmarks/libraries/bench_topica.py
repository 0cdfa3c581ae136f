"""topica LDA: Gibbs samplers in Rust.

A `fit` always begins again, and phi cannot be read before it ends, so each snapshot is a new fit with more iterations
and has the time of that fit alone.
"""

from functools import partial

from . import in_column_order, token_lists

VARIANTS = {
    "default": {"iterations": [100, 300, 900], "sampler": "sparse"},
    "sparse": {"iterations": [50, 100, 200, 400], "sampler": "sparse", "alpha": 0.1, "beta": 0.1},
    "warp": {"iterations": [50, 100, 200, 400], "sampler": "warp", "alpha": 0.1, "beta": 0.1},
    "cvb0": {"iterations": [10, 20, 40, 80], "sampler": "cvb0", "alpha": 0.1, "beta": 0.1},
}


def version():
    """Return name and version."""
    from importlib.metadata import version as installed

    return f"topica {installed('topica')}"


def convert(counts, job):
    """Return the token lists; `fit` numbers the words itself, which is a small part of its time."""
    return token_lists(counts), counts.shape[1]


def phi_of(model, n_tokens):
    """Return phi (n_topics, n_tokens)."""
    return in_column_order(model.topic_word, model.vocabulary, n_tokens)


def train(data, job, recorder):
    """Fit anew for each number of iterations."""
    import topica

    documents, n_tokens = data
    options = job["parameters"]
    settings = {key: options[key] for key in ("beta", "optimize_interval", "burn_in") if key in options}
    if "alpha" in options:
        settings["alpha_sum"] = options["alpha"] * job["topics"]
    for iterations in options["iterations"]:
        recorder.restart()
        model = topica.LDA(
            job["topics"], sampler=options["sampler"], seed=job["seed"], num_threads=job["threads"], **settings
        )
        # one sample at the end, like the other samplers here
        model.fit(documents, iters=iterations, num_samples=1, keep_theta_draws=False)
        recorder.snapshot(partial(phi_of, model, n_tokens), iterations)
