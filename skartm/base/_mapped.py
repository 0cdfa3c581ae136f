"""The files behind memory-mapped arrays, and whether they are still those that were opened."""

from __future__ import annotations

import os
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np


class _Stamp(NamedTuple):
    """What a file was when it was looked at."""

    device: int
    inode: int
    size: int
    changed: int  # nanoseconds


_STAMPS: WeakKeyDictionary[Any, _Stamp] = (
    WeakKeyDictionary()
)  # of read-only maps, from the moment when they were opened


class MappedFiles:
    """The files behind a matrix; nothing, and free, for a matrix in memory.

    A map that was remembered when it was opened is compared with what the file was then; another one with what it
    is when this object is made. A file that was *replaced*, as ``save_memmap`` does, is no change: the map keeps the
    old file.

    Parameters
    ----------
    X : sparse matrix or array
    """

    def __init__(self, X: Any):
        self._files: list[tuple[Any, str, _Stamp]] = []
        seen = set()
        for array in _maps_of(X):
            handle = getattr(array, "_mmap", None)
            name = getattr(array, "filename", None)
            if handle is None or name is None or id(handle) in seen:
                continue
            seen.add(id(handle))
            stamp = _STAMPS.get(handle) or _stamp(name)
            if stamp is not None:
                self._files.append((handle, os.fspath(name), stamp))

    def __bool__(self) -> bool:
        return bool(self._files)

    def changed(self) -> str | None:
        """Return the name of a file that is shorter than the map, or was written to; None if there is none."""
        for handle, name, stamp in self._files:
            # size() asks the file that is mapped, even when another one has its name now
            if handle.size() < stamp.size:
                return name
            now = _stamp(name)
            is_same = now is not None and now[:2] == stamp[:2]
            if is_same and now != stamp:
                return name
        return None

    def check(self, owner: str) -> None:
        """Raise when a file was changed.

        Raises
        ------
        OSError
            With the name of the file.
        """
        name = self.changed()
        if name is not None:
            raise OSError(
                f"{owner}: the files of a memory-mapped X must stay as they are while it is used. Got {name!r}, which "
                "was cut or written to after it was opened; open it again, and write to another folder next time."
            )


def remember(array: np.memmap) -> np.memmap:
    """Keep in mind what the file of a read-only map is now, for `MappedFiles`."""
    stamp = _stamp(array.filename)
    if stamp is not None:
        _STAMPS[array._mmap] = stamp  # type: ignore[attr-defined]
    return array


def _stamp(name: Any) -> _Stamp | None:
    try:
        status = os.stat(name)
    except OSError:
        return None
    return _Stamp(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _maps_of(X: Any) -> list[np.memmap]:
    """The memory maps that the arrays of a matrix are views of."""
    arrays = [getattr(X, name, None) for name in ("data", "indices", "indptr")] if hasattr(X, "indptr") else [X]
    maps = []
    for array in arrays:
        while isinstance(array, np.ndarray) and not isinstance(array, np.memmap):
            array = array.base
        if isinstance(array, np.memmap):
            maps.append(array)
    return maps
