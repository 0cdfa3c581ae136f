"""Corpora as benchmark problems: counts split into training and held-out documents.

A problem is a folder ``DIR/<name>`` with ``counts.npz`` (a scipy CSR matrix, documents x vocabulary, non-negative
whole counts) and ``vocab.txt`` (one word a line). Any such folder is a problem; :data:`DESCRIPTIONS` only says what the
usual ones are good for.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp

DESCRIPTIONS = {
    "peps": "Python Enhancement Proposals: few, long documents (bundled with skartm)",
    "ng20": "20 Newsgroups: the usual middle-sized corpus",
    "kos": "KOS blog entries (UCI): small",
    "nips_uci": "NIPS papers (UCI): long documents",
    "imdb": "film reviews: 100,000 documents, throughput",
    "poetry_zh": "Chinese poems, one character a token: 180,000 short documents, throughput",
}
BUNDLED = "peps"
SPLIT_SEED = 1


@dataclass(frozen=True)
class Problem:
    """One corpus, split.

    Attributes
    ----------
    name : str
    train, test : csr_matrix of shape (n_docs, n_tokens), int32 counts
        No empty document; every column has at least one training token.
    n_unseen : int
        Held-out tokens that were removed because their word never occurs in a training document.
    """

    name: str
    train: sp.csr_matrix
    test: sp.csr_matrix
    n_unseen: int

    def summary(self) -> str:
        """Return one line with the sizes."""
        return (
            f"{self.name}: {self.train.shape[0]} training documents, {self.train.shape[1]} words, {self.train.nnz} "
            f"non-zeros, {int(self.train.sum())} tokens; {self.test.shape[0]} held-out documents, "
            f"{int(self.test.sum())} tokens ({self.n_unseen} of unseen words removed)"
        )


def data_folder(given: str | None = None) -> Path:
    """Return the folder of corpora: the argument, ``SKARTM_DATA``, or ``../shared/data`` beside the repository."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(given or os.environ.get("SKARTM_DATA") or default)


def read_counts(name: str, folder: Path) -> sp.csr_matrix:
    """Read the counts of one corpus; the bundled one comes with skartm when the folder does not have it.

    Raises
    ------
    FileNotFoundError
        If the corpus is neither in `folder` nor bundled.
    """
    path = folder / name / "counts.npz"
    if path.exists():
        return sp.csr_matrix(sp.load_npz(path))
    if name == BUNDLED:
        from skartm.datasets import load_peps

        # the bundled rows are in the order of the text: the same word may stand more than once in a row
        counts = sp.csr_matrix(load_peps().data)
        counts.sum_duplicates()
        return counts
    raise FileNotFoundError(f"no problem {name!r}: {path} does not exist; give --data or set SKARTM_DATA.")


def split_documents(counts, test_share: float = 0.1, seed: int = SPLIT_SEED, max_test_docs: int | None = 2000):
    """Split the non-empty documents, at random but always the same way for one seed.

    Parameters
    ----------
    counts : csr_matrix of shape (n_docs, n_tokens)
    test_share : float
        Share of the documents that is held out.
    max_test_docs : int or None
        Keep at most this number of held-out documents: the evaluation of a huge corpus needs no more. The training
        part does not depend on it.

    Returns
    -------
    train, test : csr_matrix
    """
    counts = counts[np.flatnonzero(np.asarray(counts.sum(axis=1)).ravel() > 0)]
    order = np.random.default_rng(seed).permutation(counts.shape[0])
    n_test = round(test_share * counts.shape[0])
    kept = order[:n_test] if max_test_docs is None else order[: min(n_test, max_test_docs)]
    return counts[np.sort(order[n_test:])], counts[np.sort(kept)]


def load_problem(name: str, folder: Path, seed: int = SPLIT_SEED, max_test_docs: int | None = 2000) -> Problem:
    """Read, split and reduce one corpus.

    The vocabulary is that of the training documents: words seen only in held-out documents are removed for every
    library alike, so that no library is paid or punished for the way in which it treats a word it has never seen.
    """
    counts = read_counts(name, folder).astype(np.int32)
    counts.eliminate_zeros()
    counts.sort_indices()
    train, test = split_documents(counts, seed=seed, max_test_docs=max_test_docs)
    seen = np.flatnonzero(np.asarray(train.sum(axis=0)).ravel() > 0)
    n_before = int(test.sum())
    train, test = train[:, seen], test[:, seen]
    test = test[np.flatnonzero(np.asarray(test.sum(axis=1)).ravel() > 0)]
    return Problem(name, sp.csr_matrix(train), sp.csr_matrix(test), n_before - int(test.sum()))
