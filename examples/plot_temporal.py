"""
When were topics written about?
===============================

Python Enhancement Proposals have years. With the years as a modality a topic is a distribution over words and another
one over years: when it was written about. It jumps, because a year has some 25 proposals. How much of that is noise?
Temporal smoothing tells: what it can level out without loss of likelihood.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.sparse import hstack
from sklearn.preprocessing import OneHotEncoder

from skartm import ARTMTransformer
from skartm.datasets import load_peps
from skartm.metrics import top_tokens
from skartm.regularizers import TemporalSmoothing

peps = load_peps()
recent = peps.year >= 2000  # before there are two
encoder = OneHotEncoder(dtype=np.float32)
years = encoder.fit_transform(peps.year[recent, None])  # a column a year, ascending
X = hstack([peps.data[recent], years], format="csr")
n_words = peps.data.shape[1]

# %%
# The same start, without and with smoothing. A year counts as ten words of its document. With ``relative=1.0`` a topic
# moves the share tau of its years at each pass.
strengths = {"free": None, "l1": TemporalSmoothing(0.15, relative=1.0, modality="years")}
strengths["l2"] = TemporalSmoothing(0.15, norm="l2", relative=1.0, modality="years")
p_it = {}
for name, smooth in strengths.items():
    model = ARTMTransformer(
        12,
        modalities={"words": slice(n_words), "years": slice(n_words, None)},
        modality_weights={"years": 10.0},
        regularizers=[("smooth", smooth)],
        max_iter=60,
        tol=0,
        random_state=0,
    ).fit(X)
    p_it[name] = model.components_[:, n_words:]
    words = top_tokens(model.components_[:, :n_words], peps.feature_names, n_top=3)
    jumps = np.abs(np.diff(p_it[name])).sum(axis=1).mean()
    print(f"{name}: jumps {jumps:.2f} a topic, perplexity {model.history_['perplexity'][-1]:.0f}")

# %%
# The years of the topics, named by their most probable words.
figure, axes = plt.subplots(4, 3, figsize=(9, 8), sharex=True, layout="constrained")
for t, axis in enumerate(axes.flat):
    axis.bar(encoder.categories_[0], p_it["free"][t], color="0.85", label="free")
    axis.plot(encoder.categories_[0], p_it["l1"][t], label="smooth, L1")
    axis.plot(encoder.categories_[0], p_it["l2"][t], label="smooth, L2")
    axis.set_title(" ".join(words[t]), fontsize="medium")
    axis.set_yticks([])
axes[0, 0].legend(fontsize="small")
figure.supylabel("p(year given topic)")
plt.show()

# %%
# A quarter of the jumps is gone and the perplexity is the same, so nothing in the texts speaks against the smooth
# curves. What remains is of its time: pattern matching is a topic of 2020. Years in which a topic has nothing at all
# stay so, as a multiplicative update does not raise zeros.
