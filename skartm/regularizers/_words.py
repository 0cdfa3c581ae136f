"""Words of regularizers: tokens given by name or column, looked up within a modality."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.em import Layout, ModalitySelection


class Words:
    """The tokens of the selected modalities, by name and by column.

    A name is looked up in the modality only: "2001" may be a word as well as a year, "die" a word of two languages.

    Parameters
    ----------
    layout : Layout
    modality : None, name or names
        None is all columns.
    owner : str
        Who asks; named in errors.

    Attributes
    ----------
    columns : array of int32
        Columns of the modality, ascending.
    """

    def __init__(self, layout: Layout, modality: ModalitySelection, owner: str) -> None:
        self._layout, self._modality, self._owner = layout, modality, owner
        self.columns = layout.tokens(modality, owner)
        names = layout.token_names
        self._column_of = {} if names is None else {names[column]: int(column) for column in self.columns}

    def find(self, words: Sequence[Any], parameter: str) -> NDArray:
        """Columns of words, in the order given.

        Raises
        ------
        ValueError
            A word that is not a token of the modality, or names that the model does not know.
        """
        if self._modality is None:
            return self._layout.columns(words, self._owner)
        return np.array([self._column(word, parameter) for word in words], dtype=np.intp)

    def places(self, words: Sequence[Any], parameter: str) -> NDArray:
        """The same as indices into ``columns``."""
        return np.searchsorted(self.columns, self.find(words, parameter))

    def _column(self, word: Any, parameter: str) -> int:
        if isinstance(word, str) and self._column_of:
            if word in self._column_of:
                return self._column_of[word]
            close = get_close_matches(word, self._column_of, n=1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            msg = f"{self._owner}: {parameter} must have tokens of the modality {self._modality!r}. Got {word!r}.{hint}"
            raise ValueError(msg)
        column = int(self._layout.columns([word], self._owner)[0])
        place = int(np.searchsorted(self.columns, column))
        if place == self.columns.size or self.columns[place] != column:
            msg = f"{self._owner}: {parameter} must have columns of the modality {self._modality!r}. Got {word!r}."
            raise ValueError(msg)
        return column
