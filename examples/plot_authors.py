"""
Who writes about what, and who is like whom?
============================================

Python Enhancement Proposals have authors, often several. :class:`~skartm.AuthorTopic` gives every author a distribution
over topics, and the topics of a proposal are their mean.
"""

import matplotlib.pyplot as plt
import numpy as np

from skartm import AuthorTopic
from skartm.datasets import load_peps

peps = load_peps()
model = AuthorTopic(12, token_names=peps.feature_names, max_iter=30, tol=0, random_state=0)
model.fit(peps.data, authors=peps.authors)
titles = [" ".join(tokens[:3]) for tokens in model.top_tokens(3)]

# %%
# Who writes about a topic: p(author | topic).
for title, authors in zip(titles, model.top_authors(3)):
    print(f"{title:40} " + ", ".join(f"{name} {share:.2f}" for name, share in authors))

# %%
# The 20 authors of the most text, and their topics. Those with similar topics are put next to each other.
busy = np.argsort(-model.author_mass_)[:20]
psi = model.author_topics_[busy]
order = np.lexsort((-psi.max(axis=1), psi.argmax(axis=1)))
figure, axes = plt.subplots(figsize=(8, 6.5), layout="constrained")
image = axes.imshow(psi[order], cmap="Blues", vmin=0)
axes.set_xticks(range(12), titles, rotation=45, ha="right", fontsize="small")
axes.set_yticks(range(20), model.authors_[busy][order])
figure.colorbar(image, label="p(topic given author)")
plt.show()

# %%
# Who is like whom, among authors of some text. Co-authors are, as they share documents; others write about the same.
for name in ("Guido van Rossum", "Donald Stufft"):
    similar = model.similar_authors(name, n=4, min_mass=3000)
    print(f"{name}: " + ", ".join(f"{other} {similarity:.2f}" for other, similarity in similar))

# %%
# Whose is a text? A model of two thirds of the proposals, of more topics, is asked about the others, if it knows one of
# their authors. All are candidates; the shares of authors that explain a text best are p(author | document). Beside
# it the answer that is always the same: those who have written most.
order = np.random.RandomState(0).permutation(len(peps.authors))
model.set_params(n_components=40).fit(peps.data[order[:500]], authors=[peps.authors[d] for d in order[:500]])
asked = [d for d in order[500:] if set(peps.authors[d]) & set(model.authors_)]
shares = model.author_probabilities(peps.data[asked])
print(f"{len(asked)} proposals, {model.authors_.size} candidates; one of the authors is")
for n in (1, 10):
    for name, values in (("model", shares), ("who wrote most", np.tile(model.author_mass_, (len(asked), 1)))):
        first = model.authors_[np.argsort(-values, axis=1)[:, :n]]
        found = np.mean([bool(set(peps.authors[d]) & set(names)) for d, names in zip(asked, first)])
        print(f"    among the first {n}: {found:.2f}, {name}")
