"""Whose code the tests run: the installed library, with helpers from the package ``tests`` of this checkout."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent


def compiled(folder: Path) -> bool:
    """Whether the package ``skartm`` in a folder has its compiled modules."""
    return any((folder / "skartm" / "_kernels").glob("_cpu.*.*[od]"))  # .so or .pyd, not the sources


# At the end of the path: the folder skartm beside this file has no compiled modules unless it was built in place, and
# must not hide the library that is installed. It serves when none is. `python -m pytest` puts it first.
sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != ROOT]
sys.path.append(str(ROOT))

spec = find_spec("skartm")
found = None if spec is None or spec.origin is None else Path(spec.origin).parents[1]
if found is not None:
    # The same for the processes that tests start: not the working directory, but the library that was found here.
    os.environ["PYTHONSAFEPATH"] = "1"
    os.environ["PYTHONPATH"] = str(found)


def pytest_configure() -> None:
    """One line, and not an error of every import, where there is nothing to test."""
    if found is None or not compiled(found):
        msg = 'skartm is not built: run `pip install ".[test]"`, or `python setup.py build_ext --inplace`.'
        raise pytest.UsageError(msg)
