"""The corpora of ``topic_quality.py``, cut, reduced and split in the same way every time.

1. Empty documents are dropped. A corpus of more than 20,000 documents is cut to a random sample of 20,000, drawn
   without replacement by a fixed seed.
2. The documents are split at random, 80 % for training and 20 % held out, by a fixed seed.
3. The vocabulary is that of the training documents: words that at least 3 of them have. Documents that become empty are
   dropped. So no system is paid or punished for the way in which it treats a word that it has never seen.

No corpus is in both lists: settings are chosen on :data:`DEVELOPMENT`, results are reported on :data:`REPORT`.
"""

from __future__ import annotations

import gzip
import json
import lzma
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.sparse as sp

# every one of these has been looked at while recipes, priors and defaults were chosen
DEVELOPMENT = (
    "ng20",
    "peps",
    "eips",
    "sotu",
    "gitlog",
    "debian_packages",
    "short_stackoverflow",
    "octis_dblp",
    "nips_uci",
    "imdb",
    "reuters395",
    "jss",
)
# these have played no part in any choice
REPORT = ("wordnet", "poetry_zh", "laws_zh", "ap", "choi", "andersen", "kos")

MAX_DOCS = 20_000
MIN_DOCS = 3  # training documents that must have a word
TEST_SHARE = 0.2
CUT_SEED, SPLIT_SEED = 0, 1
MIN_LABEL = 20  # documents that a label must have, or it is none
MIN_MANY = 100  # the same where there are thousands of labels


@dataclass(frozen=True)
class Corpus:
    """One corpus, split.

    Attributes
    ----------
    name : str
    train, test : csr_matrix of shape (n_docs, n_tokens), int32 counts
        No empty document; every column has at least 3 training documents.
    words : ndarray of str of shape (n_tokens,)
    labels : dict of str to pairs of ndarrays of str
        Labels of the training and the held-out documents; "" where a document has none.
    """

    name: str
    train: sp.csr_matrix
    test: sp.csr_matrix
    words: np.ndarray
    labels: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)

    def summary(self) -> str:
        """Return one line with the sizes."""
        sizes = {key: np.unique(train[train != ""]).size for key, (train, _) in self.labels.items()}
        classes = "; ".join(f"{size} labels ({key})" for key, size in sizes.items())
        return (
            f"{self.name}: {self.train.shape[0]} training and {self.test.shape[0]} held-out documents, "
            f"{self.train.shape[1]} words, {self.train.sum() / self.train.shape[0]:.1f} tokens a document; "
            f"{classes or 'no labels'}"
        )


def lines(path: Path) -> list[str]:
    """Read the lines of a text, which may be packed; empty lines are kept."""
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opener(path, "rt", encoding="utf-8") as file:
        return file.read().removesuffix("\n").split("\n")


def lines_of(name: str):
    """Return a reader of one label a line; the commas of several labels are cut after the first."""
    return lambda folder: [line.split(",")[0].strip() for line in lines(folder / name)]


def authors(folder: Path) -> list[str]:
    """Read one author a line."""
    return lines(folder / "authors.txt.gz")


# name of the labels, how they are read, documents that a label must have
LABELS = {
    "ng20": [("newsgroup", lines_of("labels.txt"), MIN_LABEL)],
    "peps": [("topic", lines_of("labels.txt"), MIN_LABEL)],
    "eips": [("category", lines_of("labels.txt"), MIN_LABEL)],
    "gitlog": [("subsystem", lines_of("labels.txt.gz"), MIN_MANY)],
    "debian_packages": [("section", lines_of("labels.txt.gz"), MIN_LABEL)],
    "short_stackoverflow": [("class", lines_of("labels.txt"), MIN_LABEL)],
    "octis_dblp": [("class", lines_of("labels.txt"), MIN_LABEL)],
    "wordnet": [("lexicographer", lines_of("labels.txt.gz"), MIN_LABEL)],
    "poetry_zh": [
        ("dynasty", lines_of("labels.txt.gz"), MIN_LABEL),
        ("author", authors, MIN_MANY),
    ],
    "laws_zh": [("kind", lines_of("labels.txt"), MIN_LABEL)],
}
# files of counts and of words that do not have the usual names
FILES = {"sotu": ("counts_paragraphs.npz", "vocab_paragraphs.txt")}


def read(name: str, folder: Path):
    """Return counts, words and labels (name -> array) of all documents of one corpus.

    Raises
    ------
    FileNotFoundError
        If the corpus is not on this machine.
    """
    counts_name, words_name = FILES.get(name, ("counts.npz", "vocab.txt"))
    path = folder / name / counts_name
    if not path.exists():
        raise FileNotFoundError(f"no corpus {name!r}: {path} does not exist; give --data or set SKARTM_DATA.")
    counts = sp.csr_matrix(sp.load_npz(path)).astype(np.int32)
    counts.sum_duplicates()
    counts.eliminate_zeros()
    words = np.array(lines(folder / name / words_name), dtype=object)
    labels = {key: np.array(reader(folder / name), dtype=object) for key, reader, _ in LABELS.get(name, [])}
    rows = np.asarray(counts.sum(axis=1)).ravel() > 0
    if name == "andersen":
        languages = [json.loads(line)["lang"] for line in lines(folder / name / "docs.jsonl.xz")]
        rows &= np.array(languages) == "en"
    return counts[rows], words, {key: values[rows] for key, values in labels.items()}


def without_rare(labels: np.ndarray, min_docs: int) -> np.ndarray:
    """Return the labels, "" in place of those that fewer than `min_docs` documents have."""
    n = Counter(labels)
    return np.array([label if n[label] >= min_docs else "" for label in labels], dtype=object)


def load_corpus(name: str, folder: Path, max_docs: int = MAX_DOCS) -> Corpus:
    """Read, cut, split and reduce one corpus."""
    counts, words, labels = read(name, folder)
    n_docs = counts.shape[0]
    kept = np.arange(n_docs)
    if n_docs > max_docs:
        kept = np.sort(np.random.default_rng(CUT_SEED).choice(n_docs, max_docs, replace=False))
    order = np.random.default_rng(SPLIT_SEED).permutation(kept.size)
    n_test = round(TEST_SHARE * kept.size)
    parts = [kept[np.sort(order[n_test:])], kept[np.sort(order[:n_test])]]
    columns = np.flatnonzero(np.bincount(counts[parts[0]].indices, minlength=counts.shape[1]) >= MIN_DOCS)
    halves = []
    for i, rows in enumerate(parts):
        half = sp.csr_matrix(counts[rows][:, columns])
        full = np.flatnonzero(np.diff(half.indptr) > 0)
        parts[i], half = rows[full], half[full]
        half.sort_indices()
        halves.append(half)
    both = np.concatenate(parts)
    cut = {key: without_rare(labels[key][both], min_docs) for key, _, min_docs in LABELS.get(name, [])}
    split = {key: (values[: parts[0].size], values[parts[0].size :]) for key, values in cut.items()}
    return Corpus(name, halves[0], halves[1], words[columns], split)
