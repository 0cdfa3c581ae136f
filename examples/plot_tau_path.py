"""
How far can regularizers go before the model suffers?
=====================================================

:class:`skartm.model_selection.TauPath` adds one regularizer after the other, as topic models are tuned by hand:
smoothing of theta, then decorrelation, then sparsing. Each takes the value with the most diverse topics
whose perplexity stays within 5 %, and whose coherence within 10 %, of the model without regularizers.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np

from skartm import ARTMTransformer
from skartm.datasets import load_peps
from skartm.exceptions import LeftOutTokensWarning
from skartm.model_selection import TauPath
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta

warnings.simplefilter("ignore", LeftOutTokensWarning)  # the strongest trials lose rare words; they are only trials
peps = load_peps()
model = ARTMTransformer(
    20,
    regularizers=[
        ("theta", SmoothSparseTheta(0.0)),
        ("decorrelation", Decorrelation(0.0, relative=0.0)),
        ("sparse", SmoothSparsePhi(0.0)),
    ],
    token_names=peps.feature_names,
    random_state=0,
)
stages = [
    ("theta__tau", [0.5, 1.0, 2.0]),
    ("decorrelation__tau", [0.05, 0.1, 0.15, 0.2]),
    ("sparse__tau", [-0.3, -1.0, -3.0]),
]
limits = {"perplexity": 0.05, "npmi": 0.1}
path = TauPath(model, stages, scoring="diversity", constraints=limits, n_iter=10, random_state=0).fit(peps.data)
print(path.best_params_)

# %%
# One point a trial. The line goes through the chosen ones; crosses break a constraint, or come after one that does.
results = {name: np.array(column) for name, column in path.results_.items()}
labels = [
    "start" if name is None else f"{name.removesuffix('__tau')} {'as it is' if value is None else value}"
    for name, value in zip(path.results_["parameter"], path.results_["value"])
]
places = np.arange(len(labels))
chosen, feasible = results["chosen"], results["feasible"]
titles = {"score": "diversity", "perplexity": "perplexity, held out", "npmi": "coherence (NPMI), held out"}
figure, axes = plt.subplots(3, 1, figsize=(9, 9), sharex=True)
for axis, (name, title) in zip(axes, titles.items()):
    values = abs(results[name])  # of all scores larger is better, so perplexity is negative
    axis.scatter(places[feasible], values[feasible], color="tab:gray", label="kept the constraints")
    axis.scatter(places[~feasible], values[~feasible], color="tab:red", marker="x", label="did not")
    axis.plot(places[chosen], values[chosen], color="tab:blue", marker="o", label="chosen")
    if name in limits:
        sign = 1 if name == "perplexity" else -1
        axis.axhline(values[0] * (1 + sign * limits[name]), color="tab:red", linestyle=":")
    if name == "perplexity":
        axis.set_ylim(values.min() * 0.98, values[0] * 1.1)  # what breaks the constraint may be far above
    axis.set_title(title)
axes[0].legend()
axes[-1].set_xticks(places, labels, rotation=60, ha="right")
figure.tight_layout()
plt.show()

# %%
# The topics at the end of the path.
for words in path.best_estimator_.top_tokens(7)[:8]:
    print(" ".join(words))
