"""
How much of a corpus does online learning need?
===============================================

A corpus that does not fit into memory lies on disk as a memory-mapped CSR matrix. ``partial_fit`` learns from one chunk
of rows at a time: every chunk is followed by an update of the topics, so they are useful long before the end. How many
documents should an update have?
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

from skartm import ARTMTransformer
from skartm.datasets import iter_chunks, make_topics, open_memmap, save_memmap
from skartm.regularizers import SmoothSparsePhi, SmoothSparseTheta

# %%
# A generated corpus, for which the best possible perplexity is known: blocks of 1000 documents are written one after
# the other, so memory never holds more than one. A reader of a format does the same with ``memmap=``, for example
# :func:`skartm.datasets.load_vowpal_wabbit`.
N_TOPICS = 20
corpus = make_topics(12_000, 3000, N_TOPICS, doc_length=80, random_state=0)
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "counts"
save_memmap(path, iter_chunks(corpus.data[2000:], 1000))
test = corpus.data[:2000]

# %%
# ``total_samples`` is the size of the whole corpus. It sets the scale of the counters, so that a ``tau`` means the same
# as in a fit of everything at once.
X = open_memmap(path)
print(type(X.data).__name__, X.shape)


def model(**parameters):
    """Return LDA (maximum a posteriori) as regularizers: constant smoothing of both matrices."""
    regularizers = [("words", SmoothSparsePhi(tau=0.05)), ("topics", SmoothSparseTheta(tau=0.1))]
    return ARTMTransformer(N_TOPICS, regularizers=regularizers, random_state=0, **parameters)


tracks = {}
for rows in (100, 500, 2500):
    online = model(total_samples=X.shape[0], batch_size=rows)
    seen, perplexity = [], []
    for chunk in iter_chunks(X, rows):
        online.partial_fit(chunk)
        if online.n_samples_seen_ % 500 == 0:
            seen.append(online.n_samples_seen_)
            perplexity.append(online.perplexity(test))
    tracks[f"online, {rows} documents an update"] = seen, perplexity

# %%
# For comparison: all documents in every pass, and the topics from which the corpus was generated. Many small updates
# beat few large ones: the first topics are random, and an update of 2500 documents spends a quarter of the corpus on
# them.
offline = model(max_iter=20, tol=0).fit(X)
true = model(init=corpus.components, max_iter=1, tol=0).fit(X)
for name, (seen, perplexity) in tracks.items():
    plt.plot(seen, perplexity, marker="o", label=name)
plt.axhline(offline.perplexity(test), color="black", linestyle="--", label="offline, 20 passes over all documents")
plt.axhline(true.perplexity(test), color="gray", linestyle=":", label="from the true topics")
plt.yscale("log")
plt.xlabel("documents seen")
plt.ylabel("held-out perplexity")
plt.legend()
plt.show()
del X  # close the files before their folder goes
folder.cleanup()
