"""
Quickstart: topics of the Python Enhancement Proposals
======================================================

Which subjects do the authors of Python write about? Nobody has labelled the proposals (PEPs); a topic model finds the
subjects from the words alone. A *topic* is a distribution over words, a *document* is a mixture of topics.

The model is a *recipe*: an ``ARTMTransformer`` whose regularizers and options are known to work together on texts of
any length. ``model.regularizers`` lists them, and each can be changed.
"""

from time import perf_counter

import numpy as np

from skartm import PLSA, recipes
from skartm.datasets import load_peps
from skartm.metrics import coherence, top_tokens

N_TOPICS = 20

# %%
# The corpus comes with the library: 736 documents as counts of 7637 words. One document in ten is held out.
peps = load_peps()
order = np.random.RandomState(0).permutation(peps.data.shape[0])
test, train = np.sort(order[:74]), np.sort(order[74:])

model = recipes.interpretable(N_TOPICS, token_names=peps.feature_names, random_state=0)
plain = PLSA(N_TOPICS, max_iter=60, tol=0, random_state=0)

seconds = []
for estimator in (model, plain):
    start = perf_counter()
    estimator.fit(peps.data[train])
    seconds.append(perf_counter() - start)

# %%
# Every topic with its share of the corpus and the words that say what it is about:
share = model.topic_mass_ / model.topic_mass_.sum()
for t in np.argsort(-share):
    print(f"topic {t:2d}  {share[t]:5.1%}  {' '.join(model.top_tokens(8)[t])}")

# %%
# And what it is worth. *Perplexity*: among how many equally likely words the model would have to guess, for the hidden
# half of documents it was not trained on (lower is better). *Coherence*: whether the ten words that are shown of a
# topic occur in the same documents, from -1 to 1; it is counted in documents that the model has not seen. *Diversity*:
# the share of different words among the words of all topics.
print()
print(f"{'':16}perplexity  coherence  diversity  seconds")
shown = {"recipe": model.shown_words_[:, :25].tolist(), "plain": top_tokens(plain.components_, n_top=25)}
for (name, words), estimator, spent in zip(shown.items(), (model, plain), seconds):
    held_out = coherence([topic[:10] for topic in words], peps.data[test])
    different = len({word for topic in words for word in topic}) / sum(len(topic) for topic in words)
    print(f"{name:16}{estimator.perplexity(peps.data[test]):10.0f}{held_out:11.3f}{different:11.2f}{spent:9.1f}")

# %%
# A proposal that the model has not seen, and the subjects it finds in it:
document = test[peps.numbers[test] == 343][0]
theta = model.transform(peps.data[[document]])[0]
print(f"\nPEP {peps.numbers[document]}, {peps.titles[document]}:")
for t in np.argsort(-theta)[:3]:
    print(f"{theta[t]:7.0%}  {' '.join(model.top_tokens(8)[t])}")
