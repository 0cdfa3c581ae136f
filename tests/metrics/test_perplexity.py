import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skartm.exceptions import LeftOutDocumentsWarning
from skartm.metrics import completion_perplexity, completion_split, log_likelihood, perplexity
from tests.datasets.matrices import sequences, weights
from tests.metrics.topics import components, doc_topics
from tests.oracle import scores as oracle
from tests.topics.models import corpus, model

fractions = st.one_of(weights, st.floats(2**-10, 20, width=32))
one_token_is_fine = pytest.mark.filterwarnings("ignore::skartm.exceptions.LeftOutDocumentsWarning")


def halves(X, **parameters):
    """The split; of a matrix that has no halves, itself and nothing."""
    counts = sparse.csr_matrix(X, dtype=float, copy=True)
    counts.sum_duplicates()
    counts.eliminate_zeros()
    mass, n_cells = counts.toarray().sum(axis=1), counts.getnnz(axis=1)
    is_whole = (counts.toarray() % 1 == 0).all(axis=1)
    if counts.nnz == 0 or np.where(is_whole, mass >= 2, n_cells >= 2).any():
        return completion_split(X, **parameters)
    with pytest.raises(ValueError, match="documents of one token"):
        completion_split(X, **parameters)
    return counts, sparse.csr_matrix(X.shape)


def split_one_by_one(row):
    """Deal the tokens of counts, or else the cells: the 1st, 3rd, 5th, ... of a row are observed."""
    observed, held_out, number = np.zeros(len(row)), np.zeros(len(row)), 0
    are_counts = all(value == int(value) for value in row)
    for column, value in enumerate(row):
        for part in [1.0] * int(value) if are_counts else [value] * (value > 0):
            (observed if number % 2 == 0 else held_out)[column] += part
            number += 1
    return observed, held_out


rows_of_four = st.one_of(
    st.lists(st.integers(0, 5), min_size=4, max_size=4),
    st.lists(st.sampled_from([0, 1, 2, 0.5, 0.1, 1e-300, 1e-12, 3e11 + 0.5]), min_size=4, max_size=4),
)


@one_token_is_fine
@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_matrix])
@given(rows=st.lists(rows_of_four, min_size=1, max_size=5))
def test_split_equals_dealing(container, rows):
    observed, held_out = halves(container(np.array(rows, dtype=float)))
    expected = [split_one_by_one(row) for row in rows]
    assert_array_equal(observed.toarray(), [pair[0] for pair in expected])
    assert_array_equal(held_out.toarray(), [pair[1] for pair in expected])


@one_token_is_fine
@given(X=sequences(weights=fractions))
def test_halves_sum_to_the_whole(X):
    observed, held_out = halves(X)
    assert_allclose((observed + held_out).toarray(), X.toarray().astype(float), rtol=1e-6)
    for half in (observed, held_out):
        assert half.shape == X.shape
        assert half.dtype == np.float64
        assert (half.data > 0).all()
    # the observed half of a row is at most one token, or one cell, the larger
    for d, row in enumerate(X.astype(float).toarray()):
        if (row == np.floor(row)).all():
            assert observed[[d]].sum() - held_out[[d]].sum() in (0, 1) or held_out[[d]].nnz == 0
        else:
            assert observed[[d]].nnz - held_out[[d]].nnz in (0, 1)


@one_token_is_fine
@given(X=sequences(weights=st.one_of(fractions, st.integers(1, 9).map(float))), data=st.data())
def test_a_row_alone_and_in_any_order(X, data):
    observed, held_out = halves(X)
    order = data.draw(st.permutations(range(X.shape[0])))
    again, again_held_out = halves(X[order]) if X.shape[0] else (observed, held_out)
    assert_array_equal(again.toarray(), observed.toarray()[order])
    assert_array_equal(again_held_out.toarray(), held_out.toarray()[order])
    for d in range(X.shape[0]):
        assert_array_equal(halves(X[d])[0].toarray()[0], observed.toarray()[d])


@one_token_is_fine
@given(X=sequences())
def test_token_order_does_not_matter(X):
    counts = X.copy()
    counts.sum_duplicates()
    for half, expected in zip(halves(X), halves(counts)):
        assert_array_equal(half.toarray(), expected.toarray())


def test_entries_of_a_cell_stay_together():
    """A text of fractions has a token several times, and zeros between."""
    X = sparse.csr_matrix((np.array([0.25, 0.5, 0.125, 0.0, 0.25]), [2, 0, 2, 1, 2], [0, 5]), shape=(1, 4))
    observed, held_out = completion_split(X, keep_order=True)
    assert (observed.indices.tolist(), observed.data.tolist()) == ([0], [0.5])
    assert (held_out.indices.tolist(), held_out.data.tolist()) == ([2, 2, 2], [0.25, 0.125, 0.25])
    for half, counts in zip((observed, held_out), completion_split(X)):
        assert_array_equal(half.toarray(), counts.toarray())


@one_token_is_fine
def test_input_is_left_alone():
    X = sparse.csr_matrix((np.ones(4), [2, 0, 2, 1], [0, 3, 4]), shape=(2, 3))
    for array in (X.data, X.indices, X.indptr):
        array.setflags(write=False)
    completion_split(X)
    assert_array_equal(X.indices, [2, 0, 2, 1])


@one_token_is_fine
@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array, np.asarray])
def test_containers(container):
    counts = np.array([[3, 0, 1, 2], [0, 0, 0, 0], [1, 0, 0, 0]])
    observed, held_out = completion_split(container(counts))
    assert_array_equal(observed.toarray(), [[2, 0, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0]])
    assert_array_equal(held_out.toarray(), [[1, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]])


def test_fractions_are_dealt_by_cells():
    observed, held_out = completion_split(sparse.csr_matrix([[1.5, 1.0, 0.25]]))
    assert_array_equal(observed.toarray(), [[1.5, 0.0, 0.25]])
    assert_array_equal(held_out.toarray(), [[0.0, 1.0, 0.0]])


def test_documents_that_have_no_halves():
    X = sparse.csr_matrix(np.array([[0.3, 0, 0.7], [0, 1, 0], [0, 0.7, 0], [0, 0, 0], [2, 0, 0]]))
    with pytest.warns(LeftOutDocumentsWarning, match="^2 of 4 documents have one token only") as caught:
        _, held_out = completion_split(X)
    assert len(caught) == 1
    assert_array_equal(held_out.getnnz(axis=1), [1, 0, 0, 0, 1])
    with pytest.raises(ValueError, match="Got 2 documents of one token; score longer documents, .* 'fold_in'|fold_in"):
        completion_split(X[[1, 2, 3]])
    for half in completion_split(X[[3]]):
        assert half.nnz == 0


@pytest.mark.parametrize("scale", [2.0**-40, 2.0**20, 2.0**40, 1e-12, 1 / 3, 7.7, 1e12])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_scale_of_fractions_does_not_matter(scale, dtype):
    X = sparse.random_array((50, 40), density=0.3, rng=0, dtype=dtype, format="csr")
    scaled = X * dtype(scale)
    for half, expected in zip(completion_split(scaled), completion_split(X)):
        assert_array_equal(half.indptr, expected.indptr)
        assert_array_equal(half.indices, expected.indices)
        assert_allclose(half.data, expected.data * float(dtype(scale)), rtol=1e-6)


# --- log-likelihood --------------------------------------------------------------------------------------------------


def numpy_log_likelihood(components, doc_topic, counts, sample_weight=None):
    z = doc_topic @ components
    rows = (counts * np.log(np.where(z > 1e-290, z, 1e-16))).sum(axis=1)
    sample_weight = np.ones(len(counts)) if sample_weight is None else sample_weight
    mass = sample_weight @ counts.sum(axis=1)
    return sample_weight @ rows / mass if mass else 0.0


@given(
    seed=st.integers(0, 9999),
    n_docs=st.integers(1, 6),
    n_tokens=st.integers(1, 9),
    n_topics=st.sampled_from([1, 3, 20]),
    weighted=st.booleans(),
    zeros=st.booleans(),
)
def test_log_likelihood_equals_numpy(seed, n_docs, n_tokens, n_topics, weighted, zeros):
    rng = np.random.default_rng(seed)
    components, doc_topic = rng.dirichlet(np.ones(n_tokens), n_topics), rng.dirichlet(np.ones(n_topics), n_docs)
    if zeros:
        components[:, 0] = 0
    counts = rng.integers(0, 4, (n_docs, n_tokens))
    sample_weight = rng.uniform(0, 2, n_docs) if weighted else None
    value = log_likelihood(components, doc_topic, sparse.csr_matrix(counts), sample_weight=sample_weight)
    assert isinstance(value, float)
    assert value == pytest.approx(numpy_log_likelihood(components, doc_topic, counts, sample_weight), rel=1e-9)


@given(X=sequences(), seed=st.integers(0, 99))
def test_token_order_of_the_likelihood(X, seed):
    if X.shape[0] == 0:
        return
    rng = np.random.default_rng(seed)
    components, doc_topic = rng.dirichlet(np.ones(X.shape[1]), 2), rng.dirichlet(np.ones(2), X.shape[0])
    expected = numpy_log_likelihood(components, doc_topic, X.toarray())
    assert log_likelihood(components, doc_topic, X) == pytest.approx(expected, rel=1e-9)


@given(seed=st.integers(0, 9999), n_unknown=st.integers(1, 20))
def test_unknown_tokens_never_improve_perplexity(seed, n_unknown):
    rng = np.random.default_rng(seed)
    components, doc_topic = rng.dirichlet(np.ones(6), 3), rng.dirichlet(np.ones(3), 4)
    components = np.hstack([components, np.zeros((3, 1))])
    counts = np.hstack([rng.integers(0, 4, (4, 6)), np.zeros((4, 1), dtype=int)])
    counts[0, 0] += 1
    before = log_likelihood(components, doc_topic, sparse.csr_matrix(counts))
    counts[1, 6] = n_unknown
    assert log_likelihood(components, doc_topic, sparse.csr_matrix(counts)) < before


def test_unknown_token_is_charged_1e_16():
    value = log_likelihood(np.array([[1.0, 0.0]]), np.ones((1, 1)), sparse.csr_matrix([[1, 1]]))
    assert value == pytest.approx(np.log(1e-16) / 2)


def test_dead_topics_and_unnormalised_nothing():
    assert log_likelihood(np.zeros((2, 3)), np.full((1, 2), 0.5), sparse.csr_matrix([[1, 0, 2]])) == pytest.approx(
        np.log(1e-16)
    )


def test_without_tokens():
    assert log_likelihood(np.ones((1, 3)) / 3, np.ones((2, 1)), sparse.csr_matrix((2, 3))) == 0.0


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_perfect_and_uniform_models(dtype):
    X = sparse.csr_matrix(np.eye(4))
    assert log_likelihood(np.eye(4, dtype=dtype), np.eye(4, dtype=dtype), X) == pytest.approx(0.0, abs=1e-7)
    uniform = np.full((4, 4), 0.25, dtype=dtype)
    assert np.exp(-log_likelihood(uniform, uniform, X)) == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("components", "doc_topic"), [((2, 4), (3, 2)), ((2, 5), (2, 2)), ((3, 5), (3, 2)), ((2, 5), (3, 3))]
)
def test_shapes_must_agree(components, doc_topic):
    with pytest.raises(ValueError, match=r"log_likelihood: shapes must agree. Got components \(\d, \d\), doc_topic"):
        log_likelihood(np.ones(components), np.ones(doc_topic), sparse.csr_matrix((3, 5)))


# --- perplexity ------------------------------------------------------------------------------------------------------


@given(data=st.data(), phi=components(), n_docs=st.integers(1, 4), part=st.booleans())
def test_perplexity_equals_loops(data, phi, n_docs, part):
    theta = data.draw(doc_topics(n_docs, len(phi)))
    entries = st.lists(st.integers(0, 3), min_size=phi.shape[1], max_size=phi.shape[1])
    counts = data.draw(st.lists(entries, min_size=n_docs, max_size=n_docs))
    tokens = data.draw(st.lists(st.integers(0, phi.shape[1] - 1), unique=True)) if part else None
    expected = oracle.perplexity(phi.astype(float).tolist(), theta.tolist(), counts, tokens)
    value = perplexity(phi, theta, sparse.csr_matrix(np.array(counts)), tokens=tokens)
    assert isinstance(value, float)
    assert value == pytest.approx(expected, rel=1e-6)
    assert perplexity(phi, theta, counts, tokens=tokens) == value


@pytest.mark.parametrize("tokens", [slice(3, 6), [3, 4, 5], np.array([3, 4, 5]), np.arange(8) // 3 == 1])
def test_columns_of_a_modality(tokens):
    rng = np.random.default_rng(0)
    phi, theta = rng.dirichlet(np.ones(8), 3), rng.dirichlet(np.ones(3), 5)
    X = sparse.csr_matrix(rng.integers(0, 3, (5, 8)))
    expected = np.exp(-log_likelihood(phi[:, 3:6], theta, X[:, 3:6]))
    assert perplexity(phi, theta, X, tokens=tokens) == expected


def test_perplexity_of_weighted_documents_and_of_nothing():
    rng = np.random.default_rng(0)
    phi, theta = rng.dirichlet(np.ones(8), 3), rng.dirichlet(np.ones(3), 2)
    X = sparse.csr_matrix(rng.integers(0, 3, (2, 8)))
    twice = perplexity(phi, theta[[0, 0, 1]], X[[0, 0, 1]])
    assert perplexity(phi, theta, X, sample_weight=np.array([2.0, 1.0])) == pytest.approx(twice)
    assert perplexity(phi, theta, sparse.csr_matrix((2, 8))) == 1.0


@pytest.mark.parametrize("name", ["artm", "plsa", "lda map"])
def test_completion_is_the_perplexity_of_the_model(name):
    X = corpus(0)
    fitted = model(name).fit(X)
    assert completion_perplexity(fitted, X) == pytest.approx(fitted.perplexity(X), rel=1e-5)


def test_completion_of_other_libraries():
    from sklearn.decomposition import NMF, LatentDirichletAllocation

    X = corpus(0)
    theirs = LatentDirichletAllocation(3, random_state=0).fit(X)
    observed, held_out = completion_split(X)
    phi = theirs.components_ / theirs.components_.sum(axis=1, keepdims=True)
    expected = perplexity(phi, theirs.transform(observed), held_out)
    assert completion_perplexity(theirs, X) == pytest.approx(expected)
    assert completion_perplexity(theirs, X, tokens=slice(5)) != completion_perplexity(theirs, X)
    with pytest.raises(ValueError, match="NMF: transform must return distributions over topics. Got rows that sum"):
        completion_perplexity(NMF(3, max_iter=500).fit(X), X)
