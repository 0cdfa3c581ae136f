"""
When is a model done?
=====================

The likelihood of the training documents rises for ever. What else happens while a model learns? A monitor scores it
after each pass: how well it predicts documents that it does not see, whether its topics are coherent, and whether they
differ.
"""

import matplotlib.pyplot as plt

from skartm import PLSA
from skartm.callbacks import EarlyStopping, TopicMonitor, history_frame
from skartm.datasets import load_peps
from skartm.metrics import make_topic_scorer

X = load_peps().data
train, test = X[::2], X[1::2]

# %%
# Scores have names; ``make_topic_scorer`` gives them options. Perplexity and coherence are computed on the documents
# that are held out; the last score looks at the topics alone.
scores = {
    "held-out perplexity": "completion",
    "coherence of top tokens": make_topic_scorer("npmi", n_top=10),
    "similarity to the nearest topic": make_topic_scorer("redundancy", statistic="max"),
}
records = {}
for n_topics in (20, 80):
    monitor = TopicMonitor(scores, X=test)
    model = PLSA(n_topics, max_iter=40, tol=0, n_jobs=1, random_state=0).set_callbacks(monitor).fit(train)
    records[n_topics] = monitor.data_as_pandas.set_index("iteration")
    records[n_topics]["training perplexity"] = history_frame(model)["perplexity"]

figure, axes = plt.subplots(2, 2, figsize=(9, 6), sharex=True, layout="constrained")
for axis, score in zip(axes.flat, ["training perplexity", *scores]):
    for n_topics, record in records.items():
        axis.plot(record.index, record[score], label=f"{n_topics} topics")
    axis.set(title=score, xscale="log", yscale="log" if "perplexity" in score else "linear")
axes[0, 0].legend()
for axis in axes[1]:
    axis.set_xlabel("passes")
plt.show()

# %%
# Topics separate first: after six passes they are as far from each other as they will be. The coherence of their top
# tokens takes longer, and wavers. Perplexity, of either kind, goes on falling slowly. And the scores do not agree: with
# 80 topics perplexity is far lower, while the topics are no more coherent, and closer to each other than 20 are. What a
# model is for decides which score to look at.
#
# ``EarlyStopping`` ends a fit when a score stands still. ``min_delta`` says what that means: here, that two passes
# together gain less than 15 words of perplexity.
for n_topics, record in records.items():
    stopping = EarlyStopping("completion", patience=2, min_delta=15, X_val=test)
    model = PLSA(n_topics, max_iter=40, tol=0, n_jobs=1, random_state=0).set_callbacks(stopping).fit(train)
    last = record["held-out perplexity"].iloc[-1]
    print(
        f"{n_topics} topics: stopped after {model.n_iter_} passes at {-stopping.best_score_:.0f}, after 40: {last:.0f}"
    )
