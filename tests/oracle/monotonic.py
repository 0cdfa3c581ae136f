"""The positive-polynomial net, one number at a time."""

import math


def entries(features, n_and, p):
    """Tables of the distributions: cumulative sums of steps, free entries as they are."""
    tables = [[0.0] * len(p[0]) for _ in p]
    for first, n, sign in features:
        for k in range(len(p[0])):
            direction = sign if k < n_and else -sign
            for h in range(n):
                rows = range(n) if direction == 0 else range(h + 1) if direction > 0 else range(h, n)
                if direction == 0:
                    tables[first + h][k] = p[first + h][k]
                else:
                    tables[first + h][k] = sum(p[first + r][k] for r in rows)
            tables[first + n][k] = p[first + n][k]
    return tables


def asked(tables, index, share, k):
    """Entries of one row for one product, feature by feature."""
    values = []
    for row, part in zip(index, share, strict=True):
        values.append(tables[row][k] if part == 0 else (1 - part) * tables[row][k] + part * tables[row + 1][k])
    return values


def probability(tables, pi, n_and, index, share):
    total = 0.0
    for k in range(len(pi)):
        product = math.prod(asked(tables, index, share, k))
        total += pi[k] * (product if k < n_and else 1 - product)
    return total


def counts(tables, pi, n_and, index, share, target, order):
    """Passed, failed and chosen, and the log-likelihood: a product asks features in order and stops at a failure."""
    n_rows, width = len(tables), len(pi)
    passed = [[0.0] * width for _ in range(n_rows)]
    failed = [[0.0] * width for _ in range(n_rows)]
    chosen, value = [0.0] * width, 0.0
    for i in range(len(index)):
        P = min(max(probability(tables, pi, n_and, index[i], share[i]), 1e-7), 1 - 1e-7)
        value += target[i][0] * math.log(P) + target[i][1] * math.log(1 - P)
        for k in range(width):
            a, c = target[i][0] / P, target[i][1] / (1 - P)
            a, c = (a, c) if k < n_and else (c, a)
            u = asked(tables, index[i], share[i], k)
            product = math.prod(u)
            chosen[k] += a * product + c * (1 - product)
            for place, j in enumerate(order):
                earlier = math.prod(u[f] for f in order[:place])
                later = math.prod(u[f] for f in order[place + 1 :])
                for row, part in ((index[i][j], 1 - share[i][j]), (index[i][j] + 1, share[i][j])):
                    if part > 0:
                        passed[row][k] += part * pi[k] * earlier * (a * later + c * (1 - later))
                        failed[row][k] += part * pi[k] * earlier * c
    return passed, failed, chosen, value


def update(features, n_and, p, pi, passed, failed, chosen, priors):
    """norm(p * counts + priors), distribution by distribution."""
    width = len(pi)
    new = [list(row) for row in p]
    weights = [pi[k] * chosen[k] + priors[0] for k in range(width)]
    new_pi = [weight / sum(weights) for weight in weights]
    for first, n, sign in features:
        for k in range(width):
            direction = sign if k < n_and else -sign
            knots = list(range(first, first + n))[:: -1 if direction < 0 else 1]
            if direction == 0:
                for h in range(n):
                    row = first + h
                    left = row - 1 if h > 0 else (row + 1 if n > 1 else row)
                    right = row + 1 if h < n - 1 else (row - 1 if n > 1 else row)
                    mean = (p[left][k] + p[right][k]) / 2
                    yes = p[row][k] * passed[row][k] + priors[1] * mean + priors[3] / n
                    no = (1 - p[row][k]) * failed[row][k] + priors[1] * (1 - mean)
                    new[row][k] = _share(yes, no, p[row][k])
            else:
                mass = []
                for h, row in enumerate(knots):
                    count = sum(passed[r][k] for r in knots[h:]) + sum(failed[r][k] for r in knots[:h])
                    mass.append(p[row][k] * count + priors[2] + (priors[3] if h == 0 else 0))
                for row, part in zip(knots, mass, strict=True):
                    new[row][k] = part / sum(mass) if sum(mass) > 0 else p[row][k]
            row = first + n
            new[row][k] = _share(p[row][k] * passed[row][k] + priors[3], (1 - p[row][k]) * failed[row][k], p[row][k])
    return new, new_pi


def _share(yes, no, otherwise):
    share = yes / (yes + no) if yes + no > 0 else otherwise
    return min(max(share, 1e-4), 1 - 1e-4)
