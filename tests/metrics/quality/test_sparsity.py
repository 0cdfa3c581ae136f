import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skartm.metrics import sparsity

MATRICES = hnp.arrays(
    st.sampled_from([np.float32, np.float64]),
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=7),
    elements=st.sampled_from([0.0, 0.125, 0.25, 1.0]),
)


@given(matrix=MATRICES, threshold=st.sampled_from([0.0, 0.125, 0.5]), topic_axis=st.sampled_from([0, 1]))
def test_equals_loops(matrix, threshold, topic_axis):
    by_topic = matrix if topic_axis == 0 else matrix.T
    expected = [sum(value <= threshold for value in topic) / len(topic) for topic in by_topic.tolist()]

    per_topic = sparsity(matrix, threshold=threshold, average=False, topic_axis=topic_axis)
    whole = sparsity(matrix, threshold=threshold, topic_axis=topic_axis)

    np.testing.assert_allclose(per_topic, expected)
    assert per_topic.dtype == np.float64
    assert isinstance(whole, float)
    assert whole == pytest.approx(sum(expected) / len(expected))


def test_threshold_is_compared_in_float64():
    # float32(0.1) is a little more than 0.1
    assert sparsity(np.full((2, 2), 0.1, dtype=np.float32), threshold=0.1) == 0.0
    assert sparsity(np.full((2, 2), 0.1), threshold=0.1) == 1.0


def test_threshold_of_bigartm():
    assert sparsity(np.array([[1e-38, 1e-30]], dtype=np.float32), threshold=1e-37) == 0.5


def test_does_not_modify_read_only_input():
    matrix = np.eye(3)
    matrix.setflags(write=False)
    assert sparsity(matrix) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"threshold": -0.1}, "'threshold' parameter of sparsity must be a number >= 0. Got -0.1"),
        ({"threshold": np.nan}, "'threshold' .* Got nan"),
        ({"threshold": "0"}, "'threshold' .* Got '0'"),
        ({"topic_axis": 2}, "'topic_axis' .* must be 0 .* or 1 .* Got 2"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        sparsity(np.eye(2), **parameters)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones(3), "Expected 2D array"),
        (np.ones((0, 3)), "0 sample"),
        (np.array([[np.nan, 1.0]]), "matrix contains NaN"),
    ],
)
def test_bad_matrix(matrix, message):
    with pytest.raises(ValueError, match=message):
        sparsity(matrix)
