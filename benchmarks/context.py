"""ContextARTM and ARTMTransformer on the same texts: CPU time of a pass, and the perplexity of words left out.

python benchmarks/context.py
python benchmarks/context.py --problem peps --topics 50

(a) A training pass: one layer of moving averages over the tokens in their order, against ten inner passes
(``max_doc_iter=10, doc_tol=0``) over the counts of the same tokens, by the engine of both, in one process and one
thread. The models take turns; the figure is the median of the turns, the first of each not counted.

(b) Contexts of several lengths, with the word itself in them or not: perplexity of training texts with the contexts of
training ("training"), of held-out texts with the same contexts ("plain"), and of held-out texts when every word is left
out of its own context ("left out"). Beside them ARTM: in training, and of one half of every held-out text given the
other. Texts of "ng20" are messages without headers and quoted lines, words those of its vocabulary; "peps" is bundled.
"""

from __future__ import annotations

import argparse
import json
import lzma
import time
from statistics import median

import numpy as np
from problems import data_folder
from threadpoolctl import threadpool_limits

from skartm import ARTMTransformer, ContextARTM
from skartm.datasets import load_peps
from skartm.feature_extraction import SequenceVectorizer
from skartm.metrics import coherence, sparsity, topic_diversity

LAYERS = ((1, True), (1, False), (2, False))
LONGEST = 1000  # leaving words out of more than one layer takes time with the square of the length


def arguments(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", default="ng20", choices=["ng20", "peps"])
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7, help="counted turns of each model")
    parser.add_argument("--gammas", default="0.02,0.05,0.1,0.2")
    parser.add_argument("--iterations", type=int, default=40, help="passes of part (b); 0 leaves it out")
    parser.add_argument("--data", help="folder of corpora (default: $SKARTM_DATA, ../shared/data)")
    return parser.parse_args(argv)


def unquoted(message: str) -> str:
    """The body without lines that quote another message."""
    lines = message.partition("\n\n")[2].splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith((">", "|", ":")))


def sequences(options):
    """Texts in their order, one row each."""
    if options.problem == "peps":
        return load_peps().data
    folder = data_folder(options.data) / "ng20"
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").split()
    vectorizer = SequenceVectorizer(vocabulary=vocabulary, token_pattern="[a-z]+")
    with lzma.open(folder / "docs.jsonl.xz", "rt", encoding="utf-8") as lines:
        return vectorizer.fit_transform([unquoted(json.loads(line)["text"]) for line in lines])


def counts_of(X):
    """The bag of words of the same tokens."""
    counts = X.copy()
    counts.sum_duplicates()
    return counts


class Turn:
    """Passes of one model, one a call; the data are prepared in the first."""

    def __init__(self, model, X):
        model._check_parameters()
        layout = model._layout(X, n_docs=X.shape[0])
        self.engine = model._engine(layout, warm=False)
        self.batches = model._batches(X, None, layout, online=False)
        self.state = model._start(layout, self.batches, warm=False)

    def __call__(self) -> float:
        """CPU seconds of a pass."""
        start = time.process_time()
        self.engine.offline_pass(self.batches, self.state)
        return time.process_time() - start


def pass_times(X, options) -> None:
    """Part (a)."""
    common = {"random_state": 0, "n_jobs": 1}
    turns = {
        "ARTM, 10 inner passes": Turn(
            ARTMTransformer(options.topics, max_doc_iter=10, doc_tol=0, **common), counts_of(X)
        ),
        "context": Turn(ContextARTM(options.topics, own_word=True, **common), X),
        "context, own word left out": Turn(ContextARTM(options.topics, **common), X),
        "context, 2 layers": Turn(ContextARTM(options.topics, n_layers=2, **common), X),
        "context, window of 10": Turn(ContextARTM(options.topics, context="window", window=10, **common), X),
    }
    seconds = {name: [] for name in turns}
    for turn in range(options.rounds + 1):
        for name, one_pass in turns.items():
            passed = one_pass()
            if turn > 0:
                seconds[name].append(passed)
    base = median(seconds["ARTM, 10 inner passes"])
    print(f"{'a training pass':28} {'CPU s':>8} {'lowest':>8} {'highest':>8} {'x ARTM':>7}")
    for name, values in seconds.items():
        print(f"{name:28} {median(values):8.3f} {min(values):8.3f} {max(values):8.3f} {median(values) / base:7.2f}")


def perplexities(X, options) -> None:
    """Part (b)."""
    order = np.random.default_rng(0).permutation(X.shape[0])
    n_held_out = X.shape[0] // 10
    test, train = X[np.sort(order[:n_held_out])], X[np.sort(order[n_held_out:])]
    test = test[np.diff(test.indptr) < LONGEST]
    counts = counts_of(train)
    common = {"max_iter": options.iterations, "tol": 0, "random_state": 0, "n_jobs": 1}
    print(f"{test.shape[0]} held-out texts of fewer than {LONGEST} tokens")
    print(f"{'model':28} {'training':>9} {'plain':>9} {'left out':>10} {'NPMI':>6} {'diversity':>9} {'zeros':>6}")

    def line(name, model, plain, left_out):
        phi = model.components_
        print(
            f"{name:28} {model.history_['perplexity'][-1]:9.0f} {plain:>9} {left_out:>10} "
            f"{coherence(phi, counts):6.3f} {topic_diversity(phi):9.2f} {sparsity(phi):6.2f}", flush=True
        )  # fmt: skip

    model = ARTMTransformer(options.topics, **common).fit(counts)
    line("ARTM (half given half)", model, "-", f"{model.perplexity(test):.0f}")
    for n_layers, own_word in LAYERS:
        for gamma in map(float, options.gammas.split(",")):
            model = ContextARTM(options.topics, gamma=gamma, n_layers=n_layers, own_word=own_word, **common).fit(train)
            word, layers = "in" if own_word else "out", "1 layer" if n_layers == 1 else f"{n_layers} layers"
            plain = f"{model.perplexity(test, evaluation='plain'):.0f}"
            line(f"gamma {gamma:4.2f}, {layers}, own {word}", model, plain, f"{model.perplexity(test):.0f}")


def main(argv=None) -> None:
    """Print both tables."""
    options = arguments(argv)
    X = sequences(options)
    print(f"{options.problem}: {X.shape[0]} texts, {X.nnz} tokens, {counts_of(X).nnz} counts, T = {options.topics}")
    with threadpool_limits(1):
        pass_times(X, options)
        if options.iterations:
            perplexities(X, options)


if __name__ == "__main__":
    main()
