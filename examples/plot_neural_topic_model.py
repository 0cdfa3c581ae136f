"""
Why does the neural topic model not learn with plain gradient descent?
======================================================================

Its loss compares a document that has a term with one that lacks it. Here it is minimised from the same start by plain
gradient descent and by Adam. With the former the difference of scores stays where it began, because the weights of
documents do not move: the gradient of one document is a tiny part of that of a batch. Adam divides each gradient by its
own size.
"""

import matplotlib.pyplot as plt
import numpy as np

from skartm.datasets import load_peps
from skartm.feature_extraction import word_embeddings
from skartm.metrics import top_tokens
from skartm.neural import NeuralTopicModel

peps = load_peps()
kept = np.sort(np.argsort(-peps.data.getnnz(axis=0), kind="stable")[:1500])
X, words = peps.data[:, kept], peps.feature_names[kept]
vectors = word_embeddings(X, 50, min_count=5)
vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

options = {"embeddings": vectors, "pretrain_iter": 10, "max_iter": 6, "batch_size": 2000, "random_state": 0}
models = {
    "gradient descent": NeuralTopicModel(12, optimizer="sgd", document_learning_rate=0.01, **options).fit(X),
    "Adam": NeuralTopicModel(12, **options).fit(X),
}

# %%
# What each pass did
# ------------------
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
for name, model in models.items():
    passes = np.arange(1, model.n_iter_ + 1)
    left.plot(passes, model.history_["margin"], marker="o", label=name)
    right.semilogy(passes, np.maximum(model.history_["movement"], 1e-9), marker="o", label=name)
left.set(xlabel="pass", ylabel="mean of ls(g, d+) - ls(g, d-)", ylim=(0, None))
right.set(xlabel="pass", ylabel="root mean square of the change of W1")
left.legend()
plt.show()

# %%
# Topics of the model that learned
# --------------------------------
for tokens in top_tokens(models["Adam"].components_, words, n_top=7):
    print(*tokens)
