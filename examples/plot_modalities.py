"""
What are authors about, and when?
=================================

Words, authors and years of the proposals as three modalities of one model: every topic has words, people and years.
:class:`skartm.TopicPipeline` makes the modalities from the columns of a data frame.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import OneHotEncoder

from skartm import ARTMTransformer, TopicPipeline
from skartm.datasets import load_peps
from skartm.regularizers import Decorrelation, SmoothSparsePhi

peps = load_peps()
words = [peps.feature_names[row.indices].tolist() for row in peps.data]
frame = pd.DataFrame({"words": words, "authors": peps.authors, "year": peps.year})


def itself(tokens):
    """Columns of lists need no tokenizer."""
    return tokens


# %%
# Weights are relative to the words: authors and years have a tenth of their mass, though a proposal has a
# thousand words and one year.
columns = ColumnTransformer(
    [
        ("words", CountVectorizer(analyzer=itself, max_df=0.5), "words"),
        ("authors", CountVectorizer(analyzer=itself, min_df=3), "authors"),
        ("years", OneHotEncoder(), ["year"]),
    ]
)
model = ARTMTransformer(
    12,
    modality_weights={"authors": 0.1, "years": 0.1},
    main_modality="words",
    regularizers=[("apart", Decorrelation(0.02, relative=0.0)), ("smooth", SmoothSparsePhi(0.01))],
    max_iter=30,
    tol=0,
    random_state=0,
)
pipe = TopicPipeline(columns, model)
theta = pipe.fit_transform(frame)
for topic, (tokens, people) in enumerate(
    zip(pipe.top_tokens(5, modality="words"), pipe.top_tokens(3, modality="authors"))
):
    print(f"{topic:2d} {', '.join(tokens):55s} {', '.join(people)}")

# %%
# The years of a topic are a distribution, too: the part of phi that belongs to them.
phi = pipe.model_.components_[:, pipe.model_.modalities["years"]]
years = pipe.transformer_.named_transformers_["years"].categories_[0]
centre = phi @ years
fig, axes = plt.subplots(3, 4, figsize=(10, 5), sharex=True, sharey=True, layout="constrained")
for axis, topic in zip(axes.flat, np.argsort(centre)):
    axis.bar(years, phi[topic], width=1)
    axis.set_title(", ".join(pipe.top_tokens(3, modality="words")[topic]), fontsize=8)
fig.supxlabel("year")
fig.supylabel("p(year | topic)")
plt.show()
