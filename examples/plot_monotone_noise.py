"""
Noisy measurements of a quantity that must grow
===============================================

The biomass of a tree grows with its diameter and its height. Measurements scatter, the more the larger the tree. How
much does it help to say that the function is monotone, when there are few trees?
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from skartm import MonotonicRegressor

rng = np.random.default_rng(1)


def trees(n):
    """Diameter in cm, height in m, and biomass in tonnes."""
    diameter = rng.gamma(4, 8, n).clip(5, 90)
    height = 1.3 + 32 * (1 - np.exp(-0.04 * diameter)) * rng.lognormal(0, 0.12, n)
    return np.column_stack([diameter, height]), 5e-5 * (diameter**2 * height) ** 0.95


test, expected = trees(2000)
models = {
    "polynomial": MonotonicRegressor(monotonic_cst=[1, 1], random_state=0),
    "polynomial, free": MonotonicRegressor(random_state=0),
    "boosting": HistGradientBoostingRegressor(monotonic_cst=[1, 1], random_state=0),
    "boosting, free": HistGradientBoostingRegressor(random_state=0),
}
sizes = [30, 60, 120, 240, 480]
errors = {name: [] for name in models}
for size in sizes:
    repetitions = []
    for _ in range(3):
        X, biomass = trees(size)
        y = biomass * rng.lognormal(0, 0.4, size) / np.exp(0.4**2 / 2)
        repetitions.append([np.mean(np.abs(m.fit(X, y).predict(test) - expected)) for m in models.values()])
    for name, error in zip(models, np.mean(repetitions, axis=0), strict=True):
        errors[name].append(error)

for name, values in errors.items():
    print(f"{name:<17}", " ".join(f"{value:.3f}" for value in values))
    plt.plot(sizes, values, marker="o", label=name)
plt.xscale("log")
plt.xticks(sizes, [str(size) for size in sizes])
plt.xlabel("trees measured")
plt.ylabel("mean absolute error, tonnes")
plt.legend()
plt.show()
