"""Corpora that are folders on disk."""

from __future__ import annotations

import json
import os
from itertools import islice
from pathlib import Path
from typing import Any

from sklearn.utils import Bunch

from skartm.base import shown

from ._memmap import open_memmap
from ._npz import read_npz
from ._rows import to_names
from ._text_file import check_path, limits_of, malformed, open_lines, read_text, read_vocabulary, text_lines

_VARIABLE = "SKARTM_DATA"
_SHOWN = 200  # characters of the names that are there
_SUFFIXES = ("", ".gz", ".xz", ".bz2")


def load_folder(
    path: str | os.PathLike,
    *,
    part: str | None = None,
    records: bool = False,
    max_line: int = 2**24,
    max_bytes: int | None = None,
) -> Bunch:
    """Load a corpus that is a folder: counts, vocabulary, and whatever else there is one line a document of.

    ============================  ======================================================================================
    ``counts.npz``                the counts, written by :func:`scipy.sparse.save_npz`; or, in its place, an on-disk CSR
    ``vocab.txt``                 one token a line
    ``README.md``, ``info.json``  optional: description, metadata
    ``NAME.txt``                  optional: one str a document, such as ``labels.txt`` and ``times.txt``
    ``NAME.jsonl``                optional: one JSON value a document, such as ``authors.jsonl`` with lists of str
    ``docs.jsonl``                optional: one JSON object a document, read when `records` is true
    ============================  ======================================================================================

    Text files may be compressed (.gz, .xz, .bz2). Files with another number of lines than documents are left out.

    Parameters
    ----------
    path : path-like
        The folder.

    part : str, default=None
        Read ``counts_PART.npz`` and ``vocab_PART.txt`` in place of ``counts.npz`` and ``vocab.txt``: a folder can hold
        the same documents in other languages or units. A part is a piece of a name: it has no separators of folders.

    records : bool, default=False
        Whether to read ``docs.jsonl`` as well.

    max_line : int, default=2 ** 24
        Most bytes of a line of a text file; a longer one is refused.

    max_bytes : int, default=None
        Most bytes of a file once it is decompressed, those of the arrays of ``counts.npz`` included; more is refused.
        ``None`` is 64 MiB, or a hundred times the size of the file if that is more.

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        data : CSR of shape (n_docs, n_tokens), float32 unless it is on disk
            Counts.
        feature_names : ndarray of str of shape (n_tokens,)
            The vocabulary.
        DESCR : str
            The text of ``README.md``, or empty.
        info : dict
            The content of ``info.json``, or empty.
        NAME : ndarray of str of shape (n_docs,), or list
            Each ``NAME.txt`` and each ``NAME.jsonl``.
        docs : list of dict
            With ``records=True``.

    Raises
    ------
    FileNotFoundError
        If the folder, the counts or the vocabulary is missing.
    ValueError
        If the counts have another number of columns than the vocabulary, or a line is not JSON; if a file is damaged
        or exceeds a limit; if `part` leads out of the folder.

    See Also
    --------
    fetch_corpus : Find such a folder by its name.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from scipy.sparse import csr_matrix, save_npz
    >>> from skartm.datasets import load_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_npz(f"{folder}/counts.npz", csr_matrix([[1, 2], [0, 1]]))
    ...     _ = Path(folder, "vocab.txt").write_text("cat\\ndog\\n")
    ...     _ = Path(folder, "labels.txt").write_text("pets\\nzoo\\n")
    ...     corpus = load_folder(folder)
    >>> corpus.data.shape, corpus.feature_names.tolist(), corpus.labels.tolist()
    ((2, 2), ['cat', 'dog'], ['pets', 'zoo'])
    """
    check_path(path, "path")
    path = Path(path)
    if not path.is_dir():
        raise FileNotFoundError(f"path must be the folder of a corpus. Got {shown(str(path))}; check the name.")
    if part is not None:
        _check_inside(part, "part", "a piece of a name, such as 'de' of counts_de.npz")
    suffix = "" if part is None else f"_{part}"
    data = _read_counts(path, suffix, max_line, max_bytes)
    vocab = _find(path, f"vocab{suffix}.txt")
    if vocab is None:
        raise FileNotFoundError(
            f"A corpus must have vocab{suffix}.txt. Got {shown(str(path))} without; write one token a line."
        )
    feature_names = read_vocabulary(vocab, data.shape[1], limits_of(vocab, max_line, max_bytes))
    readme, info = path / "README.md", path / "info.json"
    corpus = _read_side_files(path, data.shape[0], records, max_line, max_bytes) | {
        "data": data,
        "feature_names": feature_names,
        "DESCR": read_text(readme, limits_of(readme, max_line, max_bytes)) if readme.is_file() else "",
        "info": _read_info(info, max_line, max_bytes) if info.is_file() else {},
    }
    return Bunch(**corpus)


def _check_inside(name: Any, parameter: str, expected: str) -> None:
    """Raise when a name is not that of something in a folder, but leads to other places."""
    is_name = isinstance(name, str) and name not in ("", ".", "..") and not set(name) & set("/\\:\0")
    if not is_name:
        raise ValueError(f"{parameter} must be {expected}. Got {shown(name)}; pass a folder elsewhere to load_folder.")


def _find(folder: Path, name: str) -> Path | None:
    """Return the file of that name, plain or compressed."""
    return next((folder / f"{name}{suffix}" for suffix in _SUFFIXES if (folder / f"{name}{suffix}").is_file()), None)


def _read_counts(folder: Path, suffix: str, max_line: int, max_bytes: int | None) -> Any:
    counts = folder / f"counts{suffix}.npz"
    if counts.is_file():
        return read_npz(counts, limits_of(counts, max_line, max_bytes))
    if not suffix and (folder / "csr.json").is_file():
        return open_memmap(folder)
    raise FileNotFoundError(
        f"A corpus must have counts{suffix}.npz. Got {shown(str(folder))} without; write it with "
        "scipy.sparse.save_npz, or write an on-disk CSR there with save_memmap."
    )


def _read_info(file: Path, max_line: int, max_bytes: int | None) -> dict[str, Any]:
    text = read_text(file, limits_of(file, max_line, max_bytes))
    try:
        info = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"{file} must be JSON. Got {shown(text, 80)} ({shown(str(error), 80)}); correct it."
        ) from error
    if not isinstance(info, dict):
        raise ValueError(f"{file} must hold one JSON object. Got {shown(info)}; put it under a name.")
    return info


def _read_side_files(folder: Path, n_docs: int, records: bool, max_line: int, max_bytes: int | None) -> dict[str, Any]:
    """Read the files that have one line a document."""
    sides = {}
    for file in sorted(folder.iterdir()):
        name, _, extension = file.name.removesuffix(file.suffix if file.suffix in _SUFFIXES else "").partition(".")
        is_vocabulary = name == "vocab" or name.startswith("vocab_")
        is_side = extension in ("txt", "jsonl") and name and file.is_file()  # a pipe would be waited for
        if not is_side or is_vocabulary or (name.startswith("docs") and not records):
            continue
        with open_lines(file, limits_of(file, max_line, max_bytes)) as lines:
            texts = list(islice(text_lines(lines, file), n_docs + 1))
        if len(texts) == n_docs:
            sides[name] = to_names(texts, n_docs, name, "documents") if extension == "txt" else _parse_json(file, texts)
    return sides


def _parse_json(file: Path, texts: list[str]) -> list:
    values = []
    for line_number, text in enumerate(texts, start=1):
        try:
            values.append(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise malformed(file, line_number, "a JSON value", text[:80]) from error
    return values


def fetch_corpus(
    name: str,
    data_home: str | os.PathLike | None = None,
    *,
    part: str | None = None,
    records: bool = False,
    max_line: int = 2**24,
    max_bytes: int | None = None,
) -> Bunch:
    """Load a corpus by its name from the folder of corpora of this machine; nothing is downloaded.

    Parameters
    ----------
    name : str
        Name of a folder of `data_home`; not a path.

    data_home : path-like, default=None
        Folder of corpora. ``None`` takes it from the environment variable ``SKARTM_DATA``.

    part : str, default=None
        As in :func:`load_folder`.

    records : bool, default=False
        As in :func:`load_folder`.

    max_line : int, default=2 ** 24
        As in :func:`load_folder`.

    max_bytes : int, default=None
        As in :func:`load_folder`.

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        What :func:`load_folder` returns.

    Raises
    ------
    FileNotFoundError
        If there is no folder of corpora, or it has no corpus of that name.
    ValueError
        If `name` leads out of the folder; and as :func:`load_folder`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from scipy.sparse import csr_matrix, save_npz
    >>> from skartm.datasets import fetch_corpus
    >>> with tempfile.TemporaryDirectory() as home:
    ...     Path(home, "pets").mkdir()
    ...     save_npz(f"{home}/pets/counts.npz", csr_matrix([[1, 2], [0, 1]]))
    ...     _ = Path(home, "pets", "vocab.txt").write_text("cat\\ndog\\n")
    ...     fetch_corpus("pets", data_home=home).data.shape
    (2, 2)
    """
    if data_home is None:
        data_home = os.environ.get(_VARIABLE)
    if not data_home:
        raise FileNotFoundError(
            f"data_home must be the folder of corpora. Got None, and no environment variable {_VARIABLE}; set one of "
            "them. The corpus of load_peps comes with the library."
        )
    check_path(data_home, "data_home")
    _check_inside(name, "name", "the name of a folder of data_home")
    home = Path(data_home).expanduser()
    if not home.is_dir():
        raise FileNotFoundError(
            f"data_home, or {_VARIABLE}, must be a folder. Got {shown(str(home))}; create it or correct it."
        )
    if not (home / name).is_dir():
        present = ", ".join(sorted(folder.name for folder in home.iterdir() if folder.is_dir()))
        raise FileNotFoundError(
            f"name must be a corpus of {shown(str(home))}. Got {shown(name)}; put a folder of that name there, as "
            f"load_folder describes. Present: {present[:_SHOWN] or 'none'}."
        )
    return load_folder(home / name, part=part, records=records, max_line=max_line, max_bytes=max_bytes)
