"""The bag-of-words format of the UCI repository."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.utils import Bunch

from skartm.base import whole_file
from skartm.base._data import check_csr

from ._memmap import iter_chunks, open_rows
from ._rows import CSR, MAX_INT32, MatrixLike, to_names
from ._text_file import (
    Limits,
    check_path,
    check_tokens,
    format_numbers,
    limits_of,
    malformed,
    open_lines,
    open_to_write,
    read_vocabulary,
    text_lines,
    write_vocabulary,
)

_LINES = 2**17  # lines that are read at a time
_DIGITS = 19  # of the largest number of 64 bits
_HEADER = ("the number of documents", "the size of the vocabulary", "the number of entries")


def load_uci(
    docword: str | os.PathLike,
    vocab: str | os.PathLike | Iterable[str] | None = None,
    *,
    memmap: str | os.PathLike | None = None,
    dtype: DTypeLike = np.float32,
    max_line: int = 2**20,
    max_bytes: int | None = None,
) -> Bunch:
    """Read a corpus in the UCI bag-of-words format, a block of lines at a time.

    The file ``docword.NAME.txt`` has the number of documents, the size of the vocabulary and the number of entries on
    three lines, then a line ``docID wordID count`` for each entry, counted from 1, in the order of docID. The file
    ``vocab.NAME.txt`` has one token a line. Both may be compressed (.gz, .bz2, .xz).

    Parameters
    ----------
    docword : path-like
        The file of counts.

    vocab : path-like or array-like of str of shape (n_tokens,), default=None
        The file of the vocabulary, or the tokens. ``None`` leaves the columns without names.

    memmap : path-like, default=None
        Folder for an on-disk CSR, written while reading, in memory that does not grow with the entries; see
        :func:`save_memmap`. ``None`` keeps the counts in memory.

    dtype : dtype, default=numpy.float32
        Type of the counts.

    max_line : int, default=2 ** 20
        Most bytes of a line; a file with a longer one is refused.

    max_bytes : int, default=None
        Most bytes of a file once it is decompressed, and of an array with a number for each document that the header
        claims; what exceeds it is refused. ``None`` is 64 MiB, or a hundred times the size of the file if that is
        more.

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        data : CSR of shape (n_docs, n_tokens)
            Counts. Documents without entries are empty rows.
        feature_names : ndarray of str of shape (n_tokens,), or None
            The vocabulary.

    Raises
    ------
    ValueError
        With the file and the line, if a line is malformed, a number is out of range, negative or NaN, or the documents
        are out of order; if the file or the vocabulary has another length than the header says; if a count does not
        fit `dtype`; if a file is damaged or exceeds a limit.

    See Also
    --------
    dump_uci : Write this format.

    Examples
    --------
    >>> import tempfile
    >>> from skartm.datasets import dump_uci, load_uci
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = f"{folder}/docword.txt.gz", f"{folder}/vocab.txt"
    ...     dump_uci([[0, 2], [1, 1]], *files, feature_names=["cat", "dog"])
    ...     corpus = load_uci(*files)
    >>> corpus.data.toarray().tolist()
    [[0.0, 2.0], [1.0, 1.0]]
    >>> corpus.feature_names.tolist()
    ['cat', 'dog']
    """
    limits = limits_of(docword, max_line, max_bytes)
    with open_lines(docword, limits) as raw, open_rows(memmap, dtype) as rows:
        lines = text_lines(raw, docword)
        n_docs, n_tokens, nnz = _read_header(lines, docword, limits)
        if isinstance(vocab, (str, os.PathLike)):
            vocab = read_vocabulary(vocab, n_tokens, limits_of(vocab, max_line, max_bytes))
        feature_names = None if vocab is None else to_names(vocab, n_tokens, "vocab")
        lengths = np.zeros(n_docs, dtype=np.int64)
        for docs, tokens, counts in _read_blocks(lines, docword, (n_docs, n_tokens)):
            lengths[docs[0] : docs[-1] + 1] += np.bincount(docs - docs[0])
            rows.append(counts, tokens, [])
        rows.append([], [], lengths)
        if lengths.sum() != nnz:
            raise ValueError(
                f"{os.fspath(docword)} must have the {nnz} entries that its line 3 announces. Got {lengths.sum()}; the "
                "file may be cut short: get it again, or correct line 3."
            )
        return Bunch(data=rows.finish(n_tokens), feature_names=feature_names)


def _read_header(lines: Iterator[str], path: str | os.PathLike, limits: Limits) -> list[int]:
    numbers = []
    most = (limits.total // np.dtype(np.int64).itemsize, MAX_INT32, np.iinfo(np.int64).max)
    for line_number, (meaning, largest) in enumerate(zip(_HEADER, most), start=1):
        line = next(lines, "").strip()
        if not (line.isascii() and line.isdigit()):
            raise malformed(path, line_number, f"{meaning}, a non-negative integer", line)
        if len(line) > _DIGITS or int(line) > largest:
            hint = " (of max_bytes)" if line_number == 1 else ""
            raise malformed(path, line_number, f"{meaning}, at most {largest}{hint}", line)
        numbers.append(int(line))
    return numbers


def _read_blocks(
    lines: Iterator[str], path: str | os.PathLike, shape: tuple[int, int]
) -> Iterator[tuple[NDArray, NDArray, NDArray]]:
    """Yield documents, tokens (both from 0) and counts of consecutive blocks of lines."""
    line_number, last_doc = len(_HEADER) + 1, 1
    while block := list(islice(lines, _LINES)):
        entries = _parse(block, shape)
        if entries is None or (np.diff(entries[:, 0], prepend=last_doc) < 0).any():
            raise _first_error(block, path, line_number, shape, last_doc)
        if entries.size:
            last_doc = entries[-1, 0]
            docs, tokens = entries[:, :2].astype(np.int64).T - 1
            yield docs, tokens, entries[:, 2]
        line_number += len(block)


def _parse(lines: list[str], shape: tuple[int, int]) -> NDArray | None:
    """Return the entries of some lines as rows of an array, or None when any of them is not valid."""
    lines = [line for line in lines if line and not line.isspace()]
    if not lines:
        return np.empty((0, 3))
    try:
        entries = np.loadtxt(lines, comments=None, ndmin=2)
    except ValueError:
        return None
    if entries.shape[1] != 3 or not np.isfinite(entries).all() or (entries[:, 2] < 0).any():
        return None
    ids = entries[:, :2]
    return entries if ((ids >= 1) & (ids <= shape) & (ids == np.floor(ids))).all() else None


def _first_error(
    lines: list[str], path: str | os.PathLike, line_number: int, shape: tuple[int, int], last_doc: float
) -> ValueError:
    """Find the first line that is not valid or not in order."""
    for number, line in enumerate(lines, start=line_number):
        entry = _parse([line], shape)
        if entry is None:
            expected = f"'docID wordID count' with docID in 1..{shape[0]}, wordID in 1..{shape[1]} and count >= 0"
            return malformed(path, number, expected, line)
        if entry.size:
            if entry[0, 0] < last_doc:
                return ValueError(
                    f"{os.fspath(path)}, line {number}: expected docID in non-decreasing order. Got {entry[0, 0]:.0f} "
                    f"after {last_doc:.0f}; sort the lines after the third by docID."
                )
            last_doc = entry[0, 0]
    raise AssertionError("every line is valid by itself")  # pragma: no cover


def dump_uci(
    X: MatrixLike,
    docword: str | os.PathLike,
    vocab: str | os.PathLike | None = None,
    *,
    feature_names: Iterable[str] | None = None,
) -> None:
    """Write a corpus in the UCI bag-of-words format.

    Entries of a document and a token are summed, so that a matrix of token sequences is written as counts. A file
    appears, or replaces an older one, when it is complete.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_docs, n_tokens), non-negative counts
        The corpus.

    docword : path-like
        File of counts to write; compressed when its suffix is .gz, .bz2 or .xz.

    vocab : path-like, default=None
        File of the vocabulary to write, one token a line. Needs `feature_names`.

    feature_names : array-like of str of shape (n_tokens,), default=None
        The tokens of the columns. Needs `vocab`.

    Raises
    ------
    ValueError
        If `X` has negative, NaN or infinite entries, if one of `vocab` and `feature_names` is given without the other,
        or if a token has a line break.

    See Also
    --------
    load_uci : Read this format.

    Examples
    --------
    >>> import tempfile
    >>> from skartm.datasets import dump_uci
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     dump_uci([[0, 2], [1, 0]], f"{folder}/docword.txt")
    ...     with open(f"{folder}/docword.txt") as file:
    ...         file.read().splitlines()
    ['2', '2', '2', '1 2 2', '2 1 1']
    """
    check_path(docword, "docword")
    counts = check_csr(X, "dump_uci")
    if (vocab is None) != (feature_names is None):
        given, missing = ("vocab", "feature_names") if feature_names is None else ("feature_names", "vocab")
        raise ValueError(f"vocab and feature_names must be given together. Got {given} alone; pass {missing} as well.")
    if vocab is None:
        _write_counts(counts, docword)
        return
    check_path(vocab, "vocab")
    names = to_names(feature_names, counts.shape[1], "feature_names")
    check_tokens(names, "feature_names")
    # both are complete before the first takes its place
    with whole_file(vocab) as scratch:
        write_vocabulary(scratch, names)
        _write_counts(counts, docword)


def _write_counts(counts: CSR, docword: str | os.PathLike) -> None:
    nnz = sum(chunk.nnz for chunk in _canonical_chunks(counts))
    with open_to_write(docword) as file:
        file.write(f"{counts.shape[0]}\n{counts.shape[1]}\n{nnz}\n")
        first = 1
        for chunk in _canonical_chunks(counts):
            docs = np.repeat(np.arange(first, first + chunk.shape[0]), np.diff(chunk.indptr)).tolist()
            entries = zip(docs, (chunk.indices + 1).tolist(), format_numbers(chunk.data))
            file.writelines(f"{doc} {token} {number}\n" for doc, token, number in entries)
            first += chunk.shape[0]


def _canonical_chunks(X: CSR) -> Iterator[CSR]:
    for chunk in iter_chunks(X):
        chunk = chunk.copy()  # a slice of all rows may be X itself
        chunk.sum_duplicates()
        chunk.eliminate_zeros()
        yield chunk
