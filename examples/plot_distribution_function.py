"""
What can be said of one feature, given another?
===============================================

:class:`~skartm.MonotoneCDF` learns the joint distribution function of features. From it follow the density, and the
distribution of some features given the others: a median with an interval, wherever you ask, without a regression.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris

from skartm import MonotoneCDF

X = load_iris().data[:, 2:]  # length and width of petals
model = MonotoneCDF(random_state=0, n_jobs=1).fit(X)
print(f"{model.n_components_} components, bandwidth {model.bandwidth_}, {model.n_iter_} steps")
print(f"log-likelihood of a row {model.score(X):.3f}")

# %%
# The distribution function rises along both axes, from 0 to 1. The density has the groups.
lengths, widths = np.linspace(0.5, 7.5, 90), np.linspace(-0.1, 3, 80)
points = np.stack(np.meshgrid(lengths, widths), axis=-1).reshape(-1, 2)
figure, axes = plt.subplots(1, 3, figsize=(12, 3.8), layout="constrained")
cdf = model.cdf(points).reshape(80, 90)
assert (np.diff(cdf, axis=0) >= 0).all()
assert (np.diff(cdf, axis=1) >= 0).all()
lines = axes[0].contour(lengths, widths, cdf, levels=np.linspace(0.1, 0.9, 9))
axes[0].clabel(lines)
axes[0].set(title="distribution function", xlabel="petal length", ylabel="petal width")
axes[1].contourf(lengths, widths, np.log1p(model.density(points)).reshape(80, 90), levels=15, cmap="Greys")
axes[1].plot(*X.T, ".", markersize=3)
axes[1].set(title="density (logarithm of 1 +)", xlabel="petal length")

# %%
# Given the length, the width has a distribution of its own. Its quantiles are where its distribution function crosses
# .1, .5 and .9.
at = np.linspace(1, 6.9, 60)
grid = np.linspace(-0.5, 3.5, 400)
quantiles = []
for length in at:
    given = model.conditional({0: length})
    quantiles.append(grid[np.searchsorted(given.cdf(grid[:, None]), [0.1, 0.5, 0.9])])
low, middle, high = np.transpose(quantiles)
axes[2].fill_between(at, low, high, alpha=0.3, label="80 %")
axes[2].plot(at, middle, label="median")
axes[2].plot(*X.T, ".", markersize=3)
axes[2].set(title="width given length", xlabel="petal length")
axes[2].legend()

# %%
# Samples of the width for two lengths.
for length in (1.5, 4.9):
    sample = model.conditional({0: length}).sample(1000, random_state=0)
    print(f"length {length}: width {sample.mean():.2f} +- {sample.std():.2f}")
plt.show()
