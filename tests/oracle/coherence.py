"""Coherence by loops over documents and pairs, one formula a line. Slow on purpose.

A document is a list of (column, count) pairs, in any order and with repetitions; a topic is a list of columns, with
None for a token outside the vocabulary.
"""

import math


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


def top_columns(row, n_top):
    """Columns of the largest positive entries, ties by column."""
    ranked = sorted(range(len(row)), key=lambda column: (-row[column], column))
    return [column for column in ranked[:n_top] if row[column] > 0]
