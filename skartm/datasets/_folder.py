"""Corpora that are folders on disk."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, load_npz
from sklearn.utils import Bunch

from ._memmap import open_memmap
from ._rows import to_names, wrap_csr
from ._text_file import malformed, open_text, read_vocabulary

_VARIABLE = "SKARTM_DATA"
_SUFFIXES = ("", ".gz", ".xz", ".bz2")


def load_folder(path: str | os.PathLike, *, part: str | None = None, records: bool = False) -> Bunch:
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
        the same documents in other languages or units.

    records : bool, default=False
        Whether to read ``docs.jsonl`` as well.

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
        If the counts have another number of columns than the vocabulary, or a line is not JSON.

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
    path = Path(path)
    if not path.is_dir():
        raise FileNotFoundError(f"path must be the folder of a corpus. Got {str(path)!r}; check the name.")
    suffix = "" if part is None else f"_{part}"
    data = _read_counts(path, suffix)
    vocab = _find(path, f"vocab{suffix}.txt")
    if vocab is None:
        raise FileNotFoundError(
            f"A corpus must have vocab{suffix}.txt. Got {str(path)!r} without; write one token a line."
        )
    feature_names = read_vocabulary(vocab)
    if len(feature_names) != data.shape[1]:
        raise ValueError(
            f"{vocab} must have {data.shape[1]} lines, one a column of the counts. Got {len(feature_names)}; write "
            "both from the same vocabulary."
        )
    readme, info = path / "README.md", path / "info.json"
    corpus = _read_side_files(path, data.shape[0], records) | {
        "data": data,
        "feature_names": feature_names,
        "DESCR": readme.read_text(encoding="utf-8") if readme.exists() else "",
        "info": json.loads(info.read_text(encoding="utf-8")) if info.exists() else {},
    }
    return Bunch(**corpus)


def _find(folder: Path, name: str) -> Path | None:
    """Return the file of that name, plain or compressed."""
    return next((folder / f"{name}{suffix}" for suffix in _SUFFIXES if (folder / f"{name}{suffix}").exists()), None)


def _read_counts(folder: Path, suffix: str) -> Any:
    counts = folder / f"counts{suffix}.npz"
    if counts.exists():
        X = csr_matrix(load_npz(counts), dtype=np.float32)
        return wrap_csr(X.data, X.indices, X.indptr, X.shape)
    if not suffix and (folder / "csr.json").exists():
        return open_memmap(folder)
    raise FileNotFoundError(
        f"A corpus must have counts{suffix}.npz. Got {str(folder)!r} without; write it with scipy.sparse.save_npz, or "
        "write an on-disk CSR there with save_memmap."
    )


def _read_side_files(folder: Path, n_docs: int, records: bool) -> dict[str, Any]:
    """Read the files that have one line a document."""
    sides = {}
    for file in sorted(folder.iterdir()):
        name, _, extension = file.name.removesuffix(file.suffix if file.suffix in _SUFFIXES else "").partition(".")
        is_vocabulary = name == "vocab" or name.startswith("vocab_")
        if extension not in ("txt", "jsonl") or is_vocabulary or (name.startswith("docs") and not records):
            continue
        with open_text(file) as lines:
            texts = [line.rstrip("\n") for line in lines]
        if len(texts) == n_docs:
            sides[name] = to_names(texts, n_docs, name) if extension == "txt" else _parse_json(file, texts)
    return sides


def _parse_json(file: Path, texts: list[str]) -> list:
    values = []
    for line_number, text in enumerate(texts, start=1):
        try:
            values.append(json.loads(text))
        except json.JSONDecodeError as error:
            raise malformed(file, line_number, "a JSON value", text[:80]) from error
    return values


def fetch_corpus(
    name: str, data_home: str | os.PathLike | None = None, *, part: str | None = None, records: bool = False
) -> Bunch:
    """Load a corpus by its name from the folder of corpora of this machine; nothing is downloaded.

    Parameters
    ----------
    name : str
        Name of a folder of `data_home`.

    data_home : path-like, default=None
        Folder of corpora. ``None`` takes it from the environment variable ``SKARTM_DATA``.

    part : str, default=None
        As in :func:`load_folder`.

    records : bool, default=False
        As in :func:`load_folder`.

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        What :func:`load_folder` returns.

    Raises
    ------
    FileNotFoundError
        If there is no folder of corpora, or it has no corpus of that name.

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
    home = Path(data_home).expanduser()
    if not home.is_dir():
        raise FileNotFoundError(
            f"data_home, or {_VARIABLE}, must be a folder. Got {str(home)!r}; create it or correct it."
        )
    if not (home / name).is_dir():
        present = ", ".join(sorted(folder.name for folder in home.iterdir() if folder.is_dir())) or "none"
        raise FileNotFoundError(
            f"name must be a corpus of {str(home)!r}. Got {name!r}; put a folder of that name there, as load_folder "
            f"describes. Present: {present}."
        )
    return load_folder(home / name, part=part, records=records)
