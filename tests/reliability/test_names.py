"""Names of columns, in every public callable that takes some: sequences, and mappings in either direction."""

import inspect
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

import skartm
from skartm import callbacks, datasets, em, feature_extraction, metrics, neural, plotting, recipes, regularizers, topics
from tests.reliability.states import named

NAMES = ["dog", "cat", "zebra", "ant", "bee"]  # neither sorted nor reversed: any accident shows
X = csr_matrix(np.random.default_rng(0).poisson(2.0, (12, 5)).astype(np.float64))
TEXTS = csr_matrix((np.ones(24), [3, 1, 4, 0, 2, 1] * 4, range(0, 25, 2)), shape=(12, 5))  # in the order of the words
PHI = np.array([[0.5, 0.3, 0.2, 0.0, 0.0], [0.0, 0.0, 0.1, 0.3, 0.6]])
VECTORS = dict(zip(NAMES, np.eye(5)))


def dictionary(names):
    """What a Dictionary of gensim is: a mapping of numbers to tokens that has token2id."""
    return SimpleNamespace(token2id={name: number for number, name in enumerate(names)})


FORMS = {
    "list": list,
    "tuple": tuple,
    "array": np.array,
    "array of objects": lambda names: np.array(names, dtype=object),
    "index": pd.Index,
    "series": pd.Series,
    "series with another index": lambda names: pd.Series(names, index=range(len(names))[::-1]),
    "vocabulary_": lambda names: dict(sorted((name, number) for number, name in enumerate(names))),
    "vocabulary_ of numpy integers": lambda names: {name: np.int64(k) for k, name in sorted(enumerate(names))[::-1]},
    "id2token": lambda names: dict(sorted(enumerate(names), reverse=True)),
    "series of a vocabulary": lambda names: pd.Series({name: k for k, name in reversed(list(enumerate(names)))}),
    "Dictionary": dictionary,
}
WRONG = {
    "set": set,
    "keys": lambda names: dict.fromkeys(names).keys(),
    "iterator": iter,
    "bytes": lambda names: "".join(names)[: len(names)].encode(),
    "table": lambda names: pd.DataFrame([names]),
    "array of two axes": lambda names: np.array([names]),
    "too few": lambda names: names[:-1],
    "too many": lambda names: [*names, "more"],
    "gaps": lambda names: {name: 2 * number for number, name in enumerate(names)},
    "twice": lambda names: dict.fromkeys(names, 0),
    "from one": lambda names: {name: number + 1 for number, name in enumerate(names)},
    "names to names": lambda names: {name: name for name in names},
}


def fitted(cls, names, X=X):
    return cls(2, token_names=names, max_iter=2, tol=0, random_state=0).fit(X).top_tokens(2)


def file_of(dump, names):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        dump(f"{folder}/a", names)
        return [file.read_text() for file in sorted(Path(folder).iterdir())]


def read_back(tmp, names):
    return datasets.load_uci(tmp, names).feature_names.tolist()


def uci(names):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        datasets.dump_uci(X, f"{folder}/docword")
        return read_back(f"{folder}/docword", names)


def vowpal(names):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "x").write_text("d cat bee dog")
        corpus = datasets.load_vowpal_wabbit(f"{folder}/x", vocabulary={"@default_class": names})
        return corpus.feature_names.tolist(), corpus.data.toarray().tolist()


def neural_names(names):
    model = neural.NeuralTopicModel(2, embeddings=VECTORS, token_names=names, max_iter=1, random_state=0)
    return model.fit(X).embeddings_.tolist()


def gensim_topics(names):
    return metrics.from_gensim(SimpleNamespace(get_topics=lambda: PHI, id2word=names))[1].tolist()


def authors(names):
    shares = csr_matrix(np.eye(12, 5) + np.eye(12, 5, -5) + np.eye(12, 5, -10))
    model = skartm.AuthorTopic(2, author_names=names, max_iter=1, tol=0, random_state=0)
    return model.fit(X, authors=shares).authors_.tolist()


CASES = {
    "metrics.top_tokens": lambda names: metrics.top_tokens(PHI, names, n_top=2),
    "metrics.topic_table": lambda names: metrics.topic_table(PHI, names, n_top=2)["token"].tolist(),
    "metrics.topic_report": lambda names: metrics.topic_report(
        skartm.PLSA(2, max_iter=1, tol=0, random_state=0).fit(X), None, names, n_top=2
    )["top_tokens"].tolist(),
    "metrics.coherence": lambda names: metrics.coherence([["dog", "bee"], ["cat", "ant"]], X, feature_names=names),
    "metrics.TopicKernels": lambda names: metrics.topic_kernels(PHI).named(names),
    "metrics.from_gensim": gensim_topics,
    "datasets.dump_uci": lambda names: file_of(lambda p, n: datasets.dump_uci(X, p, f"{p}v", feature_names=n), names),
    "datasets.dump_vowpal_wabbit": lambda names: file_of(
        lambda p, n: datasets.dump_vowpal_wabbit(X, p, feature_names=n), names
    ),
    "datasets.load_uci": uci,
    "datasets.load_vowpal_wabbit": vowpal,
    "datasets.to_token2id": datasets.to_token2id,
    "feature_extraction.embedding_matrix": lambda names: feature_extraction.embedding_matrix(
        VECTORS, 5, names
    ).tolist(),
    "NeuralTopicModel": neural_names,
    "ARTMTransformer": lambda names: fitted(skartm.ARTMTransformer, names),
    "ThetalessARTM": lambda names: fitted(skartm.ThetalessARTM, names),
    "SentenceTopicModel": lambda names: (
        skartm.SentenceTopicModel(2, token_names=names, max_iter=2, tol=0, random_state=0).fit(X).top_tokens(2)
    ),
    "ContextARTM": lambda names: fitted(skartm.ContextARTM, names, TEXTS),
    "ARTMClassifier": lambda names: (
        skartm.ARTMClassifier(2, token_names=names, max_iter=2, tol=0, random_state=0)
        .fit(X, np.arange(12) % 2)
        .top_tokens(2)
    ),
    "AuthorTopic": lambda names: (
        skartm.AuthorTopic(2, token_names=names, max_iter=2, tol=0, random_state=0)
        .fit(X, authors=["a", "b"] * 6)
        .top_tokens(2)
    ),
    "AuthorTopic authors": authors,
    "HierarchicalARTM": lambda names: [
        skartm.HierarchicalARTM(
            [("a", skartm.ARTMTransformer(2, max_iter=2, tol=0)), ("b", skartm.ARTMTransformer(3, max_iter=2, tol=0))],
            token_names=names,
            random_state=0,
        )
        .fit(X)
        .top_tokens(2)
    ],
}
# these take fewer names too, when no number of columns is known
ANY_NUMBER = {"metrics.TopicKernels", "datasets.to_token2id", "datasets.load_vowpal_wabbit"}
# who takes names of columns by a parameter and is not in CASES, and why
EXCEPT = {
    "HypergraphARTM": "topic_names only",
    "PLSA": "topic_names only",
    "EmbeddedTopicModel": "needs torch; the names are read by the base that ARTMTransformer has",
    "metrics.to_coherence_model": "needs gensim; the names are read by read_reference, as in coherence",
    "em.Layout": "made by the models",
    "feature_extraction.SequenceVectorizer": "vocabulary is read by scikit-learn's CountVectorizer",
}
PARAMETERS = {"feature_names", "token_names", "vocab", "vocabulary", "author_names", "names_of_tokens", "id2word"}


@pytest.mark.parametrize("case", CASES)
def test_forms_of_names_are_one(case):
    expected = CASES[case](NAMES)
    for form, make in FORMS.items():
        assert CASES[case](make(NAMES)) == expected, form


@pytest.mark.parametrize("case", CASES)
def test_what_is_no_sequence_of_names_is_refused(case):
    for form in WRONG.keys() - ({"too few", "too many"} if case in ANY_NUMBER else set()):
        with named(form), pytest.raises((TypeError, ValueError), match="must|shape"):
            CASES[case](WRONG[form](NAMES))


def parameters_of(function):
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):  # no function, or a list with a name
        return ()


def test_every_public_callable_that_takes_names_is_tried():
    modules = (skartm, callbacks, datasets, em, feature_extraction, metrics, plotting, recipes, regularizers, topics)
    found = set()
    for module in modules:
        prefix = "" if module in (skartm, topics) else module.__name__.removeprefix("skartm.") + "."
        for name in module.__all__:
            item = getattr(module, name)
            methods = inspect.getmembers(item, inspect.isfunction) if inspect.isclass(item) else []
            for function in (item, *(method for name_of_it, method in methods if not name_of_it.startswith("_"))):
                if PARAMETERS & set(parameters_of(function)):
                    found.add(f"{prefix}{name}")
    assert found <= set(CASES) | set(EXCEPT)
    assert len(found) > 15
