"""One pass of skartm and of BigARTM from the same phi: terms that BigARTM computes as it says, and others.

Needs an interpreter that can import ``artm`` (PyPI ``bigartm10``), named by the environment variable
SKARTM_BENCH_PYTHON_BIGARTM, as the benchmarks do.
"""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from skartm import ARTMTransformer
from skartm.em import Layout, Modality
from skartm.regularizers import (
    Biterm,
    CoherencePhi,
    Decorrelation,
    LabelRegularization,
    SmoothSparsePhi,
    TopKSparse,
)

N_DOCS, N_TOPICS = 30, 4
WORDS, TAGS = np.arange(14), np.arange(14, 20)
KINDS = np.array(["words"] * 14 + ["tags"] * 6)
TOPICS = [f"t{t}" for t in range(N_TOPICS)]
WEIGHTS = {"words": 1.0, "tags": 2.0}
BETA = np.round(np.linspace(0.5, 3, 20), 3)
rng = np.random.default_rng(0)
COUNTS = rng.integers(1, 9, (N_DOCS, 20)) * (rng.random((N_DOCS, 20)) < 0.4)
COUNTS[:, 0] += 1  # no document is empty
START = np.concatenate([rng.dirichlet(np.ones(block.size), N_TOPICS).T for block in (WORDS, TAGS)]).astype(np.float32)
PAIRS = np.triu(rng.integers(1, 5, (20, 20)) * (rng.random((20, 20)) < 0.3), k=1).astype(float)
PAIRS += PAIRS.T
PAIRS[:, TAGS] = PAIRS[TAGS] = 0  # BigARTM would mix modalities
COOCCURRENCE = [(int(u), int(v), PAIRS[u, v]) for u, v in np.argwhere(PAIRS)]

# name: (regularizer of BigARTM, its arguments, what else its dictionary has), ours
AGREE = {
    "plain": ((None, {}, {}), None),
    "smooth": (("SmoothSparsePhiRegularizer", {"tau": 0.5}, {}), SmoothSparsePhi(0.5)),
    "sparse": (("SmoothSparsePhiRegularizer", {"tau": -2.0}, {}), SmoothSparsePhi(-2.0)),
    "smooth, topics, modality": (
        ("SmoothSparsePhiRegularizer", {"tau": 0.5, "topic_names": TOPICS[1:3], "class_ids": ["tags"]}, {}),
        SmoothSparsePhi(0.5, topics=[1, 2], modality="tags"),
    ),
    "smooth, distribution": (
        ("SmoothSparsePhiRegularizer", {"tau": 0.5}, {"values": BETA.tolist()}),
        SmoothSparsePhi(0.5, distribution=BETA),
    ),
    "smooth, power": (
        ("SmoothSparsePhiRegularizer", {"tau": 50.0, "kl_power": 2.0}, {}),
        SmoothSparsePhi(50.0, transform="power", exponent=2),
    ),
    "decorrelation": (("DecorrelatorPhiRegularizer", {"tau": 40.0}, {}), Decorrelation(40.0)),
    "decorrelation, topics, modality": (
        ("DecorrelatorPhiRegularizer", {"tau": 40.0, "topic_names": TOPICS[:3], "class_ids": ["words"]}, {}),
        Decorrelation(40.0, topics=slice(3), modality="words"),
    ),
    "coherence": (
        ("ImproveCoherencePhiRegularizer", {"tau": 0.1, "class_ids": ["words"]}, {"cooccurrence": COOCCURRENCE}),
        CoherencePhi(PAIRS, 0.1, form="linear", modality="words"),
    ),
    "biterm": (  # BigARTM leaves out one of the two places that a token has in a pair: half of the term
        ("BitermsPhiRegularizer", {"tau": 0.1, "class_ids": ["words"]}, {"cooccurrence": COOCCURRENCE}),
        Biterm(PAIRS / 2, 0.1, modality="words"),
    ),
    **{
        f"{name}, gamma {gamma}": (
            (cls, {"tau": tau, "gamma": gamma, "topic_names": TOPICS[1:]}, {}),
            ours(tau, relative=gamma, topics=slice(1, None)),
        )
        for gamma in (0.0, 0.3, 1.0)
        for name, cls, tau, ours in (
            ("smooth", "SmoothSparsePhiRegularizer", 0.2, SmoothSparsePhi),
            ("sparse", "SmoothSparsePhiRegularizer", -0.2, SmoothSparsePhi),
            ("decorrelation", "DecorrelatorPhiRegularizer", 0.05, Decorrelation),
        )
    },
    "decorrelation, gamma, modality": (
        ("DecorrelatorPhiRegularizer", {"tau": 0.05, "gamma": 0.3, "class_ids": ["tags"]}, {}),
        Decorrelation(0.05, relative=0.3, modality="tags"),
    ),
}
# BigARTM computes something else than the gradient of its R, see docs/differences_from_bigartm.rst
DIFFER = {
    "labels": (
        ("LabelRegularizationPhiRegularizer", {"tau": 3.0, "class_ids": ["tags"]}, {"values": BETA.tolist()}),
        LabelRegularization(3.0, modality="tags", distribution=BETA),
    ),
    "pairs": (
        ("DecorrelatorPhiRegularizer", {"tau": 40.0, "topic_pairs": {"t0": {"t1": 1.0, "t2": 0.5}}}, {}),
        Decorrelation(40.0, pairs={"t0": {"t1": 1.0, "t2": 0.5}}),
    ),
    "top k": (
        (
            "SpecifiedSparsePhiRegularizer",
            {"tau": 1.0, "class_id": "words", "num_max_elements": 4, "probability_threshold": 1.0},
            {},
        ),
        TopKSparse(4, modality="words"),
    ),
}
CASES = {**AGREE, **DIFFER}


def ours(regularizer):
    """phi after one pass, (n_tokens, n_topics)."""
    model = ARTMTransformer(
        N_TOPICS,
        regularizers=[("r", regularizer)],
        topic_names=TOPICS,
        modalities=KINDS,
        modality_weights=WEIGHTS,
        init=START.T,
        max_iter=1,
        tol=0,
        doc_tol=0,
        n_jobs=1,
    )
    return model.fit(csr_matrix(COUNTS, dtype=np.float64)).components_.T


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """phi of BigARTM after one pass, by the name of the case."""
    python = os.environ.get("SKARTM_BENCH_PYTHON_BIGARTM")
    if not python:
        pytest.skip("needs BigARTM: set SKARTM_BENCH_PYTHON_BIGARTM to a Python interpreter that can import artm")
    folder = tmp_path_factory.mktemp("bigartm")
    lines = []
    for number, row in enumerate(COUNTS):
        parts = [
            f"|{kind} " + " ".join(f"w{w}:{row[w]}" for w in block if row[w])
            for kind, block in (("words", WORDS), ("tags", TAGS))
            if row[block].any()
        ]
        lines.append(f"d{number} " + " ".join(parts))
    job = {
        "documents": lines,
        "tokens": [(kind, f"w{w}") for w, kind in enumerate(KINDS)],
        "topics": TOPICS,
        "class_ids": WEIGHTS,
        "phi": START.tolist(),
        "cases": [{"regularizer": cls, "arguments": arguments, **more} for (cls, arguments, more), _ in CASES.values()],
    }
    (folder / "job.json").write_text(json.dumps(job))
    script = Path(__file__).with_name("bigartm_pass.py")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [python, str(script), "job.json", "result.npz"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    with np.load(folder / "result.npz") as arrays:
        return {name: arrays[str(number)] for number, name in enumerate(CASES)}


def counters():
    """n_wt of one pass without regularizers, by loops over documents."""
    n_wt = np.zeros(START.shape)
    weights = np.array([WEIGHTS[kind] for kind in KINDS])
    for row in COUNTS * weights:
        theta = np.full(N_TOPICS, 1 / N_TOPICS)
        for _ in range(10):
            theta = theta * (START.T @ (row / (START @ theta)))
            theta /= theta.sum()
        n_wt += START * theta * (row / (START @ theta))[:, None]
    return n_wt


def normalised(n_wt):
    """phi of counters, by modality."""
    clipped = np.maximum(n_wt, 0)
    return np.concatenate([clipped[block] / clipped[block].sum(axis=0) for block in (WORDS, TAGS)])


@pytest.mark.slow
@pytest.mark.parametrize("name", AGREE)
def test_agreement(name, theirs):
    expected, actual = theirs[name], ours(AGREE[name][1])
    assert name == "plain" or np.abs(actual - theirs["plain"]).max() > 1e-3, "the regularizer must do something"
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_labels_by_counters(theirs):
    n_wt = counters()
    np.testing.assert_allclose(theirs["plain"], normalised(n_wt), atol=1e-6)
    r_wt = np.zeros_like(n_wt)
    r_wt[TAGS] = 3.0 * BETA[TAGS, None] * n_wt[TAGS] / n_wt[TAGS].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(theirs["labels"], normalised(n_wt + r_wt), atol=1e-5)
    assert np.abs(ours(DIFFER["labels"][1]) - theirs["labels"]).max() > 1e-3
    # where phi is norm(n_wt), as when EM has converged, both are the same
    out = np.zeros_like(n_wt)
    layout = Layout(tuple(TOPICS), 20, (Modality("words", WORDS), Modality("tags", TAGS)))
    DIFFER["labels"][1].bind(layout).add_term(normalised(n_wt), n_wt, out)
    np.testing.assert_allclose(3.0 * out, r_wt, atol=1e-12)


@pytest.mark.slow
def test_pairs_have_a_direction_and_attract(theirs):
    n_wt, r_wt = counters(), np.zeros(START.shape)
    r_wt[:, 0] = -40.0 * START[:, 0] * (START[:, 1] + 0.5 * START[:, 2] - START[:, 0])
    np.testing.assert_allclose(theirs["pairs"], normalised(n_wt + r_wt), atol=1e-5)
    assert np.abs(ours(DIFFER["pairs"][1]) - theirs["pairs"]).max() > 1e-3


@pytest.mark.slow
def test_top_k_keeps_others_than_the_largest(theirs):
    actual, plain = ours(DIFFER["top k"][1]), theirs["plain"]
    np.testing.assert_allclose(actual[TAGS], plain[TAGS], atol=1e-6)
    for t in range(N_TOPICS):
        assert set(np.flatnonzero(actual[WORDS, t])) == set(np.argsort(-counters()[WORDS, t])[:4])
    assert not theirs["top k"][TAGS].any()
