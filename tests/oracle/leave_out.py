"""The E-step with every token left out of its own document, by loops over documents, tokens and topics, in float64.

Slow on purpose. A document is a list of (token, count) pairs, ``phi`` an array of shape (n_tokens, n_topics), ``mass``
of shape (n_kinds, n_topics) what phi was divided by; ``kinds`` says which kind (modality) a token is, and
``occurrence`` what one occurrence of that kind weighs.
"""

import math

import numpy as np

FLOOR = 1e-16
LEAST_LEFT = 1e-4


def left_factors(phi_w, theta, x, z, divisor, own, excluded, one):
    """What is left of phi theta, topic by topic: (1 - one phi / (z divisor) - own share x theta / (z mass))_+."""
    return [
        max(1 - one * phi_w[t] / (z * divisor) - own * excluded[t] * x * theta[t] / z, 0.0) for t in range(len(theta))
    ]


def topics_of(phi_w, theta, x, divisor, own, excluded, occurrence):
    """q, p and the probability of the token by the others; q is None where no topic is left, both without p(w|d)."""
    n_topics = len(theta)
    z = sum(phi_w[t] * theta[t] for t in range(n_topics))
    if not z > 0:
        return None, None, 0.0
    p = [phi_w[t] * theta[t] / z for t in range(n_topics)]
    one = min(x, occurrence)
    if divisor <= 0 or one >= (1 - LEAST_LEFT) * divisor:
        return None, p, None
    left = left_factors(phi_w, theta, x, z, divisor, own, excluded, one)
    q = [phi_w[t] * theta[t] * left[t] for t in range(n_topics)]
    if sum(q) <= LEAST_LEFT * z:
        return None, p, None
    return [value / sum(q) for value in q], p, sum(q) / (1 - one / divisor)


def excluded_of(mass, share):
    """sigma / Z_t of every kind, 0 for a topic without mass."""
    return [[share / value if value > 0 else 0.0 for value in row] for row in mass]


def document(entries, phi, theta, divisor, own, *, mass, kinds, occurrence, share, n_passes, n_plain, prior, tol):
    """theta and the sum that it was divided by, after passes of which the first ``n_plain`` leave nothing out."""
    n_topics, excluded, theta = phi.shape[1], excluded_of(mass, share), list(theta)
    number = 0 if any(x for _, x in entries) else n_passes
    while number < n_passes:
        n_t = [float(value) for value in prior]
        for w, x in entries:
            k = kinds[w]
            q, p, _ = topics_of(phi[w], theta, x, divisor, own, excluded[k], occurrence[k])
            if p is not None:
                used = p if q is None or number < n_plain else q
                n_t = [n_t[t] + x * used[t] for t in range(n_topics)]
        n_t = [max(value, 0.0) for value in n_t]
        if sum(n_t) == 0:
            break
        divisor = sum(n_t)
        new = [value / divisor if value / divisor >= FLOOR else 0.0 for value in n_t]
        change = sum(abs(a - b) for a, b in zip(new, theta))
        theta, number = new, number + 1
        if change < tol:
            number = n_plain if number <= n_plain else n_passes
    return theta, divisor


def e_step(
    documents, phi, *, mass, n_passes, kinds=None, occurrence=(1.0,), share=0.35, thetas=None, prior=None,
    weights=None, tol=0.0,
):  # fmt: skip
    """theta, n_wt, and the log-likelihoods of all tokens with the token, and by the others."""
    n_tokens, n_topics = phi.shape
    kinds = [0] * n_tokens if kinds is None else kinds
    prior = [0.0] * n_topics if prior is None else prior
    options = {"mass": mass, "kinds": kinds, "occurrence": occurrence, "share": share, "prior": prior}
    excluded, found = excluded_of(mass, share), []
    n_wt, plain, by_others = np.zeros(phi.shape), 0.0, 0.0
    for d, entries in enumerate(documents):
        weight = 1.0 if weights is None else weights[d]
        start = [1 / n_topics] * n_topics if thetas is None else thetas[d]
        n_plain = max(n_passes - 1, int(thetas is None))
        divisor = sum(x for _, x in entries) + sum(prior[t] for t in range(n_topics) if n_plain or start[t] > 0)
        theta, divisor = document(
            entries, phi, start, divisor, min(weight, 1.0), n_passes=n_passes, n_plain=n_plain,
            tol=tol, **options,
        )  # fmt: skip
        for w, x in entries:
            k = kinds[w]
            q, p, probability = topics_of(phi[w], theta, x, divisor, min(weight, 1.0), excluded[k], occurrence[k])
            if p is None:
                by_others += weight * x * math.log(FLOOR)
                continue
            if q is None:
                total = sum(mass[k])
                of_word = [phi[w, t] * max(mass[k][t] / total, FLOOR) for t in range(n_topics)]
                probability, q = sum(of_word), [value / sum(of_word) for value in of_word]
            plain += weight * x * math.log(sum(phi[w, t] * theta[t] for t in range(n_topics)))
            by_others += weight * x * math.log(probability)
            for t in range(n_topics):
                n_wt[w, t] += weight * x * q[t]
        found.append(theta)
    return np.array(found), n_wt, plain, by_others
