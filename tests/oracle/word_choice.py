"""Words that are shown, by loops over topics, pairs and documents."""

import math


def npmi(counts, weights, v, w):
    """NPMI of two columns with half a document more, or half of what is expected; 0 for a word without documents."""
    total = sum(weights)
    n_v = sum(weight for row, weight in zip(counts, weights, strict=True) if row[v] > 0)
    n_w = sum(weight for row, weight in zip(counts, weights, strict=True) if row[w] > 0)
    joint = sum(weight for row, weight in zip(counts, weights, strict=True) if row[v] > 0 and row[w] > 0)
    expected = n_v * n_w / total
    if expected == 0:
        return 0.0
    if joint == total:  # words of all documents
        return 0.0
    joint = min(joint + 0.5 * min(expected, (total - n_v) * (total - n_w) / total, 1.0), n_v, n_w)
    return math.log(joint / expected) / -math.log(joint / total)


def choose(topics, mass, counts, weights, relevance, coherence, n_candidates, n_shown, n_rounds):
    """Columns of the candidates of each topic, those to be shown first; ties go by the order before, then by column."""
    chosen = []
    for phi in topics:
        score = {
            w: math.log(p * (p / (mass[w] / sum(mass))) ** relevance)
            for w, p in enumerate(phi)
            if p > 0 and (mass[w] > 0 or relevance == 0)
        }
        candidates = sorted(score, key=lambda w: (-score[w], w))[:n_candidates]
        order = candidates
        for _ in range(n_rounds):
            first = order[:n_shown]
            value = {}
            for w in candidates:
                others = [v for v in first if v != w]
                mean = sum(npmi(counts, weights, v, w) for v in others) / max(len(others), 1)
                value[w] = score[w] + coherence * mean
            order = sorted(candidates, key=lambda w: -value[w])  # stable
        chosen.append((order, candidates, score))
    return chosen
