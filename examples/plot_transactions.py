"""
Who says more about the subject of a proposal, its title or its authors?
========================================================================

A proposal is a transaction: people, words of a title, a subject, a type, a time. :class:`skartm.HypergraphARTM` draws
all of them from one topic, so that any of them can be asked for, given any others. Here it is asked for the subject
("Packaging", "Typing", "Release" or "Governance") of proposals that it has not seen.
"""

from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skartm import HypergraphARTM
from skartm.datasets import load_peps
from skartm.regularizers import SmoothSparsePhi

peps = load_peps()
titles = [title.lower().replace("-", " ").split() for title in peps.titles]
common = Counter(word for title in titles for word in set(title))
frame = pd.DataFrame(
    {
        "author": peps.authors,
        "word": [[word for word in title if 4 <= common[word] < 80 and len(word) > 2] for title in titles],
        "subject": peps.topics,
        "type": peps.type,
        "years": [f"{year // 5 * 5}-{year // 5 * 5 + 4}" for year in peps.year],
    }
)
frame = frame[frame["subject"].str.len() > 0]

# %%
# A cell may be a list: five authors are five vertices of one edge. There is no container, so theta is p(t). A little
# smoothing keeps a word that a topic has not met from excluding it. A column that is not there is not given.
questions = [["years"], ["author"], ["word"], ["author", "word"], ["author", "word", "type", "years"]]
shares = {"the most common one": []} | {" + ".join(given): [] for given in questions}
for seed in range(10):
    order = np.random.default_rng(seed).permutation(len(frame))
    new, known = frame.iloc[order[: len(frame) // 3]], frame.iloc[order[len(frame) // 3 :]]
    model = HypergraphARTM(
        12, regularizers=[("smooth", SmoothSparsePhi(0.1))], max_iter=60, tol=0, random_state=seed
    ).fit(known)
    most = Counter(name for names in known["subject"] for name in names).most_common(1)[0][0]
    shares["the most common one"].append(np.mean([most in names for names in new["subject"]]))
    for given in questions:
        first, _ = model.recommend(new[given], "subject", n_top=1)
        hits = [name in names for name, names in zip(first[:, 0], new["subject"])]
        shares[" + ".join(given)].append(np.mean(hits))
for name, values in shares.items():
    print(f"{name:32} {np.mean(values):.2f}")

# %%
# Mean and spread over ten divisions of the proposals, and what the topics of the last model are made of: every modality
# is a distribution.
for topic in np.argsort(-model.topic_share_)[:6]:
    parts = [("subject", 1), ("word", 4), ("author", 2)]
    print("; ".join(", ".join(model.top_tokens(n, modality=name)[topic]) for name, n in parts))
fig, axis = plt.subplots(figsize=(7, 3), layout="constrained")
axis.barh(list(shares), [np.mean(values) for values in shares.values()], xerr=[np.std(v) for v in shares.values()])
axis.invert_yaxis()
axis.set_xlabel("share of proposals whose subject comes first")
plt.show()
