import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skartm.em import Layout, Modality

LAYOUT = Layout(("sport_1", "sport_2", "background", "politics"), 10)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (None, [0, 1, 2, 3]),
        (slice(1, 3), [1, 2]),
        (slice(None, None, 2), [0, 2]),
        ([2, 0], [0, 2]),
        ([-1], [3]),
        ([0, 0, 1], [0, 1]),
        (["background", "sport_1"], [0, 2]),
        (("politics",), [3]),
        ("politics", [3]),
        (np.array([1, 2]), [1, 2]),
        (np.array(["sport_2"]), [1]),
        (range(2), [0, 1]),
        (["politics", 0], [0, 3]),
        ("sport*", [0, 1]),
        (["sport*", "background"], [0, 1, 2]),
        (np.array([True, False, True, False]), [0, 2]),
    ],
)
def test_topics(selection, expected):
    assert_array_equal(LAYOUT.topics(selection, "Owner"), expected)


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (["sport1"], r"Owner: topics must name topics of the model. Got 'sport1'. Did you mean 'sport_1'\?"),
        ("backgroud", r"Got 'backgroud'. Did you mean 'background'\?"),
        (["zzz"], r"Got 'zzz'.$"),
        ([4], "Owner: topics must be names or indices below 4. Got 4"),
        ([-5], "Got -5"),
        ([1.0], "Got 1.0"),
        ([True], "Got True"),
        ([None], "Got None"),
        (np.array([True, False]), r"a mask of topics must have shape \(4,\). Got \(2,\)"),
        ("back*x", "Got the pattern .*, which no name matches"),
        ([], "must select at least one of 4 topics. Got \\[\\]"),
        (slice(9, None), "must select at least one"),
    ],
)
def test_errors(selection, message):
    with pytest.raises(ValueError, match=message):
        LAYOUT.topics(selection, "Owner")


def test_n_topics():
    assert LAYOUT.n_topics == 4


KINDS = Layout(
    ("a", "b"),
    4,
    (Modality("words", np.array([0, 1, 2], dtype=np.int32)), Modality("tags", np.array([3], dtype=np.int32))),
    ("die", "year", "die again", "year"),
)


def test_columns_of_words():
    assert KINDS.columns(["die", 2, "die again"], "Owner").tolist() == [0, 2, 2]
    assert KINDS.columns(["year"], "Owner", modality="words").tolist() == [1]
    assert KINDS.columns(["year", 3], "Owner", modality="tags").tolist() == [3, 3]
    assert KINDS.columns(["year"], "Owner", modality=["tags"]).tolist() == [3]
    assert KINDS.columns([], "Owner").size == 0


@pytest.mark.parametrize(
    ("words", "modality", "message"),
    [
        (
            ["year"],
            None,
            r"Owner: words must be .* Got 'year' of the columns \[1, 3\]; give the modality, or the column",
        ),
        (["year"], ["words", "tags"], r"Got 'year' of the columns \[1, 3\]"),
        (["die"], "tags", "Owner: words must be tokens of the modality 'tags'. Got 'die'"),
        ([0, 1], "tags", "tokens of the modality 'tags'. Got the column 0"),
        (["dye"], None, r"tokens of the model. Got 'dye'. Did you mean 'die'\?"),
        ([4], None, r"or columns in \[0, 4\). Got 4"),
        ([True], None, "Got True"),
    ],
)
def test_wrong_words(words, modality, message):
    with pytest.raises(ValueError, match=message):
        KINDS.columns(words, "Owner", modality=modality)
