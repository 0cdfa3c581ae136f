"""TopicTreeDisplay."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import make_pipeline

from skartm import ARTMTransformer, HierarchicalARTM
from skartm.datasets import load_peps
from skartm.plotting import TopicTreeDisplay


@pytest.fixture(scope="module")
def model():
    peps = load_peps()
    level = ARTMTransformer(max_iter=6, tol=0, n_jobs=1)
    return HierarchicalARTM([3, 6, 12], estimator=level, token_names=peps.feature_names, random_state=0).fit(peps.data)


def test_arrays_are_those_of_the_tree(model):
    display, nodes = TopicTreeDisplay.from_tree(model.tree_, n_top=2), list(model.tree_)
    assert display.labels == [" ".join(node.tokens[:2]) for node in nodes]
    assert_allclose(display.weights, [node.weight for node in nodes])
    assert_array_equal(display.positions[:, 0], [node.level for node in nodes])
    for (parent, child), weight, share in zip(display.edges, display.edge_weights, display.edge_shares, strict=True):
        upper, lower = nodes[parent], nodes[child]
        assert lower.level == upper.level + 1
        assert weight == model.psi_[upper.level][upper.index, lower.index]
        assert share == model.parents_[upper.level][lower.index, upper.index]
    assert len(display.edges) == sum(len(node.edges) for node in nodes)


def test_rows_do_not_overlap(model):
    positions = TopicTreeDisplay.from_tree(model.tree_).positions
    for level in range(3):
        rows = np.sort(positions[positions[:, 0] == level, 1])
        assert (np.diff(rows) > 0.4).all()


def test_from_estimator_draws(model):
    display = TopicTreeDisplay.from_estimator(model, n_top=3)
    display.figure_.canvas.draw()
    assert display.ax_.figure is display.figure_
    assert len(display.text_) == len(display.nodes_.get_offsets()) == 21
    assert len(display.edges_.get_segments()) == len(display.edges)
    assert [text.get_text() for text in display.text_] == display.labels
    widths = display.edges_.get_linewidths()
    assert_array_equal(np.argsort(widths, kind="stable"), np.argsort(display.edge_weights, kind="stable"))


def test_threshold_and_best_parents(model):
    everything, best = (TopicTreeDisplay.from_estimator(model, threshold=threshold) for threshold in (0.0, 1.0))
    assert len(best.edges) == 18  # one parent each
    assert len(everything.edges) > len(best.edges)


def test_given_axes_and_styles(model):
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2)
    display = TopicTreeDisplay.from_estimator(
        model, ax=right, node_kw={"s": 5}, edge_kw={"linewidths": 2}, text_kw={"color": "red"}
    )
    assert display.ax_ is right
    assert display.figure_ is figure
    assert set(display.nodes_.get_sizes()) == {5}
    assert set(display.edges_.get_linewidths()) == {2}
    assert {text.get_color() for text in display.text_} == {"red"}
    again = display.plot(left)
    assert again is display
    assert display.ax_ is left
    assert plt.get_fignums() == [figure.number]


def test_one_level():
    peps = load_peps()
    single = HierarchicalARTM([2], estimator=ARTMTransformer(max_iter=2, tol=0, n_jobs=1), random_state=0).fit(
        peps.data
    )
    display = TopicTreeDisplay.from_estimator(single)
    display.figure_.canvas.draw()
    assert display.edges.shape == (0, 2)
    assert display.labels[0].split()[0].isdigit()  # columns, for there are no names


def test_inside_a_pipeline():
    texts = ["a cat and a dog", "the law of a state", "a dog", "state law", "cat dog cat", "law law state"] * 3
    level = ARTMTransformer(max_iter=3, tol=0, n_jobs=1)
    pipe = make_pipeline(CountVectorizer(), HierarchicalARTM([2, 3], estimator=level, random_state=0)).fit(texts)
    assert len(TopicTreeDisplay.from_estimator(pipe).labels) == 5


def test_what_cannot_be_drawn(model, monkeypatch):
    flat = ARTMTransformer(2, max_iter=2, tol=0, n_jobs=1).fit(load_peps().data)
    with pytest.raises(TypeError, match="fitted HierarchicalARTM or DeepSimplexNMF. Got ARTMTransformer"):
        TopicTreeDisplay.from_estimator(flat)
    with pytest.raises(ValueError, match="threshold of edges must be a number in .* Got 2"):
        TopicTreeDisplay.from_estimator(model, threshold=2)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match="TopicTreeDisplay.plot needs matplotlib.*pip install skartm"):
        TopicTreeDisplay.from_estimator(model)
