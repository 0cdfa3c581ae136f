import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from skartm.metrics import class_precision
from tests.metrics.topics import components, doc_topics
from tests.oracle import scores as oracle


@given(data=st.data(), phi=components(max_tokens=4, dtypes=(np.float64,)), n_docs=st.integers(1, 5))
def test_equals_loops(data, phi, n_docs):
    theta = data.draw(doc_topics(n_docs, len(phi)))
    n_classes = phi.shape[1]
    labels = data.draw(st.lists(st.integers(-1, n_classes - 1), min_size=n_docs, max_size=n_docs))
    expected = oracle.class_precision(phi.tolist(), theta.tolist(), [{c} - {-1} for c in labels])
    value = class_precision(phi, theta, labels)
    # rounding may break ties
    p_cd = np.sort(theta @ phi, axis=1)
    if n_classes == 1 or (np.diff(p_cd, axis=1)[:, -1] > 1e-9).all():
        assert value == pytest.approx(expected)
    indicator = np.equal.outer(labels, np.arange(n_classes)).astype(int)
    assert class_precision(phi, theta, indicator) == class_precision(phi, theta, csr_matrix(indicator)) == value


def test_several_classes_of_a_document():
    p_ct, theta = np.eye(3), np.eye(3)
    assert class_precision(p_ct, theta, [[1, 1, 0], [0, 2, 0], [1, 0, 0]]) == pytest.approx(2 / 3)


def test_without_labels_and_without_probability():
    assert class_precision(np.eye(2), np.eye(2), [-1, -1]) == 0.0
    assert class_precision(np.zeros((2, 2)), np.eye(2), [0, 0]) == 0.0


@pytest.mark.parametrize(
    ("theta", "labels", "message"),
    [
        (np.ones((2, 3)), [0, 1], r"one column for each of the 2 topics. Got \(2, 3\)"),
        (np.eye(2), [0, 3], r"columns of class_components, in \[0, 3\), or -1. Got 0 to 3"),
        (np.eye(2), [0, -2], "Got -2 to 0"),
        (np.eye(2), ["a", "b"], r"labels must be 2 integers, or an indicator of shape \(2, 3\)"),
        (np.eye(2), [0], r"Got shape \(1,\)"),
    ],
)
def test_bad_input(theta, labels, message):
    with pytest.raises(ValueError, match=message):
        class_precision(np.ones((2, 3)), theta, labels)
