import pickle

import numpy as np
import pytest
import sklearn
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import Pipeline, make_pipeline

from skartm import LDA, ARTMTransformer, TopicPipeline
from skartm import metrics as m
from skartm.metrics.scoring._scores import COHERENCE_MEASURES, TOPIC_SCORES
from tests.topics.models import MODELS, corpus, model

UNDIRECTED = {"background_ratio", "effective_topics", "entropy", "kernel_size"}
ORDERED = {"intratext_coherence"}
WINDOWED = {"c_npmi", "c_uci", "c_v"}


def make(name, **parameters):
    """The scorer of a name, for any data: counts have no windows."""
    if name in WINDOWED:
        parameters.setdefault("window", "document")
    return m.make_topic_scorer(name, **({"greater_is_better": True} if name in UNDIRECTED else {}), **parameters)


@pytest.fixture(scope="module")
def texts():
    rng = np.random.default_rng(0)
    words = np.array([f"w{w}" for w in range(40)])
    phi = rng.dirichlet(np.full(40, 0.2), 4)
    return [" ".join(rng.choice(words, 30, p=phi[rng.integers(4)])) for _ in range(60)]


def pipeline(**parameters):
    return make_pipeline(
        CountVectorizer(dtype=np.float32),
        ARTMTransformer(3, max_iter=4, tol=0, random_state=0, n_jobs=1).set_params(**parameters),
    )


def expected_values(fitted, X):
    """Every score by hand."""
    phi, theta, mass = fitted.components_, fitted.transform(X), fitted.topic_mass_
    kernels = m.topic_kernels(phi, mass)
    return {
        "npmi": m.coherence(phi, X),
        "u_mass": m.coherence(phi, X, measure="u_mass"),
        **{name: m.coherence(phi, X, measure=name, window="document") for name in ("c_npmi", "c_uci", "c_v")},
        "background_ratio": m.background_ratio(phi, mass),
        "blei_lafferty": m.blei_lafferty(phi),
        "completion": -fitted.perplexity(X),
        "dead_topics": -float((~phi.any(axis=1)).sum()),
        "diversity": m.topic_diversity(phi),
        "effective_topics": m.effective_topics(mass),
        "entropy": m.topic_entropy(phi),
        "inverted_rbo": m.inverted_rbo(phi),
        "kernel_contrast": kernels.contrast.mean(),
        "kernel_purity": kernels.purity.mean(),
        "kernel_size": kernels.size.mean(),
        "perplexity": -m.perplexity(phi, theta, X),
        "phi_sparsity": m.sparsity(phi),
        "redundancy": -m.topic_redundancy(phi),
        "semantic_radius": -m.semantic_radius(phi, theta, X, random_state=0),
        "theta_sparsity": m.sparsity(theta),
    }


def test_every_score_equals_its_function():
    X = corpus(0)
    fitted = model().fit(X)
    expected = expected_values(fitted, X)
    assert expected.keys() | ORDERED == set(m.topic_scorer_names())
    for name, value in expected.items():
        scorer = make(name)
        assert isinstance(scorer, m.TopicScorer)
        assert scorer(fitted, X) == pytest.approx(value, rel=1e-5), name
        assert scorer.value(fitted, X) == pytest.approx(value if scorer.greater_is_better else -value, rel=1e-5), name
    text = X.copy()
    text.indices = text.indices[::-1].copy() % X.shape[1]
    assert make("intratext_coherence")(fitted, text) == m.intratext_coherence(fitted.components_, text)


@pytest.mark.parametrize("name", sorted(set(TOPIC_SCORES) - ORDERED))
@pytest.mark.parametrize("estimator", MODELS)
def test_every_model(name, estimator):
    X = corpus(0)
    value = make(name)(model(estimator).fit(X), X)
    assert isinstance(value, float)
    assert np.isfinite(value)


@pytest.mark.parametrize("container", ["array", "csr_array", "DataFrame"])
def test_containers(container):
    X = corpus(0)
    data = {"array": X.toarray(), "csr_array": csr_array(X)}.get(container)
    if data is None:
        pandas = pytest.importorskip("pandas")
        data = pandas.DataFrame(X.toarray(), columns=[f"w{w}" for w in range(X.shape[1])])
    expected, fitted = model().fit(X), model().fit(data)
    for name in sorted(set(TOPIC_SCORES) - ORDERED):
        assert make(name)(fitted, data) == pytest.approx(make(name)(expected, X), rel=1e-6), name
        part = make(name, tokens=slice(12, 25))
        assert part(fitted, data) == pytest.approx(part(expected, X), rel=1e-6), name


def test_coherence_measures_are_those_of_coherence():
    assert COHERENCE_MEASURES
    for measure in COHERENCE_MEASURES:
        assert isinstance(m.coherence([[0, 1]], csr_array(np.eye(2)), measure=measure), float)


def test_pipeline_on_texts_equals_counts(texts):
    pipe = pipeline().fit(texts)
    X = pipe[0].transform(texts)
    for name in set(TOPIC_SCORES) - ORDERED:
        assert make(name)(pipe, texts) == make(name)(pipe[-1], X), name


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_grid_search_of_a_pipeline(texts, n_jobs):
    scoring = {"npmi": make("npmi", n_top=5), "completion": make("completion"), "purity": make("kernel_purity")}
    search = GridSearchCV(
        pipeline(), {"artmtransformer__n_components": [2, 4]}, scoring=scoring, refit="npmi", cv=3, n_jobs=n_jobs
    ).fit(texts)
    for candidate, n_components in enumerate([2, 4]):
        values = []
        for fold in range(3):
            test = np.arange(20) + 20 * fold
            train = np.setdiff1d(np.arange(60), test)
            fitted = pipeline(n_components=n_components).fit([texts[d] for d in train])
            values.append(scoring["npmi"](fitted, [texts[d] for d in test]))
            assert search.cv_results_[f"split{fold}_test_npmi"][candidate] == values[-1]
        assert search.cv_results_["mean_test_npmi"][candidate] == pytest.approx(np.mean(values))
    assert (search.cv_results_["mean_test_completion"] < 0).all()
    single = GridSearchCV(
        pipeline(), {"artmtransformer__n_components": [2, 4]}, scoring=make("npmi", n_top=5), cv=3, n_jobs=n_jobs
    ).fit(texts)
    np.testing.assert_array_equal(single.cv_results_["mean_test_score"], search.cv_results_["mean_test_npmi"])
    assert make("diversity")(search, texts) == make("diversity")(search.best_estimator_, texts)


def test_metadata_routing(texts):
    with sklearn.config_context(enable_metadata_routing=True):
        result = cross_validate(pipeline(), texts, scoring={"npmi": make("npmi")}, cv=2)
    np.testing.assert_array_equal(
        result["test_npmi"], cross_validate(pipeline(), texts, scoring=make("npmi"), cv=2)["test_score"]
    )


def test_reference(texts):
    pipe = pipeline().fit(texts[:30])
    X = pipe[0].transform(texts)
    expected = m.coherence(pipe[-1].components_, X)
    assert make("npmi", reference=texts)(pipe, texts[:5]) == expected
    assert make("npmi", reference=X)(pipe, texts[:5]) == expected
    assert make("npmi", reference=X.toarray())(pipe, texts[:5]) == expected
    with pytest.raises(ValueError, match=r"reference must have the \d+ tokens of the model. Got shape .*pass texts"):
        make("npmi", reference=X[:, :7])(pipe, texts)
    with pytest.raises(ValueError, match="a reference is for scores that count in a corpus. Got one for 'diversity'"):
        make("diversity", reference=texts)


def test_tokens():
    X = corpus(0)
    fitted = model().fit(X)
    part = slice(15, 30)
    assert make("diversity", tokens=part)(fitted, X) == m.topic_diversity(fitted.components_[:, part])
    assert make("npmi", tokens=part)(fitted, X) == m.coherence(fitted.components_[:, part], X[:, part])
    assert -make("completion", tokens=part)(fitted, X) == m.completion_perplexity(fitted, X, tokens=part)


def test_options():
    X = corpus(0)
    fitted = model().fit(X)
    phi, mass = fitted.components_, fitted.topic_mass_
    assert make("npmi", n_top=3)(fitted, X) == m.coherence(phi, X, n_top=3)
    assert make("u_mass", smoothing=0.1)(fitted, X) == m.coherence(phi, X, measure="u_mass", smoothing=0.1)
    assert make("kernel_size", threshold=0.5)(fitted, X) == m.topic_kernels(phi, mass, threshold=0.5).size.mean()
    assert make("redundancy", statistic="max")(fitted, X) == -m.topic_redundancy(phi, statistic="max")
    assert make("phi_sparsity", threshold=0.1)(fitted, X) == m.sparsity(phi, threshold=0.1)


def _mean_iterations(fitted, counts, factor=1):
    return factor * fitted.n_iter_ + 0 * counts.shape[0]


def test_functions(texts):
    pipe = pipeline().fit(texts)
    scorer = m.make_topic_scorer(_mean_iterations, factor=2)
    assert scorer(pipe, texts) == 8.0
    assert m.make_topic_scorer(_mean_iterations, greater_is_better=False)(pipe, texts) == -4.0
    assert repr(scorer) == "make_topic_scorer(_mean_iterations, factor=2)"


def test_pickle_clone_and_repr(texts):
    pipe = pipeline().fit(texts)
    scorers = [
        make("npmi", n_top=3),
        make("perplexity"),
        make("u_mass", reference=texts),
        make("diversity", tokens=[1, 2], greater_is_better=False),
        m.make_topic_scorer(_mean_iterations),
    ]
    for scorer in scorers:
        for copy in (pickle.loads(pickle.dumps(scorer)), clone(scorer, safe=False)):
            assert copy(pipe, texts) == scorer(pipe, texts)
            assert repr(copy) == repr(scorer)
    assert repr(scorers[0]) == "make_topic_scorer('npmi', n_top=3)"
    assert repr(scorers[2]) == "make_topic_scorer('u_mass', reference=<list of shape (60,)>)"
    assert repr(scorers[3]) == "make_topic_scorer('diversity', greater_is_better=False, tokens=[1, 2])"
    search = clone(GridSearchCV(pipe, {}, scoring={"npmi": scorers[0]}))
    assert repr(search.scoring["npmi"]) == repr(scorers[0])


def test_models_inside_others(texts):
    y = np.arange(60) % 2
    classifier = make_pipeline(CountVectorizer(), model(n_components=3), LogisticRegression()).fit(texts, y)
    X = classifier[0].transform(texts)
    expected = m.coherence(classifier[1].components_, X)
    assert make("npmi")(classifier, texts, y) == expected
    nested = Pipeline([("count", CountVectorizer()), ("topics", make_pipeline(None, "passthrough", model()))]).fit(
        texts
    )
    assert make("npmi")(nested, texts) == m.coherence(nested[1][2].components_, nested[0].transform(texts))
    before = make_pipeline(make_pipeline(CountVectorizer(), TfidfTransformer()), model()).fit(texts)
    assert make("diversity")(before, texts) == m.topic_diversity(before[1].components_)


def test_unfitted_and_foreign_models(texts):
    with pytest.raises(NotFittedError):
        make("diversity")(LDA(), None)
    with pytest.raises(ValueError, match=r"needs a fitted model with components_ .* Got \['CountVectorizer'\]"):
        make("diversity")(make_pipeline(CountVectorizer()).fit(texts), texts)
    with pytest.raises(ValueError, match="This score needs data. Got X=None"):
        make("npmi").value(model().fit(corpus(0)))


def test_names():
    assert m.topic_scorer_names() == sorted(TOPIC_SCORES)
    for name in m.topic_scorer_names():
        if name in UNDIRECTED:
            with pytest.raises(
                ValueError, match=f"the score '{name}' is better neither way. Got greater_is_better=None"
            ):
                m.get_topic_scorer(name)
            with pytest.raises(ValueError, match="better neither way; set greater_is_better"):
                m.TopicScorer(name)(model().fit(corpus(0)), corpus(0))
        else:
            assert repr(m.get_topic_scorer(name)) == f"make_topic_scorer('{name}')"


def test_bad_names_and_options():
    with pytest.raises(
        ValueError, match="must be a known name or a callable. Got 'divresity'; did you mean 'diversity'"
    ):
        m.make_topic_scorer("divresity")
    with pytest.raises(ValueError, match="Got 3; the names are background_ratio, .*, u_mass"):
        m.make_topic_scorer(3)
    with pytest.raises(TypeError, match=r"the score 'diversity' takes \['n_top'\]. Got \['top'\]"):
        m.make_topic_scorer("diversity", top=3)
    with pytest.raises(TypeError, match=r"the score 'perplexity' takes no options. Got \['n_top'\]"):
        m.make_topic_scorer("perplexity", n_top=3)


def test_topic_pipeline():
    texts = np.array(
        ["cat milk cat dog", "dog cat milk", "stock money bank", "money bank stock stock"] * 5, dtype=object
    )
    pipe = TopicPipeline(CountVectorizer(), model("plsa", n_components=2)).fit(texts)
    counts = CountVectorizer().fit_transform(texts)
    for name in ("npmi", "completion", "diversity"):
        assert make(name)(pipe, texts) == make(name)(pipe.model_, counts)
