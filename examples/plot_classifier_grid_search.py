"""
Which strength of decorrelation is best for a classifier?
=========================================================

Topics are features: ``transform`` gives a few numbers a document in place of thousands of counts. A strength of a
regularizer is then a parameter like any other, searched through the whole pipeline, from raw text to the classifier.
Parameters of a regularizer are parameters of the model under its name: ``artmtransformer__decorrelation__tau``.

The corpus is 20 Newsgroups when the environment variable ``SKARTM_DATA`` names a folder that has it
(:func:`skartm.datasets.fetch_corpus`), and otherwise the bundled proposals with the subjects of their editors.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline

from skartm import ARTMTransformer
from skartm.datasets import fetch_corpus, load_peps
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta


def to_texts(corpus):
    """Return the words of every row as a text, as a vectorizer takes it."""
    rows = zip(corpus.data.indptr[:-1], corpus.data.indptr[1:])
    words, counts = corpus.feature_names[corpus.data.indices], corpus.data.data.astype(int)
    return [" ".join(np.repeat(words[start:end], counts[start:end])) for start, end in rows]


try:
    corpus = fetch_corpus("ng20")
    labels, train_size, sizes = corpus.labels, 4000, [20, 50]  # 4000 of 18846 documents: seconds, not minutes
except FileNotFoundError:
    corpus = load_peps()
    labels = np.array([(*subjects, "Language")[0] for subjects in corpus.topics])
    train_size, sizes = 0.75, [10, 20]
texts = to_texts(corpus)
train_texts, test_texts, y_train, y_test = train_test_split(
    texts, labels, train_size=train_size, stratify=labels, random_state=0
)

# %%
# All strengths are searched from the same starts: the topics of ``random_state=0``.
pipe = make_pipeline(
    CountVectorizer(min_df=5),
    ARTMTransformer(
        regularizers=[
            ("decorrelation", Decorrelation(relative=0.0)),
            ("smooth_words", SmoothSparsePhi(tau=0.01)),
            ("smooth_topics", SmoothSparseTheta(tau=0.1)),
        ],
        max_iter=15,
        tol=0,
        random_state=0,
    ),
    LogisticRegression(C=100, class_weight="balanced", max_iter=2000),
)
taus = [0.0, 0.03, 0.1]
search = GridSearchCV(
    pipe,
    {"artmtransformer__decorrelation__tau": taus, "artmtransformer__n_components": sizes},
    scoring="balanced_accuracy",
    cv=3,
).fit(train_texts, y_train)
print({name.removeprefix("artmtransformer__"): value for name, value in search.best_params_.items()})
print(f"balanced accuracy of {len(set(labels))} classes, test documents: {search.score(test_texts, y_test):.3f}")

# %%
# Means and standard errors over the folds.
for size in sizes:
    chosen = search.cv_results_["param_artmtransformer__n_components"] == size
    means = search.cv_results_["mean_test_score"][chosen]
    errors = search.cv_results_["std_test_score"][chosen] / np.sqrt(3)
    plt.errorbar(taus, means, errors, marker="o", capsize=3, label=f"{size} topics")
plt.xlabel("tau of the decorrelation: share of the tokens that is moved")
plt.ylabel("balanced accuracy, cross-validation")
plt.legend()
plt.show()
