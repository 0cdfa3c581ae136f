"""
A monotone surface, smooth and in steps
=======================================

What does a monotone function of two features look like when it is learned from few noisy points? Boosting of trees
gives steps, the positive-polynomial net a surface. Both never fall in either feature.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from skartm import MonotonicRegressor

rng = np.random.default_rng(0)


def truth(X):
    """High where both features are, and higher where either is very high."""
    return 1 / (1 + np.exp(-12 * (X[:, 0] * X[:, 1] - 0.3))) + 0.5 * np.maximum(X[:, 0], X[:, 1]) ** 4


X = rng.random((300, 2))
y = truth(X) + 0.15 * rng.standard_normal(300)

axis = np.linspace(0, 1, 80)
grid = np.column_stack([values.ravel() for values in np.meshgrid(axis, axis)])
models = {
    "boosting": HistGradientBoostingRegressor(monotonic_cst=[1, 1], random_state=0),
    "polynomial": MonotonicRegressor(monotonic_cst=[1, 1], random_state=0),
}
surfaces = {"truth": truth(grid)}
for name, model in models.items():
    surfaces[name] = model.fit(X, y).predict(grid)
    error = np.sqrt(np.mean((surfaces[name] - surfaces["truth"]) ** 2))
    print(f"{name:<10} error {error:.3f}")

fig, panels = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True, layout="constrained")
for panel, (name, values) in zip(panels, surfaces.items(), strict=True):
    image = panel.contourf(axis, axis, values.reshape(80, 80), levels=np.linspace(-0.2, 1.6, 19), extend="both")
    panel.set(title=name, xlabel="first feature")
panels[0].set_ylabel("second feature")
fig.colorbar(image, ax=panels)
plt.show()

# %%
# The terms that make the surface: a threshold on either feature, joined by "and" or by "or".
for term in models["polynomial"].explain(n_terms=5):
    print(term)
