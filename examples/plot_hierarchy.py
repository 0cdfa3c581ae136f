"""
What are the subtopics of a topic?
==================================

Six broad topics of the Python Enhancement Proposals, and eighteen narrower ones that explain both the proposals and
the broad topics. The second level knows the first as six more documents; what it learns of them, the share of every
subtopic in every topic, makes the tree.
"""

import matplotlib.pyplot as plt

from skartm import ARTMTransformer, HierarchicalARTM
from skartm.datasets import load_peps
from skartm.plotting import TopicTreeDisplay

peps = load_peps()
model = HierarchicalARTM(
    [6, 18],
    estimator=ARTMTransformer(max_iter=40, tol=0),
    psi_sparsity=0.02,
    token_names=peps.feature_names,
    random_state=0,
)
model.fit(peps.data)

# %%
# As text. A subtopic stands below every topic that has a quarter of it.
print(model.tree_)

# %%
# As a picture, with all parents from a tenth: the wider an edge, the larger its part of the topic.
TopicTreeDisplay.from_estimator(model, threshold=0.1)
plt.show()

# %%
# Proposals at two levels of detail.
broad, narrow = model.transform_levels(peps.data)
for number in (3333, 484, 703):
    row = list(peps.numbers).index(number)
    upper = model.tree_.node(int(broad[row].argmax()), level=0)
    lower = model.tree_.node(int(narrow[row].argmax()), level=1)
    print(f"PEP {number} ({peps.titles[row]}): {' '.join(upper.tokens[:3])} > {' '.join(lower.tokens[:3])}")

# %%
# The largest topic in more detail: its subtopics are learned anew from its part of the documents, all others stay.
largest = model.tree_.roots[0].name
model.refit_subtopics(peps.data, largest, 6)
for node in model.subtopics(largest):
    print(f"{node.name:14} {100 * node.weight:4.1f}%  {' '.join(node.tokens[:6])}")
