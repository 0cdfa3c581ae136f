import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skartm.metrics import blei_lafferty
from tests.metrics.topics import components
from tests.oracle import scores as oracle


@given(phi=components(dtypes=(np.float64,)), n_top=st.integers(1, 9), floor=st.sampled_from([1e-42, 1e-16, 0.01]))
def test_equals_loops(phi, n_top, floor):
    values = blei_lafferty(phi, n_top=n_top, floor=floor, average=False)
    np.testing.assert_allclose(values, oracle.blei_lafferty(phi.tolist(), n_top, floor), atol=1e-10)
    assert np.isfinite(values).all()
    mean = blei_lafferty(phi, n_top=n_top, floor=floor)
    assert isinstance(mean, float)
    assert mean == pytest.approx(values.mean())


def test_distinct_topics_score_higher():
    assert blei_lafferty(np.eye(4)) > blei_lafferty(np.eye(4) + 0.5) > blei_lafferty(np.ones((4, 4))) == 0.0


def test_dead_topics_do_not_help():
    phi = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]])
    values = blei_lafferty(np.vstack([phi, np.zeros(3)]), average=False)
    np.testing.assert_allclose(values, [*blei_lafferty(phi, average=False), 0.0])
    assert blei_lafferty(np.zeros((2, 3))) == 0.0


@pytest.mark.parametrize("floor", [0, 1, -1e-3, np.nan, "0"])
def test_bad_floor(floor):
    with pytest.raises(ValueError, match="'floor' parameter of blei_lafferty must be a number in"):
        blei_lafferty(np.eye(2), floor=floor)
