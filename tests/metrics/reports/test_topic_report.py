import sys

import numpy as np
import pytest
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from skartm.metrics import coherence, top_tokens, topic_entropy, topic_kernels, topic_report, topic_shares
from tests.topics.models import MODELS, corpus, model

pytest.importorskip("pandas")


@pytest.mark.parametrize("name", MODELS)
def test_columns(name):
    X = corpus(0)
    fitted = model(name).fit(X)
    report = topic_report(fitted, X, n_top=4, threshold=0.3)
    phi = fitted.components_ / fitted.components_.sum(axis=1, keepdims=True)
    kernels = topic_kernels(phi, fitted.topic_mass_, threshold=0.3)
    assert report.index.tolist() == fitted.get_feature_names_out().tolist()
    np.testing.assert_allclose(report["mass"], fitted.topic_mass_)
    np.testing.assert_allclose(report["share"], topic_shares(fitted.topic_mass_))
    assert report["kernel_size"].tolist() == kernels.size.tolist()
    np.testing.assert_allclose(report["purity"], kernels.purity, rtol=1e-5)
    np.testing.assert_allclose(report["contrast"], kernels.contrast, rtol=1e-5)
    np.testing.assert_allclose(report["entropy"], topic_entropy(phi, average=False), rtol=1e-5)
    np.testing.assert_allclose(report["coherence"], coherence(phi, X, n_top=4, average=False))
    tops = top_tokens(fitted.components_, n_top=4)
    assert report["top_tokens"].tolist() == [" ".join(map(str, top)) for top in tops]
    assert "coherence" not in topic_report(fitted)


def test_columns_of_a_modality():
    X = corpus(0)
    fitted = model().fit(X)
    names = np.array([f"w{w}" for w in range(X.shape[1])])
    report = topic_report(fitted, X, names, tokens=slice(20, 30), n_top=3)
    expected = top_tokens(fitted.components_[:, 20:], names[20:], n_top=3)
    assert report["top_tokens"].str.split().tolist() == expected


def test_pipeline_on_texts():
    texts = ["cat milk cat", "dog milk", "stock money", "money stock stock"] * 3
    pipe = make_pipeline(CountVectorizer(), model(n_components=2, topic_names=["pets", "money"])).fit(texts)
    report = topic_report(pipe, texts, n_top=2)
    assert report.index.tolist() == ["pets", "money"]
    assert set(" ".join(report["top_tokens"]).split()) <= {"cat", "milk", "dog", "stock", "money"}


def test_dead_topics_and_other_libraries():
    X = corpus(0)
    fitted = model().fit(X)
    topics = fitted.components_.copy()
    topics[1] = 0
    fitted.components_ = topics
    row = topic_report(fitted, X).iloc[1]
    assert row[["mass", "share", "kernel_size", "purity", "contrast", "entropy"]].tolist() == [0] * 6
    assert row["coherence"] == -1
    assert row["top_tokens"] == ""
    theirs = LatentDirichletAllocation(3, random_state=0).fit(X)
    report = topic_report(theirs, X)
    np.testing.assert_allclose(report["mass"], theirs.components_.sum(axis=1))
    assert np.isfinite(report.drop(columns="top_tokens").to_numpy(dtype=float)).all()


def test_masses_that_nobody_knows():
    class Bare:
        components_ = np.eye(3)

        def transform(self, X):
            return np.full((X.shape[0], 3), 1 / 3)

        def fit(self, X):
            return self

    report = topic_report(Bare())
    assert list(report.columns) == ["kernel_size", "purity", "contrast", "entropy", "top_tokens"]
    assert report.index.tolist() == [0, 1, 2]
    assert topic_report(Bare(), corpus(0)[:, :3])["share"].tolist() == pytest.approx([1 / 3] * 3)


def test_without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="topic_report needs pandas, which is not installed"):
        topic_report(model().fit(corpus(0)))
