"""The neural topic model, one number at a time."""

import math


def scores(vectors, term_weights, document_weights, term, document):
    """ls(g, d) of one term and one document."""
    topics = range(len(term_weights[0]))
    lt = []
    for t in topics:
        a = sum(vectors[term][i] * term_weights[i][t] for i in range(len(term_weights)))
        lt.append(1 / (1 + math.exp(-a)))
    powers = [math.exp(document_weights[document][t]) for t in topics]
    ld = [power / sum(powers) for power in powers]
    return sum(lt[t] * ld[t] for t in topics)


def mean_loss(vectors, term_weights, document_weights, batch, *, loss, margin, alpha):
    """Mean over examples (term, document with it, document without), and the penalty of W2."""
    total, n = 0.0, 0
    for term, more, less in zip(*batch, strict=True):
        off = margin - scores(vectors, term_weights, document_weights, term, more)
        off += scores(vectors, term_weights, document_weights, term, less)
        total += max(0.0, off) if loss == "hinge" else math.log(1 + math.exp(off))
        n += 1
    return total / n + alpha * sum(float(weight) ** 2 for row in term_weights for weight in row)


def label_loss(document_weights, label_weights, targets, positives):
    """Mean negative log-probability of the classes of documents."""
    total = 0.0
    for d in positives:
        powers = [math.exp(weight) for weight in document_weights[d]]
        ld = [power / sum(powers) for power in powers]
        logits = [sum(ld[t] * label_weights[t][c] for t in range(len(ld))) for c in range(len(label_weights[0]))]
        total -= logits[targets[d]] - math.log(sum(math.exp(logit) for logit in logits))
    return total / len(positives)


def numerical_gradient(function, matrix, step=1e-6):
    """Central differences of a function of a matrix that is changed in place."""
    result = [[0.0] * len(matrix[0]) for _ in matrix]
    for i in range(len(matrix)):
        for j in range(len(matrix[0])):
            before = matrix[i][j]
            matrix[i][j] = before + step
            above = function()
            matrix[i][j] = before - step
            below = function()
            matrix[i][j] = before
            result[i][j] = (above - below) / (2 * step)
    return result


def expected_counts(X, lt, ld):
    """sum_d n_dw lt_wt ld_dt / ls(w, d), of shape (n_topics, n_terms)."""
    n_docs, n_terms, n_topics = len(X), len(X[0]), len(lt[0])
    n_tw = [[0.0] * n_terms for _ in range(n_topics)]
    for d in range(n_docs):
        for w in range(n_terms):
            ls = sum(lt[w][t] * ld[d][t] for t in range(n_topics))
            for t in range(n_topics):
                n_tw[t][w] += X[d][w] * lt[w][t] * ld[d][t] / ls
    return n_tw


def components(n_tw, min_lift, kept=0.01):
    """Rows of the excess over random documents, with a little of the counts, normalised."""
    n_w = [sum(row[w] for row in n_tw) for w in range(len(n_tw[0]))]
    total = sum(n_w)
    rows = []
    for row in n_tw:
        n_t = sum(row)
        excess = [max(row[w] - min_lift * n_w[w] * n_t / total, 0) + kept * row[w] for w in range(len(n_w))]
        rows.append([value / sum(excess) for value in excess])
    return rows
