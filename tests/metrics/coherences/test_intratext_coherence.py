import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from skartm import PLSA
from skartm.datasets import load_peps
from skartm.feature_extraction import keep_token_order
from skartm.metrics import intratext_coherence
from tests.metrics.topics import components
from tests.oracle import scores as oracle

METHODS = ["segment_length", "segment_weight", "window"]


def to_csr(texts, n_tokens, index_dtype=np.int32, container=sparse.csr_array):
    indices = np.array([token for text in texts for token in text], dtype=index_dtype)
    indptr = np.cumsum([0, *map(len, texts)]).astype(index_dtype)
    return container((np.ones(len(indices), dtype=np.float32), indices, indptr), shape=(len(texts), n_tokens))


@pytest.mark.parametrize("method", METHODS)
@given(
    data=st.data(),
    phi=components(max_topics=3, max_tokens=5, dtypes=(np.float64,)),
    kind=st.sampled_from(["p_wt", "p_tw"]),
    specificity=st.sampled_from([None, "max", "mean"]),
    max_gap=st.integers(0, 4),
    window=st.integers(2, 7),
)
def test_equals_loops(method, data, phi, kind, specificity, max_gap, window):
    # distinct probabilities, where the most related topic is not up to rounding
    phi = phi * np.linspace(1, 1.1, phi.size).reshape(phi.shape)
    text = st.lists(st.integers(0, phi.shape[1] - 1), max_size=14)
    texts = data.draw(st.lists(text, max_size=5))
    values = intratext_coherence(
        phi,
        keep_token_order(to_csr(texts, phi.shape[1])),  # some happen to be sorted
        method=method,
        relatedness=kind,
        specificity=specificity,
        max_gap=max_gap,
        window=window,
        average=False,
    )
    expected = oracle.intratext(phi.tolist(), texts, method, kind, specificity, max_gap, window)
    np.testing.assert_allclose(values, expected, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("index_dtype", [np.int32, np.int64])
def test_mean_containers_and_blocks(method, index_dtype, monkeypatch):
    rng = np.random.default_rng(0)
    phi = rng.dirichlet(np.full(30, 0.2), 4)
    texts = [rng.integers(0, 30, rng.integers(0, 60)).tolist() for _ in range(12)]
    values = intratext_coherence(phi, to_csr(texts, 30, index_dtype), method=method, average=False)
    np.testing.assert_allclose(values, oracle.intratext(phi.tolist(), texts, method, "p_wt", None, 10, 20))
    matrix = to_csr(texts, 30, container=sparse.csr_matrix)
    assert intratext_coherence(phi, matrix, method=method) == pytest.approx(values.mean())
    monkeypatch.setattr("skartm.metrics.coherences._intratext_coherence._BLOCK", 64)
    np.testing.assert_array_equal(intratext_coherence(phi, matrix, method=method, average=False), values)


def test_coherent_texts_have_longer_segments():
    rng = np.random.default_rng(0)
    phi = np.kron(np.eye(4), np.full(10, 0.1))
    together = [np.concatenate([rng.integers(10 * t, 10 * t + 10, 15) for t in range(4)]) for _ in range(20)]
    scattered = [rng.permutation(text) for text in together]
    for method in METHODS:
        values = [intratext_coherence(phi, to_csr(texts, 40), method=method) for texts in (together, scattered)]
        assert values[0] > values[1]


def test_order_of_real_texts_is_worth_more_than_none():
    X = load_peps().data[:150].copy()
    phi = PLSA(10, max_iter=15, tol=0, random_state=0, n_jobs=1).fit(X).components_
    value = intratext_coherence(phi, X)
    rng = np.random.default_rng(0)
    for start, stop in zip(X.indptr[:-1], X.indptr[1:]):
        X.indices[start:stop] = rng.permutation(X.indices[start:stop])
    assert value > 1.02 * intratext_coherence(phi, X)


def test_dead_topics_zeros_and_no_text():
    phi = np.array([[0.5, 0.5, 0.0], [0.0, 0.0, 0.0]])
    X = to_csr([[0, 2, 1, 2, 2, 0]], 3)
    for method in METHODS:
        assert intratext_coherence(phi, X, method=method, average=False)[1] == 0.0
        assert intratext_coherence(phi, to_csr([[], []], 3), method=method) == 0.0
        assert intratext_coherence(np.zeros((2, 3)), X, method=method) == 0.0
    # the last column is no token of any topic; an entry 0 is no token
    assert intratext_coherence(phi, X, method="segment_length", max_gap=2, average=False)[0] == 1.5
    X.data[3] = 0
    assert intratext_coherence(phi, X, method="segment_length", max_gap=2, average=False)[0] == 3.0


def test_input_is_left_alone():
    X = to_csr([[2, 0, 2], [1]], 3)
    for array in (X.data, X.indices, X.indptr):
        array.setflags(write=False)
    intratext_coherence(np.eye(3), X)
    assert X.indices.tolist() == [2, 0, 2, 1]


def test_bags_of_words_are_refused():
    counts = sparse.csr_array(np.ones((10, 20)))
    with pytest.raises(ValueError, match="X must keep the order of the text.* all sorted"):
        intratext_coherence(np.eye(20), counts)
    with pytest.raises(TypeError, match="X must be a CSR matrix .* Got coo_array"):
        intratext_coherence(np.eye(20), counts.tocoo())
    with pytest.raises(TypeError, match="Got ndarray"):
        intratext_coherence(np.eye(20), counts.toarray())
    with pytest.raises(ValueError, match=r"one column for each of the 3 tokens. Got shape \(10, 20\)"):
        intratext_coherence(np.eye(3), counts)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"method": "median"}, r"'method' .* one of \['segment_length', .*\]. Got 'median'"),
        ({"relatedness": "ptw"}, "'relatedness' .* Got 'ptw'"),
        ({"specificity": "min"}, "'specificity' .* Got 'min'"),
        ({"max_gap": -1}, "'max_gap' .* must be an int >= 0. Got -1"),
        ({"window": 1}, "'window' .* must be an int >= 2. Got 1"),
        ({"window": 2.5}, "'window' .* Got 2.5"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        intratext_coherence(np.eye(2), to_csr([[0]], 2), **parameters)
