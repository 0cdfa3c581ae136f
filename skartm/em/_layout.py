"""Layout: names of topics, tokens and modalities, resolved once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.em._modalities import Modality, ModalitySelection

TopicSelection = None | str | slice | Sequence[str] | Sequence[int] | NDArray
_GLOB = frozenset("*?[")


@dataclass(frozen=True)
class Layout:
    """Topics (by name), tokens and modalities of a model, and what a fit knows of its documents.

    Parameters
    ----------
    topic_names : tuple of str
        One name a topic, unique.
    n_tokens : int
        Columns of X.
    modalities : tuple of Modality
        Blocks of columns, each column in one; empty if there is only one kind of tokens.
    token_names : tuple of str or None
        One name a column; None if the model has not been told.
    n_docs : int or None
        Documents of the fit; None in ``transform`` and ``partial_fit``, whose documents are others each time.
    y : array of shape (n_docs,) or (n_docs, n_targets), or None
        Targets of the documents of the fit.
    X : sparse matrix of shape (n_docs, n_tokens) or None
        Counts of the documents of the fit, for terms that prepare something from them.
    sample_weight : array of shape (n_docs,) or None
        Their weights.
    """

    topic_names: tuple[str, ...]
    n_tokens: int
    modalities: tuple[Modality, ...] = ()
    token_names: tuple[str, ...] | None = None
    n_docs: int | None = None
    y: NDArray | None = None
    X: Any = field(default=None, repr=False)
    sample_weight: NDArray | None = field(default=None, repr=False)

    @property
    def n_topics(self) -> int:
        return len(self.topic_names)

    @cached_property
    def blocks(self) -> tuple[NDArray, ...]:
        """Columns (int32) of every modality; one block of all columns without modalities."""
        if self.modalities:
            return tuple(modality.tokens for modality in self.modalities)
        return (np.arange(self.n_tokens, dtype=np.int32),)

    @cached_property
    def token_weights(self) -> NDArray | None:
        """Weight of every column; None if all are 1."""
        if all(modality.weight == 1 for modality in self.modalities):
            return None
        weights = np.empty(self.n_tokens)
        for modality in self.modalities:
            weights[modality.tokens] = modality.weight
        return weights

    def topics(self, selection: TopicSelection, owner: str) -> NDArray:
        """Ascending indices of the selected topics.

        Parameters
        ----------
        selection : None, slice, mask, name or pattern ("background*"), sequence of names, patterns or indices
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
        chosen: list[int] = []
        if isinstance(selection, slice):
            chosen = everything[selection].tolist()
        elif isinstance(selection, np.ndarray) and selection.dtype == bool:
            if selection.shape != (self.n_topics,):
                msg = f"{owner}: a mask of topics must have shape ({self.n_topics},). Got {selection.shape}."
                raise ValueError(msg)
            chosen = np.flatnonzero(selection).tolist()
        else:
            if not hasattr(selection, "__iter__"):
                msg = (
                    f"{owner}: topics must be None, a slice, names or indices. Got {shown(selection)}; "
                    "put it in a list."
                )
                raise TypeError(msg)
            for item in [selection] if isinstance(selection, str) else selection:
                chosen.extend(self._places(item, owner))
        unique = np.unique(np.asarray(chosen, dtype=np.intp))
        if unique.size == 0:
            msg = f"{owner}: topics must select at least one of {self.n_topics} topics. Got {shown(selection)}."
            raise ValueError(msg)
        return unique

    def _places(self, item: object, owner: str) -> list[int]:
        if isinstance(item, str):
            if item in self.topic_names:
                return [self.topic_names.index(item)]
            if _GLOB & set(item):
                matches = [t for t, name in enumerate(self.topic_names) if fnmatchcase(name, item)]
                if matches:
                    return matches
                msg = (
                    f"{owner}: topics must name topics of the model. Got the pattern {shown(item)}, which "
                    "no name matches."
                )
                raise ValueError(msg)
            msg = f"{owner}: topics must name topics of the model. Got {shown(item)}.{_hint(item, self.topic_names)}"
            raise ValueError(msg)
        if isinstance(item, Integral) and not isinstance(item, bool) and -self.n_topics <= int(item) < self.n_topics:
            return [int(item) % self.n_topics]
        msg = f"{owner}: topics must be names or indices below {self.n_topics}. Got {shown(item)}."
        raise ValueError(msg)

    def tokens(self, modality: ModalitySelection, owner: str) -> NDArray:
        """Ascending columns (int32) of the selected modalities; None is all columns.

        Raises
        ------
        ValueError
            A modality that the model does not have.
        """
        if modality is None:
            return np.arange(self.n_tokens, dtype=np.int32)
        names = [modality] if isinstance(modality, str) else list(modality)
        known = {entry.name: entry.tokens for entry in self.modalities}
        for name in names:
            if name not in known:
                given = f"has {sorted(known)}" if known else "has none; ARTMTransformer takes modalities="
                msg = f"{owner}: modality must name a modality of the model (the model {given}). Got {name!r}."
                raise ValueError(msg)
        if not names:
            msg = f"{owner}: modality must name at least one modality, or be None. Got {shown(modality)}."
            raise ValueError(msg)
        return np.unique(np.concatenate([known[name] for name in names]))

    def columns(
        self, words: Sequence[Any], owner: str, *, modality: ModalitySelection = None, parameter: str = "words"
    ) -> NDArray:
        """Columns of words, given by name or by index, in the order given.

        A name is looked up in the modality only: "2001" may be a word as well as a year, "die" a word of two languages.

        Parameters
        ----------
        words : sequence of names and columns
        owner : str
            Who asks; named in errors.
        modality : None, name or names
            None is all columns.
        parameter : str
            Where the words are; named in errors.

        Raises
        ------
        ValueError
            A word that is not a token of the modality, a name of several tokens, an index out of range, or names that
            the model does not know.
        """
        inside = self.tokens(modality, owner)
        where = "tokens of the model" if modality is None else f"tokens of the modality {shown(modality)}"
        asked = f"{owner}: {parameter} must be {where}"
        columns_of: dict[str, list[int]] = {}
        if self.token_names is not None and any(isinstance(word, str) for word in words):
            for column in inside.tolist():
                columns_of.setdefault(self.token_names[column], []).append(column)
        found = [self._column(word, columns_of, asked) for word in words]
        outside = ~np.isin(found, inside)
        if outside.any():
            msg = f"{asked}. Got the column {found[int(np.argmax(outside))]}, which is not one."
            raise ValueError(msg)
        return np.array(found, dtype=np.intp)

    def _column(self, word: object, columns_of: dict[str, list[int]], asked: str) -> int:
        if isinstance(word, str):
            if self.token_names is None:
                msg = (
                    f"{asked}, or their columns while the model does not know their names. Got {shown(word)}; give the "
                    "model token_names=vectorizer.get_feature_names_out(), or use TopicPipeline."
                )
                raise ValueError(msg)
            columns = columns_of.get(word, [])
            if len(columns) > 1:
                msg = (
                    f"{asked}, by names that only one has. Got {shown(word)} of the columns {columns}; "
                    "give the modality, "
                )
                raise ValueError(f"{msg}or the column.")
            if columns:
                return columns[0]
            msg = f"{asked}. Got {shown(word)}.{_hint(word, tuple(columns_of))}"
            raise ValueError(msg)
        if isinstance(word, Integral) and not isinstance(word, bool) and 0 <= int(word) < self.n_tokens:
            return int(word)
        msg = f"{asked}, or columns in [0, {self.n_tokens}). Got {shown(word)}."
        raise ValueError(msg)


def _hint(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1)
    return f" Did you mean {shown(close[0])}?" if close else ""
