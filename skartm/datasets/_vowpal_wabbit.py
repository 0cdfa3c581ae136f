"""The Vowpal Wabbit text format, as topic models use it."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils import Bunch

from skartm.base import shown
from skartm.base._data import check_csr
from skartm.base._order import carry_order, has_token_order, keep_order, restore_order

from ._memmap import open_rows
from ._rows import MatrixLike, to_names
from ._text_file import (
    check_encodable,
    check_path,
    format_numbers,
    limits_of,
    malformed,
    open_lines,
    open_to_write,
)

_DEFAULT = "@default_class"  # BigARTM's name for tokens before any "|modality"
_WEIGHT = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?").fullmatch
_ENTRIES = 2**18  # entries that are gathered before they are written


class _UnknownTokens(dict):
    """A vocabulary that gives tokens it does not have the number -1."""

    def __missing__(self, token: bytes) -> int:
        return -1


class _Columns:
    """Numbers of the columns, by modality and token: given, or in the order in which they are met."""

    def __init__(self, vocabulary: Mapping[str, Iterable[str]] | None):
        numbers = count()
        self.given: dict[str, NDArray] = {}
        if vocabulary is None:
            self.modalities: Any = defaultdict(lambda: defaultdict(numbers.__next__))
            return
        if not isinstance(vocabulary, Mapping):
            raise TypeError(
                f"vocabulary must be a mapping of modality to tokens. Got {type(vocabulary).__name__}; pass "
                f"{{{_DEFAULT!r}: tokens}} when the file names no modality."
            )
        self.modalities = defaultdict(_UnknownTokens)
        for modality, tokens in vocabulary.items():
            if not isinstance(modality, str):
                raise TypeError(
                    f"vocabulary must be a mapping of modality to tokens. Got the key {shown(modality)}; pass "
                    f"{{{_DEFAULT!r}: tokens}} when the file names no modality."
                )
            names = self.given[modality] = to_names(tokens, None, f"vocabulary[{shown(modality)}]")
            for name in (modality, *names):
                check_encodable(name, "vocabulary")
            self.modalities[modality.encode()].update((name.encode(), next(numbers)) for name in names)
            if len(self.modalities[modality.encode()]) != len(names):
                raise ValueError(
                    f"vocabulary[{shown(modality)}] must not repeat a token. Got repeated ones; remove them."
                )

    def sort(self) -> tuple[dict[str, NDArray], NDArray]:
        """Return the tokens of each modality in alphabetical order, and the map from numbers met to final numbers."""
        met = {name: numbers for name, numbers in self.modalities.items() if numbers}
        ordered = {name: sorted(numbers) for name, numbers in met.items()}
        final = [met[name][token] for name in met for token in ordered[name]]
        order = np.empty(len(final), dtype=np.int64)
        order[final] = np.arange(len(final))
        decoded = {name.decode(): to_names([t.decode() for t in ordered[name]], None, "tokens") for name in met}
        return decoded, order


def load_vowpal_wabbit(
    path: str | os.PathLike,
    *,
    vocabulary: Mapping[str, Iterable[str]] | None = None,
    memmap: str | os.PathLike | None = None,
    dtype: DTypeLike = np.float32,
    max_line: int = 2**24,
    max_bytes: int | None = None,
) -> Bunch:
    """Read a corpus in Vowpal Wabbit text, the way BigARTM and TopicNet write it, line by line.

    A line is a document: ``title |@modality token token:weight ... |@other token ...``, separated by blanks. The name
    of a modality is what follows the bar; tokens before any bar are of the modality ``@default_class``. Tokens may have
    colons, as addresses do: what follows the *last* colon is a weight only if it is a decimal number, so that
    ``https://python.org`` is a token, and a token that ends in a colon and a number needs its weight written out
    (``12:30:1``). A title alone is an empty document; blank lines are skipped; a line that starts with a bar has an
    empty title. Rows are sequences: a token that occurs again is stored again, in the order of the text
    (``sum_duplicates()`` on a copy gives counts).

    Parameters
    ----------
    path : path-like
        The file; it may be compressed (.gz, .bz2, .xz).

    vocabulary : mapping of str to array-like of str, default=None
        Tokens of each modality, which become the columns in this order; other tokens and modalities are dropped. Pass
        the ``vocabulary`` of a corpus that was read before. A mapping in place of an array is read as in
        ``vectorizer.vocabulary_``. ``None`` learns it from the file.

    memmap : path-like, default=None
        Folder for an on-disk CSR, written while reading: memory then holds the vocabulary, the titles and a block of
        documents; see :func:`save_memmap`. ``None`` keeps the matrix in memory.

    dtype : dtype, default=numpy.float32
        Type of the weights.

    max_line : int, default=2 ** 24
        Most bytes of a line, hence of a document; a file with a longer one is refused.

    max_bytes : int, default=None
        Most bytes of the file once it is decompressed; more is refused. ``None`` is 64 MiB, or a hundred times the
        size of the file if that is more.

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        data : CSR of shape (n_docs, n_tokens)
            Weights in the order of the text; not sorted, not summed.
        feature_names : ndarray of str of shape (n_tokens,)
            Tokens of the columns. A learned vocabulary has one block of columns for each modality, in the order in
            which they are first met, sorted alphabetically.
        modalities : ndarray of str of shape (n_tokens,)
            Modality of each column: ``corpus.data[:, corpus.modalities == "@author"]``.
        titles : ndarray of str of shape (n_docs,)
            Titles of the documents.
        vocabulary : dict of str to ndarray of str
            Tokens of each modality.
        n_dropped : int
            Number of occurrences of tokens that are not in the given vocabulary.

    Raises
    ------
    ValueError
        With the file and the line, if a weight is negative or infinite, if the text is not UTF-8, or if the line has
        transactions (``||``), which are not bags of words; if a weight does not fit `dtype`; if the file is damaged or
        exceeds a limit.

    See Also
    --------
    dump_vowpal_wabbit : Write this format.

    Examples
    --------
    >>> import tempfile
    >>> from skartm.datasets import load_vowpal_wabbit
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(f"{folder}/corpus.vw", "w") as file:
    ...         _ = file.write("d1 |@word see https://python.org see:2 |@author ann\\nd2\\n")
    ...     corpus = load_vowpal_wabbit(f"{folder}/corpus.vw")
    >>> corpus.feature_names.tolist()
    ['https://python.org', 'see', 'ann']
    >>> corpus.modalities.tolist()
    ['@word', '@word', '@author']
    >>> corpus.data.toarray().tolist()
    [[1.0, 3.0, 1.0], [0.0, 0.0, 0.0]]
    """
    columns = _Columns(vocabulary)
    titles: list[str] = []
    limits = limits_of(path, max_line, max_bytes)
    with open_lines(path, limits, universal=False) as lines, open_rows(memmap, dtype) as rows:
        n_dropped = 0
        for tokens, weights, lengths in _read_blocks(lines, path, columns, titles):
            known = tokens >= 0
            if not known.all():
                n_dropped += int((~known).sum())
                docs = np.repeat(np.arange(lengths.size), lengths)
                lengths = np.bincount(docs[known], minlength=lengths.size)
            rows.append(weights[known], tokens[known], lengths)
        names, order = columns.sort() if vocabulary is None else (columns.given, None)
        data = rows.finish(sum(map(len, names.values())), order)
    if memmap is None and has_token_order(data):  # files may have counts; those of memmap are read-only, as they stay
        data = keep_order(data)
    labels = chain.from_iterable([name] * len(tokens) for name, tokens in names.items())
    return Bunch(
        data=data,
        feature_names=to_names(list(chain.from_iterable(names.values())), None, "vocabulary"),
        modalities=to_names(list(labels), None, "modalities"),
        titles=to_names(titles, None, "titles", "documents"),
        vocabulary=names,
        n_dropped=n_dropped,
    )


def _read_blocks(
    lines: Any, path: str | os.PathLike, columns: _Columns, titles: list[str]
) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Yield tokens, weights and row lengths of consecutive blocks of documents; append their titles."""
    tokens: list[int] = []
    weights: list[float] = []
    ends = [0]
    for line_number, line in enumerate(lines, start=1):
        fields = line.split()  # of bytes: at ASCII blanks alone, a no-break space is part of a token
        if not fields:
            continue
        try:
            line.decode()
            titles.append("" if fields[0].startswith(b"|") else fields.pop(0).decode())
            _read_fields(fields, columns, tokens, weights)
        except UnicodeDecodeError as error:
            raise malformed(path, line_number, "text in UTF-8", error.object[error.start : error.end]) from error
        except _FieldError as error:
            raise malformed(path, line_number, *error.args) from None
        ends.append(len(tokens))
        if len(tokens) >= _ENTRIES:
            yield np.array(tokens, dtype=np.int64), np.array(weights), np.diff(ends)
            tokens, weights, ends = [], [], [0]
    yield np.array(tokens, dtype=np.int64), np.array(weights), np.diff(ends)


class _FieldError(Exception):
    """What was expected of a field, and what it is."""


def _read_fields(fields: list[bytes], columns: _Columns, tokens: list[int], weights: list[float]) -> None:
    """Append the tokens and weights of a document."""
    numbers: Any = None
    if fields and not fields[0].startswith(b"|"):
        numbers = columns.modalities[_DEFAULT.encode()]
    for field in fields:
        if field.startswith(b"|"):
            if field.startswith(b"||"):
                raise _FieldError("modalities, not transactions ('||')", field.decode())
            numbers = columns.modalities[field[1:] or _DEFAULT.encode()]
            continue
        weight = 1.0
        if b":" in field:
            token, _, number = field.rpartition(b":")
            if token and _WEIGHT(number):
                weight = float(number)
                if not 0 <= weight < np.inf:
                    raise _FieldError("a non-negative finite weight after the colon", field.decode())
                field = token
        tokens.append(numbers[field])
        weights.append(weight)


def dump_vowpal_wabbit(
    X: MatrixLike,
    path: str | os.PathLike,
    *,
    feature_names: Iterable[str],
    modalities: Iterable[str] | None = None,
    titles: Iterable[str] | None = None,
) -> None:
    """Write a corpus in Vowpal Wabbit text, the way BigARTM and TopicNet read it.

    Every stored entry is written, in the order of the row, as ``token``, or as ``token:weight`` when the weight is not
    1 or the token ends in a colon and a number. Reading the file with :func:`load_vowpal_wabbit` gives the entries
    back. The file appears, or replaces an older one, when it is complete.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_docs, n_tokens), non-negative counts
        The corpus.

    path : path-like
        File to write; compressed when its suffix is .gz, .bz2 or .xz.

    feature_names : array-like of str of shape (n_tokens,)
        The tokens of the columns.

    modalities : array-like of str of shape (n_tokens,), default=None
        The modality of each column, such as ``"@word"``. ``None`` writes tokens without a modality.

    titles : array-like of str of shape (n_docs,), default=None
        Titles of the documents. ``None`` writes the row numbers, from 0.

    Raises
    ------
    ValueError
        If `X` has negative, NaN or infinite entries, or a token, a modality or a title is empty, has a blank or starts
        with a bar.

    See Also
    --------
    load_vowpal_wabbit : Read this format.

    Examples
    --------
    >>> import tempfile
    >>> from skartm.datasets import dump_vowpal_wabbit
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     dump_vowpal_wabbit([[1, 3], [0, 0]], f"{folder}/x.vw", feature_names=["cat", "dog"])
    ...     with open(f"{folder}/x.vw") as file:
    ...         file.read().splitlines()
    ['0 cat dog:3', '1']
    """
    check_path(path, "path")
    counts = restore_order(carry_order(X, check_csr(X, "dump_vowpal_wabbit")))
    n_docs, n_tokens = counts.shape
    tokens = _check_fields(feature_names, n_tokens, "feature_names")
    marks = None if modalities is None else _check_fields(modalities, n_tokens, "modalities")
    heads = _check_fields(list(map(str, range(n_docs))) if titles is None else titles, n_docs, "titles", "rows of X")
    explicit = np.array([bool(_WEIGHT(token.rpartition(":")[2].encode())) for token in tokens], dtype=bool)
    with open_to_write(path) as file:
        for title, start, end in zip(heads, counts.indptr[:-1], counts.indptr[1:]):
            columns, weights = counts.indices[start:end], counts.data[start:end]
            fields, modality = [title], None
            entries = zip(columns, format_numbers(weights), (weights != 1) | explicit[columns])
            for column, weight, is_weighted in entries:
                if marks is not None and marks[column] != modality:
                    modality = marks[column]
                    fields.append(f"|{modality}")
                fields.append(f"{tokens[column]}:{weight}" if is_weighted else tokens[column])
            file.write(" ".join(fields) + "\n")


def _check_fields(names: Iterable[str], n_names: int, parameter: str, what: str = "columns of X") -> NDArray:
    """Return `names` as an object array when each of them is one field of a line."""
    names = to_names(names, n_names, parameter, what)
    for name in names:
        check_encodable(name, parameter)
        if name.encode().split() != [name.encode()] or name.startswith("|"):
            raise ValueError(
                f"{parameter} must be non-empty, without blanks, and not start with '|'. Got {shown(name)}; replace "
                "blanks by underscores."
            )
    return names
