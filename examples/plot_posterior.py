"""
What are the topics along a text?
=================================

A bag of words has no places, but p(t|d,w) with a theta gives every token of a document its topics, and the tokens of a
text stand in an order. Eight topics are fitted to the Python Enhancement Proposals; then one proposal is read from its
beginning to its end, without and with regularizers of the E-step that know that neighbours belong together.
"""

import matplotlib.pyplot as plt
import numpy as np

from skartm import ARTMTransformer
from skartm.datasets import load_peps
from skartm.metrics import top_tokens
from skartm.regularizers import SegmentPosterior, SmoothPosterior

peps = load_peps()  # rows are token sequences
regularizers = [("smooth", None), ("segments", None)]
model = ARTMTransformer(8, regularizers=regularizers, max_iter=40, tol=0, warm_start=True, random_state=3)
model.fit(peps.data)

# %%
# A long proposal with several topics: the one whose theta has the largest entropy among those of some length.
theta = model.transform(peps.data)
entropy = -(theta * np.log(theta + 1e-12)).sum(axis=1)
lengths = np.diff(peps.data.indptr)
chosen = int(np.argmax(np.where((lengths > 1000) & (lengths < 2500), entropy, -1)))
print(f"PEP {peps.numbers[chosen]}: {peps.titles[chosen]}, {lengths[chosen]} tokens")

# %%
# The regularizers come late, when topics are known, and for few passes: a segment that has one topic is hard to leave.
stages = {
    "no regularizer": {"smooth": None, "segments": None},
    "SmoothPosterior": {"smooth": SmoothPosterior(0.8, window=15), "segments": None},
    "SegmentPosterior": {"smooth": None, "segments": SegmentPosterior(0.9, window=15, threshold=0.05)},
}
words = [" ".join(topic[:3]) for topic in top_tokens(model.components_, peps.feature_names)]
start = model.components_.copy()
figure, axes = plt.subplots(3, 1, figsize=(9, 6), sharex=True, layout="constrained")
for axis, (name, parameters) in zip(axes, stages.items()):
    reader = ARTMTransformer(8, regularizers=regularizers, init=start, max_iter=1, max_doc_iter=2, tol=0)
    reader.set_params(**parameters).fit(peps.data)
    (p,) = reader.token_topics(peps.data[[chosen]], dense=True)
    areas = axis.stackplot(np.arange(len(p)), p.T, colors=plt.cm.tab10.colors[:8], step="mid")
    axis.set(title=name, ylabel="p(t|d,w)", ylim=(0, 1), xlim=(0, len(p)))
    changes = np.count_nonzero(np.diff(p.argmax(axis=1)))
    print(f"{name:17} the strongest topic changes {changes} times")
axes[-1].set_xlabel("token")
figure.legend(areas, words, loc="outside lower center", ncols=4, fontsize="small")
plt.show()

# %%
# Single words jump between topics. A moving mean shows passages. Segments are cut where the words before and after a
# place are about different topics, and each piece goes to one: of a proposal that mixes its topics everywhere only the
# passages remain that stand out.
