"""Files that appear whole or not at all, whatever ends the process that writes them.

Everything that the library saves goes through here. What is written lies beside its place under another name until it
is complete and on the disk, and then takes the place by one step of the file system. A process that is killed before
that step leaves the old file, after it the new one; only the unfinished file with the other name can be left over.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_LEFTOVER_AGE = 86400.0  # seconds: a file that no header names and that old is of a process that was killed


@contextmanager
def whole_file(path: str | os.PathLike) -> Iterator[Path]:
    """Give the name of a file to write, which takes the place of ``path`` when the block ends without an error.

    The name has the suffixes of ``path``, lies in the same folder, and is removed after an error. A link is followed.
    What is no file (a pipe, a device) cannot be replaced and is written directly.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from skartm.base import whole_file
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(f"{folder}/names.txt") as scratch:
    ...         _ = scratch.write_text("cat")
    ...     Path(folder, "names.txt").read_text()
    'cat'
    """
    place = Path(os.path.realpath(path))
    if place.exists() and not place.is_file():
        yield place
        return
    scratch = scratch_beside(place)
    try:
        yield scratch
        sync(scratch)
        if place.exists():
            shutil.copymode(place, scratch)
        os.replace(scratch, place)
    except BaseException:
        with suppress(OSError):
            scratch.unlink()
        raise
    sync_folder(place.parent)


def scratch_beside(path: Path) -> Path:
    """Return a name in the same folder, with the same suffixes, that nothing has."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{''.join(path.suffixes[-1:])}")


def publish_files(scratch: Path, folder: Path, header_name: str, header: Mapping[str, Any], names: list[str]) -> None:
    """Make the files of a scratch folder, and a header in JSON that names them, the content of a folder.

    A new or empty folder is the scratch folder renamed. In a folder that has a header already the files get names that
    nothing has, the header with these names (``"files"``) replaces the old one, and then the files of the old one are
    removed: the header is old or new at any time, and its files are there.

    Parameters
    ----------
    scratch : path
        A folder on the file system of ``folder``.
    folder : path
    header_name : str
    header : mapping
    names : list of str
        Of the files in ``scratch``, each ``NAME.SUFFIX``.
    """
    for name in names:
        sync(scratch / name)
    if not (folder / header_name).exists():
        _write_json(scratch / header_name, header)
        sync_folder(scratch)
        if folder.exists():
            shutil.copymode(folder, scratch)
        with suppress(OSError):  # of a folder that is not empty, a mount point, an open one on some systems
            os.rename(scratch, folder)
            sync_folder(folder.parent)
            return
        (scratch / header_name).unlink()
    old = _named_files(folder, header_name, names)
    token = secrets.token_hex(4)
    new = {name: "{}.{token}.{}".format(*name.split("."), token=token) for name in names}
    for name in names:
        os.replace(scratch / name, folder / new[name])
    sync_folder(folder)
    with whole_file(folder / header_name) as file:
        _write_json(file, {**header, "files": new})
    _remove(folder, old - set(new.values()), names, set(new.values()))


def _named_files(folder: Path, header_name: str, names: list[str]) -> set[str]:
    """The files of the header that is there."""
    try:
        header = json.loads((folder / header_name).read_text(encoding="utf-8"))
        return {str(header.get("files", {}).get(name, name)) for name in names}
    except (OSError, ValueError, AttributeError):
        return set()


def _remove(folder: Path, old: set[str], names: list[str], kept: set[str]) -> None:
    """Remove the files of the old header, and what processes that were killed have left long ago."""
    for name in names:
        stem, suffix = name.split(".")
        for path in folder.glob(f"{stem}.{'[0-9a-f]' * 8}.{suffix}"):
            with suppress(OSError):
                if path.name not in kept and time.time() - path.stat().st_mtime > _LEFTOVER_AGE:
                    old = old | {path.name}
    for name in old:
        if Path(name).name == name:  # nothing outside of the folder, whatever a header says
            with suppress(OSError):  # open elsewhere, on some systems
                (folder / name).unlink(missing_ok=True)


def _write_json(path: Path, header: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(header) + "\n", encoding="utf-8")
    sync(path)


def sync(path: Path) -> None:
    """Wait until a file is on the disk."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can be asked to."""
    with suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
