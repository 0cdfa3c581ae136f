"""What all parts share: the door for data from outside, the state of fitted models, files that appear whole."""

from ._files import publish_files, scratch_beside, whole_file
from ._mapped import MappedFiles, remember
from ._names import names_in_order
from ._public import publish
from ._shown import shown, shown_list
from ._texts import texts_of
from ._versioned import Versioned

__all__ = [
    "MappedFiles",
    "Versioned",
    "names_in_order",
    "publish",
    "publish_files",
    "remember",
    "scratch_beside",
    "shown",
    "shown_list",
    "texts_of",
    "whole_file",
]
