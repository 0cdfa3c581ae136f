"""The bound and the encoder of the embedded topic model, one number at a time."""

import math

import numpy as np

ACTIVATIONS = {
    "relu": lambda h: max(h, 0.0),
    "softplus": lambda h: math.log1p(math.exp(h)),
    "tanh": math.tanh,
}


def affine(h, weight, bias):
    return [bias[j] + sum(h[i] * weight[i, j] for i in range(len(h))) for j in range(len(bias))]


def hidden(arrays, counts, activation):
    """The last hidden layer of a document."""
    h, i = [x / sum(counts) for x in counts], 0
    while f"weight_{i}" in arrays:
        h = [ACTIVATIONS[activation](value) for value in affine(h, arrays[f"weight_{i}"], arrays[f"bias_{i}"])]
        i += 1
    return h


def softmax(values):
    weights = [math.exp(value) for value in values]
    return [weight / sum(weights) for weight in weights]


def topics(rho, alpha):
    """beta, of shape (n_topics, n_tokens)."""
    return np.array([softmax([sum(a * b for a, b in zip(topic, word)) for word in rho]) for topic in alpha])


def means_of(arrays, X, activation, keep=None, dropout=0.0):
    """Means, before they are normalised, and logarithms of variances."""
    means, log_variances = [], []
    for d, counts in enumerate(X):
        h = hidden(arrays, counts, activation)
        if keep is not None:
            h = [value / (1 - dropout) if keep[d, i] else 0.0 for i, value in enumerate(h)]
        means.append(affine(h, arrays["mean_weight"], arrays["mean_bias"]))
        log_variances.append(affine(h, arrays["variance_weight"], arrays["variance_bias"]))
    return np.array(means), np.array(log_variances)


def bound(arrays, X, noise, activation, keep=None, dropout=0.0):
    """Log-likelihood of a drawn theta, and the divergence, of a batch."""
    means, log_variances = means_of(arrays, X, activation, keep, dropout)
    if "batch_mean" in arrays and len(X) > 1:
        for k in range(means.shape[1]):
            mean = sum(means[:, k]) / len(X)
            variance = sum((value - mean) ** 2 for value in means[:, k]) / len(X)
            means[:, k] = [(value - mean) / math.sqrt(variance + 1e-5) for value in means[:, k]]
    beta = topics(arrays["embeddings"], arrays["topic_embeddings"])
    log_likelihood = divergence = 0.0
    for d, counts in enumerate(X):
        delta = [means[d, k] + math.exp(log_variances[d, k] / 2) * noise[d, k] for k in range(len(beta))]
        theta = softmax(delta)
        for w, x in enumerate(counts):
            log_likelihood += x * math.log(sum(theta[k] * beta[k, w] for k in range(len(beta)))) if x else 0.0
        for mean, log_variance in zip(means[d], log_variances[d]):
            divergence += 0.5 * (mean**2 + math.exp(log_variance) - 1 - log_variance)
    return log_likelihood, divergence


def encode(arrays, X, activation):
    """theta of documents for the means of the encoder."""
    theta = []
    for counts in X:
        if not sum(counts):
            theta.append([1 / len(arrays["mean_bias"])] * len(arrays["mean_bias"]))
            continue
        means = affine(hidden(arrays, counts, activation), arrays["mean_weight"], arrays["mean_bias"])
        if "batch_mean" in arrays:
            scales = [math.sqrt(variance + 1e-5) for variance in arrays["batch_variance"]]
            means = [(mean - middle) / scale for mean, middle, scale in zip(means, arrays["batch_mean"], scales)]
        theta.append(softmax(means))
    return np.array(theta)
