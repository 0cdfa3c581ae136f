import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from skartm import (
    PLSA,
    ARTMClassifier,
    ARTMTransformer,
    AuthorTopic,
    ContextARTM,
    HierarchicalARTM,
    HypergraphARTM,
    SentenceTopicModel,
    ThetalessARTM,
)
from skartm import metrics as reports
from skartm.datasets import open_memmap, save_memmap
from skartm.feature_extraction import keep_token_order
from skartm.metrics import WordChoice
from tests.em.corpora import corpus
from tests.topics.test_modalities import INTERLEAVED, N_TOKENS, model

NAMES = [f"{name}{w}" for w, name in enumerate(INTERLEAVED)]


@pytest.fixture(scope="module")
def fitted():
    return model(modalities=INTERLEAVED, token_names=NAMES).fit(corpus(0))


def test_top_tokens_of_a_modality(fitted):
    columns = np.flatnonzero(INTERLEAVED == "tags")
    for topic, tokens in zip(fitted.components_, fitted.top_tokens(3, modality="tags")):
        assert tokens == [NAMES[columns[place]] for place in np.argsort(-topic[columns], kind="stable")[:3]]
    assert all(8 < len(tokens) <= 12 for tokens in fitted.top_tokens(20, modality=["tags", "years"]))
    assert fitted.top_tokens() == fitted.top_tokens(modality=INTERLEAVED[0])  # without a main modality the first


def test_columns_without_names(fitted):
    unnamed = model(modalities=INTERLEAVED).fit(corpus(0))
    named = fitted.top_tokens(3, modality="years")
    assert [[NAMES[column] for column in tokens] for tokens in unnamed.top_tokens(3, modality="years")] == named
    assert unnamed.topic_table(3, modality="years")["token"].map(NAMES.__getitem__).tolist() == [
        token for tokens in named for token in tokens
    ]


def test_table(fitted):
    table = fitted.topic_table(2, modality="years")
    assert table["topic"].unique().tolist() == fitted.get_feature_names_out().tolist()
    assert table["token"].tolist() == [token for tokens in fitted.top_tokens(2, modality="years") for token in tokens]
    assert table["probability"].between(0, 1).all()


def test_names_of_a_frame():
    frame = pd.DataFrame(corpus(0).toarray(), columns=NAMES)
    assert PLSA(2, random_state=0, max_iter=2, tol=0, n_jobs=1).fit(frame).top_tokens(1)[0][0] in NAMES


def test_unknown_modality(fitted):
    with pytest.raises(ValueError, match=r"modality must name a modality of the model .*Got 'tag'"):
        fitted.top_tokens(modality="tag")
    with pytest.raises(ValueError, match="the model has none; ARTMTransformer takes modalities="):
        PLSA(2, random_state=0, max_iter=2, tol=0, n_jobs=1).fit(corpus(0)).top_tokens(modality="words")
    assert N_TOKENS == len(NAMES)


def plsa(**parameters):
    return PLSA(4, **{"random_state": 0, "max_iter": 4, "tol": 0, "dtype": "float64", "n_jobs": 1, **parameters})


CHOICE = WordChoice(0.4, n_candidates=8, n_shown=3)


def test_lift_is_that_of_the_counts_without_regularizers():
    X = corpus(0)
    fitted = plsa().fit(X)
    mass = X.sum(axis=0)  # sum_t n_wt = n_w
    for relevance in (0, 0.3, 2):
        expected = reports.top_tokens(fitted.components_, n_top=7, relevance=relevance, token_mass=mass)
        assert fitted.top_tokens(7, relevance=relevance) == expected
    assert fitted.top_tokens(7, relevance=0) == fitted.top_tokens(7) != fitted.top_tokens(7, relevance=2)
    assert fitted.topic_table(7, relevance=2)["token"].tolist() == np.concatenate(
        fitted.top_tokens(7, relevance=2)
    ).tolist()


def test_lift_is_within_a_modality(fitted):
    columns = np.flatnonzero(INTERLEAVED == "tags")
    counts = np.asarray(corpus(0).sum(axis=0)).ravel()[columns]
    expected = reports.top_tokens(fitted.components_[:, columns], relevance=1.5, token_mass=counts)
    listed = fitted.top_tokens(modality="tags", relevance=1.5)
    assert listed == [[NAMES[columns[place]] for place in top] for top in expected]


def test_bad_relevance(fitted):
    with pytest.raises(ValueError, match="'relevance' parameter must be a finite number of at least 0. Got -1"):
        fitted.top_tokens(relevance=-1)


@pytest.mark.parametrize("weights", [None, np.arange(24) % 3])
def test_shown_words_are_those_of_the_choice_and_change_no_phi(weights):
    X = corpus(0)
    plain = plsa().fit(X, sample_weight=weights)
    shown = plsa(shown_words=CHOICE).fit(X, sample_weight=weights)
    assert shown.components_.tobytes() == plain.components_.tobytes()
    assert not hasattr(plain, "shown_words_")
    mass = X.sum(axis=0) if weights is None else weights @ X
    expected = CHOICE.choose(plain.components_, X, token_mass=mass, sample_weight=weights)
    np.testing.assert_array_equal(shown.shown_words_, expected)
    assert shown.top_tokens(5) == expected[:, :5].tolist() != plain.top_tokens(5)
    assert shown.topic_table(5)["token"].tolist() == expected[:, :5].ravel().tolist()
    probabilities = shown.topic_table(5)["probability"].to_numpy().reshape(4, 5)
    np.testing.assert_array_equal(probabilities, np.take_along_axis(plain.components_, expected[:, :5], axis=1))
    # what is asked for comes before what the model shows
    assert shown.top_tokens(5, relevance=0) == plain.top_tokens(5)
    assert shown.top_tokens(5, relevance=0.4) == plain.top_tokens(5, relevance=0.4)
    # behind the candidates it goes on by lift
    for row, many, by_lift in zip(expected, shown.top_tokens(12), plain.top_tokens(12, relevance=0.4), strict=True):
        assert many[:8] == row.tolist()
        assert many[8:] == by_lift[8:]


def test_shown_words_of_texts_on_disk_are_the_same(tmp_path):
    X = corpus(0)
    save_memmap(tmp_path / "X", X)
    mapped = open_memmap(tmp_path / "X")
    for parameters in ({}, {"validation_fraction": 0.3}):
        model = plsa(shown_words=CHOICE, **parameters)
        np.testing.assert_array_equal(model.fit(mapped).shown_words_, clone(model).fit(X).shown_words_)


def test_shown_words_are_of_the_main_modality():
    X, columns = corpus(0), np.flatnonzero(INTERLEAVED == "tags")
    plain = model(modalities=INTERLEAVED).fit(X)
    parameters = {"main_modality": "tags", "modality_weights": None, "shown_words": CHOICE}
    shown = model(modalities=INTERLEAVED, token_names=NAMES, **parameters).fit(X)
    own = shown.shown_words_[shown.shown_words_ >= 0]
    assert set(own) <= set(columns)
    expected = [[NAMES[column] for column in row[:3]] for row in shown.shown_words_]
    assert shown.top_tokens(3) == shown.top_tokens(3, modality="tags") == expected
    years = shown.components_[:, INTERLEAVED == "years"]
    names = np.array(NAMES)[INTERLEAVED == "years"]
    assert shown.top_tokens(3, modality="years") == reports.top_tokens(years, names, n_top=3)
    assert len(plain.top_tokens(3)) == 4


def test_without_documents_shown_words_go_by_lift():
    X = corpus(0)
    online = plsa(shown_words=CHOICE).partial_fit(X[:12]).partial_fit(X[12:])
    assert not hasattr(online, "shown_words_")
    assert online.top_tokens(5) == online.top_tokens(5, relevance=0.4) != online.top_tokens(5, relevance=0)
    fitted = plsa(shown_words=CHOICE).fit(X)
    fitted.components_ = online.components_
    assert not hasattr(fitted, "shown_words_")
    assert fitted.top_tokens(5) == fitted.top_tokens(5, relevance=0.4)
    fitted = plsa(shown_words=CHOICE).fit(X).partial_fit(X)
    assert not hasattr(fitted, "shown_words_")


def test_shown_words_are_those_of_the_last_fit():
    X = corpus(0)
    fitted = plsa(shown_words=clone(CHOICE), warm_start=True).fit(X)
    before = fitted.top_tokens(5)
    fitted.set_params(shown_words__n_candidates=3, shown_words__relevance=3.0)
    assert fitted.top_tokens(5) == before
    fitted.set_params(shown_words=None)
    assert fitted.top_tokens(5) == before
    assert fitted.fit(X).top_tokens(5) == fitted.top_tokens(5, relevance=0)
    assert not hasattr(fitted, "shown_words_")
    fitted.set_params(shown_words=WordChoice(n_candidates=5)).fit(X)
    assert fitted.shown_words_.shape == (4, 5)
    copy = pickle.loads(pickle.dumps(fitted))
    assert copy.top_tokens(5) == fitted.top_tokens(5) == fitted.shown_words_.tolist()


def test_every_model_of_documents_shows_words():
    X = corpus(0)
    ordered = keep_token_order(X)
    small = {"max_iter": 2, "tol": 0, "random_state": 0, "n_jobs": 1, "shown_words": CHOICE}
    models = [
        ThetalessARTM(4, **small).fit(X),
        AuthorTopic(4, **small).fit(X, authors=[["a"], ["b"]] * 12),
        ContextARTM(4, **small).fit(ordered),
        ARTMClassifier(4, **small).fit(X, [0, 1] * 12),
        HierarchicalARTM([2, 4], estimator=ARTMTransformer(**small)).fit(X),
    ]
    for fitted in models:
        assert fitted.shown_words_.shape == (4, 8)
        assert fitted.top_tokens(4) == [row[row >= 0][:4].tolist() for row in fitted.shown_words_]
        assert fitted.top_tokens(4, relevance=0) == reports.top_tokens(fitted.components_, n_top=4)
    for kind in (HypergraphARTM, SentenceTopicModel):
        assert "shown_words" not in kind().get_params()
    edges = HypergraphARTM(2, random_state=0, max_iter=2, tol=0).fit([["a", "b"], ["b", "c"]])
    assert len(edges.top_tokens(1, relevance=0.5)[0]) == 1


def test_reports_list_the_words_that_are_shown():
    X = corpus(0)
    shown = plsa(shown_words=CHOICE).fit(X)
    report = reports.topic_report(shown, X, n_top=4)
    assert report["top_tokens"].tolist() == [" ".join(map(str, top)) for top in shown.top_tokens(4)]
    listed = reports.coherence(shown.shown_words_[:, :4].tolist(), X, average=False)
    np.testing.assert_allclose(report["coherence"], listed)
    part = reports.topic_report(shown, X, NAMES, tokens=slice(5, 30), n_top=3)
    for row, text in zip(shown.shown_words_, part["top_tokens"], strict=True):
        assert text.split() == [NAMES[column] for column in row if column >= 5][:3]


def test_shown_words_must_be_a_choice():
    for bad in (0.3, "relevance", WordChoice):
        with pytest.raises((TypeError, ValueError), match="'shown_words' parameter of PLSA must be None"):
            plsa(shown_words=bad).fit(corpus(0))
    with pytest.raises(ValueError, match="'relevance' parameter of WordChoice"):
        plsa(shown_words=WordChoice(-1)).fit(corpus(0))
