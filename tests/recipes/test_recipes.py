"""Recipes are configured models, and do what their names say."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skartm import PLSA, ARTMTransformer, recipes
from skartm.datasets import load_peps, make_topics
from skartm.feature_extraction import SequenceVectorizer
from skartm.metrics import coherence, topic_diversity
from skartm.regularizers import check_regularizer
from tests.em.corpora import corpus

THEMES = {"first": [1, 2], "second": {3: 2.0, 4: 0.5}}
RECIPES = {
    "embedded": recipes.embedded,
    "exploratory_search": recipes.exploratory_search,
    "interpretable": recipes.interpretable,
    "multimodal": lambda n_components, **parameters: recipes.multimodal(
        n_components,
        main_modality="words",
        modalities={"words": slice(20), "tags": slice(20, None)},
        modality_weights={"tags": 0.1},
        **parameters,
    ),
    "predictive": recipes.predictive,
    "seeded": lambda n_components, **parameters: recipes.seeded(THEMES, n_components, **parameters),
    "sparse": recipes.sparse,
}
every_recipe = pytest.mark.parametrize("name", RECIPES)


def test_all_are_here():
    assert set(recipes.__all__) == set(RECIPES)


@every_recipe
def test_is_a_model_like_others(name):
    model = RECIPES[name](6, random_state=0, max_iter=12, n_jobs=1)
    assert type(model) is ARTMTransformer
    for copy in (clone(model), pickle.loads(pickle.dumps(model))):
        assert repr(copy) == repr(model)
    X = corpus(0)
    theta = model.fit_transform(X)
    assert theta.shape == (24, 6)
    assert np.isfinite(theta).all()
    assert not model.dead_topics_.size
    again = clone(model).fit(X)
    np.testing.assert_array_equal(again.components_, model.components_)


@every_recipe
def test_every_strength_can_be_searched(name):
    model = RECIPES[name](6)
    for key, regularizer in model.regularizers:
        assert f"{key}__tau" in model.get_params()
        assert regularizer.strength() is not None
    model.set_params(max_iter=3, tol=1.0)
    assert (model.max_iter, model.tol) == (3, 1.0)


PLAIN = {"leave_one_out": False, "init": None, "max_doc_iter": 10, "doc_tol": 0.01}
NOTHING = {
    "embedded": {"embedding": 0, "coherence": 0, "word_smoothing": 0, "smoothing": 0, **PLAIN},
    "exploratory_search": {"decorrelation": 0, "smoothing": 0, "sparsity": 0, **PLAIN},
    "interpretable": {"coherence": 0, "word_smoothing": 0, "smoothing": 0, **PLAIN},
    "predictive": {"word_smoothing": 0, "smoothing": 0, **PLAIN},
    "sparse": {"sparsity": 0, "coherence": 0, "smoothing": 0, **PLAIN},
}


@pytest.mark.parametrize("name", NOTHING)
def test_parts_can_be_left_out(name):
    X = corpus(0)
    model = RECIPES[name](4, random_state=0, max_iter=12, n_jobs=1, **NOTHING[name]).fit(X)
    plain = PLSA(4, random_state=0, max_iter=12, tol=0, n_jobs=1).fit(X)
    np.testing.assert_array_equal(model.components_, plain.components_)


def test_their_regularizers_keep_the_contract():
    model = recipes.interpretable(4, n_background=1, decorrelation=0.02)
    assert [key for key, _ in model.regularizers] == [
        "coherence", "decorrelation", "phi", "theta", "background_phi", "background_theta"
    ]  # fmt: skip
    for regularizer in dict(model.regularizers).values():
        assert regularizer.topics in ("subject*", "background*")
    for model in (recipes.exploratory_search(4), recipes.predictive(4), recipes.sparse(4, coherence=0)):
        for _, regularizer in model.regularizers:
            check_regularizer(regularizer)


def test_predictive_on_peps():
    X = load_peps().data
    plain = PLSA(15, max_iter=60, tol=0, random_state=0).fit(X[::2])
    model = recipes.predictive(15, random_state=0).fit(X[::2])
    assert model.perplexity(X[1::2]) < 0.97 * plain.perplexity(X[1::2])


@pytest.mark.filterwarnings("ignore::skartm.exceptions.ShortTextsWarning")  # of PLSA, which it is compared with
def test_predictive_on_short_texts():
    X = make_topics(2000, 500, 10, doc_length=6, random_state=0).data
    plain = PLSA(10, max_iter=60, tol=0, random_state=0).fit(X[::2])
    model = recipes.predictive(10, random_state=0).fit(X[::2])
    assert model.perplexity(X[1::2]) < 0.8 * plain.perplexity(X[1::2])


def test_interpretable_on_peps():
    X = load_peps().data
    plain = PLSA(15, max_iter=40, tol=0, random_state=0).fit(X[::2])
    model = recipes.interpretable(15, random_state=0).fit(X[::2])
    held_out = X[1::2]
    assert coherence(model.components_, held_out) > coherence(plain.components_, held_out) + 0.015
    assert topic_diversity(model.components_) > topic_diversity(plain.components_)
    assert model.perplexity(held_out) < plain.perplexity(held_out)
    shown = [topic[:10] for topic in model.shown_words_]
    assert coherence(np.array(shown).tolist(), held_out) > coherence(model.components_, held_out)


def test_sparse_on_peps():
    X = load_peps().data
    plain = PLSA(15, max_iter=40, tol=0, random_state=0).fit(X[::2])
    model = recipes.sparse(15, random_state=0).fit(X[::2])
    held_out = X[1::2]
    assert (model.components_ == 0).mean() > (plain.components_ == 0).mean() + 0.05
    assert coherence(model.components_, held_out) > coherence(plain.components_, held_out)
    assert model.perplexity(held_out) < plain.perplexity(held_out)


def test_seeded_topics_hold_their_words():
    X = corpus(0)
    model = recipes.seeded(THEMES, 6, random_state=0, n_jobs=1).fit(X)
    assert model.topic_names == ["first0", "second0", "other0", "other1", "other2", "background0"]
    p_t = model.components_ / np.maximum(model.components_.sum(axis=0), 1e-12)
    assert p_t[0, [1, 2]].min() > p_t[1, [1, 2]].max()
    assert p_t[1, 3] > p_t[0, 3]


def test_in_a_pipeline_on_texts():
    texts = ["cat milk cat dog", "dog cat milk", "stock money bank", "money bank stock stock"] * 5
    model = make_pipeline(SequenceVectorizer(), recipes.interpretable(3, n_background=1, random_state=0))
    assert model.fit_transform(texts).shape == (20, 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: recipes.interpretable(0), "'n_components' parameter of a recipe must be an integer of at least 1"),
        (lambda: recipes.interpretable(5, n_background=-1), "'n_background' parameter of a recipe must be an integer"),
        (lambda: recipes.interpretable(2, n_background=2), "must count the background topics and leave others"),
        (lambda: recipes.seeded({}), "'themes' parameter of seeded must be a dict of name to words"),
        (lambda: recipes.seeded(["word"]), "'themes' parameter of seeded must be a dict of name to words"),
        (lambda: recipes.seeded(THEMES, 3), "must count the background topics and leave others"),
        (lambda: recipes.seeded({"x": ["unknown"]}, 5).fit(corpus(0)), "SeedWords"),
    ],
)
def test_wrong_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()
