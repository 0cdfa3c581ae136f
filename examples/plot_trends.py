"""
What did presidents speak of, and when?
=======================================

Addresses on the State of the Union, 1790 to 2020. Paragraphs are the documents: an address goes through everything. The
model is told nothing of time; when a topic was spoken of is seen afterwards, from the theta of the paragraphs. Which
subjects came and went, and which are always there?
"""

import matplotlib.pyplot as plt
import numpy as np

from skartm import ARTMTransformer
from skartm.datasets import load_sotu
from skartm.metrics import top_tokens
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta, Window

sotu = load_sotu()
model = ARTMTransformer(
    50,
    regularizers=[
        ("apart", Decorrelation(0.05, relative=0.0)),
        ("phi", SmoothSparsePhi(0.01)),
        ("theta", SmoothSparseTheta(Window(-0.1, begin=10))),
    ],
    max_iter=25,
    tol=0,
    random_state=0,
)
theta = model.fit_transform(sotu.paragraphs)
words = top_tokens(model.components_, sotu.feature_names, n_top=6)

# %%
# Words of a topic in a decade, as a share of all words of the decade.
decade = sotu.year[sotu.address] // 10 * 10
decades = np.unique(decade)
n_words = np.asarray(sotu.paragraphs.sum(axis=1)).ravel()
share = np.stack([(theta * n_words[:, None])[decade == d].sum(axis=0) / n_words[decade == d].sum() for d in decades])

# %%
# The time of a topic: the decades between which the middle half of it lies, as if all decades had as many words.
cumulated = np.cumsum(share, axis=0) / share.sum(axis=0)
first, middle, last = (decades[(cumulated >= part).argmax(axis=0)] for part in (0.25, 0.5, 0.75))
span = np.argsort(last - first, kind="stable")
for what, chosen in (("Of a time", span[:12]), ("Always there", span[-5:])):
    print(f"{what}: half of it, its peak, its words")
    for t in chosen[np.argsort(middle[chosen], kind="stable")]:
        peak = share[:, t].argmax()
        print(f"    {first[t]}-{last[t]}  {decades[peak]} {share[peak, t]:4.0%}  {' '.join(words[t])}")

# %%
# The twelve topics that are most of a time, the early ones first.
chosen = span[:12][np.argsort(middle[span[:12]], kind="stable")]
figure, axes = plt.subplots(4, 3, figsize=(9, 8), sharex=True, layout="constrained")
for axis, t in zip(axes.flat, chosen):
    axis.fill_between(decades, share[:, t], color="C0", alpha=0.6)
    axis.set_title(" ".join(words[t][:4]), fontsize="medium")
    axis.yaxis.set_major_formatter("{x:.0%}")
figure.supylabel("share of the words of a decade")
plt.show()

# %%
# Nobody told the model what came when. Mexico and the Indians, gold and silver, capital and labor, the Soviets, energy,
# health care: from words alone the topics come in the order of history.
