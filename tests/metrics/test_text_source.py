"""Coherence in windows: texts of a pipeline and references, cut into tokens as the vectorizer does."""

import json
import lzma

import numpy as np
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest, chi2
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skartm import PLSA, ARTMTransformer, TopicPipeline
from skartm.callbacks import TopicMonitor
from skartm.feature_extraction import SequenceVectorizer
from skartm.metrics import coherence, make_topic_scorer, top_tokens, topic_report, topic_scoring
from skartm.model_selection import TopicNumberSearch
from tests.oracle.coherence import window_coherence

WINDOWED = ("c_v", "c_npmi", "c_uci")
WINDOW = 7


def make_texts(seed=0, n_texts=60):
    rng = np.random.default_rng(seed)
    words = np.array([f"Wort{w}" for w in range(40)])
    phi = rng.dirichlet(np.full(40, 0.2), 4)
    return [" ".join(rng.choice(words, rng.integers(10, 60), p=phi[rng.integers(4)])) for _ in range(n_texts)]


TEXTS = make_texts()


def topics(**parameters):
    return PLSA(3, max_iter=4, tol=0, random_state=0, n_jobs=1).set_params(**parameters)


def tokens_of(texts, vectorizer=None):
    return [(vectorizer or CountVectorizer()).build_analyzer()(text) for text in texts]


def expected(fitted, names, texts, measure, **parameters):
    """By lists of tokens."""
    return coherence(fitted.components_, texts, measure=measure, feature_names=names, **parameters)


def scorer(measure, **parameters):
    return make_topic_scorer(measure, window=WINDOW, n_top=5, **parameters)


@pytest.mark.parametrize("measure", WINDOWED)
@pytest.mark.parametrize("vectorizer", [CountVectorizer, TfidfVectorizer, SequenceVectorizer])
def test_pipeline_counts_windows_of_its_texts(measure, vectorizer):
    pipe = make_pipeline(vectorizer(min_df=6, stop_words=["wort3"]), topics()).fit(TEXTS)
    names, texts = pipe[0].get_feature_names_out(), tokens_of(TEXTS, pipe[0])
    assert len(names) < len({token for text in texts for token in text}) < 40
    value = scorer(measure)(pipe, TEXTS)
    assert value == expected(pipe[-1], names, texts, measure, window=WINDOW, n_top=5)
    assert make_topic_scorer(measure)(pipe, TEXTS) == expected(pipe[-1], names, texts, measure)
    assert value != make_topic_scorer(measure, n_top=5, window="document")(pipe, TEXTS)
    assert topic_scoring({"it": scorer(measure), "head": scorer(measure, tokens=slice(9))}).values(pipe, TEXTS) == {
        "it": value,
        "head": coherence(
            pipe[-1].components_[:, :9], texts, measure=measure, feature_names=names[:9], window=WINDOW, n_top=5
        ),
    }


@pytest.mark.parametrize("measure", WINDOWED)
def test_pipeline_equals_naive_counting(measure):
    pipe = make_pipeline(CountVectorizer(min_df=6), topics()).fit(TEXTS)
    names = pipe[0].get_feature_names_out()
    tops = top_tokens(pipe[-1].components_, names, n_top=5)
    naive = np.mean(window_coherence(tops, tokens_of(TEXTS), measure, WINDOW, "gensim"))
    assert scorer(measure)(pipe, TEXTS) == pytest.approx(naive, abs=1e-9)


def test_documents_stay_documents():
    """npmi and u_mass count what the model sees, unless a window is asked for."""
    pipe = make_pipeline(CountVectorizer(), topics()).fit(TEXTS)
    counts, names = pipe[0].transform(TEXTS), pipe[0].get_feature_names_out()
    for measure in ("npmi", "u_mass"):
        assert make_topic_scorer(measure)(pipe, TEXTS) == coherence(pipe[-1].components_, counts, measure=measure)
        assert make_topic_scorer(measure, window=3)(pipe, TEXTS) == expected(
            pipe[-1], names, tokens_of(TEXTS), measure, window=3
        )


def _plain(X):
    return X.astype(np.float32)


STEPS = {
    "tf-idf": [CountVectorizer(), TfidfTransformer(norm="l1")],
    "nested": [make_pipeline(None, CountVectorizer()), "passthrough", TfidfTransformer()],
    "selected": [CountVectorizer(), SelectKBest(chi2, k=15)],
    "selected twice": [make_pipeline(CountVectorizer(), SelectKBest(chi2, k=20)), SelectKBest(chi2, k=15)],
    "cleaned": [
        FunctionTransformer(lambda texts: [text.replace("Wort1", "Wort9") for text in texts]),
        CountVectorizer(),
    ],
    "function": [CountVectorizer(), FunctionTransformer(_plain, feature_names_out="one-to-one")],
}


@pytest.mark.parametrize("steps", STEPS)
def test_steps_around_the_vectorizer(steps):
    y = np.arange(len(TEXTS)) % 2
    pipe = make_pipeline(*STEPS[steps], topics()).fit(TEXTS, y)
    names = make_pipeline(*pipe[:-1]).get_feature_names_out() if steps != "cleaned" else pipe[1].get_feature_names_out()
    texts = tokens_of(pipe[0].transform(TEXTS) if steps == "cleaned" else TEXTS)
    assert scorer("c_npmi")(pipe, TEXTS) == expected(pipe[-1], names, texts, "c_npmi", window=WINDOW, n_top=5)


def test_topic_pipeline_of_columns():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"body": TEXTS, "title": make_texts(1)})
    blocks = [
        ("titles", CountVectorizer(), "title"),
        ("words", make_pipeline(CountVectorizer(min_df=3), TfidfTransformer()), "body"),
    ]
    pipe = TopicPipeline(ColumnTransformer(blocks), ARTMTransformer(3, max_iter=4, tol=0, random_state=0)).fit(frame)
    place = pipe.model_.modalities["words"]
    names = pipe.transformer_.named_transformers_["words"].get_feature_names_out()
    value = scorer("c_npmi", tokens=place)(pipe, frame)
    phi = pipe.model_.components_[:, place]
    same = {"measure": "c_npmi", "feature_names": names, "window": WINDOW, "n_top": 5}
    assert value == coherence(phi, tokens_of(TEXTS), **same)
    assert scorer("c_npmi", tokens=place, reference=frame)(pipe, frame[:3]) == value
    assert scorer("c_npmi", tokens=place, reference=tokens_of(TEXTS))(pipe, frame[:3]) == value
    with pytest.raises(
        ValueError, match=r"tokens must choose the columns of one text.*\['titles', 'words'\]; pass tok"
    ):
        scorer("c_npmi")(pipe, frame)
    alone = TopicPipeline(CountVectorizer(), topics()).fit(TEXTS)
    names = alone.transformer_.get_feature_names_out()
    assert scorer("c_v")(alone, TEXTS) == expected(alone.model_, names, tokens_of(TEXTS), "c_v", window=WINDOW, n_top=5)


@pytest.mark.parametrize("measure", [*WINDOWED, "npmi", "u_mass"])
def test_reference(measure):
    pipe = make_pipeline(CountVectorizer(), topics()).fit(TEXTS[:30])
    other = make_texts(5)
    names, tokens, model = pipe[0].get_feature_names_out(), tokens_of(other), pipe[-1]
    parameters = {"n_top": 5} | ({"window": WINDOW} if measure in WINDOWED else {})
    value = expected(model, names, tokens, measure, **parameters)
    for reference in (other, np.array(other, dtype=object), tuple(other), tokens, [tuple(text) for text in tokens]):
        assert make_topic_scorer(measure, reference=reference, **parameters)(pipe, TEXTS) == pytest.approx(value)
    named = ARTMTransformer(3, token_names=names.tolist(), max_iter=4, tol=0, random_state=0, n_jobs=1)
    named.fit(pipe[0].transform(TEXTS[:30]))
    assert make_topic_scorer(measure, reference=tokens, **parameters)(named, None) == pytest.approx(value)
    if measure not in WINDOWED:
        counts = pipe[0].transform(other)
        for matrix in (counts, counts.toarray(), counts.toarray().tolist()):
            assert make_topic_scorer(measure, reference=matrix, **parameters)(model, None) == pytest.approx(value)
    with pytest.raises(ValueError, match="a reference of texts needs a vectorizer in front of the model"):
        make_topic_scorer(measure, reference=other)(model, pipe[0].transform(TEXTS))
    with pytest.raises(ValueError, match="a reference of tokens needs the names of the 37 columns"):
        make_topic_scorer(measure, reference=tokens)(model, pipe[0].transform(TEXTS))


def _upper(tokens):
    return [token.upper() for token in tokens]


def test_documents_that_are_tokens_go_through_their_analyzer():
    documents = tokens_of(TEXTS)
    pipe = make_pipeline(CountVectorizer(analyzer=_upper), topics()).fit(documents)
    names, upper = pipe[0].get_feature_names_out(), [_upper(text) for text in documents]
    value = expected(pipe[-1], names, upper, "c_v", window=WINDOW, n_top=5)
    assert scorer("c_v")(pipe, documents) == value
    assert scorer("c_v", reference=documents)(pipe, documents[:5]) == value
    assert make_topic_scorer("npmi", reference=documents)(pipe, documents[:5]) == expected(
        pipe[-1], names, upper, "npmi"
    )
    assert scorer("c_v", reference=upper)(pipe, None) == value


@pytest.mark.parametrize("measure", WINDOWED)
def test_counts_are_no_texts(measure):
    long = [" ".join(TEXTS[3 * k : 3 * k + 9]) for k in range(20)]
    counts = CountVectorizer().fit_transform(long)
    for X in (counts, TfidfTransformer().fit_transform(counts)):
        model = topics().fit(X)
        for data, reference in ((X, None), (X[:2], X), (X.toarray(), None)):
            with pytest.raises(
                ValueError, match=r"to a scorer as reference=.*another measure, with window=\"document\""
            ):
                make_topic_scorer(measure, reference=reference)(model, data)
            assert np.isfinite(make_topic_scorer(measure, reference=reference, window="document")(model, data))
        with pytest.raises(ValueError, match="reference="):
            topic_report(model, X, measure=measure)
    with pytest.raises(ValueError, match="reference="):
        topics().set_callbacks(TopicMonitor(measure)).fit(counts)


def test_what_cannot_be_known():
    def fitted(*steps):
        return make_pipeline(*steps, topics()).fit(TEXTS)

    with pytest.raises(ValueError, match=r"'ngram_range' .*CountVectorizer must be of one size .*\(1, 2\); pass refer"):
        scorer("c_v")(fitted(CountVectorizer(ngram_range=(1, 2))), TEXTS)
    assert np.isfinite(scorer("c_v")(fitted(CountVectorizer(ngram_range=(2, 2))), TEXTS))
    with pytest.raises(ValueError, match="must know the tokens of its columns.*Got HashingVectorizer.*pass reference="):
        scorer("c_v")(fitted(HashingVectorizer(n_features=50, alternate_sign=False, norm=None)), TEXTS)
    with pytest.raises(ValueError, match="must say which columns they keep.*Got FunctionTransformer.*one-to-one"):
        scorer("c_v")(fitted(CountVectorizer(), FunctionTransformer(_plain)), TEXTS)
    with pytest.raises(ValueError, match="Got the text 'Wort.*pass a list with it"):
        scorer("c_v")(fitted(CountVectorizer()), TEXTS[0])
    with pytest.raises(ValueError, match="This score needs data. Got X=None"):
        scorer("c_v")(fitted(CountVectorizer()), None)


def test_report_and_searches():
    pytest.importorskip("pandas")
    pipe = make_pipeline(CountVectorizer(min_df=2), topics()).fit(TEXTS)
    names = pipe[0].get_feature_names_out()
    report = topic_report(pipe, TEXTS, measure="c_npmi", n_top=5)["coherence"]
    np.testing.assert_array_equal(report, expected(pipe[-1], names, tokens_of(TEXTS), "c_npmi", n_top=5, average=False))
    search = GridSearchCV(pipe, {"plsa__n_components": [2, 3]}, scoring=scorer("c_npmi"), cv=2).fit(TEXTS)
    half = make_pipeline(CountVectorizer(min_df=2), topics(n_components=2)).fit(TEXTS[30:])
    assert search.cv_results_["split0_test_score"][0] == scorer("c_npmi")(half, TEXTS[:30])
    number = TopicNumberSearch(pipe, [2, 3], scoring=scorer("c_npmi"), random_state=0).fit(TEXTS)
    assert number.score(TEXTS) == scorer("c_npmi")(number.best_estimator_, TEXTS)


@pytest.fixture(scope="module")
def newsgroups(data_folder):
    """A fitted pipeline, its texts, and their tokens."""
    with lzma.open(data_folder / "ng20" / "docs.jsonl.xz", "rt") as lines:
        texts = [json.loads(next(lines))["text"] for _ in range(400)]
    pipe = make_pipeline(CountVectorizer(stop_words="english", min_df=5, max_df=0.5), topics()).fit(texts)
    return pipe, texts, tokens_of(texts, pipe[0])


@pytest.mark.parametrize("measure", WINDOWED)
def test_20_newsgroups(newsgroups, measure):
    """In a pipeline the values are those of lists of tokens."""
    pipe, texts, tokens = newsgroups
    value = make_topic_scorer(measure)(pipe, texts)
    assert value == expected(pipe[-1], pipe[0].get_feature_names_out(), tokens, measure)
    assert abs(value - make_topic_scorer(measure, window="document")(pipe, texts)) > 0.02


@pytest.mark.parametrize("measure", WINDOWED)
def test_20_newsgroups_by_gensim(newsgroups, measure):
    """In a pipeline the values are those of gensim, on the same tokens."""
    models = pytest.importorskip("gensim.models")
    pipe, texts, tokens = newsgroups
    dictionary = pytest.importorskip("gensim.corpora").Dictionary(tokens)
    tops = top_tokens(pipe[-1].components_, pipe[0].get_feature_names_out(), n_top=10)
    theirs = models.CoherenceModel(
        topics=tops, texts=tokens, dictionary=dictionary, coherence=measure, topn=10, processes=1
    )
    assert make_topic_scorer(measure)(pipe, texts) == pytest.approx(theirs.get_coherence(), abs=1e-12)
