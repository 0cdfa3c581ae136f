"""Neural topic models beside others: quality of topics, held-out perplexity and time of the fit on 20 Newsgroups.

Official split, the 5,000 words that are in the most training documents, K = 50. NPMI is that of the ten most probable
words, counted in held-out documents; diversity that of 25 (``skartm.metrics``). Perplexity is that of one half of
held-out documents given the other: "EM" with the same EM inference for all models, "own" with their own ``transform``.
Seconds are CPU time of the fit, threads as the environment says, with that of making the vectors of words; those are
made once for all seeds. Rows are mean and standard deviation over seeds. LDA is ``skartm.LDA``, with the results of
scikit-learn's (``lda_equality.py``) in less time.

* table: the models (``--models`` names some of them);
* ablation: what the embedded topic model owes to its options;
* vocabulary: with stop words kept and the vocabulary growing, as in the paper of the embedded topic model: perplexity
  divided by the size of the vocabulary, NPMI and diversity (``--plot FILE`` draws them);
* chinese: topics of the texts of Chinese laws by ARTM and by the embedded topic model, with coherence and diversity
  over training (``--plot FILE`` draws them); needs jieba;
* threads: time of an epoch with one thread of torch and with two.

Examples::

    OMP_NUM_THREADS=1 python benchmarks/neural.py
    OMP_NUM_THREADS=1 python benchmarks/neural.py --only vocabulary --seeds 1 --plot vocabulary.png
    OMP_NUM_THREADS=1 python benchmarks/neural.py --only chinese --components 20
"""

from __future__ import annotations

import argparse
import json
import lzma
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from problems import data_folder, read_counts
from sklearn.datasets._twenty_newsgroups import (
    strip_newsgroup_footer,
    strip_newsgroup_header,
    strip_newsgroup_quoting,
)
from sklearn.feature_extraction.text import CountVectorizer

from skartm import LDA, PLSA, EmbeddedTopicModel, NeuralTopicModel, recipes
from skartm.callbacks import TopicMonitor
from skartm.em import Batches, FreeMixture, Shared, padded
from skartm.feature_extraction import SequenceVectorizer, word_embeddings
from skartm.metrics import coherence, completion_split, perplexity, topic_diversity

_LONGEST, _WINDOW = 40000, 10  # characters of a Chinese text; distance of words that make word vectors
COLUMNS = ("seconds", "NPMI", "diversity", "perplexity, EM", "perplexity, own")
FORMATS = ("{:.1f}", "{:.3f}", "{:.3f}", "{:.0f}", "{:.0f}")


def etm(**parameters) -> Callable:
    def make(k: int, seed: int, data: Data) -> EmbeddedTopicModel:
        return EmbeddedTopicModel(k, embeddings=data.vectors()[0], random_state=seed, inference="encoder", **parameters)

    return make


def etm_glove(k: int, seed: int, data: Data) -> EmbeddedTopicModel:
    return EmbeddedTopicModel(
        k, embeddings=data.glove(), token_names=data.words, random_state=seed, inference="encoder"
    )


MODELS: dict[str, Callable] = {
    "PLSA": lambda k, seed, data: PLSA(k, random_state=seed),
    "LDA online": lambda k, seed, data: LDA(k, learning_method="online", max_iter=10, random_state=seed),
    "LDA batch": lambda k, seed, data: LDA(k, learning_method="batch", max_iter=10, random_state=seed),
    "recipes.interpretable": lambda k, seed, data: recipes.interpretable(k, random_state=seed),
    "recipes.embedded": lambda k, seed, data: recipes.embedded(k, data.vectors()[0], random_state=seed),
    "recipes.embedded GloVe": lambda k, seed, data: recipes.embedded(
        k, data.glove(), token_names=data.words, random_state=seed
    ),
    "NTM": lambda k, seed, data: NeuralTopicModel(k, random_state=seed),
    "ETM": etm(),
    "ETM GloVe": etm_glove,
    "ETM trained": etm(train_embeddings=True),
}
# no vectors, vectors that are given, or vectors that fit makes and that are in its time
WITHOUT_VECTORS = {"PLSA", "LDA online", "LDA batch", "NTM", "ETM GloVe"}
WITHOUT_VECTORS |= {"recipes.interpretable", "recipes.embedded GloVe"}
# one option of the embedded topic model after the other
ABLATION: dict[str, dict] = {
    "defaults": {},
    "batch_norm=False": {"batch_norm": False},
    "init_length=1": {"init_length": 1.0},
    "kl_warmup=0": {"kl_warmup": 0},
    "dropout=0.5": {"dropout": 0.5},
    "learning_rate=0.005": {"learning_rate": 0.005},
    "hidden_layer_sizes=(800, 800)": {"hidden_layer_sizes": (800, 800)},
}


class Data:
    """Training and held-out counts over the words in the most training documents."""

    def __init__(self, train, test, words: list[str], folder: Path) -> None:
        self.folder, self.words = folder, words
        self.train, self.test = (sp.csr_matrix(X)[np.asarray(X.sum(axis=1)).ravel() > 0] for X in (train, test))

    @classmethod
    def of_counts(cls, folder: Path, n_words: int) -> Data:
        X = read_counts("ng20", folder).astype(np.float32)
        split = np.array((folder / "ng20" / "split.txt").read_text().split())
        words = np.array((folder / "ng20" / "vocab.txt").read_text(encoding="utf-8").splitlines())
        train, test = X[split == "train"], X[split == "test"]
        in_documents = np.bincount(train.indices, minlength=X.shape[1])
        columns = np.sort(np.argsort(-in_documents, kind="stable")[:n_words])
        return cls(train[:, columns], test[:, columns], words[columns].tolist(), folder)

    @classmethod
    def of_texts(cls, folder: Path, texts: dict[str, list[str]], min_df: int) -> Data:
        vectorizer = CountVectorizer(min_df=min_df, dtype=np.float32, token_pattern=r"(?u)\b[a-z]{2,}\b")
        train, test = vectorizer.fit_transform(texts["train"]), vectorizer.transform(texts["test"])
        return cls(train, test, vectorizer.get_feature_names_out().tolist(), folder)

    @cache  # noqa: B019
    def glove(self) -> dict[str, np.ndarray]:
        names = (self.folder / "embeddings" / "glove50_words.txt").read_text(encoding="utf-8").splitlines()
        vectors = np.load(self.folder / "embeddings" / "glove50.npz")["vectors"].astype(np.float32)
        wanted = set(self.words)
        return {name: vector for name, vector in zip(names, vectors, strict=True) if name in wanted}

    @cache  # noqa: B019
    def vectors(self) -> tuple[np.ndarray, float]:
        """Vectors that EmbeddedTopicModel makes by default, once for all seeds, and the seconds that it takes."""
        start = time.process_time()
        return word_embeddings(self.train, min(60, len(self.words))), time.process_time() - start

    @cache  # noqa: B019
    def halves(self):
        return completion_split(self.test)

    def __str__(self) -> str:
        return (
            f"{self.train.shape[0]} training documents, {self.train.shape[1]} words, {self.train.nnz} non-zeros; "
            f"{self.test.shape[0]} held-out documents"
        )


def fold_in(phi: np.ndarray, X) -> np.ndarray:
    """theta by ten passes of EM from uniform, which is what EmbeddedTopicModel and PLSA do."""
    mixture = FreeMixture(phi.shape[0], n_passes=10, tol=0.01)
    shared, theta = Shared(padded(phi.T, np.float32), phi.shape[0]), []
    for batch in Batches(X.astype(np.float32), 2048, np.float32):
        theta.append(mixture.expect(shared, batch).theta_dt[:, : phi.shape[0]])
    return np.vstack(theta)


def judged(name: str, make: Callable, k: int, seed: int, data: Data) -> list[float]:
    """The columns, for a model that is fitted here."""
    model = make(k, seed, data)
    start = time.process_time()
    model.fit(data.train)
    seconds = time.process_time() - start
    if name not in WITHOUT_VECTORS:
        seconds += data.vectors()[1]
    phi = model.components_ / model.components_.sum(axis=1, keepdims=True)
    observed, held_out = data.halves()
    npmi = float(coherence(phi, data.test, measure="npmi", n_top=10))
    by_em = perplexity(phi, fold_in(phi, observed), held_out)
    own = perplexity(phi, model.transform(observed.astype(model.components_.dtype)), held_out)
    values = [seconds, npmi, topic_diversity(phi, n_top=25), by_em, own]
    print(f"seed {seed}: {' '.join(form.format(value) for form, value in zip(FORMATS, values))}", file=sys.stderr)
    return values


def rows(models: dict[str, Callable], data: Data, k: int, seeds: int) -> None:
    print(f"\n{data}; {k} topics, {seeds} seeds\n\n| model | " + " | ".join(COLUMNS) + " |")
    print("|---|" + "---|" * len(COLUMNS), flush=True)
    for name, make in models.items():
        values = np.array([judged(name, make, k, seed, data) for seed in range(seeds)])
        cells = [f"{form.format(m)} ± {form.format(s)}" for form, m, s in zip(FORMATS, values.mean(0), values.std(0))]
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def ablation(data: Data, k: int, seeds: int) -> None:
    rows({name: etm(**parameters) for name, parameters in ABLATION.items()}, data, k, seeds)


def texts_of(folder: Path) -> dict[str, list[str]]:
    texts: dict[str, list[str]] = {"train": [], "test": []}
    with lzma.open(folder / "ng20" / "docs.jsonl.xz", "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            text = strip_newsgroup_quoting(strip_newsgroup_header(record["text"]))
            texts[record["split"]].append(strip_newsgroup_footer(text))
    return texts


def vocabulary(folder: Path, k: int, seeds: int, thresholds: list[int], plot: str | None) -> None:
    texts = texts_of(folder)
    models = {name: MODELS[name] for name in ("LDA online", "recipes.interpretable", "ETM")}
    print("| words | model | seconds | perplexity / words | NPMI | diversity |\n|---|---|---|---|---|---|")
    curves: dict[str, list[list[float]]] = {name: [] for name in models}
    for min_df in thresholds:
        data = Data.of_texts(folder, texts, min_df)
        for name, make in models.items():
            values = [judged(name, make, k, seed, data) for seed in range(seeds)]
            seconds, npmi, diversity, by_em, _ = np.mean(values, axis=0)
            n_words = data.train.shape[1]
            curves[name].append([n_words, by_em / n_words, npmi, diversity])
            print(
                f"| {n_words} | {name} | {seconds:.1f} | {by_em / n_words:.4f} | {npmi:.3f} | {diversity:.3f} |",
                flush=True,
            )
    if plot:
        draw(curves, plot, ("perplexity / words", "NPMI, held out", "diversity"), "words", "log")


def draw(curves: dict[str, list[list[float]]], path: str, titles: Sequence[str], label: str, scale: str) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(titles), figsize=(3.4 * len(titles), 3), layout="constrained")
    for name, points in curves.items():
        track = np.array(points)
        for i, axis in enumerate(axes, start=1):
            axis.plot(track[:, 0], track[:, i], marker="o", label=name)
    for axis, title in zip(axes, titles, strict=True):
        axis.set(title=title, xlabel=label, xscale=scale)
        axis.xaxis.set_minor_formatter("")
    axes[0].legend()
    figure.savefig(path, dpi=150)


def cut(text: str) -> list[str]:
    """Chinese words of at least two characters, in their order."""
    import jieba

    return [word for word in jieba.lcut(text) if len(word) > 1 and "\u4e00" <= word[0] <= "\u9fff"]


def chinese(folder: Path, k: int, n_words: int, plot: str | None) -> None:
    """Coherence and diversity over training, on the texts of Chinese laws, which jieba cuts into words."""
    with lzma.open(folder / "laws_zh" / "docs.jsonl.xz", "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"][:_LONGEST] for line in lines]
    vectorizer = SequenceVectorizer(tokenizer=cut, token_pattern=None, max_df=0.5, min_df=10, max_features=n_words)
    X, words = vectorizer.fit_transform(texts), vectorizer.get_feature_names_out()
    order = np.random.RandomState(0).permutation(X.shape[0])
    data = Data(X[order[300:]], X[order[:300]], words.tolist(), folder)
    vectors = word_embeddings(data.train, 60, window=_WINDOW, min_count=5)
    print(f"laws_zh: {data}")
    scores = {"NPMI": lambda model, X: coherence(model.components_, X), "diversity": "diversity"}
    figure_of: dict[str, list[list[float]]] = {}
    models = {
        "recipes.interpretable": recipes.interpretable(k, random_state=0),
        "recipes.embedded": recipes.embedded(k, vectors, random_state=0),
        "ETM": EmbeddedTopicModel(k, embeddings=vectors, random_state=0),
    }
    for name, model in models.items():
        monitor = TopicMonitor(scores, every=5, X=data.test)
        model.set_params(token_names=data.words).set_callbacks(monitor).fit(data.train)
        track = [[row["iteration"], row["NPMI"], row["diversity"]] for row in monitor.data]
        figure_of[name] = track
        print(f"\n{name}\n\n| iteration | NPMI | diversity |\n|---|---|---|")
        print("\n".join(f"| {row[0]:.0f} | {row[1]:.3f} | {row[2]:.3f} |" for row in track))
        print("\n" + "\n".join("- " + " ".join(topic) for topic in model.top_tokens(8)[:8]), flush=True)
    if plot:
        draw(figure_of, plot, ("NPMI, held out", "diversity"), "iteration", "linear")


def threads(data: Data, k: int) -> None:
    import torch

    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        model = etm(max_iter=6)(k, 0, data).fit(data.train)
        print(f"{n_threads} threads of torch: {np.median(model.history_['seconds'][1:]):.2f} s an epoch, wall time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="table", choices=["table", "ablation", "vocabulary", "chinese", "threads"])
    parser.add_argument("--models", default=",".join(MODELS), help="of the table, between commas")
    parser.add_argument("--words", type=int, default=5000)
    parser.add_argument("--components", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--min-df", default="100,30,10,5", help="documents with a word, of vocabulary")
    parser.add_argument("--plot", default=None, help="file for the picture of vocabulary or chinese")
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    folder = data_folder(options.data)
    if options.only == "vocabulary":
        thresholds = [int(value) for value in options.min_df.split(",")]
        vocabulary(folder, options.components, options.seeds, thresholds, options.plot)
        return
    if options.only == "chinese":
        chinese(folder, options.components, options.words, options.plot)
        return
    data = Data.of_counts(folder, options.words)
    if options.only == "table":
        wanted = options.models.split(",")
        rows({name: MODELS[name] for name in MODELS if name in wanted}, data, options.components, options.seeds)
    elif options.only == "ablation":
        ablation(data, options.components, options.seeds)
    else:
        threads(data, options.components)


if __name__ == "__main__":
    main()
