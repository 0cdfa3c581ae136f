"""TopicTree: nodes, text, best parents."""

import pickle

import numpy as np
import pytest

from skartm.base._topic_tree import make_tree

NAMES = [["a", "b", "dead"], ["x", "y", "z", "lost"]]
WEIGHTS = [np.array([0.4, 0.6, 0.0]), np.array([0.3, 0.2, 0.4, 0.1])]
TOKENS = [[["cat", "dog"], ["law", "state"], []], [["cat"], ["dog", "law"], ["law"], ["lost"]]]
PSI = [np.array([[0.7, 0.3, 0.0, 0.0], [0.0, 0.2, 0.8, 0.0], [0.0, 0.0, 0.0, 0.0]])]
PARENTS = [np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.1, 0.9, 0.0], [0.0, 0.0, 0.0]])]


def tree(threshold=0.25):
    return make_tree(NAMES, WEIGHTS, TOKENS, PSI, PARENTS, threshold)


def children(found):
    return {node.name: [child.name for child in node.children] for node in found.levels[0]}


def test_edges_from_the_threshold():
    assert children(tree()) == {"a": ["x", "y"], "b": ["z", "y"]}
    assert children(tree(0.05)) == {"a": ["x", "y", "z"], "b": ["z", "y"]}
    assert children(tree(0.6)) == {"a": ["x", "y"], "b": ["z"]}  # the best parent always; the first of equal ones
    assert children(tree(0.0)) == {"a": ["x", "y", "z"], "b": ["z", "y"]}  # not without any share


def test_one_parent_each():
    assert children(tree(0.05).as_tree()) == {"a": ["x", "y"], "b": ["z"]}
    assert tree().as_tree().as_tree() == tree().as_tree()
    assert children(tree()) == {"a": ["x", "y"], "b": ["z", "y"]}


def test_nodes():
    found = tree()
    assert [node.name for node in found] == ["a", "b", "x", "y", "z", "lost"]
    assert [node.name for node in found.roots] == ["b", "a"]
    y = found.node("y")
    assert (y.level, y.index, y.weight, y.tokens) == (1, 1, 0.2, ("dog", "law"))
    assert found.node(1, 1) is y
    assert [(parent.name, edge.weight, edge.share) for parent, edge in found.parents(y)] == [
        ("a", 0.3, 0.5),
        ("b", 0.2, 0.5),
    ]
    assert found.parents(found.node("a")) == found.parents(found.node("lost")) == []


@pytest.mark.parametrize(
    ("topic", "level", "message"),
    [
        ("q", None, r"must be one of the living topics \(a, b, x, y, z, lost\). Got 'q'"),
        ("dead", None, "Got 'dead'"),
        (2, 0, r"living topics \(a, b\). Got 2"),
        (1, None, "a name, or an integer with its level. Got topic=1, level=None"),
        (True, 0, "a name, or an integer with its level. Got topic=True, level=0"),
        (1, 2, "level must be from 0 to 1. Got 2"),
        ("a", -1, "level must be from 0 to 1. Got -1"),
        ("x", 0, "Got 'x'"),
    ],
)
def test_unknown_topics(topic, level, message):
    with pytest.raises(ValueError, match=message):
        tree().node(topic, level)


def test_a_place_that_is_no_integer():
    with pytest.raises(TypeError, match=r"a name, or an integer with its level. Got topic=0.0, level=0"):
        tree().node(0.0, 0)


def test_a_name_of_two_levels():
    twice = make_tree([["a", "b", "c"], ["x", "a", "z", "w"]], WEIGHTS, TOKENS, PSI, PARENTS, 0.25)
    with pytest.raises(ValueError, match="a name of 2 of them; give its level"):
        twice.node("a")
    assert twice.node("a", 1).index == 1


def test_text():
    assert str(tree()) == tree().to_text() == "\n".join(
        [
            "b 60.0%  law state",
            "    z 80.0%  law",
            "    y 20.0%  dog law  (mostly a)",
            "a 40.0%  cat dog",
            "    x 70.0%  cat",
            "    y 30.0%  dog law",
            "lost 10.0%  lost",
        ]
    )  # fmt: skip
    assert tree().to_text(n_top=1).splitlines()[0] == "b 60.0%  law"


def test_pickle():
    assert pickle.loads(pickle.dumps(tree())) == tree()
