"""Evaluation measures the model: not rounding, not the scale of the data, and not documents that it cannot split."""

import warnings

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.model_selection import cross_val_score
from sklearn.preprocessing import normalize

from skartm import PLSA, ARTMTransformer, EmbeddedTopicModel, HypergraphARTM, SentenceTopicModel
from skartm.callbacks import EarlyStopping, TopicMonitor
from skartm.exceptions import LeftOutDocumentsWarning
from skartm.metrics import completion_perplexity, make_topic_scorer, topic_scoring
from tests.reliability.estimators import PLAIN, counts, public_estimators

SCALES = [2.0**k for k in (-40, -30, -20, -10, -3, -1, 1, 3, 10, 20, 30, 40)]
SCALES += [1e-12, 1e-9, 1e-6, 1e-3, 0.1, 1 / 3, 3.3, 77.7, 1e3 / 7, 1e6 / 7, 1e9 / 7, 1e12]

# Cases of models that score documents by completion, and why the others with a perplexity do not.
OTHERS = {
    "LDA": "the variational bound, of all tokens",
    "ContextARTM": "every token given the others of its text",
    "HypergraphARTM": "whole edges, see below",
    "SentenceTopicModel": "whole sentences, see below",
    "TopicPipeline": "that of its model, from texts",
}
SCORED = sorted(name for name, case in PLAIN.items() if "perplexity" in case.readers and name not in OTHERS)
every_model = pytest.mark.parametrize("name", SCORED)


def weighted(seed=1, n_rows=30, n_columns=20):
    """Rows that sum to 1 and no multiple of which is counts."""
    X = counts(seed, n_rows, n_columns)
    X.data *= np.random.default_rng(seed).uniform(0.5, 2, n_columns)[X.indices]
    return normalize(X, norm="l1")


def fitted(name):
    """Without priors of theta, which weigh the more the smaller the counts are."""
    model, data = PLAIN[name].new(), PLAIN[name].data(0)
    parameters = model.get_params()
    values = {
        "dtype": "float64",
        "regularizers": (),
        "estimator__dtype": "float64",
        "doc_topic_prior": 0.0,
        "author_topic_prior": 0.0,
    }
    model.set_params(**{key: value for key, value in values.items() if key in parameters})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(**data)


def test_every_model_with_a_perplexity_is_tried():
    assert set(SCORED) | set(OTHERS) == {name for name, case in PLAIN.items() if "perplexity" in case.readers}
    tried = {type(PLAIN[name].estimator) for name in [*SCORED, *OTHERS]} | {EmbeddedTopicModel}
    assert tried == {public for public in public_estimators().values() if hasattr(public, "perplexity")}


@every_model
def test_the_scale_of_weights_does_not_matter(name):
    model, X = fitted(name), weighted()
    expected = model.perplexity(X)
    assert 5 < expected < 100  # of 20 tokens; a sum of rounding errors gives 1
    for scale in SCALES:
        assert model.perplexity(X * scale) == pytest.approx(expected, rel=1e-6), scale


@every_model
def test_integers_are_split_by_tokens(name):
    model, X = fitted(name), counts(1)
    assert model.perplexity(X.astype(np.int64)) == model.perplexity(X)
    if hasattr(model, "components_") and name not in ("ARTMClassifier", "AuthorTopic"):
        assert model.perplexity(X) == pytest.approx(completion_perplexity(model, X), rel=1e-6)


@every_model
def test_documents_of_one_token_are_left_out_and_counted(name):
    model, X = fitted(name), counts(1).toarray()
    X[:3] = 0
    X[0, 1], X[1, 2], X[2, 3] = 1, 1, 0.4
    X = csr_matrix(X)
    for method in ("perplexity", "score") if name != "ARTMClassifier" else ("perplexity",):
        with pytest.warns(LeftOutDocumentsWarning, match="^3 of 30 documents have one token only") as caught:
            value = getattr(model, method)(X)
        assert len(caught) == 1
        assert value == pytest.approx(getattr(model, method)(X[3:]), rel=1e-12)
    with pytest.raises(ValueError, match="must have a document of two tokens or more .* Got 3 documents of one token"):
        model.perplexity(X[:3])


def few_tokens():
    X = counts(0).toarray()
    X[::2] = 0
    X[::2, 4] = 1
    return csr_matrix(X)


def said(call):
    """How often a call says that it leaves documents out."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return sum(issubclass(warning.category, LeftOutDocumentsWarning) for warning in caught)


VALIDATED = [
    name
    for name, case in PLAIN.items()
    if {"validation_fraction", "max_iter"} <= case.estimator.get_params().keys()  # not of searches
]


@pytest.mark.parametrize("name", VALIDATED)
def test_a_fit_says_once_what_its_validation_leaves_out(name):
    case = PLAIN[name]
    data = case.data(0) | ({"X": few_tokens()} if "X" in case.data(0) and name != "ContextARTM" else {})
    if name == "SentenceTopicModel":
        data["groups"] = np.repeat(np.arange(20), 1 + np.arange(20) % 2)
    if name == "HypergraphARTM":
        data = {"edges": np.array([[f"c{d}", f"u{e}", f"i{(d + e) % 9}"] for d in range(20) for e in range(1 + d % 3)])}
    times = said(lambda: case.new(validation_fraction=0.5, max_iter=4).fit(**data))
    # contexts halve nothing, and with its label a document of one word has two tokens
    assert times == (0 if name in ("ContextARTM", "ARTMClassifier") else 1)


def test_a_callback_and_levels_say_it_once():
    X, model = few_tokens(), PLSA(3, max_iter=4, tol=0, random_state=0)
    assert said(lambda: model.set_callbacks(TopicMonitor("completion")).fit(X)) == 1
    assert said(lambda: model.set_callbacks(EarlyStopping("completion", patience=9)).fit(X)) == 1
    assert said(lambda: make_topic_scorer("completion")(model, X)) == 1
    assert said(lambda: topic_scoring({"all": "completion", "npmi": "npmi"})(model, X)) == 1
    hierarchy = fitted("HierarchicalARTM")
    assert said(lambda: hierarchy.score_levels(X)) == 1
    assert said(lambda: hierarchy.score_levels(counts(0))) == 0
    lda = PLAIN["LDA map"].new(evaluate_every=1)
    assert said(lambda: lda.fit(X)) == 1
    assert said(lambda: cross_val_score(PLSA(2, max_iter=2, tol=0), X, cv=3)) == 3


def test_single_edges_and_sentences_are_left_out():
    edges = np.array([[f"c{d}", f"u{e}", f"i{(d + e) % 9}"] for d in range(20) for e in range(2 + d % 3)])
    model = HypergraphARTM(2, container=0, max_iter=4, tol=0, random_state=0).fit(edges)
    new = np.array([["n0", "u0", "i0"], ["n0", "u1", "i1"], ["n1", "u0", "i2"]])
    with pytest.warns(LeftOutDocumentsWarning, match="^1 of 2 containers have one edge only"):
        value = model.score(new)
    assert value == model.score(new[:2])
    assert said(lambda: model.score(edges)) == 0
    X = counts(0)
    sentences = SentenceTopicModel(2, max_iter=4, tol=0, random_state=0).fit(X, groups=np.arange(30) // 3)
    assert said(lambda: sentences.score(X, groups=np.arange(30) // 3)) == 0
    groups = np.concatenate([[0], np.repeat(1, 29)])
    assert said(lambda: sentences.score(X, groups=groups)) == 1


def test_a_modality_that_is_not_held_out_is_no_perfect_one():
    X = csr_matrix(np.array([[0, 0, 0, 0, 1], [2, 0, 2, 0, 1], [0, 4, 0, 2, 1]], dtype=float))
    model = ARTMTransformer(2, modalities={"words": slice(0, 4), "tag": slice(4, 5)}, max_iter=2, tol=0).fit(X)
    with pytest.raises(ValueError, match="modality must have tokens .* Got 'tag', of which no document has one in its"):
        model.perplexity(X[1:], modality="tag")
    assert model.set_params(evaluation="fold_in").perplexity(X, modality="tag") == pytest.approx(1)
