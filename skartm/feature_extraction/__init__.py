"""Features of texts: tokens in their order, and which of them occur together; vectors of tokens."""

from skartm.base import publish
from skartm.feature_extraction._cooccurrence import cooccurrence
from skartm.feature_extraction._sequence import SequenceVectorizer
from skartm.feature_extraction._token_order import has_token_order, keep_token_order, token_order
from skartm.feature_extraction._word_embeddings import embedding_matrix, word_embeddings

__all__ = [
    "SequenceVectorizer",
    "cooccurrence",
    "embedding_matrix",
    "has_token_order",
    "keep_token_order",
    "token_order",
    "word_embeddings",
]

publish(globals())
