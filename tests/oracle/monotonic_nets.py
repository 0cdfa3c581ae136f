"""Monotone nets, one row and one unit at a time."""

import math


def weight(z, sign):
    """A positive weight of a rising or falling feature, z itself of a free one."""
    return math.exp(z) if sign else z


def turned(x, signs):
    return [-value if sign < 0 else value for value, sign in zip(x, signs, strict=True)]


def linear_units(x, z, t, signs):
    """a_u = t_u + sum_j w_uj x_j."""
    x = turned(x, signs)
    return [t[u] + sum(weight(z[j][u], signs[j]) * x[j] for j in range(len(x))) for u in range(len(t))]


def grouped(values, n_groups, n_units):
    return [[values[k * n_units + h] for h in range(n_units)] for k in range(n_groups)]


def log_sum(values):
    return math.log(sum(math.exp(value) for value in values))


def smooth(x, theta, signs, n_groups, n_units):
    groups = grouped(linear_units(x, theta["z"], theta["t"], signs), n_groups, n_units)
    soft_maxima = [log_sum(group) for group in groups]
    soft_minimum = -log_sum([-value for value in soft_maxima])
    return theta["gamma"][0] + math.exp(-theta["beta"][0]) * soft_minimum


def minmax(x, theta, signs, n_groups, n_units):
    groups = grouped(linear_units(x, theta["z"], theta["t"], signs), n_groups, n_units)
    return min(max(group) for group in groups)


def elu(a):
    return a if a > 0 else math.exp(a) - 1


def saturated(a):
    return elu(a + 1) - elu(1) if a < 0 else elu(1) - elu(1 - a)


def unit(a, number, n_units):
    """7/16 of the units are convex, as many concave, the others saturated."""
    if number < round(n_units * 7 / 16):
        return elu(a)
    return -elu(-a) if number < round(n_units * 14 / 16) else saturated(a)


def constrained(x, theta, signs, n_units):
    x = turned(x, signs)
    rising = [value for value, sign in zip(x, signs, strict=True) if sign]
    free = [value for value, sign in zip(x, signs, strict=True) if not sign]
    hidden = [
        elu(theta["b_free"][u] + sum(theta["w_free"][j][u] * free[j] for j in range(len(free))))
        for u in range(len(theta["b_free"]))
    ]
    first = []
    for u in range(n_units):
        a = theta["b_first"][u]
        a += sum(abs(theta["w_first"][j][u]) * rising[j] for j in range(len(rising)))
        a += sum(theta["w_first"][len(rising) + j][u] * hidden[j] for j in range(len(hidden)))
        first.append(unit(a, u, n_units))
    second = [
        unit(theta["b_second"][u] + sum(abs(theta["w_second"][j][u]) * first[j] for j in range(n_units)), u, n_units)
        for u in range(n_units)
    ]
    return theta["b_last"][0] + sum(abs(theta["w_last"][j][0]) * second[j] for j in range(n_units))


def rprop(gradient, theta, n_iter):
    """iRprop- for one net without early stopping."""
    theta, step, before = list(theta), [0.01] * len(theta), [0.0] * len(theta)
    for _ in range(n_iter):
        slope = list(gradient(theta))
        for i in range(len(theta)):
            if slope[i] * before[i] > 0:
                step[i] = min(step[i] * 1.2, 1.0)
            elif slope[i] * before[i] < 0:
                step[i] = max(step[i] * 0.5, 1e-6)
                slope[i] = 0.0
            theta[i] -= step[i] * (int(slope[i] > 0) - int(slope[i] < 0))
            before[i] = slope[i]
    return theta


def penalised_squares(w, predictions, y, weights, shrinkage):
    """What the weights of a stacked regression maximise."""
    n, k = len(y), len(w)
    uniform = [sum(predictions[i][m] for m in range(k)) / k for i in range(n)]
    variance = sum(weights[i] * (y[i] - uniform[i]) ** 2 for i in range(n)) / sum(weights)
    total = shrinkage * sum(math.log(value) for value in w)
    for i in range(n):
        average = sum(w[m] * predictions[i][m] for m in range(k))
        total -= weights[i] * (y[i] - average) ** 2 / (2 * variance)
    return total


def expectation_maximisation(likelihoods, weights, shrinkage, n_iter):
    """Weights of a mixture of fixed members with a Dirichlet prior."""
    k = len(likelihoods[0])
    w = [1 / k] * k
    for _ in range(n_iter):
        counts = [shrinkage] * k
        for row, s in zip(likelihoods, weights, strict=True):
            total = sum(w[m] * row[m] for m in range(k))
            for m in range(k):
                counts[m] += s * w[m] * row[m] / total
        w = [count / sum(counts) for count in counts]
    return w
