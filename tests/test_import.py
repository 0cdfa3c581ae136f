"""What ``import skartm`` does."""

import subprocess
import sys

import skartm

EXTRAS = [
    "pandas",
    "polars",
    "matplotlib",
    "torch",
    "jax",
    "autograd",
    "gensim",
    "dask",
    "distributed",
    "rich",
    "skops",
    "hypothesis",
    "pytest",
]


def modules_after(statement):
    code = f"import sys; {statement}; print(*sorted(name.split('.')[0] for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


def test_no_extra_is_imported():
    # scikit-learn imports what it finds (pandas, say); we add nothing
    parts = (
        "callbacks",
        "datasets",
        "feature_extraction",
        "metrics",
        "model_selection",
        "monotonic",
        "neural",
        "plotting",
        "recipes",
        "regularizers",
        "simplex",
    )
    ours = modules_after("import skartm, " + ", ".join(f"skartm.{part}" for part in parts))
    theirs = modules_after("import sklearn.decomposition, sklearn.feature_extraction.text, sklearn.callback")
    assert (ours - theirs) & set(EXTRAS) == set()
    assert "skartm" in ours


def test_import_is_silent_and_does_no_work():
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", "import skartm"], capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_public_names():
    assert skartm.__all__ == [
        "LDA",
        "PLSA",
        "ARTMClassifier",
        "ARTMTransformer",
        "AuthorTopic",
        "ContextARTM",
        "DeepSimplexNMF",
        "EmbeddedTopicModel",
        "HierarchicalARTM",
        "HypergraphARTM",
        "MonotoneCDF",
        "MonotonicClassifier",
        "MonotonicRegressor",
        "MonotonicStacking",
        "NeuralTopicModel",
        "SentenceTopicModel",
        "SimplexNMF",
        "ThetalessARTM",
        "TopicPipeline",
        "__version__",
        "authors_from_mapping",
        "topic_groups",
        "trusted_types",
    ]
    assert skartm.__version__.split(".")[0].isdigit()
