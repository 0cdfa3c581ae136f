"""gensim: the same values, models in and out."""

import re
import sys

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from skartm import ARTMTransformer
from skartm.datasets import fetch_corpus, load_peps, to_bow
from skartm.feature_extraction import SequenceVectorizer
from skartm.metrics import coherence, from_gensim, to_coherence_model

MEASURES = ["u_mass", "c_npmi", "c_uci", "c_v"]
TOLERANCE = {"u_mass": 1e-6, "c_npmi": 1e-6, "c_uci": 1e-6, "c_v": 1e-4}


def random_texts(rng, n_docs=80, n_tokens=30, longest=50):
    names = np.array([f"token_{w}" for w in range(n_tokens)])
    p = rng.dirichlet(np.full(n_tokens, 1.0))
    return [rng.choice(names, size=rng.integers(0, longest), p=p).tolist() for _ in range(n_docs)]


def random_topics(texts, rng, sizes):
    seen = sorted({token for text in texts for token in text})
    return [rng.choice(seen, size=size, replace=False).tolist() for size in sizes]


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("window", [1, 2, 7, 30, None])
def test_same_values(measure, window, global_random_seed):
    pytest.importorskip("gensim")
    rng = np.random.default_rng(global_random_seed)
    texts = random_texts(rng)
    topics = random_topics(texts, rng, sizes=[8, 2, 5, 8])
    model = to_coherence_model(topics, texts, coherence=measure, window_size=window)

    ours = coherence(topics, texts, measure=measure, window=None if measure == "u_mass" else window, average=False)

    np.testing.assert_allclose(ours, model.get_coherence_per_topic(), rtol=0, atol=1e-12)
    assert ours.mean() == pytest.approx(model.get_coherence(), abs=1e-12)


def assert_equals_gensim(X, names, measure, seed=0, n_topics=6, n_top=8):
    """Compare on topics of neighbours in a text, which do occur together."""
    rng = np.random.default_rng(seed)
    topics = []
    while len(topics) < n_topics:
        row = X.indices[slice(*X.indptr[(start := rng.integers(X.shape[0])) : start + 2])]
        unique = np.unique(row[rng.integers(max(len(row) - 200, 1)) :][:200])
        if len(unique) >= n_top:
            topics.append(rng.permutation(unique)[:n_top].tolist())
    model = to_coherence_model(topics, X, feature_names=names, coherence=measure)
    theirs = model.get_coherence_per_topic()
    ours = coherence(topics, X, measure=measure, average=False)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE[measure])


@pytest.mark.parametrize("measure", MEASURES)
def test_same_values_on_peps(measure):
    pytest.importorskip("gensim")
    peps = load_peps()
    assert_equals_gensim(peps.data[:150], peps.feature_names, measure)


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("name", ["ng20", "sotu", "eips", "gitlog"])
def test_same_values_on_real_text(measure, name, data_folder):
    pytest.importorskip("gensim")
    if not (data_folder / name).is_dir():
        pytest.skip(f"needs the real corpus {name!r}")
    n_docs = {"sotu": 25, "eips": 100}.get(name, 600)
    corpus = fetch_corpus(name, data_folder, records=True)
    texts = [record["body" if name == "gitlog" else "text"] for record in corpus.docs[:n_docs]]
    vectorizer = SequenceVectorizer(stop_words="english", token_pattern=r"(?u)\b[^\W\d_]{2,}\b", min_df=5)
    X = vectorizer.fit_transform(texts)
    assert_equals_gensim(X, vectorizer.get_feature_names_out(), measure)


@pytest.mark.parametrize("measure", MEASURES)
def test_estimators_arrays_and_lists(measure):
    pytest.importorskip("gensim")
    texts = random_texts(np.random.default_rng(0))
    vectorizer = SequenceVectorizer().fit(map(" ".join, texts))
    names = vectorizer.get_feature_names_out()
    X = vectorizer.transform(map(" ".join, texts))
    estimator = ARTMTransformer(4, max_iter=3, tol=0, random_state=0, n_jobs=1).fit(X)
    ours = coherence(estimator.components_, X, measure=measure, n_top=6, average=False)
    for model in (estimator, estimator.components_):
        for documents in (X, texts):
            theirs = to_coherence_model(model, documents, feature_names=names, coherence=measure, topn=6)
            np.testing.assert_allclose(ours, theirs.get_coherence_per_topic(), atol=1e-12)


def test_counts_serve_for_u_mass_only():
    pytest.importorskip("gensim")
    vectorizer = CountVectorizer()
    X = vectorizer.fit_transform(["bee ant bee cat", "ant cat dog", "bee dog"])
    names = vectorizer.get_feature_names_out()
    topics = [["ant", "bee", "cat"]]
    theirs = to_coherence_model(topics, X, feature_names=names, coherence="u_mass").get_coherence()
    assert theirs == pytest.approx(coherence(topics, X, feature_names=names, measure="u_mass"))
    with pytest.raises(ValueError, match="order of the text"):
        to_coherence_model(topics, X, feature_names=names, coherence="c_v", window_size=2)


@pytest.mark.parametrize(
    ("topics", "parameters", "message"),
    [
        ([["a", "b"]], {"coherence": "npmi"}, "'coherence' .* must be one of .* Got 'npmi'"),
        ([["a", "b"]], {"topn": 0}, "'topn' .* Got 0"),
        ([["a"], ["a", "b"]], {}, r"at least two tokens .* Got \['a'\] in topic 0"),
        ([["a", "u"]], {"feature_names": ["a", "b"]}, r"at least two tokens .* Got \['a'\] in topic 0"),
        ([[0, 1]], {}, "feature_names must name the columns"),
    ],
)
def test_bad_input(topics, parameters, message):
    pytest.importorskip("gensim")
    with pytest.raises(ValueError, match=message):
        to_coherence_model(topics, [["a", "b"], ["b"]], **parameters)


def test_a_matrix_needs_names():
    pytest.importorskip("gensim")
    with pytest.raises(ValueError, match="feature_names must name the columns of X, since gensim works on tokens"):
        to_coherence_model([[0, 1]], np.ones((2, 2)), coherence="u_mass")


def test_without_gensim(monkeypatch):
    monkeypatch.setitem(sys.modules, "gensim", None)
    monkeypatch.setitem(sys.modules, "gensim.corpora", None)
    with pytest.raises(ImportError, match=re.escape("pip install skartm[gensim]")):
        to_coherence_model([["a", "b"]], [["a", "b"]])


@pytest.mark.parametrize("kind", ["LdaModel", "Nmf"])
def test_topics_of_gensim(kind):
    models = pytest.importorskip("gensim.models")
    peps = load_peps()
    X = peps.data[:60]
    id2word = dict(enumerate(peps.feature_names))
    model = getattr(models, kind)(list(to_bow(X)), num_topics=3, id2word=id2word, random_state=0)

    components, names = from_gensim(model)

    assert components.shape == (3, X.shape[1])
    assert components.dtype == np.float64
    np.testing.assert_allclose(components.sum(axis=1), 1)
    np.testing.assert_array_equal(names, peps.feature_names)
    top = [names[w] for w in np.argsort(-components[0], kind="stable")[:5]]
    assert set(top) == {token for token, _ in model.show_topic(0, topn=5)}
    assert -1 <= coherence(components, X, measure="c_npmi", n_top=5) <= 1
    theirs = to_coherence_model(components, X, feature_names=names, topn=5, coherence="c_npmi").get_coherence()
    assert coherence(components, X, measure="c_npmi", n_top=5) == pytest.approx(theirs)
    started = ARTMTransformer(3, init=components, max_iter=1, tol=0, n_jobs=1).fit(X)
    assert started.components_.shape == components.shape


def test_not_a_model_of_topics():
    with pytest.raises(TypeError, match="must be a topic model of gensim.* Got ndarray"):
        from_gensim(np.ones((2, 2)))


def test_topics_with_signs():
    models = pytest.importorskip("gensim.models")
    model = models.LsiModel([[(0, 1), (1, 2)], [(1, 1), (2, 1)]], num_topics=2, id2word=dict(enumerate("abc")))
    with pytest.raises(ValueError, match="non-negative"):
        from_gensim(model)
