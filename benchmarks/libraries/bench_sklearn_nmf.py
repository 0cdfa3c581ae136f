"""scikit-learn NMF with the Kullback-Leibler divergence (multiplicative updates): PLSA up to normalisation."""

VARIANTS = {"kl": {"passes": 40, "chunk": 5}}


def version():
    """Return name and version."""
    import sklearn

    return f"scikit-learn {sklearn.__version__}"


def convert(counts, job):
    """Return float32 counts."""
    return counts.astype("float32")


def train(counts, job, recorder):
    """Go on from the last W and H after each chunk; random start, the usual one for KL."""
    import warnings

    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    warnings.simplefilter("ignore", ConvergenceWarning)
    options = job["parameters"]
    model = NMF(
        job["topics"],
        init="random",
        solver="mu",
        beta_loss="kullback-leibler",
        tol=0,
        max_iter=options["chunk"],
        random_state=job["seed"],
    )
    theta = model.fit_transform(counts)
    for step in range(options["chunk"], options["passes"] + 1, options["chunk"]):
        recorder.snapshot(lambda: model.components_, step)
        model.init = "custom"
        theta = model.fit_transform(counts, W=theta, H=model.components_)
