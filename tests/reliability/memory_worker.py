"""Options of models on a matrix on disk: prints for each by how many kilobytes memory grew at most."""

import os
import re
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np

from skartm import LDA, PLSA, ARTMClassifier, ARTMTransformer, AuthorTopic, ContextARTM, ThetalessARTM
from skartm.datasets import open_memmap
from skartm.regularizers import Decorrelation, SmoothSparseTheta

COMMON = {"n_components": 4, "max_iter": 1, "random_state": 0, "n_jobs": 1}
ENGINE = {**COMMON, "tol": 0, "max_doc_iter": 2}
PLAIN = {**COMMON, "tol": 0}
MODALITIES = {"even": slice(0, 400, 2), "odd": slice(1, 400, 2)}


def authors(X):
    return np.arange(X.shape[0]) % 7


OPTIONS = {
    "fit": lambda X: PLSA(**ENGINE).fit(X),
    "online": lambda X: PLSA(**ENGINE, learning_method="online").fit(X),
    "partial_fit": lambda X: PLSA(**ENGINE).partial_fit(X),
    "warm start": lambda X: PLSA(**ENGINE, warm_start=True).fit(X).fit(X),
    "validation_fraction": lambda X: PLSA(**ENGINE, validation_fraction=0.1).fit(X),
    "validation_fraction, fold_in": lambda X: PLSA(**ENGINE, validation_fraction=0.1, evaluation="fold_in").fit(X),
    "score": lambda X: PLSA(**ENGINE).fit(X[:300]).score(X),
    "perplexity, fold_in": lambda X: PLSA(**ENGINE, evaluation="fold_in").fit(X[:300]).perplexity(X),
    "transform": lambda X: PLSA(**ENGINE).fit(X[:300]).transform(X),
    "sample_weight": lambda X: PLSA(**ENGINE).fit(X, sample_weight=np.ones(X.shape[0])),
    "float64": lambda X: PLSA(**ENGINE, dtype="float64").fit(X),
    "modalities": lambda X: ARTMTransformer(**ENGINE, modalities=MODALITIES, modality_weights={"odd": 2.0}).fit(X),
    "main_modality": lambda X: ARTMTransformer(**ENGINE, modalities=MODALITIES, main_modality="even").fit(X),
    "regularizers": lambda X: ARTMTransformer(
        **ENGINE, regularizers=[("d", Decorrelation(0.1)), ("t", SmoothSparseTheta(0.1))]
    ).fit(X),
    "ThetalessARTM": lambda X: ThetalessARTM(**PLAIN).fit(X),
    "ThetalessARTM, validation": lambda X: ThetalessARTM(**PLAIN, validation_fraction=0.1).fit(X),
    "LDA": lambda X: LDA(**COMMON, max_doc_update_iter=2).fit(X),
    "LDA, map": lambda X: LDA(**COMMON, inference="map", max_doc_update_iter=2).fit(X).score(X),
    "AuthorTopic": lambda X: AuthorTopic(**PLAIN, max_doc_iter=2).fit(X, authors=authors(X)),
    "AuthorTopic, validation": lambda X: AuthorTopic(**PLAIN, max_doc_iter=2, validation_fraction=0.1).fit(
        X, authors=authors(X)
    ),
    "ARTMClassifier": lambda X: ARTMClassifier(**ENGINE).fit(X, authors(X)),
    "ContextARTM": lambda X: ContextARTM(**PLAIN, batch_size=256).fit(X),
    "ContextARTM, validation": lambda X: ContextARTM(**PLAIN, validation_fraction=0.1).fit(X),
}


def anonymous():
    """Kilobytes that are not pages of files."""
    return int(re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())[1])


class Peak:
    """The largest value while something runs."""

    def __enter__(self):
        self.value, self._stop = anonymous(), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def _look(self):
        while not self._stop.is_set():
            self.value = max(self.value, anonymous())
            time.sleep(0.001)

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()


def growth(small, large, name):
    """The two peaks of an option, as text."""
    peaks = []
    for folder in (small, small, large):  # what is allocated once is there after the first run
        X = open_memmap(folder)
        before = anonymous()
        with Peak() as peak:
            OPTIONS[name](X)
        peaks.append(peak.value - before)
    return f"{peaks[1]} {peaks[2]}\n"


def main():
    """Try every option in a fork of its own, so that none finds memory that another has left, nor imports again."""
    warnings.simplefilter("ignore")
    small, large, *names = sys.argv[1:]
    for name in names:
        child = os.fork()
        if child == 0:
            sys.stdout.write(growth(small, large, name))
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            sys.exit(f"{name}: status {status}")


if __name__ == "__main__":
    main()
