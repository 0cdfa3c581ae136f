import sys

import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skartm.callbacks import history_frame
from tests.topics.models import MODELS, corpus, model

pytest.importorskip("pandas")


@pytest.mark.parametrize("name", MODELS)
def test_equals_history(name):
    fitted = model(name).fit(corpus(0))
    frame = history_frame(fitted)
    assert frame.index.name == "iteration"
    assert frame.index.tolist() == list(range(1, fitted.n_iter_ + 1))
    assert {key: frame[key].tolist() for key in frame} == dict(fitted.history_)


def test_shorter_lists_are_at_the_end():
    fitted = model(warm_start=True, max_iter=2, regularizers=()).fit(corpus(0))
    fitted.set_params(**model("artm", max_iter=3).get_params(deep=False) | {"warm_start": True}).fit(corpus(0))
    frame = history_frame(fitted)
    assert len(frame) == 5
    assert frame["sparse"].isna().tolist() == [True, True, False, False, False]
    assert not frame["perplexity"].isna().any()


def test_inside_pipelines_and_searches():
    X = corpus(0)
    pipe = make_pipeline("passthrough", model()).fit(X)
    assert history_frame(pipe).equals(history_frame(pipe[-1]))
    search = GridSearchCV(pipe, {"artmtransformer__n_components": [2]}, cv=2).fit(X)
    assert history_frame(search).equals(history_frame(search.best_estimator_[-1]))


def test_without_a_history(monkeypatch):
    with pytest.raises(NotFittedError):
        history_frame(model())
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="history_frame needs pandas, which is not installed"):
        history_frame(model().fit(corpus(0)))
