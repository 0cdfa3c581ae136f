"""
Which way of learning is fastest?
=================================

The same model, learned in three ways on the bundled corpus. *Offline* starts every document anew in each pass. With
``reuse_theta`` a document goes on from where the last pass left it, and stops after fewer inner passes. *Online*
updates the topics after every batch of 64 documents. Held-out documents show what each pass is worth.
"""

import matplotlib.pyplot as plt
import numpy as np

from skartm import ARTMTransformer
from skartm.datasets import load_peps
from skartm.regularizers import SmoothSparsePhi, SmoothSparseTheta

X = load_peps().data
ways = {
    "offline": {},
    "offline, reuse_theta": {"reuse_theta": True},
    "online": {"learning_method": "online", "batch_size": 64},
}

# %%
# ``validation_fraction`` holds out documents, the same for the same ``random_state``. ``tol=0`` makes all passes; with
# another tolerance the fit stops when the best held-out perplexity is three passes old.
histories = {}
for name, parameters in ways.items():
    model = ARTMTransformer(
        20,
        regularizers=[("words", SmoothSparsePhi(tau=0.01)), ("topics", SmoothSparseTheta(tau=0.1))],
        validation_fraction=0.1,
        max_iter=60,
        tol=0,
        n_jobs=1,
        random_state=0,
        **parameters,
    )
    histories[name] = model.fit(X).history_

# %%
# By passes online learning is far ahead. By time it is less so: a corpus of 736 documents is small, and an update of
# all topics after every batch costs something too. Passes with ``reuse_theta`` are the cheapest.
figure, (by_pass, by_time) = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for name, history in histories.items():
    perplexity = history["validation_perplexity"]
    by_pass.plot(np.arange(1, len(perplexity) + 1), perplexity, label=name)
    by_time.plot(np.cumsum(history["seconds"]), perplexity, label=name)
    print(f"{name:22} best held-out perplexity {min(perplexity):.0f} in pass {np.argmin(perplexity) + 1}")
by_pass.set(xlabel="passes", ylabel="held-out perplexity", xscale="log")
by_time.set(xlabel="seconds, one thread", xscale="log")
by_pass.legend()
plt.show()
