"""Corpora that come with the library: arrays, text and a description, in three files each."""

from __future__ import annotations

import gzip
import json
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._rows import CSR, wrap_csr


class Bundled(NamedTuple):
    """What the files of a corpus have, as it is stored."""

    arrays: dict[str, NDArray]
    side: dict[str, Any]
    description: str

    def counts(self, name: str, n_columns: int) -> CSR:
        """A CSR matrix of float32, its columns stored as differences modulo 2 ** 16."""
        steps, indptr, data = (self.arrays[f"{name}_{part}"] for part in ("steps", "indptr", "data"))
        indices = np.cumsum(steps, dtype=np.uint16).astype(np.int32)
        return wrap_csr(data.astype(np.float32), indices, indptr, (indptr.size - 1, n_columns))


def read_bundled(name: str) -> Bundled:
    """Read a corpus of the package data."""
    folder = files("skartm.datasets") / "data"
    with (folder / f"{name}.npz").open("rb") as file, np.load(file) as archive:
        arrays = dict(archive)
    side = json.loads(gzip.decompress((folder / f"{name}.json.gz").read_bytes()))
    return Bundled(arrays, side, (folder / f"{name}.rst").read_text(encoding="utf-8"))
