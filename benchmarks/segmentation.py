"""Boundaries of segments: ContextARTM and the TextTiling of nltk on the documents of Choi (2000).

python benchmarks/segmentation.py

A document is ten (some: nine to fourteen) stretches from different texts, each of so many sentences. All methods know
where sentences end and cut there. TextTiling gets the documents with sentences as paragraphs; its boundaries, which
are between runs of w words, are moved to the nearest end of a sentence here, for its own ``tokenize`` counts commas
that stand apart as words of the text, but not of the runs, and knows no paragraphs of less than 100 characters (rows
"as tokenize returns it"). "Words in place of topics" is ContextARTM with a topic for each word, p(t|w) = 1 of itself:
the same contexts and cuts without a model. None is told the number of segments; the rows "number known" tell it to the
model. Figures are means over the documents of Pk and WindowDiff of nltk, lower is better, in sentences, with half of
the document's mean segment as window.

Topics are learned without boundaries (a) from all the 920 documents themselves, in which the same stretches come back
in other company, so that the model has seen them all; and (b) from other texts, messages of 20 Newsgroups, over the
words that both have. Parameters of both methods are those that are best on the other sets (3-5, 6-8, 9-11): all of a
small grid are printed with ``--grid``.
"""

from __future__ import annotations

import argparse
import itertools
import json
import lzma
import re
import time

import numpy as np
from context import unquoted
from nltk.metrics.segmentation import pk, windowdiff
from nltk.tokenize.texttiling import TextTilingTokenizer
from problems import data_folder
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from skartm import ContextARTM
from skartm.feature_extraction import SequenceVectorizer

TILES = [(20, 10), (20, 5), (20, 3), (30, 5), (10, 10)]  # w, k; the first are the defaults of nltk
GAMMAS, THRESHOLDS = (0.03, 0.05, 0.1), (-1.0, -0.5, 0.0)


def arguments(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="3-11", help="sentences of a segment in the documents that are judged")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--gamma", type=float, default=0.05, help="of training")
    parser.add_argument("--iterations", type=int, default=40)
    parser.add_argument("--tuning", type=int, default=45, help="documents of other sets that choose the parameters")
    parser.add_argument("--seeds", type=int, default=3, help="starts of phi")
    parser.add_argument("--grid", action="store_true", help="print all that was tried")
    parser.add_argument("--data", help="folder of corpora (default: $SKARTM_DATA, ../shared/data)")
    return parser.parse_args(argv)


def read(path):
    """Records of a compressed file of JSON lines."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


class Documents:
    """Sentences, and which of them begin a segment (the first one aside)."""

    def __init__(self, records):
        self.sentences = [[sentence for part in record["segments"] for sentence in part] for record in records]
        self.sets = np.array([record["range"] for record in records])
        self.reference = []
        for record in records:
            begins = np.cumsum([len(part) for part in record["segments"]])[:-1]
            self.reference.append(np.isin(np.arange(1, len(self.sentences[len(self.reference)])), begins))

    def judge(self, found, chosen) -> tuple[float, float]:
        """Mean Pk and WindowDiff of ``found``, a mask over the inner sentences for each of the documents."""
        errors = []
        for d in chosen:
            truth, guess = ("".join("01"[int(cut)] for cut in cuts) for cuts in (self.reference[d], found[d]))
            window = max(round((len(truth) + 1) / (truth.count("1") + 1) / 2), 2)
            errors.append((pk(truth, guess, window), windowdiff(truth, guess, window)))
        return tuple(np.mean(errors, axis=0))


def text_of(sentences):
    """Every sentence a paragraph."""
    return "\n\n".join(sentences)


def returned(sentences, w, k):
    """Cuts at the ends of the parts that TextTiling returns; none where it finds no text to work with."""
    try:
        parts = TextTilingTokenizer(w=w, k=k, stopwords=set(ENGLISH_STOP_WORDS)).tokenize(text_of(sentences))
    except ValueError:
        return np.zeros(len(sentences) - 1, dtype=bool)
    ends = np.cumsum([len(sentence) + 2 for sentence in sentences])  # a cut may be before or after the empty line
    cuts = np.cumsum([len(part) for part in parts])[:-1]
    nearest = np.abs(ends[:, None] - cuts).argmin(axis=0)
    return np.isin(np.arange(len(sentences) - 1), nearest)


def tiles(sentences, w, k):
    """Cuts of TextTiling at the ends of sentences that are nearest to its boundaries."""
    tokenizer = TextTilingTokenizer(w=w, k=k, stopwords=set(ENGLISH_STOP_WORDS), demo_mode=True)
    try:
        *_, boundaries = tokenizer.tokenize(text_of(sentences))
    except ValueError:
        return np.zeros(len(sentences) - 1, dtype=bool)
    letters = [re.sub(r"[^a-z\-' \n\t]", "", sentence.lower()) for sentence in sentences]  # what its words are found in
    ends = np.cumsum([len(re.findall(r"\w+", sentence)) for sentence in letters])[:-1]
    cuts = (np.flatnonzero(boundaries) + 1) * w
    nearest = np.abs(ends[:, None] - cuts).argmin(axis=0)
    return np.isin(np.arange(len(sentences) - 1), nearest)


def text_tiling(documents, tuning, chosen, grid):
    """The defaults, and the best of the grid on the documents for tuning."""
    results = {}
    for w, k in TILES:
        found = {d: tiles(documents.sentences[d], w, k) for d in tuning}
        results[w, k] = documents.judge(found, tuning)
        if grid:
            print(f"    TextTiling w={w} k={k}: {results[w, k][0]:.3f} {results[w, k][1]:.3f}", flush=True)
    best = min(results, key=results.get)
    rows = [("", tiles, TILES[0]), (", best", tiles, best), (", as tokenize returns it", returned, TILES[0])]
    for name, cut, (w, k) in rows:
        start = time.process_time()
        found = {d: cut(documents.sentences[d], w, k) for d in chosen}
        seconds = time.process_time() - start
        line(f"TextTiling (nltk), w={w}, k={k}{name}", documents.judge(found, chosen), seconds)


class Texts:
    """Documents as token sequences, with the positions at which sentences begin."""

    def __init__(self, documents, vectorizer):
        analyze, vocabulary = vectorizer.build_analyzer(), vectorizer.vocabulary_
        self.X = vectorizer.transform([" ".join(sentences) for sentences in documents.sentences])
        self.begins = []
        for sentences in documents.sentences:
            lengths = [sum(token in vocabulary for token in analyze(sentence)) for sentence in sentences]
            self.begins.append(np.cumsum(lengths)[:-1])

    def segment(self, model, chosen, **options):
        """Masks over the inner sentences."""
        begins = [self.begins[d] for d in chosen]
        found = model.segment(self.X[chosen], candidates=begins, **options)
        return {d: np.isin(begin, cuts) for d, begin, cuts in zip(chosen, begins, found, strict=True)}


def choose(documents, find, tuning, grid):
    """The gamma and the threshold that are best on the documents for tuning."""
    results = {}
    for gamma, threshold in itertools.product(GAMMAS, THRESHOLDS):
        results[gamma, threshold] = documents.judge(find(gamma, threshold), tuning)
        if grid:
            errors = results[gamma, threshold]
            print(f"    gamma {gamma} threshold {threshold}: {errors[0]:.3f} {errors[1]:.3f}", flush=True)
    return min(results, key=results.get)


def words(documents, texts, tuning, chosen, options):
    """The same cuts by the words themselves: as many topics as words of the document, each word its own."""

    def find(gamma, threshold, among):
        found = {}
        for d in among:
            used, places = np.unique(texts.X[d].indices, return_inverse=True)
            X = csr_matrix((texts.X[d].data, places, [0, places.size]), shape=(1, used.size))
            model = ContextARTM(used.size, init=np.eye(used.size), gamma=gamma, own_word=True, max_iter=1, tol=0).fit(X)
            (cuts,) = model.segment(X, threshold=threshold, candidates=[texts.begins[d]])
            found[d] = np.isin(texts.begins[d], cuts)
        return found

    gamma, threshold = choose(documents, lambda *pair: find(*pair, tuning), tuning, options.grid)
    start = time.process_time()
    found = find(gamma, threshold, chosen)
    seconds = time.process_time() - start
    errors = documents.judge(found, chosen)
    line(f"context, words in place of topics; gamma, threshold ({gamma}, {threshold:g})", errors, seconds)


def contexts(name, train, documents, texts, tuning, chosen, options):
    """Learn topics, choose gamma and the threshold, judge."""
    rows, known = [], []
    for seed in range(options.seeds):
        start = time.process_time()
        model = ContextARTM(
            options.topics, gamma=options.gamma, max_iter=options.iterations, tol=0, random_state=seed, n_jobs=1
        ).fit(train)
        seconds = time.process_time() - start

        def find(gamma, threshold, model=model):
            return texts.segment(model.set_params(gamma=gamma), tuning, threshold=threshold)

        gamma, threshold = choose(documents, find, tuning, options.grid)
        start = time.process_time()
        found = texts.segment(model.set_params(gamma=gamma), chosen, threshold=threshold)
        rows.append((*documents.judge(found, chosen), time.process_time() - start, seconds, gamma, threshold))
        numbers = [int(documents.reference[d].sum()) + 1 for d in chosen]
        known.append(documents.judge(texts.segment(model, chosen, n_segments=numbers), chosen))
    best = ", ".join(f"({row[4]}, {row[5]:g})" for row in rows)
    line(f"context, {name}; gamma, threshold {best}", np.mean(rows, axis=0)[:2], np.mean(rows, axis=0)[2])
    line(f"context, {name}; number known", np.mean(known, axis=0), None)
    print(f"    (training: {np.mean(rows, axis=0)[3]:.1f} CPU s; mean of {options.seeds} starts)")


def line(name, errors, seconds) -> None:
    """Print a row."""
    print(f"{name:75} {errors[0]:6.3f} {errors[1]:10.3f} {'' if seconds is None else f'{seconds:8.2f}'}", flush=True)


def main(argv=None) -> None:
    """Print the table."""
    options = arguments(argv)
    folder = data_folder(options.data)
    documents = Documents(read(folder / "choi" / "docs.jsonl.xz"))
    chosen = np.flatnonzero(documents.sets == options.set)
    others = np.flatnonzero(np.isin(documents.sets, [name for name in ("3-5", "6-8", "9-11") if name != options.set]))
    tuning = others[:: max(len(others) // options.tuning, 1)]
    print(f"{chosen.size} documents of the set {options.set}; parameters chosen on {tuning.size} of other sets")
    print(f"{'method':75} {'Pk':>6} {'WindowDiff':>10} {'CPU s':>8}")
    read_as = {"stop_words": "english", "token_pattern": "[a-z]{2,}", "min_df": 2, "max_df": 0.5}
    own = SequenceVectorizer(**read_as).fit([" ".join(sentences) for sentences in documents.sentences])
    texts = Texts(documents, own)
    contexts("topics of these documents", texts.X, documents, texts, tuning, chosen, options)
    words(documents, texts, tuning, chosen, options)
    messages = [unquoted(record["text"]) for record in read(folder / "ng20" / "docs.jsonl.xz")]
    elsewhere = SequenceVectorizer(**{**read_as, "min_df": 10}).fit(messages)
    both = sorted(set(own.vocabulary_) & set(elsewhere.vocabulary_))
    shared = SequenceVectorizer(vocabulary=both, token_pattern=read_as["token_pattern"])
    shared.fit(messages[:1])
    train, texts = shared.transform(messages), Texts(documents, shared)
    contexts("topics of 20 Newsgroups", train, documents, texts, tuning, chosen, options)
    text_tiling(documents, tuning, chosen, options.grid)


if __name__ == "__main__":
    main()
