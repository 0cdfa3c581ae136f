"""Text files of corpora: plain or compressed, bounded, with errors that name the file and the line."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from numbers import Integral
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skartm.base import shown, whole_file

from ._rows import to_names

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
_DAMAGE = (OSError, lzma.LZMAError, zlib.error, EOFError)
_MARK = b"\xef\xbb\xbf"  # byte-order mark of UTF-8, which some editors write
_CHUNK = 2**15  # bytes that are read at a time
_RATIO, _LEAST = 100, 2**26  # text compresses by less than the one; less than the other does no harm


class Limits(NamedTuple):
    """How much of a file is read before it is refused.

    Attributes
    ----------
    line : int
        Most bytes of a line.
    total : int
        Most bytes of the whole, decompressed, and of what its header claims.
    """

    line: int
    total: int


def limits_of(path: str | os.PathLike, max_line: int, max_bytes: int | None) -> Limits:
    """Return the limits of a file; ``max_bytes=None`` is 64 MiB, or a hundred times the size of the file if larger."""
    for name, value in (("max_line", max_line), ("max_bytes", max_bytes)):
        is_none = value is None and name == "max_bytes"
        if not is_none and (not isinstance(value, Integral) or isinstance(value, bool) or value < 1):
            raise ValueError(f"{name} must be a positive int. Got {shown(value)}; leave it out for the default.")
    check_path(path, "path")
    total = max(_LEAST, _RATIO * os.stat(path).st_size) if max_bytes is None else max_bytes
    return Limits(int(max_line), int(total))


def check_path(path: Any, parameter: str) -> None:
    """Raise unless this is the name of a file or folder: a str or a path."""
    if not isinstance(path, (str, os.PathLike)) or "\0" in os.fsdecode(path):
        got = shown(path) if isinstance(path, (str, bytes, int, float, type(None))) else type(path).__name__
        raise TypeError(f"{parameter} must be a path, such as a str. Got {got}; check the order of the arguments.")


@contextmanager
def open_lines(path: str | os.PathLike, limits: Limits, *, universal: bool = True) -> Iterator[Iterator[bytes]]:
    """Open a file by its suffix (.gz, .bz2, .xz or plain) and give its lines as bytes, without their ends.

    Lines end in "\\n", or also in "\\r" and "\\r\\n" where ``universal``. A byte-order mark is left out. A file that
    is damaged or exceeds the limits raises a ValueError, which names it, while lines are read.
    """
    with ExitStack() as stack:
        file: Any = stack.enter_context(open(path, "rb"))
        if Path(path).suffix in _OPENERS:
            file = stack.enter_context(_OPENERS[Path(path).suffix](file))
        yield _lines(file, os.fspath(path), limits, universal)


def _lines(file: IO[bytes], path: str, limits: Limits, universal: bool) -> Iterator[bytes]:
    rest, number, is_first = b"", 0, True
    for chunk in _chunks(file, path, limits.total):
        whole = rest + chunk
        if is_first:
            whole, is_first = whole.removeprefix(_MARK), False
        if universal and whole.endswith(b"\r"):  # perhaps the first half of "\r\n"
            whole, held = whole[:-1], b"\r"
        else:
            held = b""
        lines = whole.splitlines() if universal else whole.split(b"\n")
        ends_whole = universal and whole.endswith((b"\n", b"\r"))
        rest = held if ends_whole or not lines else lines.pop() + held
        for line in lines:
            number += 1
            if len(line) > limits.line:
                raise _too_long(path, number, limits.line)
            yield line
        if len(rest) > limits.line + 1:
            raise _too_long(path, number + 1, limits.line)
    if universal:
        rest = rest.removesuffix(b"\r") if rest != b"\r" else rest
        yield from rest.splitlines()
    elif rest:
        yield rest


def _chunks(file: IO[bytes], path: str, most: int) -> Iterator[bytes]:
    n_read = 0
    while True:
        try:
            chunk = file.read(_CHUNK)
        except _DAMAGE as error:
            if getattr(error, "errno", None) is not None:  # the disk, not the content
                raise
            raise ValueError(
                f"{path} must be a whole file, compressed as its suffix says. Got {shown(str(error))} after {n_read} "
                "bytes of text; get it again."
            ) from error
        if not chunk:
            return
        n_read += len(chunk)
        if n_read > most:
            raise ValueError(
                f"{path} must have at most {most} bytes of text. Got more; if that is right, pass a larger max_bytes."
            )
        yield chunk


def _too_long(path: str, number: int, most: int) -> ValueError:
    return ValueError(
        f"{path}, line {number}: expected at most {most} bytes. Got more; if that is right, pass a larger max_line."
    )


def text_lines(lines: Iterable[bytes], path: str | os.PathLike) -> Iterator[str]:
    """Decode lines of UTF-8."""
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise malformed(path, number, "text in UTF-8", line[error.start : error.end]) from error


def read_text(path: str | os.PathLike, limits: Limits) -> str:
    """Read a whole file of plain text; its lines end in "\\n"."""
    with open(path, "rb") as file:
        whole = b"".join(_chunks(file, os.fspath(path), limits.total)).removeprefix(_MARK)
    try:
        return whole.decode().replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line_number = 1 + whole.count(b"\n", 0, error.start)
        raise malformed(path, line_number, "text in UTF-8", whole[error.start : error.end]) from error


@contextmanager
def open_to_write(path: str | os.PathLike) -> Iterator[IO[str]]:
    """Open a file to write text as UTF-8 with "\\n", compressed by its suffix, which appears at the end."""
    with whole_file(path) as scratch, ExitStack() as stack:
        file: Any = stack.enter_context(open(scratch, "wb"))
        suffix = Path(path).suffix
        if suffix == ".gz":
            file = stack.enter_context(gzip.GzipFile(Path(path).name, "wb", fileobj=file))  # named in its header
        elif suffix in _OPENERS:
            file = stack.enter_context(_OPENERS[suffix](file, "wb"))
        yield stack.enter_context(io.TextIOWrapper(file, encoding="utf-8", newline="\n"))


def malformed(path: str | os.PathLike, line_number: int, expected: str, got: object) -> ValueError:
    """Return the error for a line, counted from 1, that is not as expected."""
    return ValueError(
        f"{os.fspath(path)}, line {line_number}: expected {expected}. Got {shown(got)}; correct or remove the line."
    )


def read_vocabulary(path: str | os.PathLike, n_tokens: int, limits: Limits) -> NDArray:
    """Read one token a line into an object array of ``n_tokens`` str."""
    names: list[str] = []
    with open_lines(path, limits) as lines:
        for n_lines, line in enumerate(text_lines(lines, path), start=1):
            if n_lines <= n_tokens:
                names.append(line)
    if not names:
        n_lines = 0
    if n_lines != n_tokens:
        raise ValueError(
            f"{os.fspath(path)} must have {n_tokens} lines, one a column of the counts. Got {n_lines}; write both from "
            "the same vocabulary."
        )
    return to_names(names, None, "vocab")


def check_tokens(names: Iterable[str], parameter: str) -> None:
    """Raise unless each name is a line of text."""
    for name in names:
        if not name or "\n" in name or "\r" in name:
            raise ValueError(
                f"{parameter} must be non-empty and without line breaks. Got {shown(name)}; rename the token."
            )
        check_encodable(name, parameter)


def check_encodable(name: str, parameter: str) -> None:
    """Raise when a name has surrogates, which are no characters and cannot be written."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"{parameter} must be text that UTF-8 can encode. Got {shown(name)}, with half of a character; decode the "
            "text again with errors='replace'."
        ) from error


def write_vocabulary(path: str | os.PathLike, feature_names: NDArray) -> None:
    """Write one token a line."""
    check_tokens(feature_names, "feature_names")
    with open_to_write(path) as file:
        file.writelines(f"{name}\n" for name in feature_names)


def format_numbers(values: ArrayLike) -> list[str]:
    """Format numbers so that they read back as they are, whole ones without a fraction."""
    values = np.asarray(values)
    if values.dtype.kind in "iub":
        return [str(int(value)) for value in values]
    whole = (values == np.floor(values)) & (np.abs(values) < 2**53)
    return [str(int(value)) if is_whole else str(value) for value, is_whole in zip(values, whole)]
