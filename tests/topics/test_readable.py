import numpy as np
import pandas as pd
import pytest

from skartm import PLSA
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
