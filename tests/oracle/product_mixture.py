"""Mixtures of products of mixtures of normal distributions, one number at a time."""

import math


def phi(z):
    return 0.5 * math.erfc(-z / math.sqrt(2))


def density_of_basis(x, mean, width):
    return 1.0 if math.isnan(x) else math.exp(-0.5 * ((x - mean) / width) ** 2) / (width * math.sqrt(2 * math.pi))


def value_of_basis(x, mean, width):
    return 1.0 if math.isnan(x) else phi((x - mean) / width)


def sums(x, mixture, basis):
    """u_jk of one row, for densities or distribution functions of the bases."""
    offsets, means, widths = mixture.bases.offsets, mixture.bases.means, mixture.bases.widths
    return [
        [
            sum(mixture.table[h, k] * basis(x[j], means[h], widths[h]) for h in range(offsets[j], offsets[j + 1]))
            for k in range(len(mixture.weights))
        ]
        for j in range(len(x))
    ]


def value(x, mixture, basis):
    u = sums(x, mixture, basis)
    return sum(mixture.weights[k] * math.prod(row[k] for row in u) for k in range(len(mixture.weights)))


def density(X, mixture):
    return [value(x, mixture, density_of_basis) for x in X]


def cdf(X, mixture):
    return [value(x, mixture, value_of_basis) for x in X]


def step(X, row_weights, mixture, base, prior):
    """The lemma: every weight times its derivative, plus pseudo-counts, normalised; and the objective before."""
    n, k_all = len(X), range(len(mixture.weights))
    offsets, means, widths = mixture.bases.offsets, mixture.bases.means, mixture.bases.widths
    weights, table = [prior] * len(k_all), [[prior * b] * len(k_all) for b in base]
    objective = 0.0
    for k in k_all:
        objective += prior * math.log(mixture.weights[k])
        objective += prior * sum(base[h] * math.log(mixture.table[h, k]) for h in range(len(base)))
    for i in range(n):
        u = sums(X[i], mixture, density_of_basis)
        products = [mixture.weights[k] * math.prod(row[k] for row in u) for k in k_all]
        total = sum(products)
        objective += row_weights[i] * math.log(total)
        for k in k_all:
            share = row_weights[i] * products[k] / total
            weights[k] += share
            for j in range(len(X[i])):
                for h in range(offsets[j], offsets[j + 1]):
                    of_basis = mixture.table[h, k] * density_of_basis(X[i][j], means[h], widths[h])
                    table[h][k] += share * of_basis / u[j][k]
    weights = [value / sum(weights) for value in weights]
    for j in range(len(offsets) - 1):
        for k in k_all:
            total = sum(table[h][k] for h in range(offsets[j], offsets[j + 1]))
            for h in range(offsets[j], offsets[j + 1]):
                table[h][k] /= total
    return weights, table, objective
