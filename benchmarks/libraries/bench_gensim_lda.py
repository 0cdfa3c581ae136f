"""gensim LdaModel: online variational Bayes; snapshots at the end of each pass through its metric callbacks."""

VARIANTS = {
    "default": {"passes": 20},
    "tuned": {"passes": 40, "alpha": 0.1, "eta": 0.1, "chunksize": 1000, "iterations": 100, "offset": 8, "decay": 0.7},
}


def version():
    """Return name and version."""
    import gensim

    return f"gensim {gensim.__version__}"


def convert(counts, job):
    """Return the corpus as lists of pairs, what its documentation recommends in memory."""
    from . import words

    corpus = [
        list(zip(counts.indices[start:stop].tolist(), counts.data[start:stop].tolist(), strict=True))
        for start, stop in zip(counts.indptr[:-1], counts.indptr[1:], strict=True)
    ]
    return corpus, dict(enumerate(words(counts.shape[1])))


def arguments(data, job):
    """Return the arguments of the model; absent ones keep gensim's defaults."""
    corpus, id2word = data
    options = job["parameters"]
    known = ("chunksize", "iterations", "offset", "decay", "eta")
    settings = {key: options[key] for key in known if key in options}
    if "alpha" in options:
        settings["alpha"] = [options["alpha"]] * job["topics"]
    return {
        "corpus": corpus,
        "id2word": id2word,
        "num_topics": job["topics"],
        "passes": options["passes"],
        "eval_every": None,
        "random_state": job["seed"],
        **settings,
    }


def train(data, job, recorder):
    """Train in the constructor, as one does; the metric object is called after each pass."""
    from gensim.models import LdaModel
    from gensim.models.callbacks import Metric

    class Snapshot(Metric):
        """Hands phi over at the end of each pass."""

        logger, title, viz_env = "none", "snapshot", None
        step = 0

        def get_value(self, model=None, **others):
            self.step += 1
            recorder.snapshot(model.get_topics, self.step)
            return 0.0

    LdaModel(callbacks=[Snapshot()], **arguments(data, job))
