"""
Does a description find its relatives?
======================================

Exploratory search: the query is a whole document, and wanted is what is about the same. Here a query is the description
of a Debian package, of which nothing is known but its words; the answer is right if it is in the same section of the
archive. Sections are given to no model. Who finds more of them: tf-idf, which compares words, or topics?
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

from skartm import LDA, ARTMTransformer
from skartm.datasets import load_debian_packages
from skartm.regularizers import SmoothSparsePhi, SmoothSparseTheta

packages = load_debian_packages()
words = packages.data
order = np.random.RandomState(0).permutation(words.shape[0])
queries, index = order[:800], order[800:]
right = packages.sections[queries][:, None] == packages.sections[index]


def itself(tags):
    """Columns of lists need no tokenizer."""
    return tags


# %%
# Packages of the index have tags, given by people. As a second modality they tell topics what matters; the queries have
# none, their topics come from the words.
tags = CountVectorizer(analyzer=itself, min_df=3, dtype=np.float32).fit_transform(packages.tags)
blind = csr_matrix((queries.size, tags.shape[1]), dtype=np.float32)
both = {
    "index": hstack([words[index], tags[index]], format="csr"),
    "queries": hstack([words[queries], blind], format="csr"),
}
smooth = [("phi", SmoothSparsePhi(0.01)), ("theta", SmoothSparseTheta(0.05))]
options = {"regularizers": smooth, "max_iter": 30, "tol": 0, "random_state": 0}
places = {"words": slice(words.shape[1]), "tags": slice(words.shape[1], None)}
models = {
    "LDA": LDA(100, max_iter=20, random_state=0),
    "ARTM, words": ARTMTransformer(100, **options),
    "ARTM, words and tags": ARTMTransformer(
        100, modalities=places, modality_weights={"tags": 3.0}, main_modality="words", **options
    ),
}

# %%
# Similarity of two documents: the cosine of tf-idf vectors, or of the square roots of theta (Bhattacharyya).
tfidf = TfidfTransformer(sublinear_tf=True).fit(words[index])
similarity = {"tf-idf": (tfidf.transform(words[queries]) @ tfidf.transform(words[index]).T).toarray()}
for name, model in models.items():
    known, asked = (both["index"], both["queries"]) if "tags" in name else (words[index], words[queries])
    model.fit(known)
    similarity[name] = np.sqrt(model.transform(asked)) @ np.sqrt(model.transform(known)).T
similarity["tf-idf + ARTM, words and tags"] = similarity["tf-idf"] + similarity["ARTM, words and tags"]

depths = np.arange(1, 51)
figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
for name, matrix in similarity.items():
    found = np.take_along_axis(right, np.argsort(-matrix, axis=1, kind="stable")[:, : depths[-1]], axis=1)
    precision = found.cumsum(axis=1).mean(axis=0) / depths
    axes.plot(depths, precision, label=name)
    print(f"{name:30s} precision at 1, 10, 50: {precision[0]:.3f} {precision[9]:.3f} {precision[49]:.3f}")
axes.axhline(right.mean(), color="0.7", label="at random")
axes.set(xlabel="answers, k", ylabel="precision at k", title="answers from the section of the query")
figure.legend(loc="outside lower center", ncols=3, fontsize="small")
plt.show()

# %%
# From words alone tf-idf wins: descriptions of thirty words that share rare ones are about the same. But it cannot use
# what is known of the index and not of the query. Topics learned with the tags can, and from some answers on find more.
# The sum of the two, words that match and a subject that matches, is the best everywhere.
query = 0
print(packages.titles[queries[query]])
for best in np.argsort(-similarity["tf-idf + ARTM, words and tags"][query])[:5]:
    print(f"    {packages.names[index[best]]:20s} {packages.titles[index[best]]}")
