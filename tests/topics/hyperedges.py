"""Hyperedges that are generated from known topics."""

import numpy as np
from sklearn.utils import Bunch


def make_edges(n_containers=100, n_edges=40, n_topics=4, sizes=None, *, alpha=0.2, beta=0.1, seed=0):
    """Edges of one vertex a modality (``sizes``: name to number of vertices), all of one topic of the container.

    ``edges`` has the columns container, vertex, vertex, ...; ``components`` the true phi, modality by modality.
    """
    rng = np.random.default_rng(seed)
    sizes = {"film": 30, "genre": 12} if sizes is None else sizes
    phi = [rng.dirichlet(np.full(size, beta), size=n_topics) for size in sizes.values()]
    theta = rng.dirichlet(np.full(n_topics, alpha), size=n_containers)
    rows = []
    for container in range(n_containers):
        for topic in rng.choice(n_topics, size=n_edges, p=theta[container]):
            rows.append([container, *(rng.choice(part.shape[1], p=part[topic]) for part in phi)])
    return Bunch(edges=np.array(rows), components=np.hstack(phi), doc_topic=theta, sizes=sizes)


def make_sentences(n_documents=60, n_sentences=20, length=12, n_tokens=60, n_topics=4, *, seed=0):
    """Sentences of one topic each; ``X`` has a row for each, ``groups`` its document, ``topics`` its topic."""
    rng = np.random.default_rng(seed)
    phi = rng.dirichlet(np.full(n_tokens, 0.1), size=n_topics)
    theta = rng.dirichlet(np.full(n_topics, 0.3), size=n_documents)
    topics = np.concatenate([rng.choice(n_topics, size=n_sentences, p=p) for p in theta])
    X = np.array([rng.multinomial(length, phi[topic]) for topic in topics])
    return Bunch(X=X, groups=np.repeat(np.arange(n_documents), n_sentences), topics=topics, components=phi)
