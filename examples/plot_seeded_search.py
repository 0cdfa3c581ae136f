"""
How much of a theme do seed words find?
=======================================

Somebody who looks for everything about a theme can name a few of its words. Topics without a hint cover a small theme
by chance: it shares a topic with others. With :class:`~skartm.regularizers.SeedWords` a topic belongs to the theme from
the start. Ten themes among Debian packages, which tags tell: how many packages of a theme are among the first n of its
topic, when the theme has n?
"""

import matplotlib.pyplot as plt
import numpy as np

from skartm import LDA, ARTMTransformer
from skartm.datasets import load_debian_packages
from skartm.regularizers import SeedWords, SmoothSparsePhi, SmoothSparseTheta

themes = {
    "security::cryptography": ["encryption", "cryptographic", "keys"],
    "sound::midi": ["midi", "sequencer", "synthesizer"],
    "hardware::hamradio": ["radio", "amateur", "morse"],
    "field::biology": ["dna", "protein", "genome"],
    "field::chemistry": ["chemistry", "molecular", "molecules"],
    "field::mathematics": ["algebra", "equations", "mathematical"],
    "field::geography": ["gps", "map", "geographic"],
    "works-with::db": ["database", "sql", "mysql"],
    "works-with::mail": ["mail", "imap", "smtp"],
    "hardware::printer": ["printer", "printing", "cups"],
}
packages = load_debian_packages()
column = {word: i for i, word in enumerate(packages.feature_names)}
belongs = {theme: np.array([theme in tags for tags in packages.tags]) for theme in themes}
named = {theme: packages.data[:, [column[word] for word in words]].sum(axis=1).A1 for theme, words in themes.items()}

# %%
# Without seeds, the topic of a theme is the one that gives its words the most.
smooth = [("phi", SmoothSparsePhi(0.01)), ("theta", SmoothSparseTheta(0.02))]
options = {"token_names": packages.feature_names, "max_iter": 25, "tol": 0, "random_state": 0}
topic_names = [*themes, *(f"other{t}" for t in range(50))]
seeds = SeedWords(themes, tau=1.0, relative=1.0)
models = {
    "LDA": LDA(60, max_iter=20, random_state=0),
    "ARTM": ARTMTransformer(60, regularizers=smooth, **options),
    "ARTM, seeds": ARTMTransformer(60, topic_names=topic_names, regularizers=[*smooth, ("seeds", seeds)], **options),
}
score = {"seed words alone": named}
for name, model in models.items():
    theta = model.fit_transform(packages.data)
    phi = model.components_ / model.components_.sum(axis=1, keepdims=True)
    topics = [phi[:, [column[word] for word in words]].sum(axis=1).argmax() for words in themes.values()]
    score[name] = {theme: theta[:, t] for theme, t in zip(themes, range(10) if "seeds" in name else topics)}

# %%
# What the words alone cannot find are packages that have none of them.
share = {}
for name, values in score.items():
    first = {theme: np.argsort(-values[theme], kind="stable")[: belongs[theme].sum()] for theme in themes}
    share[name] = [belongs[theme][first[theme]].mean() for theme in themes]
    unnamed = sum((belongs[theme] & (named[theme] == 0))[first[theme]].sum() for theme in themes)
    found = sum(belongs[theme][first[theme]].sum() for theme in themes)
    print(f"{name:16s} found {np.mean(share[name]):.3f} of a theme, {found} packages, {unnamed} without its words")
print(f"in all {sum(rows.sum() for rows in belongs.values())} packages")

figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for i, (name, values) in enumerate(share.items()):
    axes.barh(np.arange(10) + 0.2 * (i - 1.5), values, height=0.18, label=name)
axes.set_yticks(range(10), themes)
axes.invert_yaxis()
axes.set(xlabel="share of the theme that is found")
axes.legend(fontsize="small")
plt.show()

# %%
# Seeds turn a third of a theme into three fifths. They beat the seed words themselves as well: the topic knows
# more words than it was given, so it finds packages that have none of them.
