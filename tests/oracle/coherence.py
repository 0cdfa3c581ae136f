"""Coherence by loops over documents and pairs, one formula a line. Slow on purpose.

A document is a list of (column, count) pairs, in any order and with repetitions; a topic is a list of columns, with
None for a token outside the vocabulary.
"""

import math

from tests.oracle import windows


def n_documents_with(documents, *columns):
    """Number of documents that have all the columns."""
    n_found = 0
    for document in documents:
        present = set()
        for column, count in document:
            if count > 0:
                present.add(column)
        if all(column in present for column in columns):
            n_found += 1
    return n_found


def npmi(documents, w_i, w_j):
    """ln(p_ij / (p_i p_j)) / -ln p_ij, with its limits."""
    p_i = n_documents_with(documents, w_i) / len(documents)
    p_j = n_documents_with(documents, w_j) / len(documents)
    p_ij = n_documents_with(documents, w_i, w_j) / len(documents)
    if p_ij == 0:
        return -1.0
    if p_ij == 1:
        return 1.0
    return math.log(p_ij / (p_i * p_j)) / -math.log(p_ij)


def u_mass(documents, w_i, w_j, smoothing):
    """ln((p_ij + eps) / p_j), with p_j = 1 for an unseen w_j."""
    p_j = n_documents_with(documents, w_j) / len(documents)
    p_ij = n_documents_with(documents, w_i, w_j) / len(documents)
    if p_j == 0:
        return math.log(smoothing)
    return math.log((p_ij + smoothing) / p_j)


def coherence(topics, documents, measure, smoothing=1e-12):
    """Mean confirmation of the pairs of each topic, as a list."""
    values = []
    for topic in topics:
        confirmations = []
        for i in range(1, len(topic)):
            for j in range(i):
                if measure == "npmi":
                    confirmations.append(npmi(documents, topic[i], topic[j]))
                else:
                    confirmations.append(u_mass(documents, topic[i], topic[j], smoothing))
        if confirmations:
            values.append(sum(confirmations) / len(confirmations))
        else:
            values.append(-1.0 if measure == "npmi" else math.log(smoothing))
    return values


def log_ratio(p_i, p_j, p_ij, smoothing):
    """ln((p_ij + eps) / (p_i p_j)), ln(eps) for an unseen token."""
    if p_i == 0 or p_j == 0:
        return math.log(smoothing)
    return math.log((p_ij + smoothing) / (p_i * p_j))


def normalised_log_ratio(p_i, p_j, p_ij, smoothing):
    """The same divided by -ln(p_ij + eps), -1 for an unseen token."""
    if p_i == 0 or p_j == 0 or p_ij + smoothing == 1:
        return -1.0
    return log_ratio(p_i, p_j, p_ij, smoothing) / -math.log(p_ij + smoothing)


def cosine(left, right):
    """Cosine of two lists, 0 if one is zero."""
    lengths = math.sqrt(sum(x * x for x in left)) * math.sqrt(sum(x * x for x in right))
    if lengths == 0:
        return 0.0
    return sum(x * y for x, y in zip(left, right, strict=True)) / lengths


def window_coherence(topics, texts, measure, size, counting, smoothing=1e-12):
    """c_npmi, c_uci or c_v in windows of texts, by the topics' tokens themselves."""

    def share(*tokens):
        n_windows = windows.n_windows(texts, size)
        return windows.n_windows_with(texts, size, counting, *tokens) / n_windows

    def confirm(w_i, w_j):
        confirmation = log_ratio if measure == "c_uci" else normalised_log_ratio
        return confirmation(share(w_i), share(w_j), share(w_i, w_j), smoothing)

    lowest = math.log(smoothing) if measure == "c_uci" else -1.0
    values = []
    for topic in topics:
        if measure == "c_v":
            seen = [token for token in topic if share(token) > 0]
            if len(seen) < 2:
                values.append(lowest)
                continue
            vectors = [[confirm(token, other) for other in seen] for token in seen]
            total = [sum(vector[j] for vector in vectors) for j in range(len(seen))]
            cosines = [cosine(vector, total) for vector in vectors]
            values.append((sum(cosines) - (len(topic) - len(seen))) / len(topic))
        else:
            pairs = [confirm(topic[i], topic[j]) for i in range(len(topic)) for j in range(len(topic)) if i != j]
            values.append(sum(pairs) / len(pairs) if pairs else lowest)
    return values


def top_columns(row, n_top):
    """Columns of the largest positive entries, ties by column."""
    ranked = sorted(range(len(row)), key=lambda column: (-row[column], column))
    return [column for column in ranked[:n_top] if row[column] > 0]
