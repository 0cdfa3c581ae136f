"""The systems of ``topic_quality.py``: peers, and models and recipes of skartm.

A system is a function of a :class:`Job` that makes ready what the library eats and returns a function that trains. Only
the training is timed. It returns a :class:`Fitted`: phi, and the words that the system shows where these are not its
most probable ones. ``name@key=value`` replaces a parameter; ``sweeps`` is one of every system that iterates.

To add a system: write such a function, and put it into :data:`PEERS` or :data:`OURS` with its parameters. A recipe of
skartm is one line of :data:`OURS`.
"""

from __future__ import annotations

import ast
import importlib.util
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import scipy.sparse as sp
from libraries import in_column_order, token_lists


@dataclass(frozen=True)
class Job:
    """What a system gets: training counts, sizes, a seed, and its parameters."""

    train: sp.csr_matrix
    n_topics: int
    seed: int
    parameters: dict


@dataclass(frozen=True)
class Fitted:
    """What a system returns.

    Attributes
    ----------
    phi : ndarray of shape (n_topics, n_tokens)
    weights : ndarray of shape (n_topics, n_tokens) or None
        What the words shown are ordered by; None is phi.
    shown : list of lists of int, or None
        Column indices of 25 words of each topic, best first, where the system chooses them in a way of its own; None
        takes the largest weights.
    n_sweeps : int or None
        Sweeps that were made, where the library says so.
    """

    phi: np.ndarray
    weights: np.ndarray | None = None
    shown: list[list[int]] | None = None
    n_sweeps: int | None = None


@dataclass(frozen=True)
class System:
    """One system: its function, its parameters, the packages it needs, and the sweeps at which a trace stops."""

    prepare: Callable[[Job], Callable[[], Fitted]]
    parameters: dict
    package: str = "skartm"
    module: str = "skartm"
    checkpoints: tuple[int, ...] = ()

    def missing(self) -> str:
        """Return why the system cannot run here, or an empty text."""
        if importlib.util.find_spec(self.module) is None:
            return f"{self.module} is not installed (pip install {self.package})"
        return ""

    def version(self) -> str:
        """Return the version of the package that is installed."""
        try:
            return version(self.package)
        except PackageNotFoundError:
            return getattr(importlib.import_module(self.module), "__version__", "")


def tomotopy_lda(job: Job):
    """Collapsed Gibbs sampling in C++; phi is the estimate from the last sample."""
    import tomotopy

    options = job.parameters
    model = tomotopy.LDAModel(k=job.n_topics, seed=job.seed + 1, alpha=options["alpha"], eta=options["eta"])
    model.optim_interval, model.burn_in = options["optim_interval"], options["burn_in"]
    for document in token_lists(job.train):
        model.add_doc(document)

    def fit():
        model.train(options["sweeps"], workers=1)
        phi = [model.get_topic_word_dist(t) for t in range(model.k)]
        return Fitted(in_column_order(phi, model.used_vocabs, job.train.shape[1]))

    return fit


def topica_lda(job: Job):
    """CVB0, or one of the Gibbs samplers, in Rust; one sample at the end, like the other samplers."""
    import topica

    options = job.parameters
    documents = token_lists(job.train)
    model = topica.LDA(
        job.n_topics,
        sampler=options["sampler"],
        alpha_sum=options["alpha"] * job.n_topics,
        beta=options["beta"],
        optimize_interval=options["optimize_interval"],
        seed=job.seed,
        num_threads=1,
    )

    def fit():
        model.fit(documents, iters=options["sweeps"], num_samples=1, keep_theta_draws=False)
        return Fitted(in_column_order(model.topic_word, model.vocabulary, job.train.shape[1]))

    return fit


def letters(column: int) -> str:
    """Return the number of a column in 5 letters: the tokenizer of MALLET takes letters alone."""
    digits = []
    for _ in range(5):
        column, digit = divmod(column, 26)
        digits.append(chr(ord("a") + digit))
    return "".join(digits)


def mallet(job: Job):
    """MALLET in Rust: sparse Gibbs sampling that learns the priors; the mean of the samples that it takes."""
    import pyrmallet

    options = job.parameters
    sweeps = options["sweeps"]
    names = [letters(column) for column in range(job.train.shape[1])]
    columns = {name: column for column, name in enumerate(names)}
    texts = [" ".join(names[int(word[1:])] for word in document) for document in token_lists(job.train)]
    model = pyrmallet.LatentDirichletAllocation(
        job.n_topics,
        doc_topic_prior=options["alpha"] * job.n_topics,
        topic_word_prior=options["beta"],
        max_iter=sweeps,
        random_state=job.seed + 1,
        burn_in=int(options["burn_in"] * sweeps),
        optimize_interval=options["optimize_interval"],
        num_samples=options["num_samples"],
        sample_interval=options["sample_interval"],
    )

    def fit():
        model.fit(texts)
        phi = np.zeros((job.n_topics, job.train.shape[1]))
        phi[:, [columns[word] for word in model.feature_names_in_]] = model.components_
        return Fitted(phi)

    return fit


def tfidf_nmf(job: Job):
    """NMF of tf-idf. Words are those with the largest weights.

    Phi is H with the weights idf taken out again, which has a far lower perplexity than H itself.
    """
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import TfidfTransformer

    options = job.parameters

    def fit():
        tfidf = TfidfTransformer(sublinear_tf=True)
        model = NMF(
            job.n_topics,
            init=options["init"],
            max_iter=options["sweeps"],
            tol=options["tol"],
            random_state=job.seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # sweeps that end before convergence
            model.fit(tfidf.fit_transform(job.train))
        weights = model.components_
        phi = weights / tfidf.idf_ if options["without_idf"] else weights
        return Fitted(phi, weights, n_sweeps=model.n_iter_)

    return fit


def sklearn_lda(job: Job):
    """Variational Bayes in batches, or online."""
    from sklearn.decomposition import LatentDirichletAllocation

    options = job.parameters
    counts = job.train.astype(np.float32)
    model = LatentDirichletAllocation(
        job.n_topics,
        doc_topic_prior=options["alpha"],
        topic_word_prior=options["eta"],
        learning_method=options["learning_method"],
        max_iter=options["sweeps"],
        n_jobs=1,
        random_state=job.seed,
    )

    def fit():
        model.fit(counts)
        return Fitted(model.components_, n_sweeps=model.n_iter_)

    return fit


def bigartm(job: Job):
    """BigARTM with smoothing of phi and theta, by its adapter; reads its batches from disk."""
    import tempfile

    from libraries import bench_bigartm

    sweeps = job.parameters["sweeps"]
    options = {**bench_bigartm.VARIANTS["artm"], "passes": sweeps, "chunk": sweeps}
    folder = tempfile.TemporaryDirectory()
    task = {"topics": job.n_topics, "threads": 1, "seed": job.seed, "folder": folder.name, "parameters": options}
    data = bench_bigartm.convert(job.train, task)

    class Last:
        def snapshot(self, get_phi, step, reported=0.0):
            self.phi = get_phi()

    def fit():
        recorder = Last()
        bench_bigartm.train(data, task, recorder)
        folder.cleanup()
        return Fitted(recorder.phi)

    return fit


def ours(make: Callable):
    """Return the function of a model of skartm: `make` is a class or a recipe, ``sweeps`` its ``max_iter``."""

    def prepare(job: Job):
        parameters = dict(job.parameters)
        if "sweeps" in parameters:
            parameters["max_iter"] = parameters.pop("sweeps")
        counts = job.train.astype(np.float32)
        model = make()(job.n_topics, n_jobs=1, random_state=job.seed, **parameters)

        def fit():
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # passes that end before convergence
                model.fit(counts)
            shown = getattr(model, "shown_words_", None)
            shown = None if shown is None else [[int(w) for w in topic if w >= 0] for topic in shown[:, :25]]
            return Fitted(model.components_, shown=shown, n_sweeps=getattr(model, "n_iter_", None))

        return fit

    return prepare


def of_skartm(name: str):
    """Return a function that looks up a class of skartm when it is called."""
    return lambda: getattr(importlib.import_module("skartm"), name)


def recipe(name: str):
    """Return a function that looks up a recipe of skartm when it is called."""
    return lambda: getattr(importlib.import_module("skartm.recipes"), name)


# Priors are the best ones on some of the development corpora. CVB0: alpha .05, .1, .2 and beta .02, .05, .1. tomotopy:
# eta .01, .03, .05, alpha .1 and .5, with and without optimisation. MALLET learns its own: beta .01 and .1 end alike.
GIBBS = {"sweeps": 1000, "optim_interval": 10, "burn_in": 100}
PEERS: dict[str, System] = {
    "tomotopy": System(tomotopy_lda, {"alpha": 0.1, "eta": 0.05, **GIBBS}, "tomotopy", "tomotopy", (50, 100, 200, 500)),
    "cvb0": System(
        topica_lda,
        {"sampler": "cvb0", "alpha": 0.1, "beta": 0.05, "optimize_interval": 0, "sweeps": 50},
        "topica",
        "topica",
        (5, 10, 20, 30, 40),
    ),
    "mallet": System(
        mallet,
        {
            "alpha": 0.1,
            "beta": 0.01,
            "sweeps": 1000,
            "burn_in": 0.2,
            "optimize_interval": 10,
            "num_samples": 5,
            "sample_interval": 25,
        },
        "pyrmallet",
        "pyrmallet",
        (100, 200, 500),
    ),
    "nmf": System(
        tfidf_nmf,
        {"init": "nndsvda", "sweeps": 100, "tol": 1e-4, "without_idf": True},
        "scikit-learn",
        "sklearn",
        (10, 20, 50),
    ),
    "sklearn_lda": System(
        sklearn_lda,
        {"alpha": 0.1, "eta": 0.1, "learning_method": "batch", "sweeps": 40},
        "scikit-learn",
        "sklearn",
        (5, 10, 20),
    ),
    "bigartm": System(bigartm, {"sweeps": 40}, "bigartm10", "artm", (10, 20)),
}
PASSES = (5, 10, 20, 30)
OURS: dict[str, System] = {
    "plsa": System(ours(of_skartm("PLSA")), {}, checkpoints=PASSES),
    "lda_map": System(
        ours(of_skartm("LDA")),
        {"inference": "map", "doc_topic_prior": 0.1, "topic_word_prior": 0.1, "sweeps": 40},
        checkpoints=PASSES,
    ),
    "predictive": System(ours(recipe("predictive")), {}, checkpoints=PASSES),
    "interpretable": System(ours(recipe("interpretable")), {}, checkpoints=PASSES),
    "sparse": System(ours(recipe("sparse")), {}, checkpoints=PASSES),
}
SYSTEMS = {**PEERS, **OURS}


def parse_system(label: str) -> tuple[System, dict]:
    """Return the system of ``name@key=value@key=value`` and its parameters.

    Raises
    ------
    ValueError
        If no system has the name, or a replacement is not key=value.
    """
    name, *replacements = label.split("@")
    if name not in SYSTEMS:
        raise ValueError(f"systems: expected names of {', '.join(SYSTEMS)}. Got {name!r}.")
    parameters = dict(SYSTEMS[name].parameters)
    for replacement in replacements:
        key, equals, value = replacement.partition("=")
        if not equals:
            raise ValueError(f"systems: expected name@key=value. Got {label!r}; write a value after {key!r}.")
        try:
            parameters[key] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            parameters[key] = value
    return SYSTEMS[name], parameters
