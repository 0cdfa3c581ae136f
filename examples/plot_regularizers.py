"""
What does each family of regularizers do?
=========================================

The same model of the Python Enhancement Proposals, from the same start, each time with one regularizer at a strength
that is sane, and four numbers: the zeros in phi, how different the topics are, how coherent, and how well they
predict the words of documents that were held out. Every regularizer acts on 20 topics.
"""

import matplotlib.pyplot as plt
import numpy as np

from skartm import ARTMTransformer
from skartm.datasets import load_peps
from skartm.feature_extraction import cooccurrence
from skartm.metrics import coherence, sparsity, topic_diversity
from skartm.regularizers import (
    CoherencePhi,
    Decorrelation,
    DocumentLinks,
    SmoothPosterior,
    SmoothSparsePhi,
    SmoothSparseTheta,
    SparsePosterior,
    TopKSparse,
    Window,
    tau_from_share,
)

peps = load_peps()
test = np.arange(peps.data.shape[0]) % 5 == 0
train = np.flatnonzero(~test)
X, links = peps.data[train], peps.links[train][:, train]

# %%
# Strengths of phi are shares of the mass of the counters, those of theta shares of an average cell, those of p(t|d,w)
# shares of its change. Some act only after the first passes, when there are topics to act upon.
nearby = cooccurrence(X, window=10, min_count=20, n_top=20)  # words within ten words of each other
THETA = {"X": X, "n_topics": 20, "side": "theta"}
families = {
    "none": (None, "0.4"),
    "smooth phi": (SmoothSparsePhi(0.05, relative=0.0), "C0"),
    "sparse phi": (SmoothSparsePhi(Window(-0.02, begin=8), relative=1.0), "C0"),
    "decorrelation": (Decorrelation(Window(0.05, begin=5), relative=0.0), "C0"),
    "4 topics a word": (TopKSparse(4, Window(1.0, begin=12), by="token"), "C0"),
    "coherence": (CoherencePhi(nearby, tau=0.1, relative=1.0), "C0"),
    "smooth theta": (SmoothSparseTheta(tau_from_share(0.05, **THETA)), "C1"),
    "sparse theta": (SmoothSparseTheta(Window(tau_from_share(-0.05, **THETA), begin=8)), "C1"),
    "links": (DocumentLinks(Window(20.0, begin=12), links=links), "C1"),
    "2 topics a token": (SparsePosterior(Window(0.5, begin=17), top_k=2), "C2"),
    "neighbours in text": (SmoothPosterior(Window(0.3, begin=18), window=3), "C2"),
}

figure, axes = plt.subplots(1, 4, figsize=(10, 4), sharey=True, layout="constrained")
print(f"{'':20}zeros in phi   diversity        NPMI  perplexity")
for row, (name, (regularizer, color)) in enumerate(families.items()):
    model = ARTMTransformer(20, regularizers=[("it", regularizer)], max_iter=20, tol=0, random_state=0).fit(X)
    phi = model.components_
    scores = sparsity(phi), topic_diversity(phi), coherence(phi, peps.data), model.perplexity(peps.data[test])
    print(f"{name:20}" + "".join(f"{score:12.4g}" for score in scores))
    for axis, score in zip(axes, scores):
        axis.plot(score, row, "o", color=color)
        if name == "none":
            axis.axvline(score, color="0.8", zorder=0)
for axis, title in zip(axes, ("zeros in phi", "diversity", "NPMI", "held-out perplexity")):
    axis.set_title(title, fontsize=10)
axes[0].set_yticks(range(len(families)), families)
axes[0].invert_yaxis()
plt.show()

# %%
# Blue regularizers act on topics, orange ones on documents, green ones on tokens; the line is the model without any.
# Decorrelation and coherence make topics differ, smoothing of phi predicts best, and zeros cost likelihood, in theta
# more than in phi. No regularizer is best at everything, and each does what it is named for: choose by what the topics
# are for, and combine. Another start moves every number a little.
