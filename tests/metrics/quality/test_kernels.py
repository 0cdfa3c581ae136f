import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skartm.metrics import background_ratio, effective_topics, topic_kernels, topic_shares
from tests.metrics.topics import components, masses
from tests.oracle import scores as oracle

BAD_MASSES = [([1.0, np.nan], "finite"), ([1.0, -1.0], "non-negative"), ([1.0], r"shape \(2,\)"), (1.0, "shape")]


@given(data=st.data(), phi=components(dtypes=(np.float64,)), threshold=st.sampled_from([0.11, 0.26, 0.51, 0.89]))
def test_equals_loops(data, phi, threshold):
    mass = data.draw(masses(len(phi)))
    kernels = topic_kernels(phi, mass, threshold=threshold)
    expected = oracle.kernels(phi.tolist(), mass.tolist(), threshold)
    assert kernels.size.tolist() == [size for size, *_ in expected]
    np.testing.assert_allclose(kernels.purity, [purity for _, purity, *_ in expected], atol=1e-12)
    np.testing.assert_allclose(kernels.contrast, [contrast for *_, contrast, _ in expected], atol=1e-12)
    assert [kernel.tolist() for kernel in kernels.tokens] == [tokens for *_, tokens in expected]


def test_tokens_are_ranked_and_cut():
    phi = np.array([[0.5, 0.3, 0.1, 0.1], [0.5, 0.1, 0.0, 0.4]])
    kernels = topic_kernels(phi, threshold=0.3)
    assert [kernel.tolist() for kernel in kernels.tokens] == [[0, 1, 2], [0, 3]]
    cut = topic_kernels(phi, threshold=0.3, n_tokens=1)
    assert cut.named(list("abcd")) == [["a"], ["a"]]
    assert cut.size.tolist() == [3, 2]
    with pytest.raises(ValueError, match="feature_names must name the columns of components. Got 3, need 4"):
        kernels.named(list("abc"))


def test_topics_without_mass():
    phi = np.array([[0.5, 0.5], [0.0, 0.0], [0.5, 0.5]])
    kernels = topic_kernels(phi, [4.0, 0.0, 0.0])
    assert kernels.size.tolist() == [2, 0, 0]
    assert kernels.purity.tolist() == kernels.contrast.tolist() == [1.0, 0.0, 0.0]
    assert topic_kernels(phi, [0.0, 0.0, 0.0]).size.tolist() == [0, 0, 0]


def test_all_topics_are_equal_without_masses():
    phi = np.random.default_rng(0).dirichlet(np.full(9, 0.3), 4)
    np.testing.assert_allclose(topic_kernels(phi).contrast, topic_kernels(phi, np.full(4, 3.0)).contrast)


@pytest.mark.parametrize("threshold", [0, -0.1, 1.1, np.nan, "0.1", None])
def test_bad_threshold(threshold):
    with pytest.raises(ValueError, match="'threshold' parameter of topic_kernels must be a number in"):
        topic_kernels(np.eye(2), threshold=threshold)


@pytest.mark.parametrize(("mass", "message"), BAD_MASSES)
def test_bad_mass(mass, message):
    with pytest.raises(ValueError, match=f"topic_mass must .*{message}"):
        topic_kernels(np.eye(2), mass)
    with pytest.raises(ValueError, match=f"topic_mass must .*{message}"):
        background_ratio(np.eye(2), mass)


@given(
    data=st.data(),
    phi=components(dtypes=(np.float64,)),
    threshold=st.sampled_from([0.1234, 0.5, 1.01]),
    divergence=st.sampled_from(["forward", "reverse"]),
)
def test_background_equals_loops(data, phi, threshold, divergence):
    mass = data.draw(masses(len(phi)))
    near = background_ratio(phi, mass, threshold=threshold, divergence=divergence)
    assert near == pytest.approx(oracle.near_background(phi.tolist(), mass.tolist(), threshold, divergence))
    far = background_ratio(phi, mass, threshold=threshold, divergence=divergence, side="far")
    assert far == pytest.approx(1 - near) or near == far == 0


def test_background_of_equal_and_of_disjoint_topics():
    equal, disjoint = np.full((3, 5), 0.2), np.eye(3)
    for divergence in ("forward", "reverse"):
        assert background_ratio(equal, divergence=divergence) == 1.0
        assert background_ratio(disjoint, divergence=divergence) == 0.0
        assert background_ratio(disjoint, divergence=divergence, side="far") == 1.0
    # ln 3 is all that the reverse divergence can be
    assert background_ratio(disjoint, threshold=1.1, divergence="reverse") == 1.0
    assert background_ratio(np.zeros((2, 3))) == background_ratio(np.zeros((2, 3)), side="far") == 0.0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"side": "close"}, r"'side' parameter of background_ratio must be one of \['near', 'far'\]. Got 'close'"),
        ({"divergence": "kl"}, "'divergence' .* Got 'kl'"),
        ({"threshold": -1}, "'threshold' .* must be a number >= 0. Got -1"),
        ({"threshold": np.nan}, "Got nan"),
    ],
)
def test_bad_background(parameters, message):
    with pytest.raises(ValueError, match=message):
        background_ratio(np.eye(2), **parameters)


@given(mass=st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_shares(mass):
    shares = topic_shares(mass)
    total = sum(mass)
    np.testing.assert_allclose(shares, [n / total if total else 0.0 for n in mass])
    living = sum(n > 0 for n in mass)
    assert min(living, 1) - 1e-12 <= effective_topics(mass) <= living + 1e-9
    if len(set(mass)) == 1 and total:
        assert effective_topics(mass) == pytest.approx(len(mass))


def test_shares_of_bad_masses():
    with pytest.raises(ValueError, match=r"topic_mass must be numbers of shape \(n,\)"):
        topic_shares([[1.0]])
    with pytest.raises(ValueError, match="finite and non-negative. Got -1.0 to 1.0"):
        effective_topics([1.0, -1.0])
