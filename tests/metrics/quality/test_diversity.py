import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skartm.metrics import topic_diversity
from tests.oracle import coherence as oracle


@given(
    components=hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.integers(0, 3)),
    n_top=st.integers(1, 10),
)
def test_equals_loops(components, n_top):
    listed = [column for row in components.tolist() for column in oracle.top_columns(row, n_top)]
    expected = len(set(listed)) / len(listed) if listed else 0.0
    assert topic_diversity(components, n_top=n_top) == pytest.approx(expected)


def test_extremes():
    assert topic_diversity(np.eye(4)) == 1.0
    assert topic_diversity(np.ones((4, 30))) == 0.25
    assert topic_diversity(np.zeros((4, 30))) == 0.0


def test_dead_topic_changes_nothing():
    components = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
    assert topic_diversity(np.vstack([components, np.zeros(3)])) == topic_diversity(components) == 0.75


@pytest.mark.parametrize("n_top", [0, -1, 2.5, "10", None])
def test_bad_n_top(n_top):
    with pytest.raises(ValueError, match="'n_top' parameter must be an int"):
        topic_diversity(np.eye(2), n_top=n_top)
