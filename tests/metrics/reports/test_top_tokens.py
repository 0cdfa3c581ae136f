import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skartm.metrics import top_tokens, topic_table
from tests.oracle import coherence as oracle

# few different values, so that ties are everywhere
COMPONENTS = hnp.arrays(
    st.sampled_from([np.float32, np.float64, np.int64, np.uint8]),
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=9),
    elements=st.integers(0, 3),
)


@given(components=COMPONENTS, n_top=st.integers(1, 12), transposed=st.booleans())
def test_equals_sorting(components, n_top, transposed):
    expected = [oracle.top_columns(row, n_top) for row in components.tolist()]
    if transposed:
        components = np.ascontiguousarray(components.T).T
    components.setflags(write=False)

    assert top_tokens(components, n_top=n_top) == expected

    names = np.array([f"token_{column}" for column in range(components.shape[1])], dtype=object)
    assert top_tokens(components, names, n_top=n_top) == [[f"token_{w}" for w in topic] for topic in expected]


def test_ties_are_broken_by_column():
    assert top_tokens(np.full((1, 100), 0.01), n_top=3) == [[0, 1, 2]]


def test_zero_probabilities_and_dead_topics_are_not_listed():
    assert top_tokens([[0.0, 0.9, 0.1], [0.0, 0.0, 0.0]], ["a", "b", "c"]) == [["b", "c"], []]


def test_columns_are_python_ints():
    assert all(type(column) is int for column in top_tokens(np.eye(3))[0])


@pytest.mark.parametrize("function", [top_tokens, topic_table])
@pytest.mark.parametrize(
    ("arguments", "parameters", "message"),
    [
        ((np.eye(2), ["a"]), {}, "feature_names must have one name for each of the 2 columns of components. Got 1"),
        ((np.eye(2),), {"n_top": 0}, r"'n_top' parameter must be an int in the range \[1, inf\). Got 0"),
        ((np.eye(2),), {"n_top": 2.0}, "'n_top' .* Got 2.0"),
        ((np.eye(2),), {"n_top": True}, "'n_top' .* Got True"),
        ((-np.eye(2),), {}, "components must hold .* non-negative. Got an entry -1.0; a factorisation with signs"),
        ((np.array([[np.nan]]),), {}, "components contains NaN"),
        ((np.ones(3),), {}, "Expected 2D array"),
    ],
)
def test_bad_input(function, arguments, parameters, message):
    if function is topic_table:
        pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=message):
        function(*arguments, **parameters)


@given(components=COMPONENTS, n_top=st.integers(1, 12))
def test_table_equals_lists(components, n_top):
    pytest.importorskip("pandas")
    table = topic_table(components, n_top=n_top)

    assert table.columns.tolist() == ["topic", "rank", "token", "probability"]
    listed = [
        (topic, rank, token, components[topic, token])
        for topic, tokens in enumerate(top_tokens(components, n_top=n_top))
        for rank, token in enumerate(tokens, start=1)
    ]
    assert list(table.itertuples(index=False, name=None)) == listed


def test_table_names():
    pytest.importorskip("pandas")
    components = np.array([[0.5, 0.5], [0.0, 0.0], [0.0, 1.0]])
    table = topic_table(components, ["a", "b"], topic_names=np.array(["x", "y", "z"]))
    assert table["topic"].tolist() == ["x", "x", "z"]
    assert table["token"].tolist() == ["a", "b", "b"]

    with pytest.raises(ValueError, match=r"topic_names must have one name for each of the 3 topics. Got 2"):
        topic_table(components, topic_names=["x", "y"])


def test_table_of_dead_topics_is_empty():
    pytest.importorskip("pandas")
    table = topic_table(np.zeros((2, 3)))
    assert table.shape == (0, 4)


def test_table_without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"topic_table needs pandas.*pip install pandas.*top_tokens"):
        topic_table(np.eye(2))


@given(
    components=COMPONENTS,
    n_top=st.integers(1, 12),
    relevance=st.sampled_from([0.3, 1, 2.5]),
    given_mass=st.booleans(),
)
def test_relevance_is_the_exponent_of_the_lift(components, n_top, relevance, given_mass):
    mass = np.arange(components.shape[1]) % 3 if given_mass else components.sum(axis=0, dtype=float)
    tops = top_tokens(components, n_top=n_top, relevance=relevance, token_mass=mass if given_mass else None)
    for row, top in zip(components.astype(float), tops, strict=True):
        share = mass / max(mass.sum(), 1)
        values = np.zeros(row.size)
        some = share > 0
        values[some] = row[some] * (row[some] / share[some]) ** relevance
        assert len(top) == min(n_top, np.count_nonzero(values)) == len(set(top))
        listed = values[top]
        assert (listed > 0).all()
        assert (listed[:-1] >= listed[1:] * (1 - 1e-9)).all()
        assert listed.min(initial=np.inf) >= np.delete(values, top).max(initial=0) * (1 - 1e-9)


@given(components=COMPONENTS)
def test_relevance_is_that_of_ldavis(components):
    lam = 0.6
    mass = components.sum(axis=0, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = lam * np.log(components) + (1 - lam) * np.log(components / (mass / mass.sum()))
    for row, top in zip(scores, top_tokens(components, n_top=12, relevance=1 / lam - 1), strict=True):
        assert (np.diff(row[top]) <= 1e-9).all()


def test_relevance_of_the_table_orders_and_shows_probabilities():
    pytest.importorskip("pandas")
    components = np.array([[0.6, 0.4, 0.0], [0.7, 0.0, 0.3]])
    table = topic_table(components, relevance=1, token_mass=[1.0, 0.2, 9.0])
    assert table["token"].tolist() == [1, 0, 0, 2]
    assert table["probability"].tolist() == [0.4, 0.6, 0.7, 0.3]
    assert top_tokens(components, relevance=1, token_mass=[1.0, 0.0, 9.0]) == [[0], [0, 2]]


@pytest.mark.parametrize("function", [top_tokens, topic_table])
@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"relevance": -1}, ValueError, "'relevance' parameter must be a finite number of at least 0. Got -1"),
        ({"relevance": np.inf}, ValueError, "'relevance' .* Got inf"),
        ({"relevance": "much"}, TypeError, "'relevance' .* Got 'much'"),
        ({"token_mass": [1, 2, 3]}, ValueError, "token_mass must have one finite, non-negative number for each"),
        ({"token_mass": [1, np.nan]}, ValueError, "token_mass must have one finite"),
    ],
)
def test_bad_relevance(function, parameters, error, message):
    if function is topic_table:
        pytest.importorskip("pandas")
    with pytest.raises(error, match=message):
        function(np.eye(2), **parameters)
