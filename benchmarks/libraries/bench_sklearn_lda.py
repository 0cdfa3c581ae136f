"""scikit-learn LatentDirichletAllocation, batch and online.

The estimator cannot go on after a `fit`, so its loop is written out here over the same private steps that `fit` runs
(`_init_latent_vars`, `_em_step`); the final perplexity on the training set that `fit` computes is left out, in favour
of scikit-learn.
"""

VARIANTS = {
    "batch": {"passes": 40, "chunk": 2, "method": "batch"},
    "tuned": {"passes": 40, "chunk": 2, "method": "batch", "alpha": 0.1, "eta": 0.1},
    "online": {"passes": 20, "chunk": 1, "method": "online"},
}


def version():
    """Return name and version."""
    import sklearn

    return f"scikit-learn {sklearn.__version__}"


def convert(counts, job):
    """Return the counts in the dtype that the estimator computes in (float32 is the faster one)."""
    return counts.astype(job["parameters"].get("dtype", "float32"))


def train(counts, job, recorder):
    """Run the loop of `fit` with snapshots."""
    from joblib import Parallel
    from sklearn.decomposition import LatentDirichletAllocation
    from sklearn.utils import gen_batches

    options = job["parameters"]
    online = options["method"] == "online"
    model = LatentDirichletAllocation(
        job["topics"],
        doc_topic_prior=options.get("alpha"),
        topic_word_prior=options.get("eta"),
        learning_method=options["method"],
        learning_offset=options.get("offset", 10.0),
        batch_size=options.get("batch_size", 128),
        n_jobs=job["threads"],
        random_state=job["seed"],
    )
    n_docs = counts.shape[0]
    model._init_latent_vars(counts.shape[1], dtype=counts.dtype)
    with Parallel(n_jobs=job["threads"]) as parallel:
        for step in range(1, options["passes"] + 1):
            for rows in gen_batches(n_docs, model.batch_size if online else n_docs):
                model._em_step(counts[rows], total_samples=n_docs, batch_update=not online, parallel=parallel)
            if step % options["chunk"] == 0:
                recorder.snapshot(lambda: model.components_, step)
