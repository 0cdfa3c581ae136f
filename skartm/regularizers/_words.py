"""Words of regularizers: tokens given by name or column, looked up within a modality."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.em import Layout, ModalitySelection


class Words:
    """The tokens of the selected modalities, by name and by column.

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

    def find(self, words: Sequence[Any], parameter: str) -> NDArray:
        """Columns of words, in the order given; see :meth:`skartm.em.Layout.columns`."""
        return self._layout.columns(words, self._owner, modality=self._modality, parameter=parameter)

    def places(self, words: Sequence[Any], parameter: str) -> NDArray:
        """The same as indices into ``columns``."""
        return np.searchsorted(self.columns, self.find(words, parameter))
