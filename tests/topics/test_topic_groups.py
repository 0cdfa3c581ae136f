import pytest

from skartm import ARTMTransformer, topic_groups
from skartm.regularizers import SmoothSparsePhi
from tests.topics.models import corpus


def test_names():
    assert topic_groups(subject=2, background=1) == ["subject0", "subject1", "background0"]


def test_patterns_select_groups():
    names = topic_groups(subject=3, background=1)
    regularizers = [("common", SmoothSparsePhi(50.0, topics="background*"))]
    model = ARTMTransformer(
        4, topic_names=names, regularizers=regularizers, max_iter=3, tol=0, random_state=0, n_jobs=1
    )
    phi = model.fit(corpus(0)).components_
    assert phi[3].max() < phi[:3].max(axis=1).min()
    assert model.get_feature_names_out().tolist() == names


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({}, "at least one group"),
        ({"a": 0}, "size of group 'a' must be an integer of at least 1. Got 0"),
        ({"a": 2.0}, "must be an integer"),
        ({"a": True}, "must be an integer"),
        ({"a": 12, "a1": 1}, r"must not share names of topics. Got \['a10'\] twice"),
    ],
)
def test_bad(sizes, message):
    with pytest.raises(ValueError, match=message):
        topic_groups(**sizes)
