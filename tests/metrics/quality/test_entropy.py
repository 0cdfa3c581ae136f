import numpy as np
import pytest
from hypothesis import given

from skartm.metrics import topic_entropy
from tests.metrics.topics import components
from tests.oracle import scores as oracle


@given(phi=components())
def test_equals_loops(phi):
    rows = phi.astype(np.float64).tolist()
    values = topic_entropy(phi, average=False)
    np.testing.assert_allclose(values, [oracle.entropy(row) if sum(row) else 0.0 for row in rows], atol=1e-12)
    living = [value for value, row in zip(values, rows) if sum(row)]
    assert topic_entropy(phi) == pytest.approx(np.mean(living) if living else 0.0)


def test_bounds_and_scale():
    assert topic_entropy(np.ones((2, 8))) == pytest.approx(np.log(8))
    assert topic_entropy(np.eye(8) * 7) == 0.0
