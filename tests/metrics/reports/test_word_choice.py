import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone

from skartm.metrics import WordChoice, top_tokens
from skartm.metrics.reports._word_choice import association
from tests.oracle import word_choice as oracle


def corpus(seed, n_docs=40, n_tokens=30, n_topics=4):
    random = np.random.default_rng(seed)
    counts = random.poisson(random.gamma(0.3, 1.0, n_tokens), (n_docs, n_tokens)).astype(float)
    phi = random.dirichlet(np.full(n_tokens, 0.3), n_topics)
    return counts, np.where(phi < 1e-3, 0, phi), counts.sum(axis=0) + 0.5


@pytest.mark.parametrize("n_candidates", [1, 7, 50])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    ("relevance", "strength", "n_shown"), [(0.3, 6.0, 5), (0.3, 6.0, 40), (0.0, 2.0, 5), (1.5, 0.0, 5)]
)
def test_equals_loops(n_candidates, weighted, relevance, strength, n_shown, global_random_seed):
    counts, phi, mass = corpus(global_random_seed)
    weights = np.random.default_rng(global_random_seed).integers(0, 4, len(counts)) if weighted else None
    choice = WordChoice(relevance, coherence=strength, n_candidates=n_candidates, n_shown=n_shown, n_rounds=2)
    chosen = choice.choose(phi, sparse.csr_matrix(counts), token_mass=mass, sample_weight=weights)

    plain = np.ones(len(counts)) if weights is None else weights
    expected = oracle.choose(phi, mass, counts, plain, relevance, strength, n_candidates, n_shown, 2)
    assert chosen.shape == (len(phi), n_candidates)
    for row, (order, _, _) in zip(chosen, expected, strict=True):
        assert row[row >= 0].tolist() == order
        assert (row[len(order) :] == -1).all()


def test_association_equals_loops(global_random_seed):
    counts, _, _ = corpus(global_random_seed, n_docs=25, n_tokens=12)
    counts[:, 3], counts[:, 5], counts[:, 6] = 0, 1, 2  # in no document, in all, in all
    counts[:, 9], counts[:, 10] = np.arange(25) > 0, np.arange(25) < 24  # in all but one
    candidates = np.array([[0, 3, 5, 7], [8, 5, 2, -1], [5, 6, 9, 10]])
    found = association(candidates, sparse.csr_matrix(counts))
    for topic, columns in enumerate(candidates):
        for i, v in enumerate(columns):
            for j, w in enumerate(columns):
                none = i == j or min(v, w) < 0
                expected = 0 if none else oracle.npmi(counts, np.ones(len(counts)), v, w)
                assert found[topic, i, j] == pytest.approx(expected, abs=1e-12)


def test_rare_words_that_never_meet_have_about_zero_and_frequent_ones_far_less():
    counts = np.zeros((400, 4))
    counts[:2, 0] = counts[2:4, 1] = counts[:150, 2] = counts[150:300, 3] = 1
    rare = association(np.array([[0, 1]]), sparse.csr_matrix(counts))[0, 0, 1]
    frequent = association(np.array([[2, 3]]), sparse.csr_matrix(counts))[0, 0, 1]
    assert -0.1 < rare < 0
    assert frequent < -0.5


def test_words_of_nearly_all_documents_have_nothing_for_them():
    present = np.ones((50, 4))
    present[0, 0] = present[1, 1] = 0
    npmi = association(np.array([[0, 1, 2, 3]]), sparse.csr_matrix(present))[0]
    assert np.abs(npmi).max() < 0.1


def test_weight_two_is_the_document_twice(global_random_seed, monkeypatch):
    monkeypatch.setattr("skartm.metrics.reports._word_choice._ROWS", 7)
    counts, phi, mass = corpus(global_random_seed)
    weights = np.random.default_rng(global_random_seed).integers(0, 3, len(counts))
    X, twice = sparse.csr_matrix(counts), sparse.csr_matrix(np.repeat(counts, weights, axis=0))
    choice = WordChoice(n_candidates=12)
    weighted = choice.choose(phi, X, token_mass=mass, sample_weight=weights)
    np.testing.assert_array_equal(weighted, choice.choose(phi, twice, token_mass=mass))


def test_blocks_of_documents_repeated_and_unsorted_entries_change_nothing(monkeypatch, global_random_seed):
    counts, phi, mass = corpus(global_random_seed)
    X = sparse.csr_matrix(counts)
    expected = WordChoice().choose(phi, X, token_mass=mass)
    # the order of a text, in which a token stands as often as it occurs
    rows = [np.repeat(np.arange(row.size), row.astype(int))[::-1] for row in counts]
    indptr = np.cumsum([0, *(row.size for row in rows)])
    text = sparse.csr_matrix((np.ones(indptr[-1]), np.concatenate(rows), indptr), shape=X.shape)
    before = text.indices.tobytes(), text.data.tobytes()
    np.testing.assert_array_equal(WordChoice().choose(phi, text, token_mass=mass), expected)
    assert (text.indices.tobytes(), text.data.tobytes()) == before
    monkeypatch.setattr("skartm.metrics.reports._word_choice._ROWS", 7)
    np.testing.assert_array_equal(WordChoice().choose(phi, X, token_mass=mass), expected)
    np.testing.assert_array_equal(WordChoice().choose(phi, counts, token_mass=mass), expected)


def test_without_documents_it_is_by_phi_and_lift(global_random_seed):
    counts, phi, mass = corpus(global_random_seed)
    listed = [row[row >= 0].tolist() for row in WordChoice(0.5).choose(phi, token_mass=mass)]
    assert listed == top_tokens(phi, n_top=40, relevance=0.5, token_mass=mass)
    for off in (WordChoice(0.5, coherence=0), WordChoice(0.5, n_rounds=0)):
        assert [row[row >= 0].tolist() for row in off.choose(phi, counts, token_mass=mass)] == listed


def test_dead_topics_have_no_words():
    phi = np.array([[0.0, 0.0, 0.0], [0.2, 0.8, 0.0]])
    chosen = WordChoice(0, n_candidates=4).choose(phi, np.eye(3))
    assert chosen.tolist() == [[-1, -1, -1, -1], [1, 0, -1, -1]]


def test_words_that_occur_with_the_first_ones_come_before_more_probable_ones():
    counts = np.zeros((90, 8))
    counts[:30, :5] = counts[30:60, 5] = counts[60:, 6:] = 1
    phi = np.array([[0.25, 0.2, 0.15, 0.08, 0.07, 0.1, 0.09, 0.06]])
    assert top_tokens(phi, n_top=5) == [[0, 1, 2, 5, 6]]
    assert WordChoice(0, n_candidates=8, n_shown=5).choose(phi, counts)[0, :5].tolist() == [0, 1, 2, 3, 4]


def test_is_a_declaration():
    choice = WordChoice(0.5, n_rounds=1)
    assert repr(choice) == "WordChoice(n_rounds=1, relevance=0.5)"
    assert clone(choice).get_params() == choice.get_params()
    assert pickle.loads(pickle.dumps(choice)).get_params() == choice.get_params()


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"relevance": -0.1}, ValueError, r"'relevance' parameter of WordChoice must be a finite number in \[0.0, inf"),
        ({"relevance": "high"}, ValueError, "'relevance' parameter of WordChoice .* Got 'high'"),
        ({"coherence": np.nan}, ValueError, "'coherence' parameter of WordChoice"),
        ({"n_candidates": 0}, ValueError, "'n_candidates' parameter of WordChoice must be an integer of at least 1"),
        ({"n_shown": 2.5}, ValueError, "'n_shown' parameter of WordChoice"),
        ({"n_rounds": -1}, ValueError, "'n_rounds' parameter of WordChoice"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        WordChoice(**parameters).choose(np.eye(2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": np.ones((2, 3))}, "X must have one column for each of the 2 columns of components. Got 3"),
        ({"X": -np.eye(2)}, "Negative values in data passed to WordChoice: X must be counts"),
        ({"token_mass": [1.0]}, "token_mass must have one finite, non-negative number for each of the 2 columns"),
        ({"token_mass": [1.0, np.inf]}, "token_mass must have one finite, non-negative number"),
        ({"token_mass": [1.0, -1.0]}, "token_mass must have one finite, non-negative number"),
        ({"X": np.eye(2), "sample_weight": [1.0]}, "sample_weight must be numbers of shape"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        WordChoice().choose(np.eye(2), **arguments)
