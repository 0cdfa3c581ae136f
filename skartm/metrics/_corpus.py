"""The corpus in which a score counts: the data that are scored, or a reference."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse

from skartm.base import shown
from skartm.metrics._text_source import TextSource
from skartm.metrics.coherences._reference import Reference, order_of_tokens
from skartm.metrics.scoring._fitted import FittedTopics


class Corpus:
    """Documents to count the tokens of topics in, whole or in windows of text.

    Parameters
    ----------
    fitted : FittedTopics
        The model, the steps in front of it, and the data that are scored.
    reference : matrix, lists of tokens, or texts, default=None
        None takes the data that are scored.
    """

    def __init__(self, fitted: FittedTopics, reference: Any = None) -> None:
        self.fitted, self.reference = fitted, reference

    def documents(self) -> Any:
        """Return the counts of whole documents: a matrix with the columns of the topics, or lists of tokens as one."""
        if self.reference is None:
            return self.fitted.columns(self.fitted.counts)
        if self._kind == "matrix":
            return self._matrix()
        if self._kind == "tokens":
            return self._tokens()
        if self._kind == "texts" and not self.fitted.has_steps:
            self._refuse_texts()
        return self.fitted.columns(self.fitted.prepare(self.reference))

    def texts(self) -> Any:
        """Return the texts in their order, if there are any; else counts, which `coherence` refuses where it must."""
        if self.reference is None:
            return self.fitted.texts if self._source is not None else self.documents()
        if self._kind in ("matrix", "tokens"):
            return self.documents()
        if self._source is None:
            self._refuse_texts()
            return None
        return self._source.read(self.reference)

    @cached_property
    def _source(self) -> TextSource | None:
        return self.fitted.source

    @cached_property
    def _kind(self) -> str:
        """Of the reference: "matrix", "tokens" (lists of them), "texts", or "data" (what the pipeline takes)."""
        kind = _kind(self.reference)
        # a vectorizer whose documents are lists of tokens may do something to them
        return "data" if kind == "tokens" and self.fitted.has_steps and _kind(self.fitted.data) == "tokens" else kind

    def _matrix(self) -> Any:
        matrix = self.reference if hasattr(self.reference, "shape") else np.asarray(self.reference)
        n_tokens = self.fitted.all_topics.shape[1]
        if matrix.shape[1] != n_tokens:
            raise ValueError(
                f"make_topic_scorer: reference must have the {n_tokens} tokens of the model. Got shape "
                f"{matrix.shape}; pass texts, which the fitted pipeline counts itself."
            )
        return self.fitted.columns(matrix)

    def _tokens(self) -> Reference:
        names = self.fitted.feature_names() if self._source is None else self._source.names()
        if names is None:
            raise ValueError(
                f"make_topic_scorer: a reference of tokens needs the names of the {self.fitted.all_topics.shape[1]} "
                "columns of the model. Got a model without; set its token_names, fit it on a data frame or in a "
                "pipeline, or pass a matrix with its columns."
            )
        if self._source is None:
            names = self.fitted.columns(np.asarray(names, dtype=object)[None, :])[0].tolist()
        return order_of_tokens(self.reference, names)

    def _refuse_texts(self) -> None:
        raise ValueError(
            "make_topic_scorer: a reference of texts needs a vectorizer in front of the model, whose analyzer cuts "
            f"them into tokens. Got the text {shown(_first(self.reference), 60)} and no vectorizer; pass "
            "lists of tokens, "
            "or fit a pipeline of a vectorizer and the model."
        )


def _kind(data: Any) -> str:
    if sparse.issparse(data):
        return "matrix"
    if data is None or not hasattr(data, "__len__") or isinstance(data, (str, bytes)):
        return "data"
    if len(getattr(data, "shape", ())) == 2:
        types = getattr(data, "dtypes", None)  # of a data frame
        kinds = {data.dtype.kind} if types is None else {getattr(kind, "kind", "O") for kind in types}
        return "matrix" if kinds <= set("biuf") else "data"
    first = _first(data)
    if isinstance(first, (str, bytes)):
        return "texts"
    if not hasattr(first, "__len__"):
        return "data"
    token = next((token for text in data for token in text), "")
    return "matrix" if isinstance(token, (int, float, np.number)) else "tokens"


def _first(data: Any) -> Any:
    return next(iter(data), None)
