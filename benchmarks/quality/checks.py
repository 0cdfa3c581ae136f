"""The scores of ``topic_quality.py`` beside slower or other ways to compute them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from evaluation import DocumentCompletion, floored

from quality.corpora import load_corpus
from quality.measuring import matched_jaccard
from quality.scores import LABEL_MASS, diversity, fold_in, npmi, top_words


def document_by_document(phi, completion: DocumentCompletion) -> float:
    """Return the perplexity by the fold-in of one document after the other."""
    phi_wt = np.ascontiguousarray(floored(phi, completion.phi_floor).T)
    observed, held_out = completion.observed, completion.held_out
    log_likelihood = 0.0
    for d in range(observed.shape[0]):
        row = slice(observed.indptr[d], observed.indptr[d + 1])
        theta = completion.fold_in(phi_wt, observed.indices[row], observed.data[row])
        row = slice(held_out.indptr[d], held_out.indptr[d + 1])
        log_likelihood += held_out.data[row] @ np.log(phi_wt[held_out.indices[row]] @ theta)
    return float(np.exp(-log_likelihood / held_out.sum()))


def self_check(folder: Path, name: str = "jss") -> None:
    """Compare perplexities, theta, NPMI, diversity and matching; raise where they differ."""
    from skartm.metrics import coherence, topic_diversity

    corpus = load_corpus(name, folder)
    generator = np.random.default_rng(0)
    phi = generator.dirichlet(np.full(corpus.train.shape[1], 0.05), 12)
    settings = [(3.0, 1e-4), (0.0, 1e-4), (0.3, 0.1)]
    batched = DocumentCompletion(corpus.test).perplexities(phi, settings)
    one_by_one = [DocumentCompletion(corpus.test, mass, phi_floor=floor) for mass, floor in settings]
    slow = [document_by_document(phi, completion) for completion in one_by_one]
    np.testing.assert_allclose(batched, slow, rtol=1e-10)

    completion = DocumentCompletion(corpus.test, LABEL_MASS)
    phi_wt = floored(phi).T
    row = corpus.test[3]
    np.testing.assert_allclose(
        fold_in(phi, corpus.test)[3], completion.fold_in(phi_wt, row.indices, row.data), rtol=1e-8, atol=1e-12
    )

    words = top_words(phi)
    np.testing.assert_allclose(npmi(words, corpus.test), coherence(words, corpus.test, n_top=10), rtol=1e-10)
    np.testing.assert_allclose(diversity(words), topic_diversity(phi, n_top=25), rtol=1e-12)
    assert matched_jaccard(words, words[::-1]) == 1.0
    print("perplexities, theta, NPMI, diversity and matching agree")
