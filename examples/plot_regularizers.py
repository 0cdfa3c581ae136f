"""
What do sparsing and decorrelation do to the topics?
====================================================

A corpus is generated from topics that are known: the words are the cells of a grid, eight topics are its rows, and
every document takes half of its words from a background in which all words are alike. Nine topics are fitted from the
same start, each time with other regularizers.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.sparse import csr_matrix

from skartm import ARTMTransformer
from skartm.metrics import sparsity
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta

SIDE, N_DOCS, LENGTH = 8, 1000, 100
rng = np.random.RandomState(0)
rows = np.kron(np.eye(SIDE), np.full(SIDE, 1 / SIDE))
truth = np.vstack([rows, np.full(SIDE**2, 1 / SIDE**2)])
mixtures = 0.5 * np.hstack([rng.dirichlet(np.full(SIDE, 0.2), N_DOCS), np.ones((N_DOCS, 1))])
X = csr_matrix(np.array([rng.multinomial(LENGTH, p) for p in mixtures @ truth], dtype=np.float32))

# %%
# A regularizer is an assumption about the topics on which it acts. Here the first eight are to be sparse, or different
# from each other; the ninth is to be smooth, with at least a few words in every document.
subjects, background = slice(0, 8), [8]
apart = [("decorrelation", Decorrelation(tau=0.05, relative=0, topics=subjects))]
sparse = [("sparse", SmoothSparsePhi(tau=-20, topics=subjects))]
common = [("smooth", SmoothSparsePhi(1000, topics=background)), ("everywhere", SmoothSparseTheta(5, topics=background))]
stages = {
    "no regularizers": [[]],
    "sparse": [sparse],
    "decorrelation": [apart],
    "background": [common],
    "background, sparse": [common + sparse],
    "background,\nlater sparse": [common, common + sparse],
    "background,\nlater decorrelation": [common, common + apart],
}

figure, axes = plt.subplots(len(stages) + 1, 9, figsize=(8, 7.5), layout="constrained")
for row, name in zip(axes, ["truth", *stages]):
    phi = truth
    if name in stages:
        model = ARTMTransformer(9, max_iter=100, tol=0, warm_start=True, random_state=1)
        for regularizers in stages[name]:
            model.set_params(regularizers=regularizers).fit(X)
        phi = model.components_
        label = name.replace("\n", " ")
        print(f"{label:30} zeros in phi {sparsity(phi):.2f}, perplexity {model.history_['perplexity'][-1]:.2f}")
    for image, topic in zip(row, phi):
        image.imshow(topic.reshape(SIDE, SIDE), cmap="Greys", vmin=0, vmax=0.15)
        image.set(xticks=[], yticks=[])
    row[0].set_ylabel(name, rotation=0, ha="right", va="center")
plt.show()

# %%
# Without regularizers the background is spread over all topics. Sparsing and decorrelation clear it away from most of
# them, but something has to explain these words, and a topic is spent on it. A smooth topic that is in every document
# is the assumption that holds here: it finds the truth. Sparsing together with it comes too early, while topics are
# still mixtures of two rows; after it, from a warm start, it does what it should. The perplexity of the training
# documents says little about all this.
