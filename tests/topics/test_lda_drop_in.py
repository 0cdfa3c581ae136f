"""scikit-learn's own tests of LatentDirichletAllocation, from the installed package, with skartm.LDA in its place."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import LatentDirichletAllocation

from skartm import LDA
from tests.topics.models import corpus

# tests that may fail, and why; one that passes must leave the list
ALLOWED = {
    "test_lda_no_component_error": "the message has the name of scikit-learn's class",
    "test_lda_feature_names_out[csr_matrix]": "the names of the topics begin with the name of the class",
    "test_lda_feature_names_out[csr_array]": "the names of the topics begin with the name of the class",
}
IMPORT = "from sklearn.decomposition import LatentDirichletAllocation\n"
FEWEST = 50  # tests; in scikit-learn 1.9 they are 57


def test_tests_of_scikit_learn(tmp_path):
    source = Path(find_spec("sklearn.decomposition").origin).parent / "tests" / "test_online_lda.py"
    text = source.read_text(encoding="utf-8")
    assert text.count(IMPORT) == 1, "scikit-learn has changed its tests: replace the name in another way"
    changed = text.replace(IMPORT, "from skartm import LDA as LatentDirichletAllocation\n")
    (tmp_path / "test_online_lda.py").write_text(changed, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    code = (  # on one thread: the matrices are tiny
        "import os, sys, pytest\n"
        "os.environ.update(SKLEARN_RUN_FLOAT32_TESTS='1', OMP_NUM_THREADS='1')\n"
        "sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', '-p', 'sklearn.conftest', '--junitxml=found.xml', '.']))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert (tmp_path / "found.xml").exists(), run.stdout + run.stderr
    cases = list(ET.parse(tmp_path / "found.xml").iter("testcase"))
    failed = {case.get("name") for case in cases if case.find("failure") is not None or case.find("error") is not None}
    skipped = {case.get("name") for case in cases if case.find("skipped") is not None}
    assert len(cases) - len(skipped) >= FEWEST
    assert failed == set(ALLOWED), run.stdout


@pytest.mark.parametrize("learning_method", ["batch", "online"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_public_and_private_results(learning_method, dtype):
    X = corpus(0, n_docs=40, n_tokens=30, density=0.3).astype(dtype)
    arguments = {"learning_method": learning_method, "batch_size": 16, "max_iter": 3, "total_samples": 500}
    ours = LDA(4, random_state=0, n_jobs=1, **arguments).fit(X)
    theirs = LatentDirichletAllocation(4, random_state=0, **arguments).fit(X)
    assert ours.components_.dtype == theirs.components_.dtype
    assert ours.transform(X).dtype == theirs.transform(X).dtype
    assert ours.exp_dirichlet_component_.dtype == theirs.exp_dirichlet_component_.dtype
    rtol = 1e-3 if dtype == np.float32 else 1e-6
    assert_allclose(ours.exp_dirichlet_component_, theirs.exp_dirichlet_component_, rtol=rtol, atol=1e-12)
    for sub_sampling in (False, True):
        expected = theirs.perplexity(X, sub_sampling=sub_sampling)
        assert ours.perplexity(X, sub_sampling=sub_sampling) == pytest.approx(expected, rel=rtol)
    gamma = np.random.default_rng(0).uniform(0.1, 3, (40, 4)).astype(theirs.components_.dtype)
    expected = theirs._perplexity_precomp_distr(X, gamma, sub_sampling=True)
    assert ours._perplexity_precomp_distr(X, gamma, sub_sampling=True) == pytest.approx(expected, rel=rtol)
    assert_array_equal(ours.random_state_.get_state()[1], theirs.random_state_.get_state()[1])


def test_random_state_that_is_handed_in_moves_as_in_scikit_learn():
    X = corpus(0)
    ours, theirs = np.random.RandomState(3), np.random.RandomState(3)
    model = LDA(4, max_iter=2, random_state=ours, n_jobs=1).fit(X)
    LatentDirichletAllocation(4, max_iter=2, random_state=theirs).fit(X)
    assert model.random_state_ is ours
    assert ours.random_sample() == theirs.random_sample()


class Disturbed(LDA):
    """Somebody draws from ``random_state`` after each pass."""

    def _line(self, X):
        self.random_state.random_sample(7)
        return ""


def test_random_state_that_others_draw_from_stays_where_they_left_it():
    given, other, X = np.random.RandomState(3), np.random.RandomState(3), corpus(0)
    disturbed = Disturbed(4, max_iter=3, random_state=given, verbose=1, n_jobs=1).fit(X)
    assert_array_equal(disturbed.components_, LDA(4, max_iter=3, random_state=other, n_jobs=1).fit(X).components_)
    # after the first pass it was where scikit-learn's would be, then it was left to the others
    other = np.random.RandomState(3)
    LDA(4, max_iter=1, random_state=other, n_jobs=1).fit(X)
    other.random_sample(21)
    assert given.random_sample() == other.random_sample()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dtype_is_that_of_the_first_data(dtype):
    X = corpus(0).astype(dtype)
    other = X.astype(np.float32 if dtype == np.float64 else np.float64)
    model = LDA(4, random_state=0, n_jobs=1).partial_fit(X)
    assert model.components_.dtype == dtype
    assert model.transform(other).dtype == dtype
    assert model.partial_fit(other).components_.dtype == dtype
    assert LDA(4, dtype="float32", random_state=0, n_jobs=1).fit(X).components_.dtype == np.float32


@pytest.mark.parametrize("n_zeros", [1, 5])
def test_documents_without_tokens(n_zeros):
    X = corpus(0).toarray()
    X[:n_zeros] = 0
    ours, theirs = LDA(4, random_state=0, n_jobs=1).fit(X), LatentDirichletAllocation(4, random_state=0).fit(X)
    assert_allclose(ours.components_, theirs.components_, rtol=1e-5)
    assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-4)
    assert_array_equal(ours.transform(X)[:n_zeros], 0.25)


def test_matrix_of_zeros():
    model = LDA(4, random_state=0, n_jobs=1).fit(np.zeros((5, 3)))
    assert_array_equal(model.components_, 0.25)
    assert model.bound_ == model.perplexity(np.zeros((2, 3))) == 1.0
    assert model.dead_topics_.size == 0
    with pytest.raises(ValueError, match="must have tokens"):
        LDA(4, inference="map").fit(np.zeros((5, 3)))


def test_verbose_tells_the_perplexity_that_was_evaluated(capsys):
    X = corpus(0)
    model = LDA(4, max_iter=4, evaluate_every=2, verbose=1, random_state=0, n_jobs=1).fit(X)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert ["perplexity" in line for line in lines] == [False, True, False, True]
    assert f"{model.bound_:.4f}" in lines[-1]
