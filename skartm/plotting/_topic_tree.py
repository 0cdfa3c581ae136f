"""Hierarchies of topics as a picture."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.metrics.scoring._fitted import FittedTopics
from skartm.plotting._axes import axes_for
from skartm.topics import TopicNode, TopicTree


@dataclass(eq=False, repr=False, kw_only=True)
class TopicTreeDisplay:
    """A hierarchy of topics, from left to right.

    A level is a column, a topic a disc of its share of the tokens, p(t), with its top tokens beside it, and an edge is
    as wide as p(child | parent) is large. Make it by :meth:`from_estimator` or :meth:`from_tree`.

    Parameters
    ----------
    positions : array of shape (n_topics, 2)
        Level and row of every topic; rows count from the top.
    labels : list of str
    weights : array of shape (n_topics,)
        p(t).
    edges : array of int of shape (n_edges, 2)
        Numbers of parent and child.
    edge_weights : array of shape (n_edges,)
        p(child | parent).
    edge_shares : array of shape (n_edges,)
        p(parent | child).

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    nodes_ : matplotlib PathCollection
        The discs.
    edges_ : matplotlib LineCollection
    text_ : list of matplotlib Text
        The labels.

    See Also
    --------
    skartm.HierarchicalARTM : The model; ``print(model.tree_)`` is the same as text.

    Examples
    --------
    >>> from skartm import ARTMTransformer, HierarchicalARTM
    >>> from skartm.datasets import load_peps
    >>> from skartm.plotting import TopicTreeDisplay
    >>> peps = load_peps()
    >>> level = ARTMTransformer(max_iter=20, tol=0, token_names=peps.feature_names)
    >>> model = HierarchicalARTM([4, 12], estimator=level, random_state=0).fit(peps.data)
    >>> display = TopicTreeDisplay.from_tree(model.tree_)
    >>> display.positions.shape, len(display.labels)
    ((16, 2), 16)
    """

    positions: NDArray
    labels: list[str]
    weights: NDArray
    edges: NDArray
    edge_weights: NDArray
    edge_shares: NDArray

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        threshold: float | None = None,
        n_top: int = 4,
        modality: Any = None,
        ax: Any = None,
        node_kw: Mapping[str, Any] | None = None,
        edge_kw: Mapping[str, Any] | None = None,
        text_kw: Mapping[str, Any] | None = None,
    ) -> "TopicTreeDisplay":
        """Draw the hierarchy of a fitted model.

        Parameters
        ----------
        estimator : HierarchicalARTM or DeepSimplexNMF, or a pipeline or search with one
            Fitted.
        threshold : float in [0, 1], default=None
            Smallest p(parent | child) of an edge; 1 draws best parents only, None is ``edge_threshold`` of the model.
        n_top : int, default=4
            Tokens of a label.
        modality : None, name or names, default=None
            Modalities of the tokens; None is the main one, or else the first.
        ax, node_kw, edge_kw, text_kw
            As in :meth:`plot`.

        Returns
        -------
        TopicTreeDisplay
        """
        model = FittedTopics(estimator).model
        if not hasattr(model, "topic_tree"):
            msg = "estimator must be a fitted HierarchicalARTM or DeepSimplexNMF"
            raise TypeError(f"{cls.__name__}: {msg}. Got {type(model).__name__}.")
        tree = model.topic_tree(threshold, n_top=n_top, modality=modality)
        return cls.from_tree(tree, n_top=n_top).plot(ax, node_kw=node_kw, edge_kw=edge_kw, text_kw=text_kw)

    @classmethod
    def from_tree(cls, tree: TopicTree, *, n_top: int = 4) -> "TopicTreeDisplay":
        """The display of a tree, not yet drawn.

        Parameters
        ----------
        tree : TopicTree
            ``model.tree_``, ``model.topic_tree(...)``, or one that was changed.
        n_top : int, default=4
            Tokens of a label, at most as many as the tree has.
        """
        nodes = list(tree)
        number = {(node.level, node.index): place for place, node in enumerate(nodes)}
        rows = _rows(tree.as_tree())
        found = [
            (number[node.level, node.index], number[edge.node.level, edge.node.index], edge.weight, edge.share)
            for node in nodes
            for edge in node.edges
        ]
        table = np.array(found, dtype=float).reshape(len(found), 4)
        return cls(
            positions=np.array([(node.level, rows[node.level, node.index]) for node in nodes], dtype=float).reshape(
                -1, 2
            ),
            labels=[" ".join(str(token) for token in node.tokens[:n_top]) or node.name for node in nodes],
            weights=np.array([node.weight for node in nodes]),
            edges=table[:, :2].astype(int),
            edge_weights=table[:, 2],
            edge_shares=table[:, 3],
        )

    def plot(
        self,
        ax: Any = None,
        *,
        node_kw: Mapping[str, Any] | None = None,
        edge_kw: Mapping[str, Any] | None = None,
        text_kw: Mapping[str, Any] | None = None,
    ) -> "TopicTreeDisplay":
        """Draw.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None makes a figure with room for all labels.
        node_kw : dict, default=None
            For ``ax.scatter``.
        edge_kw : dict, default=None
            For :class:`matplotlib.collections.LineCollection`.
        text_kw : dict, default=None
            For ``ax.annotate``.

        Returns
        -------
        self

        Raises
        ------
        ImportError
            matplotlib is not installed.
        """
        n_levels, n_rows = self.positions.max(axis=0, initial=0) + 1
        self.figure_, self.ax_ = axes_for(type(self).__name__, ax, (3.0 * n_levels + 1, 0.28 * n_rows + 0.5))
        from matplotlib.collections import LineCollection

        curves = [_curve(self.positions[parent], self.positions[child]) for parent, child in self.edges]
        widths = 0.5 + 6 * self.edge_weights
        style: dict[str, Any] = {"colors": "0.7", "linewidths": widths, "capstyle": "round", "zorder": 1}
        self.edges_ = self.ax_.add_collection(LineCollection(curves, **(style | dict(edge_kw or {}))))
        largest = self.weights.max(initial=0) or 1.0
        style = {"s": 20 + 200 * self.weights / largest, "c": self.positions[:, 0], "cmap": "viridis", "vmax": n_levels}
        self.nodes_ = self.ax_.scatter(*self.positions.T, **(style | {"zorder": 2} | dict(node_kw or {})))
        box = {"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.6}
        style = {"textcoords": "offset points", "fontsize": "small", "bbox": box, "zorder": 3, "annotation_clip": False}
        beside, above = {"xytext": (10, 0), "va": "center"}, {"xytext": (0, 9), "va": "bottom"}
        last = self.positions[:, 0] == n_levels - 1
        self.text_ = [
            self.ax_.annotate(label, tuple(place), **(style | (beside if right else above) | dict(text_kw or {})))
            for label, place, right in zip(self.labels, self.positions, last, strict=True)
        ]
        self.ax_.set(xlim=(-0.1, n_levels - 0.1), ylim=(n_rows - 0.5, -0.8))
        self.ax_.set_axis_off()
        return self


def _rows(tree: TopicTree) -> dict[tuple[int, int], float]:
    """Rows of the topics of a tree: leaves below each other, a parent in the middle of its children."""
    rows: dict[tuple[int, int], float] = {}
    free = 0

    def place(node: TopicNode) -> float:
        nonlocal free
        if node.children:
            row = float(np.mean([place(child) for child in node.children]))
        else:
            row, free = float(free), free + 1
        rows[node.level, node.index] = row
        return row

    for level in (tree.roots, *tree.levels[1:]):  # those below that have no parent come last
        for node in level:
            if (node.level, node.index) not in rows:
                place(node)
    return rows


def _curve(start: NDArray, stop: NDArray) -> NDArray:
    """A smooth step from a point to another."""
    s = np.linspace(0, 1, 30)
    return np.column_stack([start[0] + (stop[0] - start[0]) * s, start[1] + (stop[1] - start[1]) * (3 - 2 * s) * s**2])
