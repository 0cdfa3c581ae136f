"""Ascent on simplices by loops over lists of numbers, and functions to ascend."""

import math

import numpy as np


def project(x):
    """The threshold by bisection."""
    low, high = min(x) - 1.0, max(x)
    for _ in range(200):
        middle = (low + high) / 2
        if sum(max(value - middle, 0.0) for value in x) > 1:
            low = middle
        else:
            high = middle
    return [max(value - (low + high) / 2, 0.0) for value in x]


def normalized(x):
    total = sum(x)
    return [value / total for value in x]


def mean(p, g):
    return sum(a * b for a, b in zip(p, g)) / sum(p)


def variance(p, g):
    return sum(a * (b - mean(p, g)) ** 2 for a, b in zip(p, g))


def gap(p, g):
    return max(b - mean(p, g) for a, b in zip(p, g) if a > 0)


def plain(p, g):
    positive = [max(a * b, 0.0) for a, b in zip(p, g)]
    return normalized(positive) if sum(positive) > 0 else list(p)


def shifted(p, g, eta):
    return normalized([a * max(1 + eta * (b - mean(p, g)), 0.0) for a, b in zip(p, g)])


def exponentiated(p, g, eta):
    return normalized([a * math.exp(eta * (b - mean(p, g))) for a, b in zip(p, g)])


def revived(function, simplices, value, gradients, sigma):
    """Half of the mass to the best zero, a quarter, ..."""
    share = 0.5
    while True:
        trial, slope = [], 0.0
        for p, g in zip(simplices, gradients):
            best = max(range(len(p)), key=lambda i: g[i])
            rise = g[best] - mean(p, g)
            wanted = rise > gap(p, g)
            slope += rise if wanted else 0.0
            trial.append([a + share * ((i == best) - a) if wanted else a for i, a in enumerate(p)])
        new_value, new_gradients = function(trial)
        if new_value - value >= sigma * share * slope:
            return trial, new_value, new_gradients
        share /= 2


def ascend(function, start, method, n_steps, sigma=0.1):
    """``function`` takes a list of simplices, lists of floats, and returns a value and a list of gradients."""
    simplices = [list(p) for p in start]
    value, gradients = function(simplices)
    eta = None
    history = [value]
    for _ in range(n_steps):
        if method == "plain":
            simplices = [plain(p, g) for p, g in zip(simplices, gradients)]
            value, gradients = function(simplices)
            history.append(value)
            continue
        gaps = [gap(p, g) for p, g in zip(simplices, gradients)]
        if max(gaps) <= max(max(g) - mean(p, g) for p, g in zip(simplices, gradients)) / 10:
            simplices, value, gradients = revived(function, simplices, value, gradients, sigma)
            history.append(value)
            continue
        if eta is None:
            largest = [max(abs(b - mean(p, g)) for b in g) for p, g in zip(simplices, gradients)]
            eta = [min(1 / max(change, max(largest) / 1000), 1000 / max(largest)) for change in largest]
        step = shifted if method == "shifted" else exponentiated
        while True:
            trial = [step(p, g, length) for p, g, length in zip(simplices, gradients, eta)]
            new_value, new_gradients = function(trial)
            wanted = sigma * sum(length * variance(p, g) for p, g, length in zip(simplices, gradients, eta))
            if new_value - value >= wanted:
                break
            eta = [length / 2 for length in eta]
        for j, (p, q, g, h) in enumerate(zip(simplices, trial, gradients, new_gradients)):
            curvature = -sum((b - a) * (d - c) for a, b, c, d in zip(p, q, g, h))
            length = sum((b - a) ** 2 / a for a, b in zip(p, q) if a > 0)
            limit = length / curvature if curvature > 0 else math.inf
            eta[j] = min(max(limit, eta[j]), 2 * eta[j])
        eta = [max(length, max(eta) / 1e6) for length in eta]
        simplices, value, gradients = trial, new_value, new_gradients
        history.append(value)
    return simplices, history


# Functions of points of shape (n simplices, size), with a constant L: the function bends along a step d by no more than
# L times the sum over simplices of (sum |d|)**2.


def quadratic(rng, n, size):
    """Indefinite."""
    matrix = rng.standard_normal((n * size, n * size))
    matrix = (matrix + matrix.T) * rng.uniform(0.1, 3)
    linear = rng.standard_normal(n * size) * rng.uniform(0, 5)

    def function(p):
        x = p.ravel()
        return float(linear @ x + x @ matrix @ x / 2), (linear + matrix @ x).reshape(n, size)

    blocks = np.abs(matrix).reshape(n, size, n, size).max(axis=(1, 3))
    return function, float(np.linalg.norm(blocks, 2))


def log_sum_exps(rng, n, size):
    """A combination of log-sum-exp of linear functions, with coefficients of both signs."""
    tensors = [rng.standard_normal((6, n * size)) * rng.uniform(0.5, 4) for _ in range(3)]
    signs = rng.standard_normal(3)

    def function(p):
        value, gradient = 0.0, np.zeros(n * size)
        for sign, tensor in zip(signs, tensors):
            a = tensor @ p.ravel()
            top = a.max()
            weights = np.exp(a - top)
            value += sign * (top + np.log(weights.sum()))
            gradient += sign * (weights / weights.sum()) @ tensor
        return float(value), gradient.reshape(n, size)

    # the second derivative is a variance of the change of a, which is at most n**.5 max|tensor| |d|
    bound = sum(abs(sign) * n * np.abs(tensor).max() ** 2 for sign, tensor in zip(signs, tensors))
    return function, float(bound)


def sines(rng, n, size):
    waves = rng.standard_normal((8, n * size)) * rng.uniform(0.5, 4)
    heights, phases = rng.standard_normal(8), rng.uniform(0, 6, 8)

    def function(p):
        a = waves @ p.ravel() + phases
        return float(heights @ np.sin(a)), ((heights * np.cos(a)) @ waves).reshape(n, size)

    return function, float(np.sum(np.abs(heights) * n * np.abs(waves).max(axis=1) ** 2))


def min_max_net(rng, n, size, *, n_rows=30, scale=3.0, slope=3.0):
    """Minus the squared loss of a smooth min-max net; its n units, in groups of up to three, are the simplices."""
    group = 3 if n % 3 == 0 else 2 if n % 2 == 0 else 1
    x = rng.uniform(-1, 1, (n_rows, size))
    target = slope * x.min(axis=1)
    offsets = rng.standard_normal(n)

    def function(p):
        a = scale * x @ p.T + offsets  # (rows, units)
        a = a.reshape(n_rows, n // group, group)
        inner = np.log(np.exp(a).sum(axis=2))
        output = -np.log(np.exp(-inner).sum(axis=1))
        r = np.exp(a - inner[:, :, np.newaxis])
        q = np.exp(output[:, np.newaxis] - inner)
        delta = -(output - target) / n_rows
        change = scale * (delta[:, np.newaxis, np.newaxis] * q[:, :, np.newaxis] * r).reshape(n_rows, n)
        return float(-np.sum((output - target) ** 2) / (2 * n_rows)), change.T @ x

    # |D y| and the second derivative of y are at most scale and scale**2, and |y| as below
    furthest = scale + np.abs(offsets).max() + np.log(n) + np.abs(target).max()
    return function, float(scale**2 * (1 + furthest))


FAMILIES = [quadratic, log_sum_exps, sines, min_max_net]


def random_function(number, seed=0):
    """Function, L and start number ``number`` of as many as one likes, all families in turn."""
    rng = np.random.default_rng([seed, number])
    n, size = int(rng.integers(1, 7)), int(rng.integers(2, 9))
    function, bound = FAMILIES[number % len(FAMILIES)](rng, n, size)
    return function, bound, rng.dirichlet(np.ones(size), n)


# Baum-Eagon: (logarithms of) polynomials with non-negative coefficients, and a start.


def polynomial(rng):
    n, size = 3, 5
    powers = rng.integers(0, 4, (12, n, size)) * (rng.random((12, n, size)) < 0.4)
    coefficients = rng.exponential(size=12)

    def function(p):
        terms = coefficients * np.exp((powers * np.log(np.maximum(p, 1e-300))).sum(axis=(1, 2)))
        slopes = np.divide(np.tensordot(terms, powers, 1), p, out=np.zeros_like(p), where=p > 0)
        return float(terms.sum()), slopes

    return function, rng.dirichlet(np.ones(size), n)


def log_polynomial(rng):
    function, start = polynomial(rng)

    def logarithm(p):
        value, gradient = function(p)
        return float(np.log(value)), gradient / value

    return logarithm, start


def plsa(rng):
    counts = rng.poisson(rng.dirichlet(np.full(12, 0.3), 3)[rng.integers(0, 3, 15)] * 40).astype(float)
    start = {"phi": rng.dirichlet(np.ones(12), 4), "theta": rng.dirichlet(np.ones(4), 15)}

    def function(point):
        z = point["theta"] @ point["phi"]
        there = counts > 0
        ratios = np.divide(counts, z, out=np.zeros_like(counts), where=there)
        value = np.sum(counts[there] * np.log(z[there]))
        return float(value), {"phi": point["theta"].T @ ratios, "theta": ratios @ point["phi"].T}

    return function, start


def mixture(rng):
    """Weights of known densities."""
    densities = rng.gamma(0.5, size=(50, 8)) + 1e-3

    def function(p):
        z = densities @ p
        return float(np.log(z).sum()), densities.T @ (1 / z)

    return function, rng.dirichlet(np.ones(8))


BAUM_EAGON = [polynomial, log_polynomial, plsa, mixture]
