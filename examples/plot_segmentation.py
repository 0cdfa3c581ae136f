"""
Where does one text end and the next begin?
===========================================

Parts of different Python Enhancement Proposals are put together into one long text. A model of the order of the text
compares, at every gap between two words, the topics of what is on the left with the topics of what is on the right. It
has learned its topics from other proposals and is told neither where the joints are nor how many.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy import sparse

from skartm import ContextARTM
from skartm.datasets import load_peps

peps = load_peps()  # rows are token sequences
lengths = np.diff(peps.data.indptr)
rng = np.random.default_rng(1)
chosen = rng.choice(np.flatnonzero(lengths > 600), 8, replace=False)
others = np.setdiff1d(np.arange(peps.data.shape[0]), chosen)
model = ContextARTM(30, max_iter=40, tol=0, random_state=0).fit(peps.data[others])

# %%
# The text: 100 to 300 tokens from the middle of each of the eight, one after the other.
parts = [peps.data[[d]].indices[200 : 200 + rng.integers(100, 301)] for d in chosen]
joints = np.cumsum([part.size for part in parts])[:-1]
tokens = np.concatenate(parts)
text = sparse.csr_matrix((np.ones(tokens.size, dtype="float32"), tokens, [0, tokens.size]), (1, peps.data.shape[1]))

# %%
# Contexts of about 50 tokens on each side. Gamma belongs to the contexts, not to the topics: it may be another one than
# in training.
model.set_params(gamma=0.02)
(divergence,) = model.divergence(text)
(found,) = model.segment(text, min_length=50)
(known,) = model.segment(text, len(parts), min_length=50)
print("joints            ", *joints)
print("found             ", *found)
print("found, eight parts", *known)

# %%
# The topics of what was found: of every piece the mixture of what is right of its beginning and left of its end.
spans = [(0, start, stop) for start, stop in zip([0, *known], [*known, tokens.size])]
topics = model.transform_spans(text, spans)
for (_, start, stop), theta in zip(spans, topics):
    words = peps.feature_names[np.argsort(-model.components_[theta.argmax()])[:5]]
    print(f"{start:5} to {stop:5}:", *words)

# %%
figure, (above, below) = plt.subplots(2, 1, figsize=(9, 5), sharex=True, layout="constrained")
above.plot(np.arange(1, tokens.size), divergence, color="black", linewidth=0.8)
above.vlines(joints, 0, 1, color="tab:green", linewidth=4, alpha=0.4, label="joints")
above.vlines(found, 0, 1, color="tab:red", linestyle="--", linewidth=1, label="found")
above.set(ylabel="left against right", ylim=(0, 1))
above.legend(loc="lower right")
(vectors,) = model.context_vectors(text)
strongest = np.argsort(-vectors.two_sided.mean(axis=0))[:10]
below.stackplot(np.arange(tokens.size), vectors.two_sided[:, strongest].T, colors=plt.cm.tab10.colors)
below.set(ylabel="topics of the contexts", xlabel="token", ylim=(0, 1), xlim=(0, tokens.size))
plt.show()

# %%
# The peaks are at the joints, and the contexts change there from one mixture to another. Within a proposal there are
# lower peaks: it has sections of its own.
