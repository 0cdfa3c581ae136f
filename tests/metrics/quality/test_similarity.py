from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skartm.metrics import match_topics, topic_redundancy, topic_similarity, topic_stability
from tests.metrics.topics import components
from tests.oracle import scores as oracle

MEASURES = ["cosine", "hellinger", "jaccard", "jensen_shannon", "rbo"]
every_measure = pytest.mark.parametrize("measure", MEASURES)


def table(a, b, measure, n_top):
    return [[oracle.similarity(x, y, measure, n_top) for y in b] for x in a]


@every_measure
@given(phi=components(n_tokens=6), other=components(n_tokens=6), n_top=st.integers(1, 7))
def test_equals_loops(measure, phi, other, n_top):
    phi, other = phi.astype(np.float64), other.astype(np.float64)
    similarity = topic_similarity(phi, other, measure=measure, n_top=n_top)
    np.testing.assert_allclose(similarity, table(phi.tolist(), other.tolist(), measure, n_top), atol=1e-7)
    assert ((similarity >= 0) & (similarity <= 1)).all()
    np.testing.assert_allclose(similarity.T, topic_similarity(other, phi, measure=measure, n_top=n_top), atol=1e-12)


@every_measure
def test_equal_disjoint_and_dead(measure):
    phi = np.array([[0.5, 0.3, 0.2, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]])
    np.testing.assert_allclose(topic_similarity(phi, measure=measure), np.diag([1.0, 1.0, 0.0]), atol=1e-12)
    assert not topic_similarity(np.zeros((2, 4)), phi, measure=measure).any()


@every_measure
def test_scale_does_not_matter(measure):
    phi = np.random.default_rng(0).dirichlet(np.full(20, 0.3), 4)
    np.testing.assert_allclose(
        topic_similarity(phi * 1e-200, phi * 1e6, measure=measure), topic_similarity(phi, measure=measure), atol=1e-9
    )


def test_bad_similarity():
    with pytest.raises(ValueError, match=r"must be one of \['cosine', 'hellinger', .*\]. Got 'euclid'"):
        topic_similarity(np.eye(2), measure="euclid")
    with pytest.raises(ValueError, match="must have the same tokens. Got 2 and 3 columns"):
        topic_similarity(np.eye(2), np.eye(3))
    with pytest.raises(ValueError, match="'n_top'"):
        topic_similarity(np.eye(2), n_top=0)


@pytest.mark.parametrize("statistic", ["mean", "max"])
@every_measure
@given(phi=components(), n_top=st.integers(1, 5))
def test_redundancy_equals_loops(measure, statistic, phi, n_top):
    rows = phi.astype(np.float64).tolist()
    living = [t for t, row in enumerate(rows) if sum(row) > 0]
    values = np.zeros(len(rows))
    for t in living:
        others = [oracle.similarity(rows[t], rows[s], measure, n_top) for s in living if s != t]
        if others:
            values[t] = max(others) if statistic == "max" else sum(others) / len(others)
    redundancy = topic_redundancy(phi, measure=measure, statistic=statistic, n_top=n_top, average=False)
    np.testing.assert_allclose(redundancy, values, atol=1e-6)
    mean = topic_redundancy(phi, measure=measure, statistic=statistic, n_top=n_top)
    assert isinstance(mean, float)
    assert mean == pytest.approx(values[living].mean() if living else 0.0, abs=1e-6)


def test_duplicates():
    phi = np.vstack([np.eye(20), np.eye(20)[:1]])
    assert topic_redundancy(phi) == pytest.approx(2 / 21 / 20)
    assert topic_redundancy(phi, statistic="max") == pytest.approx(2 / 21)


def test_bad_redundancy():
    with pytest.raises(ValueError, match="'statistic' .* must be 'mean' or 'max'. Got 'median'"):
        topic_redundancy(np.eye(2), statistic="median")
    for phi in (np.eye(2), np.ones((1, 2))):
        with pytest.raises(ValueError, match="Got 'euclid'"):
            topic_redundancy(phi, measure="euclid")


@every_measure
@given(a=components(n_tokens=5, max_topics=4), b=components(n_tokens=5, max_topics=4), n_top=st.integers(1, 5))
def test_matching_is_the_best_of_all(measure, a, b, n_top):
    matching = match_topics(a, b, measure=measure, n_top=n_top)
    living_a, living_b = (phi[phi.any(axis=1)].astype(np.float64).tolist() for phi in (a, b))
    best = oracle.best_matching(table(living_a, living_b, measure, n_top))
    assert matching.similarity.sum() == pytest.approx(best, abs=1e-6)
    larger = max(len(living_a), len(living_b))
    assert matching.mean == pytest.approx(best / larger if larger else 0.0, abs=1e-6)
    assert len(matching.left) == len(matching.right) == min(len(living_a), len(living_b))
    assert len(set(matching.left)) == len(matching.left)
    assert len(set(matching.right)) == len(matching.right)
    assert a[matching.left].any(axis=1).all()
    assert b[matching.right].any(axis=1).all()


@every_measure
def test_permuted_topics_are_stable(measure):
    rng = np.random.default_rng(0)
    phi = rng.dirichlet(np.full(30, 0.2), 6)
    orders = [rng.permutation(6) for _ in range(3)]
    stability = topic_stability([phi[order] for order in orders], measure=measure)
    assert stability.value == pytest.approx(1.0)
    np.testing.assert_allclose(stability.topics, 1.0)
    for (i, j), matching in zip(combinations(range(3), 2), stability.matchings, strict=True):
        assert orders[i][matching.left].tolist() == orders[j][matching.right].tolist()


def test_topics_without_partner_count_zero():
    phi = np.eye(4)
    assert match_topics(phi, phi[:3]).mean == 0.75
    dead = phi * [[1], [1], [1], [0]]
    assert match_topics(phi, dead).mean == 0.75
    assert match_topics(dead, dead).mean == 1.0
    stability = topic_stability([phi, phi, phi[:2]])
    assert stability.topics.tolist() == [1.0, 1.0, 0.5, 0.5]
    assert stability.value == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert match_topics(np.zeros((2, 3)), np.eye(3)).mean == 0.0


def test_stability_of_one_model():
    with pytest.raises(ValueError, match="at least two models to compare. Got 1"):
        topic_stability([np.eye(2)])
