"""Co-occurrence of tokens by loops over documents and pairs of places. Slow on purpose."""

import math

import numpy as np


def counts(texts, n_tokens, window=None):
    """Documents with both tokens and total; or pairs of places at most ``window`` apart. Marginals beside."""
    joint = np.zeros((n_tokens, n_tokens))
    for text in texts:
        if window is None:
            for u in set(text):
                for v in set(text):
                    joint[u, v] += 1
        else:
            for i in range(len(text)):
                for j in range(len(text)):
                    if i != j and abs(i - j) <= window and text[i] != text[j]:
                        joint[text[i], text[j]] += 1
    if window is None:
        single, total = joint.diagonal().copy(), len(texts)
        np.fill_diagonal(joint, 0)
    else:
        single, total = joint.sum(axis=1), joint.sum()
    return joint, single, total


def cooccurrence(texts, n_tokens, window, measure, min_count, n_top):
    """The measure of the pairs that are often enough, n_top of each token, symmetric."""
    joint, single, total = counts(texts, n_tokens, window)
    result = np.zeros(joint.shape)
    for u in range(n_tokens):
        for v in range(n_tokens):
            if joint[u, v] >= min_count:
                pmi = math.log(joint[u, v] * total / (single[u] * single[v]))
                result[u, v] = joint[u, v] if measure == "count" else max(pmi, 0.0)
    if n_top is None:
        return result
    kept = np.zeros(joint.shape)
    for u in range(n_tokens):
        ranked = sorted(range(n_tokens), key=lambda v: (-round(result[u, v], 12), v))
        for v in ranked[:n_top]:
            kept[u, v] = result[u, v]
    return np.maximum(kept, kept.T)
