"""Features of text that keep the order of its tokens."""

from skartm.feature_extraction._sequence import SequenceVectorizer
from skartm.feature_extraction._token_order import has_token_order

__all__ = [
    "SequenceVectorizer",
    "has_token_order",
]
"""Features of text: what occurs together."""

from ._cooccurrence import cooccurrence

__all__ = ["cooccurrence"]
