"""What results may not depend on: the table of docs/reliability.rst as tests, with its exceptions."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import issparse
from sklearn.utils import _safe_indexing

from skartm import ARTMTransformer
from skartm._kernels import available_levels
from skartm.base import _threads
from skartm.feature_extraction import has_token_order, keep_token_order
from tests.regularizers.declarations import CLASSES, make
from tests.reliability.estimators import CASES, SEARCHES, call, counts, ordered
from tests.reliability.states import digest, learned

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.DeadTopicWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutTokensWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.WeakRegularizerWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.ShortTextsWarning"),
]
every_case = pytest.mark.parametrize("name", CASES)
every_regularizer = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)

# Rows that are answered beside others are answered alike alone, but for these.
ROWS_TOGETHER = {
    "SentenceTopicModel": "rows of one group are one document",
    "HypergraphARTM": "edges of one container are one document",
    "TopicPipeline": "texts are counted by a vectorizer of any kind",
}
# A batch is a step of learning, so its size counts.
LEARNS_BY_BATCH = {
    "online": "topics are updated after every batch",
    "NeuralTopicModel": "a batch is a step of gradients",
    "EmbeddedTopicModel": "a batch is a step of gradients",
}
# The order of the rows of the fit decides more than the order of sums.
ORDER_OF_ROWS = {
    "online": "batches are consecutive rows",
    "AuthorTopic": "topics start from documents, which are drawn by their numbers",
    "NeuralTopicModel": "examples are drawn from the rows",
    "EmbeddedTopicModel": "batches are drawn from the rows",
    "LDA float32": "the E-step starts from a draw for each row",
}
ORDER_OF_ROWS_ALONE = {"LDA": ORDER_OF_ROWS["LDA float32"]}  # by its whole name, for "LDA map" is no exception
# what a model has learned is seen in their answers; others are seen in another of them, and descriptions in phi
ANSWERS = ("transform", "predict", "predict_proba", "decision_function", "cdf", "score_samples")


def kind_of(name, table):
    """The reason that a table has for a case, or None."""
    return next((reason for word, reason in table.items() if word in name), None)


@pytest.fixture
def _eager(monkeypatch):
    """Every piece of work wakes threads, small as those of tests are."""
    monkeypatch.setattr(_threads, "_WORTH", 1)


def data_of(case):
    """More rows than a block of any kernel or BLAS has."""
    return case.data(0, 60 if case.of_counts else 150)


def rows_of(data, rows):
    """Some rows of the data of a case; texts stay in their order, which a slice of a CSR forgets."""
    parts = {name: _safe_indexing(part, rows) for name, part in data.items()}
    if issparse(data["X"]) and has_token_order(data["X"]):
        parts["X"] = keep_token_order(parts["X"])
    return parts


def answers(case, model, data):
    return case.readings(model, data, [name for name in ANSWERS if name in case.readers])


def with_jobs(case, n_jobs):
    """A new estimator, which hands ``n_jobs`` to those inside it too."""
    names = [name for name in case.estimator.get_params() if name.rpartition("__")[2] == "n_jobs"]
    return case.new(**dict.fromkeys(names, n_jobs))


@every_case
@pytest.mark.usefixtures("_eager")
def test_number_of_jobs(name):
    case, results = CASES[name], []
    data = data_of(case)
    for n_jobs in (1, 2, 3):
        model = call(with_jobs(case, n_jobs), "fit", data)
        results.append(digest([learned(model), answers(case, model, data)]))
    assert results == [results[0]] * 3


@every_regularizer
@pytest.mark.usefixtures("_eager")
def test_number_of_jobs_with_a_regularizer(cls):
    X = ordered(counts(0, 24))["X"]
    results = []
    for n_jobs in (1, 2, 3):
        model = regularized(cls, X.shape[1], n_jobs=n_jobs).fit(X, np.arange(24) % 3)
        results.append(digest([learned(model), model.transform(X)]))
    assert results == [results[0]] * 3


def regularized(cls, n_tokens, **parameters):
    """A model with one regularizer."""
    term = make(cls, 0.5, n_tokens=n_tokens)
    return ARTMTransformer(
        4, regularizers=[("r", term)], max_iter=4, tol=0, random_state=0, **({"n_jobs": 1} | parameters)
    )


@every_case
def test_batch_size(name):
    case = CASES[name]
    if "batch_size" not in case.estimator.get_params() or kind_of(name, LEARNS_BY_BATCH):
        pytest.skip(kind_of(name, LEARNS_BY_BATCH) or "no batches")
    data, results = data_of(case), []
    for batch_size in (1, 7, 1000):
        model = call(case.new(batch_size=batch_size), "fit", data)
        results.append(digest([learned(model), answers(case, model, data)]))
    assert results == [results[0]] * 3


@every_regularizer
def test_batch_size_with_a_regularizer(cls):
    X = ordered(counts(0, 24))["X"]
    results = []
    for batch_size in (1, 7, 1000):
        model = regularized(cls, X.shape[1], batch_size=batch_size).fit(X, np.arange(24) % 3)
        results.append(digest([learned(model), model.transform(X)]))
    assert results == [results[0]] * 3


@every_case
def test_answers_for_a_row_do_not_depend_on_the_others(name):
    case = CASES[name]
    if kind_of(name, ROWS_TOGETHER):
        pytest.skip(kind_of(name, ROWS_TOGETHER))
    data = data_of(case)
    model = call(case.new(), "fit", data)
    together = answers(case, model, data)
    n_rows = len(next(iter(together.values())))
    choices = [[0], [n_rows - 1], range(3, 8), range(n_rows - 1, 0, -2), range(n_rows - 17, n_rows)]
    for rows in map(np.asarray, choices):
        for method, expected in together.items():
            assert_array_equal(call(model, method, rows_of(data, rows)), expected[rows], err_msg=method)


@every_case
def test_order_of_rows(name):
    case = CASES[name]
    reason = ORDER_OF_ROWS_ALONE.get(name) or kind_of(name, ROWS_TOGETHER | ORDER_OF_ROWS)
    if reason or not case.of_counts or name in SEARCHES:
        pytest.skip(reason or "rows are dealt into folds, or drawn")
    if "dtype" not in case.estimator.get_params():
        pytest.skip("a part of it decides the precision")
    data = data_of(case)
    first = call(case.new(dtype="float64"), "fit", data)
    again = call(case.new(dtype="float64"), "fit", rows_of(data, np.random.default_rng(0).permutation(60)))
    scale = np.abs(first.components_).max()
    np.testing.assert_allclose(again.components_, first.components_, rtol=1e-5, atol=1e-9 * scale)


SCRIPT = """
import pickle, sys, warnings
warnings.simplefilter("ignore")
from tests.reliability.estimators import CASES, call
from tests.reliability.test_determinism import answers, data_of
out = {}
for name in sys.argv[2:]:
    case, data = CASES[name], data_of(CASES[name])
    out[name] = answers(case, call(case.new(), "fit", data), data)
pickle.dump(out, open(sys.argv[1], "wb"))
"""
SMOOTH = (
    "ARTMTransformer without terms",
    "PLSA",
    "LDA",
    "ThetalessARTM",
    "ContextARTM",
    "SimplexNMF",
    "SimplexNMF frobenius",
)


@pytest.mark.slow
def test_levels_of_instructions_differ_by_rounding(tmp_path, capsys):
    """One pass of models whose steps are smooth: what levels differ by is printed, and bounded."""
    found = {}
    for level in available_levels():
        target = tmp_path / level
        command = [sys.executable, "-c", SCRIPT, str(target), *SMOOTH]
        root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), root])
        subprocess.run(command, check=True, env={**os.environ, "SKARTM_KERNEL": level, "PYTHONPATH": path})
        found[level] = pickle.loads(target.read_bytes())
    reference = found[available_levels()[0]]
    for level, results in found.items():
        for name, answers in results.items():
            for method, value in answers.items():
                off = np.abs(value - reference[name][method]).max() / np.abs(reference[name][method]).max()
                with capsys.disabled():
                    sys.stdout.write(f"\n{level:9} {name:25} {method:10} {off:.1e}")
                assert off < 1e-3
