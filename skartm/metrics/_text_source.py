"""Where texts enter a pipeline: the vectorizer that cuts them into tokens, and the columns that a model has of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing

from skartm.base import shown
from skartm.metrics.coherences._reference import Reference, order_of_tokens

# What to do where the tokens of a text cannot be known.
WAYS_OUT = "pass reference= lists of tokens, or count whole documents, another measure, with window='document'"


@dataclass(frozen=True)
class TextSource:
    """A fitted vectorizer inside a pipeline.

    Attributes
    ----------
    vectorizer : CountVectorizer or another one with ``build_analyzer``
    before : list of callables
        Steps that bring the data of the pipeline to the vectorizer.
    columns : array of int
        For each column of the topics, that of the vectorizer.
    """

    vectorizer: Any
    before: list[Callable[[Any], Any]]
    columns: NDArray[np.intp]

    def documents(self, X: Any) -> Any:
        """Return what the vectorizer sees of data of the pipeline."""
        for step in self.before:
            X = step(X)
        return X

    def names(self) -> list[Any]:
        """Return the tokens of the columns of the topics."""
        return np.asarray(_names(self.vectorizer), dtype=object)[self.columns].tolist()

    def read(self, X: Any) -> Reference:
        """Return data of the pipeline as texts: the tokens that the vectorizer's own analyzer makes of each document.

        Tokens that are no column, because they are rare or were not chosen, take up room in a window.
        """
        owner, sizes = type(self.vectorizer).__name__, getattr(self.vectorizer, "ngram_range", (1, 1))
        if not callable(getattr(self.vectorizer, "analyzer", None)) and sizes[0] != sizes[1]:
            raise ValueError(
                f"The 'ngram_range' parameter of {owner} must be of one size for windows of text, since n-grams of "
                f"several sizes have no order. Got {shown(sizes)}; {WAYS_OUT}."
            )
        documents = self.documents(X)
        if isinstance(documents, (str, bytes)):
            raise ValueError(
                f"X must be a list of documents. Got the text {shown(documents[:40])}; pass a list with it."
            )
        analyze = self.vectorizer.build_analyzer()
        return order_of_tokens(map(analyze, documents), self.names())


def text_source(steps: Iterable[Any], columns: NDArray[np.intp]) -> TextSource | None:
    """Find the vectorizer among the fitted steps in front of a model; None if no step sees texts.

    Parameters
    ----------
    steps : transformers
    columns : array of int
        Columns of the topics, as the last step numbers them.

    Raises
    ------
    ValueError
        If there is one, but it is not known which of its tokens the columns are.
    """
    chain = list(_flat(steps))
    for place, step in enumerate(chain):
        if not hasattr(step, "build_analyzer") and not hasattr(step, "output_indices_"):
            continue
        before = [earlier.transform for earlier in chain[:place]]
        if hasattr(step, "build_analyzer"):
            return TextSource(step, before, _kept(step, chain[place + 1 :])[columns])
        block = _block(step, columns, chain[place + 1 :])
        if block is None:
            return None
        transformer, column, start = block
        source = text_source([transformer], columns - start)
        if source is None:
            return None

        def select(X: Any, column: Any = column) -> Any:
            return _safe_indexing(X, column, axis=1)

        return TextSource(source.vectorizer, [*before, select, *source.before], source.columns)
    return None


def _flat(steps: Iterable[Any]) -> Iterator[Any]:
    for step in steps:
        if isinstance(step, Pipeline):
            yield from _flat(inner for _, inner in step.steps)
        elif step is not None and not isinstance(step, str):
            yield step


def _names(vectorizer: Any) -> Any:
    if not hasattr(vectorizer, "get_feature_names_out"):
        raise ValueError(
            f"The vectorizer must know the tokens of its columns, to find them in texts. Got "
            f"{type(vectorizer).__name__}, which does not; take CountVectorizer, or {WAYS_OUT}."
        )
    return vectorizer.get_feature_names_out()


def _kept(vectorizer: Any, later: list[Any]) -> NDArray[np.intp]:
    """Columns of the vectorizer that are left after later steps, in their order."""
    labels = np.array([str(column) for column in range(len(_names(vectorizer)))], dtype=object)
    for step in later:
        try:
            labels = np.asarray(step.get_feature_names_out(labels), dtype=object)
            labels = np.array([str(int(label)) for label in labels], dtype=object)
        except (AttributeError, ValueError):
            raise ValueError(
                "The steps between the vectorizer and the model must say which columns they keep, by "
                f"get_feature_names_out. Got {type(step).__name__}, which does not (of a FunctionTransformer set "
                f"feature_names_out='one-to-one'); or {WAYS_OUT}."
            ) from None
    return labels.astype(np.intp)


def _block(step: Any, columns: NDArray[np.intp], later: list[Any]) -> tuple[Any, Any, int] | None:
    """Transformer, column of the data and first output column of the block of a ColumnTransformer that has the columns.

    None if this block does not see texts.
    """
    blocks = {name: place for name, place in step.output_indices_.items() if place.stop > place.start}
    chosen = [name for name, place in blocks.items() if ((columns >= place.start) & (columns < place.stop)).any()]
    seen = {name: (transformer, column) for name, transformer, column in step.transformers_}
    texts = [name for name in chosen if any(hasattr(inner, "build_analyzer") for inner in _flat([seen[name][0]]))]
    if not texts:
        return None
    if len(chosen) > 1 or later:
        raise ValueError(
            f"tokens must choose the columns of one text, since a window has tokens of one text only. Got those of "
            f"{chosen}" + (" behind further steps" if later else "") + f"; pass tokens=, such as "
            f"{shown(blocks[texts[0]])} for {shown(texts[0])}, or {WAYS_OUT}."
        )
    return *seen[chosen[0]], blocks[chosen[0]].start
