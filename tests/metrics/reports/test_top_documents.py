import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skartm.metrics import top_documents
from tests.metrics.topics import components
from tests.oracle import scores as oracle


@given(theta=components(), n_top=st.integers(1, 6))
def test_equals_loops(theta, n_top):
    expected = [oracle.top_columns(topic, n_top) for topic in theta.T.tolist()]
    assert top_documents(theta, n_top=n_top) == expected
    titles = [f"title {d}" for d in range(len(theta))]
    assert top_documents(theta, titles, n_top=n_top) == [[titles[d] for d in topic] for topic in expected]


def test_wrong_number_of_titles():
    with pytest.raises(ValueError, match="titles must have one name for each of the 2 documents. Got 1"):
        top_documents(np.eye(2), ["a"])
