"""Warnings of skartm; errors are the built-in ones."""

__all__ = [
    "DeadTopicWarning",
    "LeftOutDocumentsWarning",
    "LeftOutTokensWarning",
    "OtherVersionWarning",
    "PlainAscentWarning",
    "ShortTextsWarning",
    "WeakRegularizerWarning",
]


class DeadTopicWarning(UserWarning):
    """A topic lost all its tokens: the regularizers are too strong for it."""


class LeftOutDocumentsWarning(UserWarning):
    """Documents that cannot be split into an observed and a held-out half are no part of a score."""


class LeftOutTokensWarning(UserWarning):
    """Tokens to which the model gives no probability were met."""


class OtherVersionWarning(UserWarning):
    """A saved model was written by another minor version of the library."""


class PlainAscentWarning(UserWarning):
    """The plain lemma failed on a function: nothing positive to normalise, or a step that would decrease it."""


class ShortTextsWarning(UserWarning):
    """Topics of short texts were learned without anything that keeps them from being topics of single texts."""


class WeakRegularizerWarning(UserWarning):
    """A regularizer moved next to nothing of the mass in all passes of a fit."""
