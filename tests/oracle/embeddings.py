"""Priors from embeddings, by plain gradient ascent in loops."""

import numpy as np


def log_linear_topics(vectors, n_wt, penalty, n_steps=20000, length=0.05):
    """Distributions of words of every topic, the best that the vectors can express; zeros are words without one."""
    n_words, dim = vectors.shape
    p = n_wt.sum(axis=1) / n_wt.sum()
    known = [w for w in range(n_words) if np.any(vectors[w] != 0)]
    share = {w: p[w] / sum(p[u] for u in known) for w in known}
    mean = sum(share[w] * vectors[w] for w in known)
    rho = np.zeros((n_words, dim))
    for w in known:
        rho[w] = vectors[w] - mean
    V = sum(share[w] * np.outer(rho[w], rho[w]) for w in known)
    betas = []
    for t in range(n_wt.shape[1]):
        a = np.zeros(dim)
        shares = n_wt[:, t] / n_wt[:, t].sum()
        for _ in range(n_steps):
            beta = p * np.exp(rho @ a)
            beta /= beta.sum()
            a = a + length * (rho.T @ (shares - beta) - penalty * V @ a)
        betas.append(beta)
    return np.array(betas).T


def topics_of_documents(vectors, theta, penalty, n_steps=20000, length=0.2):
    """Distributions of topics of every document, a multinomial regression on scaled vectors."""
    scaled = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    n_docs, n_topics = theta.shape
    b, a = np.zeros(n_topics), np.zeros((scaled.shape[1], n_topics))
    for _ in range(n_steps):
        beta = np.exp(scaled @ a + b)
        beta /= beta.sum(axis=1, keepdims=True)
        b = b + length * (theta - beta).mean(axis=0)
        a = a + length * (scaled.T @ (theta - beta) / n_docs - penalty * a)
    return beta
