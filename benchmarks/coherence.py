"""Coherence of 50 topics over 20 Newsgroups in the order of the text: skartm and gensim, CPU time and differences.

python benchmarks/coherence.py

Both get the same topics and the same tokens, in one process and one thread, and take turns measure by measure. gensim
counts in the order of the texts it is given, lists of tokens; skartm is timed on a matrix and on those lists.
"""

from __future__ import annotations

import argparse
import json
import lzma
import time
from pathlib import Path

import numpy as np
from gensim.corpora import Dictionary
from gensim.models import CoherenceModel
from problems import data_folder
from threadpoolctl import threadpool_limits

from skartm import ARTMTransformer
from skartm.feature_extraction import SequenceVectorizer
from skartm.metrics import coherence, top_tokens

MEASURES = ["u_mass", "c_npmi", "c_uci", "c_v"]


def read_texts(folder: Path) -> list[str]:
    """The messages without their headers."""
    with lzma.open(folder / "ng20" / "docs.jsonl.xz", "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"].partition("\n\n")[2] for line in lines]


def timed(function, repetitions: int = 1):
    """The result and the CPU seconds of the fastest of some calls."""
    seconds = []
    for _ in range(repetitions):
        start = time.process_time()
        result = function()
        seconds.append(time.process_time() - start)
    return result, min(seconds)


def by_gensim(topics, texts, dictionary, measure):
    """The values of gensim; for u_mass it makes counts of the texts first."""
    return CoherenceModel(
        topics=topics, texts=texts, dictionary=dictionary, coherence=measure, topn=len(topics[0]), processes=1
    ).get_coherence_per_topic()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--top", type=int, default=20)
    parser.add_argument("--docs", type=int, default=None, help="only the first so many documents")
    parser.add_argument("--measures", default=",".join(MEASURES))
    parser.add_argument("--data", default=None)
    options = parser.parse_args()

    texts = read_texts(data_folder(options.data))[: options.docs]
    vectorizer = SequenceVectorizer(stop_words="english", token_pattern=r"(?u)\b[^\W\d_]{2,}\b", min_df=10, max_df=0.5)
    X, seconds = timed(lambda: vectorizer.fit_transform(texts))
    names = vectorizer.get_feature_names_out()
    print(f"ng20: {X.shape[0]} documents, {X.shape[1]} words, {X.nnz} tokens; SequenceVectorizer {seconds:.1f} CPU s")
    model = ARTMTransformer(options.topics, max_iter=20, tol=0, random_state=0, n_jobs=1).fit(X)
    lists = [names[X.indices[start:end]].tolist() for start, end in zip(X.indptr[:-1], X.indptr[1:])]
    tokens = top_tokens(model.components_, names, n_top=options.top)
    dictionary = Dictionary()
    dictionary.token2id = {name: column for column, name in enumerate(names)}
    given = {"feature_names": names, "n_top": options.top, "average": False}

    print(f"{'':8s} {'gensim':>9s} {'matrix':>9s} {'ratio':>7s} {'lists':>9s} {'ratio':>7s}  largest difference")
    for measure in options.measures.split(","):
        parameters = {"measure": measure, **given}
        coherence(model.components_, X, **parameters)  # first calls import and allocate
        ours, matrix = timed(lambda: coherence(model.components_, X, **parameters), 3)  # noqa: B023
        _, of_lists = timed(lambda: coherence(model.components_, lists, **parameters), 3)  # noqa: B023
        theirs, gensim = timed(lambda: by_gensim(tokens, lists, dictionary, measure))  # noqa: B023
        difference = np.abs(ours - np.array(theirs)).max()
        print(
            f"{measure:8s} {gensim:8.2f}s {matrix:8.3f}s {gensim / matrix:6.0f}x {of_lists:8.3f}s "
            f"{gensim / of_lists:6.0f}x  {difference:.1e}",
            flush=True,
        )


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
