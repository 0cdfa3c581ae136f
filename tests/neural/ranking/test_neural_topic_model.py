"""NeuralTopicModel against loops, against its stall, and against the truth."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.base import clone

from skartm.datasets import load_peps
from skartm.feature_extraction import word_embeddings
from skartm.metrics import completion_perplexity, completion_split, perplexity
from skartm.neural import NeuralTopicModel
from skartm.neural._ntm_components import activation_counts, topics_of_counts
from skartm.neural.ranking._examples import Examples
from skartm.neural.ranking._ranking import Objective, Weights, gradient
from skartm.nmf.solvers._kullback_leibler import solve_rows
from tests.oracle import neural_topic_model as oracle

# those of an implementation whose weights never learn
STALL = {"optimizer": "sgd", "learning_rate": 0.01, "document_learning_rate": 0.01, "alpha": 0.001}
STALL |= {"init": "autoencoder", "pretrain_iter": 10, "batch_size": 10_000}


def unit_vectors(X):
    vectors = word_embeddings(X, 100, min_count=3)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def planted(seed, n_docs=300, n_terms=60, n_topics=4, length=40):
    """Counts of documents of one topic each, with words of their own; labels; topics."""
    rng = np.random.default_rng(seed)
    phi = np.full((n_topics, n_terms), 0.1)
    for t, words in enumerate(np.array_split(np.arange(n_terms), n_topics)):
        phi[t, words] += rng.gamma(1.0, 4.0, words.size) + 1
    phi /= phi.sum(axis=1, keepdims=True)
    labels = rng.integers(0, n_topics, n_docs)
    X = np.array([rng.multinomial(length, phi[label]) for label in labels])
    return sparse.csr_matrix(X, dtype=np.float64), labels, phi


def small_problem(seed, n_docs=5, n_terms=7, n_topics=3, length=4):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((n_terms, length))
    weights = Weights(rng.standard_normal((length, n_topics)), rng.standard_normal((n_docs, n_topics)))
    terms = rng.integers(0, n_terms, 12).astype(np.int32)
    more, less = rng.integers(0, n_docs, (2, 12)).astype(np.int32)
    return vectors, weights, (terms, more, less)


@pytest.mark.parametrize(("loss", "margin"), [("hinge", 0.5), ("hinge", 0.05), ("logistic", 0.3)])
@pytest.mark.parametrize("alpha", [0.0, 0.1])
def test_gradient_is_that_of_loops(loss, margin, alpha, global_random_seed):
    vectors, weights, batch = small_problem(global_random_seed)
    step = gradient(vectors, weights, batch, Objective(loss, margin, alpha, 0.0))

    def total():
        return oracle.mean_loss(vectors, weights.term, weights.document, batch, loss=loss, margin=margin, alpha=alpha)

    assert_allclose(step.loss + alpha * np.square(weights.term).sum(), total())
    assert_allclose(step.term, oracle.numerical_gradient(total, weights.term), atol=1e-7)
    of_document = np.zeros_like(weights.document)
    of_document[step.rows] = step.document
    assert_allclose(of_document, oracle.numerical_gradient(total, weights.document), atol=1e-7)


def test_gradient_of_labels_is_that_of_loops(global_random_seed):
    vectors, weights, batch = small_problem(global_random_seed)
    rng = np.random.default_rng(global_random_seed)
    weights.label, targets = rng.standard_normal((3, 2)), rng.integers(0, 2, 5)
    step = gradient(vectors, weights, batch, Objective("logistic", 0.5, 0.0, 0.7), targets)

    def total():
        of_labels = oracle.label_loss(weights.document, weights.label, targets, batch[1])
        return 0.7 * of_labels + oracle.mean_loss(
            vectors, weights.term, weights.document, batch, loss="logistic", margin=0.5, alpha=0.0
        )

    of_document = np.zeros_like(weights.document)
    of_document[step.rows] = step.document
    assert_allclose(step.term, oracle.numerical_gradient(total, weights.term), atol=1e-7)
    assert_allclose(of_document, oracle.numerical_gradient(total, weights.document), atol=1e-7)
    assert_allclose(step.label, oracle.numerical_gradient(total, weights.label), atol=1e-7)


@given(n_docs=st.integers(1, 8), n_terms=st.integers(1, 6), density=st.floats(0, 1), seed=st.integers(0, 2**20))
def test_examples(n_docs, n_terms, density, seed):
    rng = np.random.default_rng(seed)
    present = rng.random((n_docs, n_terms)) < density
    examples, random_state = Examples(sparse.csr_matrix(present.astype(float))), np.random.RandomState(seed)
    met = []
    for terms, more, less in examples.batches(3, random_state):
        assert present[more, terms].all()
        assert not present[less, terms].any()
        met += zip(more.tolist(), terms.tolist(), strict=True)
    useful = present & ~present.all(axis=0)
    assert sorted(met) == list(zip(*(part.tolist() for part in np.nonzero(useful)), strict=True))


def test_negatives_are_uniform(global_random_seed):
    X = sparse.csr_matrix([[1.0], [0.0], [0.0], [1.0], [0.0], [1.0]])
    drawn = Examples(X).without(np.zeros(6000, np.int32), np.random.RandomState(global_random_seed))
    counts = np.bincount(drawn, minlength=6)
    assert_array_equal(counts[[0, 3, 5]], 0)
    assert abs(counts[[1, 2, 4]] - 2000).max() < 250


@pytest.mark.parametrize("min_lift", [0.0, 1.0, 2.0])
def test_components_are_those_of_loops(min_lift, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    X = rng.poisson(1.0, (6, 5)).astype(np.float64) + np.eye(6, 5)
    lt, ld = rng.random((5, 3)), rng.dirichlet(np.ones(3), 6)
    n_tw = activation_counts(sparse.csr_matrix(X), lt, ld, n_threads=1)
    assert_allclose(n_tw, oracle.expected_counts(X, lt, ld))
    assert_allclose(topics_of_counts(n_tw, min_lift), oracle.components(n_tw, min_lift))


@pytest.mark.slow
def test_gradient_descent_stalls(global_random_seed):
    X = load_peps().data[::4]
    model = NeuralTopicModel(20, embeddings=unit_vectors(X), max_iter=2, random_state=global_random_seed, **STALL)
    model.fit(X)
    assert model.history_["movement"][-1] < 1e-3
    assert abs(model.history_["loss"][-1] - model.margin) < 0.02
    model.set_params(optimizer="adam", document_learning_rate=0.05, alpha=0, batch_size=2000).fit(X)
    assert model.history_["movement"][-1] > 0.2
    assert model.history_["margin"][-1] > 0.05


def test_defaults_leave_the_stall(global_random_seed):
    X, _, _ = planted(global_random_seed)
    model = NeuralTopicModel(8, embedding_size=30, batch_size=500, random_state=global_random_seed).fit(X)
    assert model.history_["margin"][-1] >= 0.2
    assert model.history_["loss"][-1] < 0.35
    assert model.history_["movement"][-1] > 0.5


@pytest.mark.slow
def test_stall_on_newsgroups(data_folder):
    X = newsgroups(data_folder)
    model = NeuralTopicModel(50, embeddings=unit_vectors(X), max_iter=2, random_state=0, **STALL).fit(X)
    assert model.history_["movement"][-1] < 1e-3
    assert abs(model.history_["loss"][-1] - 0.5) < 0.02
    model = NeuralTopicModel(50, batch_size=1000, random_state=0).fit(X)
    assert model.history_["margin"][-1] >= 0.2
    assert np.unique(model.doc_topics_.argmax(axis=1)).size == 50


def newsgroups(folder):
    """A quarter of the training documents, and the 2,000 words that most of these have."""
    X = sparse.csr_matrix(sparse.load_npz(folder / "ng20" / "counts.npz")).astype(np.float64)[::4]
    split = np.array((folder / "ng20" / "split.txt").read_text().split("\n")[: 4 * X.shape[0] : 4])[: X.shape[0]]
    frequency = np.bincount(X[split == "train"].indices, minlength=X.shape[1])
    X = X[:, np.sort(np.argsort(-frequency, kind="stable")[:2000])]
    return X[split == "train"]


def test_planted_topics_are_found(global_random_seed):
    """More topics than there are, so that no two of them must share one."""
    X, labels, phi = planted(global_random_seed)
    model = NeuralTopicModel(16, embedding_size=30, batch_size=500, random_state=global_random_seed).fit(X)
    topics = model.transform(X).argmax(axis=1)
    meaning = np.array([np.bincount(labels[topics == t], minlength=4).argmax() for t in range(16)])
    assert np.mean(meaning[topics] == labels) > 0.9
    used = np.unique(topics)
    assert np.mean(meaning[used[model.components_[used].argmax(axis=0)]] == phi.argmax(axis=0)) > 0.8


def test_labels_are_learned(global_random_seed):
    X, labels, _ = planted(global_random_seed)
    names = np.array(["one", "two", "three", "four"])[labels]
    model = NeuralTopicModel(
        16, embedding_size=30, batch_size=500, label_weight=1.0, random_state=global_random_seed
    ).fit(X[:200], names[:200])
    assert np.mean(model.predict(X[200:]) == names[200:]) > 0.9
    assert_allclose(model.predict_proba(X[200:]).sum(axis=1), 1)
    assert_array_equal(model.classes_, sorted(set(names)))


def test_labels_move_documents(global_random_seed):
    """Labels that are in no word are in ld of the training documents."""
    X, _, _ = planted(global_random_seed)
    y = np.random.default_rng(global_random_seed).integers(0, 2, X.shape[0])
    options = {"embedding_size": 30, "batch_size": 500, "max_iter": 20, "random_state": global_random_seed}
    apart = []
    for label_weight in (0.0, 5.0):
        ld = NeuralTopicModel(4, label_weight=label_weight, **options).fit(X, y).doc_topics_
        apart.append(np.abs(ld[y == 0].mean(axis=0) - ld[y == 1].mean(axis=0)).sum())
    assert apart[1] > apart[0] + 0.3


def test_without_labels_y_is_ignored(global_random_seed):
    X, labels, _ = planted(global_random_seed)
    model = NeuralTopicModel(4, max_iter=1, random_state=global_random_seed)
    assert_array_equal(clone(model).fit(X, labels).components_, clone(model).fit(X).components_)
    assert not hasattr(model, "predict")
    assert not hasattr(model, "predict_proba")


@pytest.mark.parametrize("classes", [1, 2])
def test_few_classes(classes, global_random_seed):
    X, labels, _ = planted(global_random_seed)
    y = labels % classes
    model = NeuralTopicModel(4, max_iter=5, batch_size=500, label_weight=1.0, random_state=0).fit(X, y)
    assert np.mean(model.predict(X) == y) > 0.9
    assert model.label_weights_.shape == (classes, 4)


def test_transform_is_the_fold_in():
    X = load_peps().data[::2, ::3]
    X.sum_duplicates()
    model = NeuralTopicModel(10, max_iter=3, embedding_size=50, random_state=0).fit(X[50:])
    observed, held_out = completion_split(X[:50])
    theta = solve_rows(observed, model.components_.astype(np.float64), n_passes=1000, tol=1e-9, n_threads=1)
    theta /= theta.sum(axis=1, keepdims=True)
    exact = perplexity(model.components_, theta, held_out)
    assert abs(completion_perplexity(model, X[:50]) / exact - 1) < 0.02


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_and_threads(dtype, global_random_seed):
    X, _, _ = planted(global_random_seed)
    model = NeuralTopicModel(4, max_iter=2, dtype=dtype, n_jobs=1, random_state=global_random_seed).fit(X)
    theta = model.transform(X)
    assert theta.dtype == model.components_.dtype == model.doc_topics_.dtype == dtype
    assert_allclose(theta.sum(axis=1), 1, rtol=1e-5)
    assert_allclose(model.components_.sum(axis=1), 1, rtol=1e-5)
    assert_array_equal(model.transform(X[::-1])[::-1], theta)
    for d in range(3):
        assert_array_equal(model.transform(X[[d]])[0], theta[d])
    other = clone(model).set_params(n_jobs=3).fit(X)
    assert_array_equal(other.components_, model.components_)
    assert_array_equal(other.transform(X), theta)


def test_the_form_of_x_does_not_matter(global_random_seed):
    X, _, _ = planted(global_random_seed)
    model = NeuralTopicModel(4, max_iter=2, random_state=global_random_seed).fit(X)
    doubled = sparse.csr_matrix((np.repeat(X.data, 2) / 2, np.repeat(X.indices, 2), 2 * X.indptr), shape=X.shape)
    for form in (X.toarray(), sparse.csc_array(X), X.astype(np.int64), doubled):
        assert_array_equal(clone(model).fit(form).components_, model.components_)


def test_pickled_model_is_the_same_without_torch(global_random_seed):
    X, _, _ = planted(global_random_seed)
    model = NeuralTopicModel(4, max_iter=1, random_state=global_random_seed).fit(X)
    stored = pickle.dumps(model)
    assert b"torch" not in stored
    assert_array_equal(pickle.loads(stored).transform(X), model.transform(X))


def test_torch_is_not_imported():
    code = (
        "import sys, numpy as np\n"
        "from skartm.neural import NeuralTopicModel\n"
        "NeuralTopicModel(2, max_iter=1).fit(np.eye(4))\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_same_seed_same_result(global_random_seed):
    X, _, _ = planted(global_random_seed)
    first, second, third = (NeuralTopicModel(4, max_iter=2, random_state=seed).fit(X).components_ for seed in (1, 1, 2))
    assert_array_equal(first, second)
    assert np.abs(first - third).max() > 1e-6


def test_vectors_of_n_grams_are_sums(global_random_seed):
    X, _, _ = planted(global_random_seed, n_terms=6)
    names = ["new", "york", "new york", "los angeles", "x_y", "york times city"]
    words = {"new": [1.0, 0.0], "york": [0.0, 2.0], "los angeles": [5.0, 5.0], "los": [9.0, 9.0], "city": [0.5, 0.5]}
    expected = [[1, 0], [0, 2], [1, 2], [5, 5], [0, 0], [0.5, 2.5]]
    options = {"embeddings": words, "max_iter": 1, "random_state": 0}
    assert_array_equal(NeuralTopicModel(2, token_names=names, **options).fit(X).embeddings_, expected)
    assert_array_equal(
        NeuralTopicModel(2, **options).fit(pd.DataFrame(X.toarray(), columns=names)).embeddings_, expected
    )


def test_given_vectors_are_used(global_random_seed):
    X, _, _ = planted(global_random_seed)
    vectors = np.random.default_rng(global_random_seed).standard_normal((60, 7))
    model = NeuralTopicModel(3, embeddings=vectors, dtype="float64", max_iter=1, random_state=0).fit(X)
    assert_array_equal(model.embeddings_, vectors)
    assert model.term_weights_.shape == (7, 3)
    assert_allclose(model.term_topics_, 1 / (1 + np.exp(-vectors @ model.term_weights_)))


@pytest.mark.parametrize("init", ["random", "autoencoder"])
def test_empty_rows_and_columns(init, global_random_seed):
    X = planted(global_random_seed)[0].toarray()
    X[[2, 5]], X[:, [0, 3]] = 0, 0
    model = NeuralTopicModel(4, init=init, max_iter=2, random_state=0).fit(X)
    assert_array_equal(model.components_[:, [0, 3]], 0)
    assert np.isfinite(model.components_).all()
    assert_allclose(model.transform(X)[[2, 5]], 0.25)


@pytest.mark.parametrize("X", [np.ones((1, 1)), np.ones((3, 2)), np.eye(3), np.array([[0.0, 2.0], [0.0, 1.0]])])
def test_tiny_data(X):
    model = NeuralTopicModel(2, max_iter=2, random_state=0).fit(X)
    assert_allclose(model.components_.sum(axis=1), 1, rtol=1e-6)
    assert np.isfinite(model.transform(X)).all()


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"n_components": 0}, "'n_components'"),
        ({"embedding_size": 0}, "'embedding_size'"),
        ({"margin": -1}, "'margin'"),
        ({"loss": "softplus"}, "'loss'"),
        ({"optimizer": "lion"}, "'optimizer'"),
        ({"learning_rate": 0}, "'learning_rate'"),
        ({"document_learning_rate": np.inf}, "'document_learning_rate'"),
        ({"alpha": -1}, "'alpha'"),
        ({"init": "pca"}, "'init'"),
        ({"pretrain_iter": -1}, "'pretrain_iter'"),
        ({"label_weight": -0.5}, "'label_weight'"),
        ({"min_lift": np.nan}, "'min_lift'"),
        ({"batch_size": 0}, "'batch_size'"),
        ({"max_iter": 0}, "'max_iter'"),
        ({"dtype": "int32"}, "'dtype'"),
        ({"embeddings": {"cat": [1.0]}}, "need the names of tokens"),
        ({"embeddings": np.ones((3, 2))}, r"shape \(60, length\)"),
        ({"token_names": ["a"]}, "one name for each of the 60 columns of X. Got 1"),
        ({"label_weight": 1.0}, "y is None"),
        ({"optimizer": "sgd", "alpha": 1e6, "learning_rate": 1e6, "max_iter": 9}, "overflowed"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid value:RuntimeWarning")
def test_bad_parameters(parameters, match):
    with pytest.raises(ValueError, match=match):
        NeuralTopicModel(**{"n_components": 3, **parameters}).fit(planted(0)[0])


def test_bad_labels():
    X, labels, _ = planted(0)
    with pytest.raises(ValueError, match="a class for each of the 300 documents. Got 2"):
        NeuralTopicModel(3, label_weight=1.0).fit(X, labels[:2])
    with pytest.raises(ValueError, match="continuous"):
        NeuralTopicModel(3, label_weight=1.0).fit(X, labels + 0.5)


@pytest.mark.parametrize(("value", "match"), [(-1.0, "Negative values"), (np.nan, "NaN"), (np.inf, "infinity")])
def test_bad_entries(value, match):
    X = planted(0)[0].toarray()
    X[3, 4] = value
    with pytest.raises(ValueError, match=match):
        NeuralTopicModel(3).fit(X)


def test_nothing_but_zeros():
    with pytest.raises(ValueError, match="X must have tokens"):
        NeuralTopicModel(3).fit(np.zeros((4, 3)))
