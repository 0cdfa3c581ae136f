"""What results may not depend on: the table of docs/reliability.rst as tests, with its exceptions."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.utils import _safe_indexing

from skartm import ARTMTransformer
from skartm._kernels import available_levels
from skartm.em import _threads
from tests.regularizers.declarations import CLASSES, make
from tests.reliability.answers import CASES, counts, digest, learned
from tests.reliability.learners import ELSEWHERE, as_texts, public_estimators

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.DeadTopicWarning"),
    pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutTokensWarning"),
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
    "LDA online": "batches are consecutive rows",
}
ORDER_OF_ROWS_ALONE = {"LDA": ORDER_OF_ROWS["LDA float32"]}  # by its whole name, for "LDA map" is no exception


def kind_of(name, table):
    """The reason that a table has for a case, or None."""
    return next((reason for word, reason in table.items() if word in name), None)


@pytest.fixture
def _eager(monkeypatch):
    """Every piece of work wakes threads, small as those of tests are."""
    monkeypatch.setattr(_threads, "_WORTH", 1)


def rows_of(data, rows):
    """Some rows of the data of a case."""
    if isinstance(data, tuple):
        return tuple(_safe_indexing(part, rows) for part in data)
    return [data[i] for i in rows] if isinstance(data, list) else data[rows]


def test_every_estimator_is_here():
    named = {name.split()[0] for name in CASES} | {"SequenceVectorizer"}
    parts = {"Constrained", "Linear", "MinMax", "Polynomial", "Smooth"}  # models of MonotonicRegressor
    missing = {name for name in public_estimators() if name not in named | parts}
    assert missing <= {name for name, reason in ELSEWHERE.items() if reason == "needs torch"}


@every_case
@pytest.mark.usefixtures("_eager")
def test_number_of_jobs(name):
    case = CASES[name]
    results = []
    for n_jobs in (1, 2, 3):
        model = case.fitted(case.with_jobs(n_jobs))
        results.append(digest([learned(model), case.answers(model)]))
    assert results == [results[0]] * 3


@every_regularizer
@pytest.mark.usefixtures("_eager")
def test_number_of_jobs_with_a_regularizer(cls):
    X = as_texts(counts(24))[0]
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
    results = []
    for batch_size in (1, 7, 1000):
        model = case.fitted(case.new(batch_size=batch_size))
        results.append(digest([learned(model), case.answers(model)]))
    assert results == [results[0]] * 3


@every_regularizer
def test_batch_size_with_a_regularizer(cls):
    X = as_texts(counts(24))[0]
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
    model = case.fitted(case.new())
    data = case.data()
    together = case.answers(model, data)
    n_rows = len(next(iter(together.values())))
    choices = [[0], [n_rows - 1], range(3, 8), range(n_rows - 1, 0, -2), range(n_rows - 17, n_rows)]
    if "AuthorTopic" in name:  # whose authors are made by the number of the row
        choices = [[0], range(2), range(7), range(n_rows - 1)]
    for rows in map(np.asarray, choices):
        for method, expected in together.items():
            assert_array_equal(case.call(model, method, rows_of(data, rows)), expected[rows], err_msg=method)


@every_case
def test_order_of_rows(name):
    case = CASES[name]
    reason = ORDER_OF_ROWS_ALONE.get(name) or kind_of(name, ROWS_TOGETHER | ORDER_OF_ROWS)
    if reason or not case.learns_from_counts:
        pytest.skip(reason or "rows are dealt into folds, or drawn")
    if "dtype" not in case.estimator.get_params():
        pytest.skip("a part of it decides the precision")
    X, order = counts(), np.arange(counts().shape[0])
    for rest in range(6):  # classes and authors go by the remainder of the number of a row, and stay with the rows
        order[rest::6] = np.random.default_rng(rest).permutation(order[rest::6])
    first = case.fitted(case.new(dtype="float64"), X)
    again = case.fitted(case.new(dtype="float64"), X[order])
    scale = np.abs(first.components_).max()
    np.testing.assert_allclose(again.components_, first.components_, rtol=1e-5, atol=1e-9 * scale)


SCRIPT = """
import pickle, sys, warnings
warnings.simplefilter("ignore")
from tests.reliability.answers import CASES
out = {}
for name in sys.argv[2:]:
    model = CASES[name].fitted(CASES[name].new())
    out[name] = CASES[name].answers(model)
pickle.dump(out, open(sys.argv[1], "wb"))
"""
SMOOTH = ("ARTMTransformer", "PLSA", "LDA", "ThetalessARTM", "ContextARTM", "SimplexNMF", "SimplexNMF frobenius")


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
