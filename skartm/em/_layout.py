"""Layout: names of topics and the shape of phi, resolved once."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral

import numpy as np
from numpy.typing import NDArray

TopicSelection = None | slice | Sequence[str] | Sequence[int] | NDArray


@dataclass(frozen=True)
class Layout:
    """Topics (by name) and tokens of a model.

    Parameters
    ----------
    topic_names : tuple of str
        One name a topic, unique.
    n_tokens : int
        Columns of X.
    """

    topic_names: tuple[str, ...]
    n_tokens: int

    @property
    def n_topics(self) -> int:
        return len(self.topic_names)

    def topics(self, selection: TopicSelection, owner: str) -> NDArray:
        """Ascending indices of the selected topics.

        Parameters
        ----------
        selection : None, slice, sequence of names or of indices
            None is all topics.
        owner : str
            Who asks; named in the error.

        Raises
        ------
        ValueError
            An unknown name, an index out of range, or nothing selected.
        """
        everything = np.arange(self.n_topics)
        if selection is None:
            return everything
        if isinstance(selection, str):
            selection = [selection]
        chosen = (
            everything[selection] if isinstance(selection, slice) else [self._index(item, owner) for item in selection]
        )
        unique = np.unique(np.asarray(chosen, dtype=np.intp))
        if unique.size == 0:
            msg = f"{owner}: topics must select at least one of {self.n_topics} topics. Got {selection!r}."
            raise ValueError(msg)
        return unique

    def _index(self, item: object, owner: str) -> int:
        if isinstance(item, str):
            if item in self.topic_names:
                return self.topic_names.index(item)
            close = get_close_matches(item, self.topic_names, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            msg = f"{owner}: topics must name topics of the model. Got {item!r}.{hint}"
            raise ValueError(msg)
        if isinstance(item, Integral) and not isinstance(item, bool) and -self.n_topics <= int(item) < self.n_topics:
            return int(item) % self.n_topics
        msg = f"{owner}: topics must be names or indices below {self.n_topics}. Got {item!r}."
        raise ValueError(msg)
