"""Build the bundled corpus of Python Enhancement Proposals.

Usage::

    python tools/build_peps.py SOURCE [TARGET]

``SOURCE`` is a folder with ``docs.jsonl.xz``: one JSON object per proposal and line, in the order of the rows, with the
keys ``id`` ("PEP 8"), ``title``, ``authors``, ``type``, ``status``, ``topic``, ``created`` ("05-Jul-2001") and
``text``. When it also has ``counts.npz`` and ``vocab.txt`` the result is required to equal them. ``TARGET`` is the
folder of the package data, by default the one of this checkout. It gets ``peps.npz`` (token numbers in the order of the
text, links) and ``peps.json.gz`` (everything that is text).
"""

import argparse
import datetime as dt
import gzip
import json
import lzma
import re
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, load_npz
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, CountVectorizer

ADDRESS = re.compile(r"https?://\S+")
WORD = r"[^\W\d_]{2,}"
# The halves of "don't" and "we've", which the list of scikit-learn does not have, and two forms of "do".
CONTRACTIONS = "aren couldn did didn doesn doing don isn ll shouldn ve wasn weren won wouldn"
STOP_WORDS = sorted(ENGLISH_STOP_WORDS.union(CONTRACTIONS.split()))
MIN_DF, MAX_DF = 5, 0.5
# :pep:`8`, :pep:`style guide <8>`, PEP 8, PEP-0008, pep-0008.rst; not pep8, which is a program.
MENTION = re.compile(r":pep:`(?:[^`<]*<)?0*(\d+)|(?<![a-z])peps?[\s_-]+0*(\d+)", re.IGNORECASE)


def read_documents(source):
    with lzma.open(source / "docs.jsonl.xz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def encode(documents):
    """Return the vocabulary and, document by document, the numbers of its tokens in the order of the text."""
    vectorizer = CountVectorizer(token_pattern=WORD, stop_words=STOP_WORDS, min_df=MIN_DF, max_df=MAX_DF)
    texts = [ADDRESS.sub(" ", f"{document['title']}\n{document['text']}") for document in documents]
    vectorizer.fit(texts)
    analyze, number = vectorizer.build_analyzer(), vectorizer.vocabulary_
    rows = [[number[token] for token in analyze(text) if token in number] for text in texts]
    return vectorizer.get_feature_names_out().tolist(), rows


def to_csr(rows, n_columns):
    indptr = np.cumsum([0, *map(len, rows)])
    indices = np.concatenate([np.asarray(row, dtype=np.int32) for row in rows])
    return csr_matrix((np.ones(indices.size, dtype=np.int32), indices, indptr), shape=(len(rows), n_columns))


def link(documents):
    """Count how often the text of proposal i mentions proposal j, leaving out i = j and proposals that are not here."""
    row = {int(document["id"].removeprefix("PEP ")): i for i, document in enumerate(documents)}
    rows = []
    for i, document in enumerate(documents):
        mentioned = [int(role or prose) for role, prose in MENTION.findall(document["text"])]
        rows.append([row[number] for number in mentioned if row.get(number, i) != i])
    links = to_csr(rows, len(documents))
    links.sum_duplicates()
    return links


def check(sequences, vocabulary, source):
    """Raise unless the counts of `sequences` equal the reference counts of the source folder."""
    if not (source / "counts.npz").exists():
        return
    counts = sequences.copy()
    counts.sum_duplicates()
    reference = load_npz(source / "counts.npz").tocsr()
    if vocabulary != (source / "vocab.txt").read_text(encoding="utf-8").split() or (counts != reference).nnz:
        raise SystemExit("The tokens do not reproduce counts.npz and vocab.txt of the source.")


def describe(documents, vocabulary):
    created = [dt.datetime.strptime(document["created"], "%d-%b-%Y").date() for document in documents]
    return {
        "feature_names": vocabulary,
        "numbers": [int(document["id"].removeprefix("PEP ")) for document in documents],
        "titles": [document["title"] for document in documents],
        "authors": [document["authors"] for document in documents],
        "created": [day.isoformat() for day in created],
        "type": [document["type"] for document in documents],
        "status": [document["status"] for document in documents],
        "topics": [(document["topic"] or "").split(", ") if document["topic"] else [] for document in documents],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    default = Path(__file__).parents[1] / "skartm" / "datasets" / "data"
    parser.add_argument("target", type=Path, nargs="?", default=default)
    arguments = parser.parse_args()

    documents = read_documents(arguments.source)
    vocabulary, rows = encode(documents)
    sequences, links = to_csr(rows, len(vocabulary)), link(documents)
    check(sequences, vocabulary, arguments.source)

    arrays = {"indices": sequences.indices.astype(np.uint16), "indptr": sequences.indptr}
    arrays |= {f"link_{name}": getattr(links, name).astype(np.uint16) for name in ("data", "indices", "indptr")}
    np.savez_compressed(arguments.target / "peps.npz", **arrays)
    text = json.dumps(describe(documents, vocabulary), ensure_ascii=False, separators=(",", ":"))
    (arguments.target / "peps.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
