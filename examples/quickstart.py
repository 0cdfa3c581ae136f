"""
Quickstart: topics of the Python Enhancement Proposals
======================================================

Which subjects do the authors of Python write about? Nobody has labelled the proposals (PEPs); a topic model finds the
subjects from the words alone. A *topic* is a distribution over words, a *document* is a mixture of topics.

The model has 19 topics for subjects and one for the background: words that any proposal uses. The regularizers say so:
the subject topics are to be sparse and different from each other, the background topic smooth and present everywhere.
"""

from time import perf_counter

import numpy as np

from skartm import PLSA, ARTMTransformer
from skartm.datasets import load_peps
from skartm.metrics import coherence, sparsity, top_tokens, topic_diversity
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta

N_SUBJECTS = 19

# %%
# The corpus comes with the library: 736 documents as counts of 7637 words. One document in ten is held out.
peps = load_peps()
order = np.random.RandomState(0).permutation(peps.data.shape[0])
test, train = np.sort(order[:74]), np.sort(order[74:])

# %%
# The names of topics select what a regularizer acts on.
subjects = [f"topic {t}" for t in range(N_SUBJECTS)]
model = ARTMTransformer(
    n_components=N_SUBJECTS + 1,
    topic_names=[*subjects, "background"],
    regularizers=[
        # words leave the subjects in which they are weaker; tau is the share of all tokens that is moved
        ("decorrelation", Decorrelation(tau=0.05, relative=0, topics=subjects)),
        # a word needs at least 0.1 of a token in a subject, a subject 0.1 of a token in a document
        ("sparse_words", SmoothSparsePhi(tau=-0.1, topics=subjects)),
        ("sparse_subjects", SmoothSparseTheta(tau=-0.1, topics=subjects)),
        # the background has every word, and five tokens of every document
        ("common_words", SmoothSparsePhi(tau=0.1, topics=["background"])),
        ("common_topic", SmoothSparseTheta(tau=5, topics=["background"])),
    ],
    max_iter=100,
    random_state=0,
)
plain = PLSA(n_components=N_SUBJECTS + 1, max_iter=100, random_state=0)

seconds = []
for estimator in (model, plain):
    start = perf_counter()
    estimator.fit(peps.data[train])
    seconds.append(perf_counter() - start)

# %%
# Every topic with its share of the corpus and its most probable words:
share = model.topic_mass_ / model.topic_mass_.sum()
for name, part, words in zip(model.topic_names, share, top_tokens(model.components_, peps.feature_names, n_top=8)):
    print(f"{name:>10}  {part:5.1%}  {' '.join(words)}")

# %%
# And what it is worth. *Perplexity*: among how many equally likely words the model would have to guess, for the hidden
# half of documents it was not trained on (lower is better). *Coherence*: whether the top ten words of a topic occur
# in the same documents, from -1 to 1. *Diversity*: the share of different words among the top words of all topics.
# *Zeros*: the share of zeros among the probabilities of words in topics, and of topics in documents.
print()
print(f"{'':16}perplexity  coherence  diversity  zeros in phi  zeros in theta  seconds")
for name, estimator, spent in zip(("ARTM", "no regularizers"), (model, plain), seconds):
    phi, theta = estimator.components_, estimator.transform(peps.data[train])
    print(
        f"{name:16}{estimator.perplexity(peps.data[test]):10.0f}{coherence(phi, peps.data):11.3f}"
        f"{topic_diversity(phi):11.2f}{sparsity(phi):14.2f}{sparsity(theta):16.2f}{spent:9.1f}"
    )

# %%
# A proposal that the model has not seen, and the subjects it finds in it:
document = test[peps.numbers[test] == 343][0]
theta = model.transform(peps.data[[document]])[0]
print(f"\nPEP {peps.numbers[document]}, {peps.titles[document]}:")
for t in np.argsort(-theta)[:3]:
    print(f"{theta[t]:7.0%}  {' '.join(top_tokens(model.components_[[t]], peps.feature_names, n_top=8)[0])}")
