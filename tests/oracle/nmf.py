"""Non-negative matrix factorisation, one number at a time."""

import itertools
import math

import numpy as np


def divergence(X, W, H):
    total = 0.0
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            z = sum(W[i, t] * H[t, j] for t in range(H.shape[0]))
            total += z - X[i, j]
            if X[i, j] > 0:
                total += X[i, j] * math.log(X[i, j] / z)
    return total


def multiplicative(X, W, H, weights, n_iter):
    """Lee and Seung: W, then H with the new W; rows of the loss weighted."""
    W, H = W.copy(), H.copy()
    n, m, k = X.shape[0], X.shape[1], H.shape[0]
    for _ in range(n_iter):
        Z, new = W @ H, W.copy()
        for i in range(n):
            for t in range(k):
                up = sum(X[i, j] / Z[i, j] * H[t, j] for j in range(m))
                new[i, t] = W[i, t] * up / sum(H[t, j] for j in range(m))
        W = new
        Z, new = W @ H, H.copy()
        for t in range(k):
            for j in range(m):
                up = sum(weights[i] * X[i, j] / Z[i, j] * W[i, t] for i in range(n))
                new[t, j] = H[t, j] * up / sum(weights[i] * W[i, t] for i in range(n))
        H = new
    return W, H


def sweep(X, W, H):
    """One sweep of coordinate descent over W, and the squared norm of the projected gradient before it."""
    W, norm = W.copy(), 0.0
    for i in range(X.shape[0]):
        for t in range(H.shape[0]):
            slope = float((W[i] @ H - X[i]) @ H[t])
            if W[i, t] > 0 or slope < 0:
                norm += slope**2
    for i in range(X.shape[0]):
        for t in range(H.shape[0]):
            curve = float(H[t] @ H[t])
            if curve > 0:
                W[i, t] = max(W[i, t] - float((W[i] @ H - X[i]) @ H[t]) / curve, 0.0)
    return W, norm


def least_squares(X, W, H, n_iter):
    """Extrapolated HALS of one sweep; returns (W, H) of the last step and the losses."""
    w_ahead, h_ahead, w_old, h_old, h = W.copy(), H.copy(), W.copy(), H.copy(), H.copy()
    weight, limit, losses = 0.5, 1.0, [math.inf]
    for _ in range(n_iter):
        w_new, _ = sweep(X, w_ahead, h_ahead)
        w_next = np.maximum(w_new + weight * (w_new - w_old), 0)
        h_new = sweep(X.T, h_ahead.T, w_next.T)[0].T
        loss = 0.5 * float(((X - w_next @ h_new) ** 2).sum())
        if loss > losses[-1]:
            w_new, _ = sweep(X, w_ahead, h)
            h_new = sweep(X.T, h.T, w_new.T)[0].T
            loss = 0.5 * float(((X - w_new @ h_new) ** 2).sum())
            w_next = w_new
            h_next, limit, weight = h_new, weight, weight / 1.5
        else:
            h_next = np.maximum(h_new + weight * (h_new - h_old), 0)
            weight, limit = min(limit, 1.05 * weight), min(1.0, 1.01 * limit)
        w_ahead, h_ahead, w_old, h_old, h = w_next, h_next, w_new, h_new, h_new
        losses.append(loss)
    return w_ahead, h, losses[1:]


def layered(X, layers, W, weights, sample_weight, n_steps):
    """One EM iteration over all layers: every W, then the layers by expected numbers of paths, counted path by path."""
    n, m = X.shape
    layers, found, counts, value = [layer.copy() for layer in layers], [], [], 0.0
    for number, w in enumerate(W):
        c = layers[0]
        for layer in layers[1 : number + 1]:
            c = layer @ c
        w = multiplicative(X, w, c, np.ones(n), 1)[0]
        value += weights[number] * sum(sample_weight[i] * divergence(X[[i]], w[[i]], c) for i in range(n))
        z = w @ c
        n_tj = np.zeros_like(c)
        for t in range(c.shape[0]):
            for j in range(m):
                n_tj[t, j] = sum(sample_weight[i] * X[i, j] * w[i, t] * c[t, j] / z[i, j] for i in range(n))
        found.append(w)
        counts.append(n_tj)
    for _ in range(n_steps):
        paths = [np.zeros_like(layer) for layer in layers]
        for number, n_tj in enumerate(counts):
            for path in itertools.product(*(range(layer.shape[0]) for layer in layers[: number + 1]), range(m)):
                steps = [*path[-2::-1], path[-1]]  # t_l, ..., t_1, j
                p = math.prod(layers[number - s][steps[s], steps[s + 1]] for s in range(number + 1))
                c = np.linalg.multi_dot([np.eye(m), *[layer.T for layer in layers[: number + 1]]]).T
                share = weights[number] * n_tj[steps[0], steps[-1]] * p / c[steps[0], steps[-1]]
                for s in range(number + 1):
                    paths[number - s][steps[s], steps[s + 1]] += share
        layers = [path / path.sum(axis=1, keepdims=True) for path in paths]
    return layers, found, counts, value


def successive_projections(X, k):
    """Rows of X, divided by their sums: the longest one, then the longest one of what is left of all, and so on."""
    rows = [row / sum(row) for row in X]
    left, chosen = [row.copy() for row in rows], []
    for _ in range(k):
        best = max(range(len(left)), key=lambda i: float(left[i] @ left[i]))
        chosen.append(rows[best])
        axis = left[best] / math.sqrt(float(left[best] @ left[best]))
        left = [row - float(row @ axis) * axis for row in left]
    return np.array(chosen)
def observed_sweep(X, V, W, H, l1=0.0, l2=0.0, row_weights=None):
    """One sweep of coordinate descent over W, entries weighted by V, zero being missing; loss and penalty after it."""
    W, loss = W.copy(), 0.0
    for i in range(X.shape[0]):
        share = 1.0 if row_weights is None else row_weights[i]
        for t in range(H.shape[0]):
            slope, curve = share * (l1 + l2 * W[i, t]), share * l2
            for j in range(X.shape[1]):
                if V[i, j] > 0:
                    slope += V[i, j] * (float(W[i] @ H[:, j]) - X[i, j]) * H[t, j]
                    curve += V[i, j] * H[t, j] ** 2
            if curve > 0:
                W[i, t] = max(W[i, t] - slope / curve, 0.0)
        loss += share * (l1 * W[i].sum() + 0.5 * l2 * float(W[i] @ W[i]))
        for j in range(X.shape[1]):
            if V[i, j] > 0:
                loss += 0.5 * V[i, j] * (float(W[i] @ H[:, j]) - X[i, j]) ** 2
    return W, loss


def observed_step(X, V, W, H, l1=0.0, l2=0.0):
    """One multiplicative step over W, entries weighted by V, zero being missing."""
    W, Z = W.copy(), W @ H
    for i in range(X.shape[0]):
        for t in range(H.shape[0]):
            up = down = 0.0
            for j in range(X.shape[1]):
                if V[i, j] > 0:
                    up += V[i, j] * X[i, j] / Z[i, j] * H[t, j] if X[i, j] > 0 else 0.0
                    down += V[i, j] * H[t, j]
            up, down = up * W[i, t], down + l1
            W[i, t] = (math.sqrt(down**2 + 4 * l2 * up) - down) / (2 * l2) if l2 > 0 else up / down
    return W


def observed_divergence(X, V, W, H):
    total = 0.0
    for i in range(X.shape[0]):
        for j in range(X.shape[1]):
            if V[i, j] > 0:
                z = float(W[i] @ H[:, j])
                total += V[i, j] * (z - X[i, j] + (X[i, j] * math.log(X[i, j] / z) if X[i, j] > 0 else 0.0))
    return total


def incremental(X, theta, phi, parts, n_passes, n_iter):
    """Incremental EM over slices of rows: theta, phi, and the free energy after every step of it.

    The free energy is that of shares q of the components in every entry; it is the negative log-likelihood where q is
    p(t|i,j) of the present theta and phi.
    """
    theta, phi, q, energies = theta.copy(), phi.copy(), np.zeros((*X.shape, phi.shape[0])), []

    def energy():
        total = 0.0
        for i in range(X.shape[0]):
            for j in range(X.shape[1]):
                for t in range(phi.shape[0]):
                    if X[i, j] > 0 and q[i, j, t] > 0:
                        total -= X[i, j] * q[i, j, t] * math.log(theta[i, t] * phi[t, j] / q[i, j, t])
        return total

    def shares(i, j):
        joint = theta[i] * phi[:, j]
        return joint / joint.sum()

    for iteration in range(n_iter):
        for rows in parts:
            for i in rows:
                for _ in range(n_passes):
                    counts = sum(X[i, j] * shares(i, j) for j in range(X.shape[1]))
                    theta[i] = counts / counts.sum()
                for j in range(X.shape[1]):
                    q[i, j] = shares(i, j)
            if iteration > 0 or rows is parts[-1]:
                counts = np.einsum("ij,ijt->tj", X, q)
                phi = counts / counts.sum(axis=1, keepdims=True)
                energies.append(energy())
    return theta, phi, energies
