"""
When does a step need a length?
===============================

The lemma behind the models of this library has no step length. :func:`skartm.simplex.ascend` has it as
``method="plain"``, and two methods that find a length by backtracking. A likelihood shows where the plain lemma is
right, and the loss of a monotone network where it is not.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np

from skartm.exceptions import PlainAscentWarning
from skartm.simplex import ascend

rng = np.random.default_rng(0)

# %%
# The likelihood of the weights of a mixture: the logarithm of a polynomial with positive coefficients.
densities = rng.gamma(0.3, size=(300, 20)) + 0.01


def likelihood(p):
    z = densities @ p
    return np.log(z).sum(), densities.T @ (1 / z)


# %%
# A smooth min-max network that increases in each of its inputs: the rows of p are the weights of 6 units, which have a
# common scale. Minus its squared loss is to be maximised, and it is not concave.
x = rng.uniform(-1, 1, (200, 5))
y = 3 * np.minimum(x[:, 0] + x[:, 1], x[:, 2])
offsets = rng.standard_normal(6)


def network(p, scale=6.0):
    a = (scale * x @ p.T + offsets).reshape(200, 2, 3)
    inner = np.log(np.exp(a).sum(axis=2))  # smooth maxima of three units
    output = -np.log(np.exp(-inner).sum(axis=1))  # their smooth minimum
    shares = np.exp(output[:, None] - inner)[:, :, None] * np.exp(a - inner[:, :, None])
    slopes = scale * (y - output)[:, None] * shares.reshape(200, 6) / 200
    return -np.mean((y - output) ** 2) / 2, slopes.T @ x


# %%
# The plain lemma warns when it cannot go on.
figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
settings = [("plain", None), ("plain", "squarem"), ("exponentiated", None), ("shifted", None), ("shifted", "anderson")]
for axis, function, start in (
    (axes[0], likelihood, np.full(20, 1 / 20)),
    (axes[1], network, rng.dirichlet(np.ones(5), 6)),
):
    results = {}
    for method, acceleration in settings:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", PlainAscentWarning)
            result = ascend(function, start, method=method, acceleration=acceleration, max_iter=300)
        results[f"{method}, {acceleration}" if acceleration else method] = result
        reported = f" [{caught[0].category.__name__}]" if caught else ""
        print(f"{function.__name__:10} {method:13} {acceleration!s:8} {result.value:10.4f}  {result.message}{reported}")
    best = max(result.value for result in results.values())
    for name, result in results.items():
        axis.semilogy(np.maximum(best - result.history, 1e-9), label=name, marker="o" if result.n_iter < 3 else None)
    axis.set(title=function.__name__, xlabel="step", ylabel="below the best value found")
axes[0].legend()
plt.show()
