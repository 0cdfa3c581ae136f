"""Build the bundled corpora that are counts: Debian packages and State of the Union addresses.

Usage::

    python tools/build_counts.py SOURCE [TARGET]

``SOURCE`` has the folders ``debian_packages`` and ``sotu``. ``TARGET`` is the folder of the package data, by default
that of this checkout. It gets, for each corpus, ``NAME.npz`` (matrices) and ``NAME.json.gz`` (what is text).

*Debian packages.* Read are ``docs_en.jsonl.xz`` (``package``, ``source`` and ``text`` of every row), ``labels.txt.gz``
(sections), ``tags.jsonl.gz``, ``depends.jsonl.gz``, and the counts and vocabularies of all languages. A package is
taken if it has tags and is translated into the first three languages; of those of one source package the one of its
name, or else the first. Kept are words of at least three of these packages and, in translations, of at most a tenth.

*State of the Union.* Read are ``docs.jsonl.xz`` (``president``, ``year``, ``party``, ``type``), and the counts, the
vocabulary and the addresses of the paragraphs. All of it is kept.
"""

import argparse
import gzip
import json
import lzma
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix, load_npz

LANGUAGES = ("it", "fr", "de", "pt_BR", "ru")
NEEDED = ("it", "fr", "de")
MIN_DF, MAX_DF = 3, 0.1


def read_lines(path):
    opener = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    with opener(path, "rt", encoding="utf-8") as lines:
        return lines.read().splitlines()


def read_objects(path):
    return [json.loads(line) for line in read_lines(path)]


def choose(documents, tags, translated):
    """Return the rows, ascending."""
    row_of = {}
    for row in np.flatnonzero(translated):
        package, source = documents[row]["package"], documents[row]["source"]
        if tags[row] and (source not in row_of or package == source):
            row_of[source] = row
    return np.array(sorted(row_of.values()))


def reduce_columns(counts, vocabulary, min_df, max_df):
    """Return counts and vocabulary of the words that are in enough documents, and in few enough."""
    n_docs = np.count_nonzero(np.diff(counts.indptr))
    df = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = np.flatnonzero((df >= min_df) & (df <= max_df * n_docs))
    return counts[:, kept], [vocabulary[column] for column in kept]


def compact(counts, name):
    """Return the arrays of a CSR matrix as they are stored: the columns as differences modulo 2 ** 16."""
    counts = counts.copy()
    counts.sort_indices()
    if counts.shape[1] > 2**16 or counts.data.max() > 255:
        raise SystemExit(f"{name} does not fit: {counts.shape[1]} columns, counts up to {counts.data.max()}.")
    columns = counts.indices.astype(np.uint16)
    return {
        f"{name}_indptr": counts.indptr.astype(np.int32),
        f"{name}_steps": np.diff(columns, prepend=np.uint16(0)),
        f"{name}_data": counts.data.astype(np.uint8),
    }


def depend(rows, documents, depends):
    """Return links[i, j] = 1 if package i depends on any package of the source of package j, i != j."""
    place = {documents[row]["source"]: i for i, row in enumerate(rows)}
    source_of = {document["package"]: document["source"] for document in documents}
    pairs = {
        (i, place[source_of[name]])
        for i, row in enumerate(rows)
        for name in depends[row]
        if place.get(source_of.get(name), i) != i
    }
    heads, tails = np.array(sorted(pairs)).T
    return csr_matrix((np.ones(len(pairs), dtype=np.uint8), (heads, tails)), shape=(rows.size, rows.size))


def build_debian_packages(source):
    documents, sections = read_objects(source / "docs_en.jsonl.xz"), read_lines(source / "labels.txt.gz")
    tags = [[tag for tag in row if not tag.endswith("::TODO")] for row in read_objects(source / "tags.jsonl.gz")]
    matrices = {"en": load_npz(source / "counts.npz").tocsr()}
    matrices |= {language: load_npz(source / f"counts_{language}.npz").tocsr() for language in LANGUAGES}
    translated = np.all([np.diff(matrices[language].indptr) > 0 for language in ("en", *NEEDED)], axis=0)
    rows = choose(documents, tags, translated)
    arrays, vocabularies = {}, {}
    for language, counts in matrices.items():
        file = "vocab.txt" if language == "en" else f"vocab_{language}.txt"
        vocabulary, max_df = read_lines(source / file), 1.0 if language == "en" else MAX_DF
        counts, vocabularies[language] = reduce_columns(counts[rows], vocabulary, MIN_DF, max_df)
        arrays |= compact(counts, language)
    arrays |= compact(depend(rows, documents, read_objects(source / "depends.jsonl.gz")), "links")
    side = {
        "feature_names": vocabularies,
        "names": [documents[row]["package"] for row in rows],
        "titles": [documents[row]["text"].split("\n")[0].strip() for row in rows],
        "sections": [sections[row] for row in rows],
        "tags": [tags[row] for row in rows],
    }
    return arrays, side


def build_sotu(source):
    documents = read_objects(source / "docs.jsonl.xz")
    arrays = compact(load_npz(source / "counts_paragraphs.npz").tocsr(), "paragraphs")
    address = np.array(read_lines(source / "paragraph_doc.txt"), dtype=int)
    arrays["lengths"] = np.bincount(address, minlength=len(documents)).astype(np.int32)
    if (np.diff(address) < 0).any():
        raise SystemExit("The paragraphs must be in the order of the addresses.")
    side = {key: [document[key] for document in documents] for key in ("president", "year", "party", "type")}
    return arrays, {"feature_names": read_lines(source / "vocab_paragraphs.txt"), **side}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    default = Path(__file__).parents[1] / "skartm" / "datasets" / "data"
    parser.add_argument("target", type=Path, nargs="?", default=default)
    arguments = parser.parse_args()
    for name, build in (("debian_packages", build_debian_packages), ("sotu", build_sotu)):
        arrays, side = build(arguments.source / name)
        np.savez_compressed(arguments.target / f"{name}.npz", **arrays)
        text = json.dumps(side, ensure_ascii=False, separators=(",", ":"))
        (arguments.target / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
