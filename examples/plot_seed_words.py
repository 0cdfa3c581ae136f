"""
How many seed words does a topic need?
======================================

A small subject does not get a topic of its own by itself: it is a part of some larger one. Seed words ask for it. Here
the subject is asynchronous code in the Python Enhancement Proposals. How many words does one have to give, and how
strongly, until the topic finds the *other* words of the subject?
"""

import matplotlib.pyplot as plt
import numpy as np

from skartm import ARTMTransformer
from skartm.datasets import load_peps
from skartm.metrics import top_tokens
from skartm.regularizers import SeedWords

peps = load_peps()
names = ["async", *(f"topic {t}" for t in range(14))]
seeds = ["async", "await", "coroutine", "generators"]
expected = ["asyncio", "coroutines", "awaitable", "asynchronous", "loop", "yield", "generator"]
expected += ["iterator", "iteration", "event", "aiter", "anext", "task", "cancelled"]

# %%
# The words that are expected are not given to the model. The strength is relative: a share of the topic's own mass.
strengths = [0.0, 0.01, 0.03, 0.1, 0.3]
found = np.zeros((len(seeds), len(strengths)))
model = ARTMTransformer(
    15,
    topic_names=names,
    token_names=peps.feature_names,
    regularizers=[("seeds", SeedWords({}, relative=1.0))],
    max_iter=20,
    tol=0,
    random_state=0,
)
for row in range(len(seeds)):
    for column, tau in enumerate(strengths):
        model.set_params(seeds__words={"async": seeds[: row + 1]}, seeds__tau=tau).fit(peps.data)
        (top,) = top_tokens(model.components_[:1], peps.feature_names, n_top=30)
        found[row, column] = len(set(expected) & set(top))
print(" ".join(top))

figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
image = axes.imshow(found, cmap="Blues", vmin=0, vmax=len(expected))
axes.set_xticks(range(len(strengths)), strengths)
axes.set_yticks(range(len(seeds)), [seeds[0], *(f"... and {word}" for word in seeds[1:])])
axes.set(xlabel="tau, relative", ylabel="seed words", title=f"words found, of {len(expected)}")
for (row, column), number in np.ndenumerate(found):
    axes.text(column, row, int(number), ha="center", va="center", color="white" if number > 5 else "black")
plt.show()

# %%
# Without a strength the topic is about something else. One seed at 1 % of the topic's mass turns it to the subject, and
# all the words that it then finds come from the documents, not from the regularizer. More words and more strength find
# more, up to half of the list: the others belong to larger topics as well. What tau gives is not data, so the seeds
# themselves prove nothing: look at the words below them, and do not use more strength than these need.
