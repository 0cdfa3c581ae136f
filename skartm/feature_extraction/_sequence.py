"""Text as sequences of tokens in a sparse matrix."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from skartm.base import Versioned, shown, texts_of
from skartm.base._data import check_csr
from skartm.base._order import carry_order, keep_order, restore_order
from skartm.datasets._rows import CSR, index_dtype, wrap_csr

_UNKNOWN = -1


class SequenceVectorizer(Versioned, CountVectorizer):
    r"""Convert texts to a sparse matrix that keeps the order of the tokens.

    Row ``d`` of the matrix is the text: ``X.indices[X.indptr[d]:X.indptr[d + 1]]`` are the columns of its tokens, one
    after the other, a token as often as it occurs, and ``X.data`` is all ones. This is a CSR matrix that is not in
    canonical form. Estimators of bags of words read it as counts, row slices and cross-validation keep the order, and
    what needs the order has it, such as :func:`~skartm.metrics.coherence` in windows of text. Summed, it is the matrix
    of :class:`~sklearn.feature_extraction.text.CountVectorizer`:

    .. math:: n_{dw} = \sum_{i} [w_{di} = w].

    Tokens that are not in the vocabulary (stop words, those that ``min_df``, ``max_df`` or ``max_features`` remove, and
    in ``transform`` those that are new) are dropped. Their neighbours move together.

    Many methods of scipy sort and sum the entries of a matrix in place: ``X.sum()``, ``X.max()``, ``X > 0``,
    ``sum_duplicates``. A copy of the order is kept beside the matrix that is returned, and whatever reads the order has
    it from there (:func:`token_order`). Slices and copies have what the matrix had when they were made, so what shall
    be sorted, and cut afterwards, should be a copy (:doc:`/user_guide/token_order`).

    Parameters
    ----------
    input : {"filename", "file", "content"}, default="content"
        What the documents are: names of files, open files, or text (str or bytes).
    encoding : str, default="utf-8"
        Encoding of bytes and files.
    decode_error : {"strict", "ignore", "replace"}, default="strict"
        What to do about bytes that are not in ``encoding``.
    strip_accents : {"ascii", "unicode"}, callable or None, default=None
        How to remove accents.
    lowercase : bool, default=True
        Whether to convert to lower case.
    preprocessor : callable, default=None
        In place of ``strip_accents`` and ``lowercase``.
    tokenizer : callable, default=None
        From a text to a list of tokens, in place of ``token_pattern``.
    stop_words : {"english"}, list or None, default=None
        Tokens to drop.
    token_pattern : str or None, default=r"(?u)\\b\\w\\w+\\b"
        Regular expression of a token.
    ngram_range : tuple of (int, int), default=(1, 1)
        Only (1, 1): n-grams of several sizes have no order. It is here so that the parameters are those of
        ``CountVectorizer``.
    analyzer : {"word", "char", "char_wb"} or callable, default="word"
        Whether tokens are words or characters, or a function from a document to its tokens in their order.
    max_df : float in [0, 1] or int, default=1.0
        Drop tokens that are in more than this share, or number, of documents.
    min_df : float in [0, 1] or int, default=1
        Drop tokens that are in less than this share, or number, of documents.
    max_features : int, default=None
        Keep at most that many of the most frequent tokens.
    vocabulary : mapping or iterable, default=None
        Tokens to columns, or the tokens. None learns the vocabulary, sorted.
    binary : bool, default=False
        Only False: the values are ones anyhow. It is here so that the parameters are those of ``CountVectorizer``.
    dtype : dtype, default=numpy.float32
        Type of the values.

    Attributes
    ----------
    vocabulary_ : dict
        Tokens to columns.
    fixed_vocabulary_ : bool
        Whether the vocabulary was given.

    See Also
    --------
    has_token_order : Whether a matrix is of this kind.
    token_order : The matrix in the order of the text, whatever scipy has done to it.
    skartm.datasets.save_memmap : Keep such a matrix on disk.

    Examples
    --------
    >>> from skartm.feature_extraction import SequenceVectorizer
    >>> vectorizer = SequenceVectorizer()
    >>> X = vectorizer.fit_transform(["the dog bites the man", "man bites dog"])
    >>> vectorizer.get_feature_names_out().tolist()
    ['bites', 'dog', 'man', 'the']
    >>> X[0].indices.tolist()
    [3, 1, 0, 3, 2]
    >>> [" ".join(tokens) for tokens in vectorizer.inverse_transform(X)]
    ['the dog bites the man', 'man bites dog']
    >>> X.toarray()
    array([[1., 1., 1., 2.],
           [1., 1., 1., 0.]], dtype=float32)
    """

    def __init__(
        self,
        *,
        input: str = "content",
        encoding: str = "utf-8",
        decode_error: str = "strict",
        strip_accents: Any = None,
        lowercase: bool = True,
        preprocessor: Callable | None = None,
        tokenizer: Callable | None = None,
        stop_words: Any = None,
        token_pattern: str | None = r"(?u)\b\w\w+\b",
        ngram_range: tuple[int, int] = (1, 1),
        analyzer: Any = "word",
        max_df: float = 1.0,
        min_df: float = 1,
        max_features: int | None = None,
        vocabulary: Any = None,
        binary: bool = False,
        dtype: Any = np.float32,
    ):
        super().__init__(
            input=input,
            encoding=encoding,
            decode_error=decode_error,
            strip_accents=strip_accents,
            lowercase=lowercase,
            preprocessor=preprocessor,
            tokenizer=tokenizer,
            stop_words=stop_words,
            token_pattern=token_pattern,
            ngram_range=ngram_range,
            analyzer=analyzer,
            max_df=max_df,
            min_df=min_df,
            max_features=max_features,
            vocabulary=vocabulary,
            binary=binary,
            dtype=dtype,
        )

    def fit_transform(self, raw_documents: Iterable[Any], y: Any = None) -> CSR:
        """Learn the vocabulary and return the token sequences; every document is read once.

        Parameters
        ----------
        raw_documents : iterable
            Documents: str, bytes, or what ``input`` says.
        y : None
            Not used.

        Returns
        -------
        X : CSR of shape (n_docs, n_tokens)
            Rows in the order of the text, all values 1.

        Raises
        ------
        ValueError
            If a parameter is out of its range, or no token remains.
        """
        raw_documents = _documents(raw_documents)
        self._validate_params()
        self._check_order()
        ids, ends, names = _read(raw_documents, self.build_analyzer())
        counter = self._count(ids, ends, names)
        self.vocabulary_, self.fixed_vocabulary_ = counter.vocabulary_, counter.fixed_vocabulary_
        return self._rows(ids, ends, names)

    def transform(self, raw_documents: Iterable[Any]) -> CSR:
        """Return the token sequences of documents; tokens that are not in the vocabulary are dropped.

        Parameters
        ----------
        raw_documents : iterable
            Documents: str, bytes, or what ``input`` says.

        Returns
        -------
        X : CSR of shape (n_docs, n_tokens)
            Rows in the order of the text, all values 1.

        Raises
        ------
        NotFittedError
            If there is no vocabulary, neither learned nor given.
        """
        raw_documents = _documents(raw_documents)
        self.get_feature_names_out()  # raises unless there is a vocabulary
        self._check_order()
        return self._rows(*_read(raw_documents, self.build_analyzer()))

    def inverse_transform(self, X: Any) -> list[NDArray]:
        """Return the tokens of each document, in the order of the text if ``X`` has it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_docs, n_tokens)
            Token sequences, or counts, of which each token is listed once.

        Returns
        -------
        tokens : list of n_docs arrays of str
            Tokens.
        """
        if not sparse.issparse(X) or getattr(X, "format", None) != "csr":
            return super().inverse_transform(X)
        rows: Any = restore_order(carry_order(X, check_csr(X, "SequenceVectorizer")))
        names = self.get_feature_names_out().astype(str)
        if rows.shape[1] != names.size:
            raise ValueError(
                f"SequenceVectorizer: X must have the {names.size} columns of the vocabulary. Got {rows.shape[1]}."
            )
        tokens = []
        for start, end in zip(rows.indptr[:-1], rows.indptr[1:], strict=True):
            columns = rows.indices[start:end]
            tokens.append(names[columns[rows.data[start:end] != 0]])
        return tokens

    def _check_order(self) -> None:
        if tuple(self.ngram_range) != (1, 1):
            raise ValueError(
                "The 'ngram_range' parameter of SequenceVectorizer must be (1, 1), since n-grams of several sizes have "
                f"no order. Got {shown(self.ngram_range)} instead; join tokens in a tokenizer."
            )
        if self.binary:
            raise ValueError(
                "The 'binary' parameter of SequenceVectorizer must be False, since a token is listed as often as it "
                "occurs. Got True instead; use CountVectorizer for indicators."
            )

    def _count(self, ids: NDArray, ends: NDArray, names: list[str]) -> CountVectorizer:
        """Let scikit-learn choose the vocabulary from the tokens that were read, by its rules."""
        counter = CountVectorizer(
            analyzer=_as_is,
            lowercase=self.lowercase,
            max_df=self.max_df,
            min_df=self.min_df,
            max_features=self.max_features,
            vocabulary=self.vocabulary,
            dtype=self.dtype,
        )
        if self.vocabulary is not None:
            return counter.fit([])  # nothing to count
        labels = np.array(names, dtype=object)
        return counter.fit(labels[ids[start:end]].tolist() for start, end in zip([0, *ends[:-1]], ends))

    def _rows(self, ids: NDArray, ends: NDArray, names: list[str]) -> CSR:
        """Return the matrix of tokens that were read, without those that the vocabulary lacks."""
        n_columns = len(self.vocabulary_)
        column_of = np.array([self.vocabulary_.get(name, _UNKNOWN) for name in names], dtype=np.int32)
        columns = column_of[ids]
        known = columns != _UNKNOWN
        kind = index_dtype(len(columns), n_columns)
        indptr = np.concatenate([[0], np.cumsum(known)])[np.concatenate([[0], ends])].astype(kind)
        indices = columns[known].astype(kind)
        return keep_order(wrap_csr(np.ones(len(indices), dtype=self.dtype), indices, indptr, (len(ends), n_columns)))


def _documents(raw_documents: Any) -> Any:
    if isinstance(raw_documents, str):
        raise ValueError(
            f"raw_documents must be an iterable of documents. Got the text {shown(raw_documents[:40])}; "
            "pass a list with it."
        )
    return texts_of(raw_documents, "SequenceVectorizer")


def _read(documents: Iterable[Any], analyze: Callable[[Any], Sequence[str]]) -> tuple[NDArray, NDArray, list[str]]:
    """Return the tokens of all documents as numbers, where each document ends, and the tokens by their number."""
    number_of: defaultdict[str, int] = defaultdict()
    number_of.default_factory = number_of.__len__
    ids, ends = array("i"), array("q")
    for document in documents:
        ids.extend([number_of[token] for token in analyze(document)])
        ends.append(len(ids))
    return np.asarray(ids, dtype=np.int32), np.asarray(ends, dtype=np.int64), list(number_of)


def _as_is(tokens: list[str]) -> list[str]:
    return tokens
