"""The null model: one topic, the frequencies of the words. Whoever is not far below it has learnt nothing."""

VARIANTS = {"unigram": {}}


def version():
    """Return name and version."""
    return "unigram"


def convert(counts, job):
    """Keep the counts."""
    return counts


def train(counts, job, recorder):
    """Count the words."""
    n_w = counts.sum(axis=0, dtype=float)
    recorder.snapshot(lambda: n_w / n_w.sum(), step=1)
