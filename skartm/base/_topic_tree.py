"""Topic trees: the topics of a hierarchy as nodes, to read and to draw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown


@dataclass(frozen=True)
class TopicEdge:
    """A topic as a child of another.

    Attributes
    ----------
    node : TopicNode
        The child.
    weight : float
        p(child | parent), psi.
    share : float
        p(parent | child).
    """

    node: "TopicNode"
    weight: float
    share: float


@dataclass(frozen=True)
class TopicNode:
    """A topic of a hierarchy.

    Attributes
    ----------
    level, index : int
        Level from the top, and place among its topics.
    name : str
    weight : float
        Share of the tokens of the corpus, p(t).
    tokens : tuple
        Most probable tokens.
    edges : tuple of TopicEdge
        To the children, the largest p(child | parent) first.
    """

    level: int
    index: int
    name: str
    weight: float
    tokens: tuple[Any, ...]
    edges: tuple[TopicEdge, ...] = field(default=(), repr=False)

    @property
    def children(self) -> "tuple[TopicNode, ...]":
        """Subtopics, the most probable first."""
        return tuple(edge.node for edge in self.edges)


@dataclass(frozen=True)
class TopicTree:
    """The living topics of a hierarchy, level by level.

    A topic may have several parents, so this is a directed graph without cycles; :meth:`as_tree` leaves each its best
    parent. ``str`` gives :meth:`to_text`.

    Attributes
    ----------
    levels : tuple of tuples of TopicNode
        From the top; in the order of the model, dead topics left out.
    """

    levels: tuple[tuple[TopicNode, ...], ...]

    @property
    def roots(self) -> tuple[TopicNode, ...]:
        """Topics of the first level, the largest first."""
        return tuple(sorted(self.levels[0], key=lambda node: (-node.weight, node.index)))

    def __iter__(self) -> Iterator[TopicNode]:
        """All topics, level by level."""
        return (node for level in self.levels for node in level)

    def node(self, topic: str | int, level: int | None = None) -> TopicNode:
        """A topic by its name, or by its place in a level.

        Raises
        ------
        ValueError
            A topic that the tree does not have, or that is dead.
        """
        if not isinstance(topic, str) and (level is None or not isinstance(topic, Integral) or isinstance(topic, bool)):
            msg = (
                f"TopicTree: a topic is a name, or an integer with its level. Got topic={shown(topic)}, "
                f"level={shown(level)}."
            )
            raise ValueError(msg) if isinstance(topic, Integral) else TypeError(msg)
        if level is not None and level not in range(len(self.levels)):
            msg = f"TopicTree: level must be from 0 to {len(self.levels) - 1}. Got {shown(level)}."
            raise ValueError(msg)
        among = [node for node in self if level in (None, node.level)]
        found = [node for node in among if (node.name if isinstance(topic, str) else node.index) == topic]
        if len(found) == 1:
            return found[0]
        names = [node.name for node in among]
        listed = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        msg = f"TopicTree: topic must be one of the living topics ({listed}). Got {shown(topic)}" + (
            f", a name of {len(found)} of them; give its level." if found else "."
        )
        raise ValueError(msg)

    def parents(self, node: TopicNode) -> list[tuple[TopicNode, TopicEdge]]:
        """Parents of a topic and their edges to it, the largest p(parent | child) first."""
        if node.level == 0:
            return []
        found = [
            (parent, edge)
            for parent in self.levels[node.level - 1]
            for edge in parent.edges
            if edge.node.index == node.index
        ]
        return sorted(found, key=lambda pair: -pair[1].share)

    def as_tree(self) -> "TopicTree":
        """The same with one parent for each topic, that of the largest p(parent | child)."""
        levels = [self.levels[-1]]
        for upper in self.levels[-2::-1]:
            levels.insert(0, _with_best_edges(upper, levels[0]))
        return TopicTree(tuple(levels))

    def to_text(self, n_top: int = 5) -> str:
        """The tree as indented lines.

        A root is shown with p(t), a child with p(child | parent), and with the name of its best parent where that is
        another. Topics of lower levels that belong to no topic above come last.

        Parameters
        ----------
        n_top : int, default=5
            Tokens of a topic, at most as many as the tree has.
        """
        lines: list[str] = []
        for root in self.roots:
            self._write(root, root.weight, n_top, 0, lines)
        for level in self.levels[1:]:
            for node in level:
                if not self.parents(node):
                    self._write(node, node.weight, n_top, 0, lines)
        return "\n".join(lines)

    def __str__(self) -> str:
        return self.to_text()

    def _write(self, node: TopicNode, weight: float, n_top: int, depth: int, lines: list[str], note: str = "") -> None:
        tokens = " ".join(str(token) for token in node.tokens[:n_top])
        lines.append(f"{'    ' * depth}{node.name} {100 * weight:.1f}%  {tokens}{note}")
        for edge in node.edges:
            best = self.parents(edge.node)[0][0]
            note = "" if best.index == node.index else f"  (mostly {best.name})"
            self._write(edge.node, edge.weight, n_top, depth + 1, lines, note)


def _with_best_edges(upper: tuple[TopicNode, ...], lower: tuple[TopicNode, ...]) -> tuple[TopicNode, ...]:
    """The upper topics with edges to those lower ones whose best parents they are."""
    below = {node.index: node for node in lower}
    best: dict[int, tuple[float, int]] = {}
    for node in upper:
        for edge in node.edges:
            if edge.share > best.get(edge.node.index, (0.0, -1))[0]:
                best[edge.node.index] = (edge.share, node.index)
    found = []
    for node in upper:
        own = [edge for edge in node.edges if best[edge.node.index][1] == node.index]
        edges = tuple(replace(edge, node=below[edge.node.index]) for edge in own)
        found.append(replace(node, edges=edges))
    return tuple(found)


def make_tree(
    names: Sequence[Sequence[str]],
    weights: Sequence[NDArray],
    tokens: Sequence[Sequence[Sequence[Any]]],
    psi: Sequence[NDArray],
    parents: Sequence[NDArray],
    threshold: float,
) -> TopicTree:
    """A tree with the edges of p(parent | child) from ``threshold``, and that to the best parent always.

    Parameters
    ----------
    names, weights, tokens : sequences of one sequence a level
        Of every topic the name, p(t) and the most probable tokens.
    psi, parents : sequences of arrays, one for each pair of levels
        p(child | parent) of shape (n_parents, n_children), and p(parent | child) of shape (n_children, n_parents).
    threshold : float
    """
    levels: list[tuple[TopicNode, ...]] = []
    for level in range(len(names) - 1, -1, -1):
        below = levels[0] if levels else ()
        nodes = []
        for t, (name, weight, top) in enumerate(zip(names[level], weights[level], tokens[level], strict=True)):
            if weight <= 0:
                continue
            edges = [
                TopicEdge(child, float(psi[level][t, child.index]), float(parents[level][child.index, t]))
                for child in below
                if _is_parent(parents[level][child.index], t, threshold)
            ]
            edges.sort(key=lambda edge: (-edge.weight, edge.node.index))
            nodes.append(TopicNode(level, t, str(name), float(weight), tuple(top), tuple(edges)))
        levels.insert(0, tuple(nodes))
    return TopicTree(tuple(levels))


def _is_parent(shares: NDArray, t: int, threshold: float) -> bool:
    return bool(shares[t] > 0 and (shares[t] >= threshold or int(np.argmax(shares)) == t))
