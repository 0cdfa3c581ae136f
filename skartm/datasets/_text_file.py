"""Text files of corpora: plain or compressed, with errors that name the file and the line."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._rows import to_names

_OPENERS: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


def open_text(path: str | os.PathLike, mode: str = "r") -> IO:
    """Open a file by its suffix (.gz, .bz2, .xz or plain): text as UTF-8 with "\\n", or bytes when mode ends in "b"."""
    opener: Any = _OPENERS.get(Path(path).suffix, open)
    if mode.endswith("b"):
        return opener(path, mode)
    return opener(path, f"{mode}t", encoding="utf-8", newline=None if mode == "r" else "\n")


def malformed(path: str | os.PathLike, line_number: int, expected: str, got: object) -> ValueError:
    """Return the error for a line, counted from 1, that is not as expected."""
    return ValueError(
        f"{os.fspath(path)}, line {line_number}: expected {expected}. Got {got!r}; correct or remove the line."
    )


def read_vocabulary(path: str | os.PathLike) -> NDArray:
    """Read one token a line into an object array of str."""
    with open_text(path) as lines:
        return to_names((line.rstrip("\n") for line in lines), None, "vocab")


def write_vocabulary(path: str | os.PathLike, feature_names: NDArray) -> None:
    """Write one token a line."""
    wrong = next((name for name in feature_names if not name or "\n" in name or "\r" in name), None)
    if wrong is not None:
        raise ValueError(f"feature_names must be non-empty and without line breaks. Got {wrong!r}; rename the token.")
    with open_text(path, "w") as file:
        file.writelines(f"{name}\n" for name in feature_names)


def format_numbers(values: ArrayLike) -> list[str]:
    """Format numbers so that they read back as they are, whole ones without a fraction."""
    values = np.asarray(values)
    if values.dtype.kind in "iub":
        return [str(int(value)) for value in values]
    whole = (values == np.floor(values)) & (np.abs(values) < 2**53)
    return [str(int(value)) if is_whole else str(value) for value, is_whole in zip(values, whole)]
