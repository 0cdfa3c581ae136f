import warnings

import numpy as np
import pytest
from scipy import sparse

from skartm import LDA, PLSA, ARTMClassifier, ARTMTransformer, SentenceTopicModel, ThetalessARTM
from skartm.datasets import make_topics, open_memmap, save_memmap
from skartm.exceptions import ShortTextsWarning, WeakRegularizerWarning
from skartm.regularizers import Decorrelation, Linear, SmoothSparsePhi, SmoothSparseTheta, Window

SMALL = {"max_iter": 2, "tol": 0, "random_state": 0, "n_jobs": 1}


def texts(length, n_docs=120):
    return make_topics(n_docs, 60, 4, doc_length=length, random_state=0).data


def plsa(**parameters):
    return PLSA(3, **{**SMALL, **parameters})


def artm(*regularizers, **parameters):
    pairs = [(f"r{number}", regularizer) for number, regularizer in enumerate(regularizers)]
    return ARTMTransformer(3, regularizers=pairs, **{**SMALL, **parameters})


def said(fit, category):
    """Messages of a category that a call gives; others are errors."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit()
    assert {warning.category for warning in caught} <= {category}
    return [str(warning.message) for warning in caught]


# --- short texts -----------------------------------------------------------------------------------------------------


def test_short_texts_are_said_once_a_fit():
    (message,) = said(lambda: plsa(max_iter=5).fit(texts(8)), ShortTextsWarning)
    assert message.startswith("PLSA: documents have fewer than 20 tokens on average, and nothing keeps topics from ")
    assert "leave_one_out=True" in message
    model = plsa()
    (_,) = said(lambda: model.partial_fit(texts(8)).partial_fit(texts(8)), ShortTextsWarning)
    (message,) = said(lambda: ARTMClassifier(3, **SMALL).fit(texts(8), [0, 1] * 60), ShortTextsWarning)
    assert message.startswith("ARTMTransformer")


@pytest.mark.parametrize(
    "model",
    [
        plsa(leave_one_out=True),
        artm(SmoothSparsePhi(0.1)),
        artm(SmoothSparseTheta(0.1)),
        artm(SmoothSparsePhi(Linear(0, 0.1))),
        LDA(3, max_iter=2, random_state=0, n_jobs=1),
        LDA(3, max_iter=2, inference="map", random_state=0, n_jobs=1),
        ThetalessARTM(3, **SMALL),
    ],
)
def test_what_smooths_or_cannot_leave_out_gets_no_hint(model):
    assert said(lambda: model.fit(texts(8)), ShortTextsWarning) == []


@pytest.mark.parametrize(
    "regularizer",
    [SmoothSparsePhi(-0.1), SmoothSparsePhi(0.1, topics=[0]), SmoothSparseTheta(-0.01), Decorrelation(9.0)],
)
def test_what_does_not_smooth_gets_the_hint(regularizer):
    assert len(said(lambda: artm(regularizer, SmoothSparsePhi(0.0)).fit(texts(8)), ShortTextsWarning)) == 1


def test_long_texts_and_few_texts_get_no_hint():
    assert said(lambda: plsa().fit(texts(25)), ShortTextsWarning) == []
    assert said(lambda: plsa().fit(texts(8, n_docs=80)), ShortTextsWarning) == []
    with_empty_ones = sparse.vstack([texts(8, n_docs=80), sparse.csr_matrix((200, 60))], format="csr")
    assert said(lambda: plsa().fit(with_empty_ones), ShortTextsWarning) == []
    words_twice = texts(12) * 3  # few words, and many tokens
    assert said(lambda: plsa().fit(words_twice), ShortTextsWarning) == []
    sentences = SentenceTopicModel(3, **SMALL)
    assert said(lambda: sentences.fit(texts(8), groups=np.arange(120) // 2), ShortTextsWarning) == []


def test_entries_that_are_no_counts_are_a_token_each():
    many = sparse.random(120, 60, density=0.5, format="csr", random_state=0)
    assert said(lambda: plsa().fit(many / many.sum()), ShortTextsWarning) == []
    few = texts(8)
    assert len(said(lambda: plsa().fit(few / few.sum()), ShortTextsWarning)) == 1


def test_short_texts_on_disk(tmp_path):
    save_memmap(tmp_path / "X", texts(8).astype(np.float32))
    mapped = open_memmap(tmp_path / "X")
    assert len(said(lambda: plsa().fit(mapped), ShortTextsWarning)) == 1
    assert len(said(lambda: plsa(validation_fraction=0.1).fit(mapped), ShortTextsWarning)) == 1


# --- weak regularizers -----------------------------------------------------------------------------------------------


def test_a_weak_term_is_said_once_by_name():
    model = artm(Decorrelation(1e-3), SmoothSparsePhi(1e-5), Decorrelation(0.02, relative=0.0), max_iter=4)
    first, second = said(lambda: model.fit(texts(50)), WeakRegularizerWarning)
    assert first.startswith("ARTMTransformer: the regularizer 'r0' moved at most ")
    assert first.endswith("Raise its tau, or make it a share of the mass: tau=0.05, relative=0.0.")
    assert "the regularizer 'r1' moved at most " in second
    share = 1e-5 * 3 * 60 / texts(50).sum()
    assert f"{share:.1e} of the mass" in second
    online = artm(Decorrelation(1e-3))
    assert len(said(lambda: online.partial_fit(texts(50)).partial_fit(texts(50)), WeakRegularizerWarning)) == 1


def test_a_weak_term_of_theta():
    (message,) = said(lambda: artm(SmoothSparseTheta(1e-5)).fit(texts(50)), WeakRegularizerWarning)
    assert message.endswith("changes next to nothing. Raise its tau.")
    assert f"{1e-5 * 3 / 50:.1e} of the mass" in message


@pytest.mark.parametrize(
    "regularizer",
    [
        Decorrelation(0.0),  # off
        Window(0.05, begin=90),
        Window(0.05, begin=1),  # strong in one pass
        Linear(0, 0.05),
        Decorrelation(1e-3, relative=0.0),
        SmoothSparsePhi(-0.05),
        SmoothSparseTheta(0.01),
    ],
)
def test_what_acts_in_a_pass_or_is_off_is_not_weak(regularizer):
    if isinstance(regularizer, (Window, Linear)):
        regularizer = Decorrelation(regularizer, relative=0.0)
    assert said(lambda: artm(regularizer, max_iter=3).fit(texts(50)), WeakRegularizerWarning) == []


def test_priors_of_lda_have_no_name_that_could_be_raised():
    lda = LDA(3, inference="map", topic_word_prior=1e-6, max_iter=2, random_state=0, n_jobs=1)
    assert said(lambda: lda.fit(texts(50)), WeakRegularizerWarning) == []
