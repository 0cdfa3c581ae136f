"""Features of texts: tokens in their order, and which of them occur together."""

from skartm.feature_extraction._cooccurrence import cooccurrence
from skartm.feature_extraction._sequence import SequenceVectorizer
from skartm.feature_extraction._token_order import has_token_order

__all__ = ["SequenceVectorizer", "cooccurrence", "has_token_order"]
