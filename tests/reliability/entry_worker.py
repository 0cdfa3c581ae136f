"""Calls entries in a process of their own: ``python -m tests.reliability.entry_worker`` reads pairs from stdin.

Before a pair it writes a line with its number, so that the one who reads knows which pair a signal belongs to; after it
what was wrong, or null.
"""

import json
import re
import sys
import tempfile
import traceback
import warnings
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from tests.reliability.entries import KINDS, SELF_TESTS, all_entries
from tests.reliability.matrices import csr, snapshot

# words of numpy, scipy and Cython about their own insides
RAW = re.compile(
    r"Buffer |buffer source|memoryview|read-only|out of bounds|out of range for|broadcast|C-contiguous|Big-endian|"
    r"Output dtype|castable|cannot be reshaped|has no attribute|setting an array element|ufunc|matmul|"
    r"dimension mismatch|inconsistent shapes|only integer scalar|list index|index pointer size|"
    r"unpack|ambiguous|not supported between|unsupported operand|zero-size array|"
    r"minlength|invalid literal|invalid __array_struct__|object is not|arg1"
)
_TOLERANCE = {"rtol": 2e-4, "atol": 1e-6}


def leaves(result):
    """A result as a list of arrays and texts."""
    if sparse.issparse(result):
        return [result.toarray()]
    if hasattr(result, "to_numpy"):
        return leaves(result.to_numpy().ravel().tolist())
    if isinstance(result, np.ndarray) and result.dtype.kind in "fiubc":
        return [result]
    if is_dataclass(result):
        return leaves([getattr(result, item.name) for item in fields(result)])
    if isinstance(result, dict):
        return [leaf for key in sorted(result, key=str) for leaf in leaves(result[key])]
    if isinstance(result, (list, tuple, np.ndarray)):
        return [leaf for item in result for leaf in leaves(item)]
    if isinstance(result, (int, float, np.number, bool, np.bool_)):
        return [np.asarray(result)]
    return [str(result)]


def difference(result, expected):
    """What differs, or None."""
    left, right = leaves(result), leaves(expected)
    if len(left) != len(right):
        return f"{len(left)} parts for {len(right)}"
    for a, b in zip(left, right, strict=True):
        if isinstance(a, str) or isinstance(b, str):
            if a != b:
                return f"{a!r} for {b!r}"
        elif a.shape != b.shape:
            return f"shape {a.shape} for {b.shape}"
        elif not np.allclose(a, b, equal_nan=True, **_TOLERANCE):
            return f"differs by {np.abs(np.asarray(a, float) - np.asarray(b, float)).max():g}"
    return None


def plain(kind, array):
    return csr(array) if kind in ("counts", "text", "square", "links", "authors") else array.copy()


class Checker:
    def __init__(self, folder):
        self.folder, self.expected = folder, {}

    def check(self, name, variant):
        """What is wrong with an entry and a variant, or None."""
        entry = SELF_TESTS.get(name) or all_entries()[name]
        kind = KINDS[entry.kind]
        array = kind.array if entry.array is None else entry.array
        form = kind.forms.get(variant)
        given = form.make(array.copy(), self.folder) if form else kind.damages[variant](array.copy(), self.folder)
        before = snapshot(given)
        result, error = None, None
        try:
            result = entry.call(given)
        except Exception as caught:
            error = caught
            where = traceback.extract_tb(caught.__traceback__)[-1]
        if snapshot(given) != before:
            return "the input was changed"
        if error is not None:
            text = f"{type(error).__name__}: {str(error)[:200]} ({where.filename.split('/')[-1]}:{where.lineno})"
            if not isinstance(error, (ValueError, TypeError)) or RAW.search(str(error)):
                return f"raw error: {text}"
            return None if form is None or variant in entry.refuses else f"refused: {text}"
        if form is None:
            return None if variant in entry.accepts else "accepted"
        values = form.values(array)
        key = (name, values.tobytes())
        if key not in self.expected:
            same = np.asarray(values, dtype=array.dtype).view(type(array))
            self.expected[key] = entry.call(plain(entry.kind, same))
        wrong = None if variant in entry.differs else difference(result, self.expected[key])
        return wrong and f"another result: {wrong}"


def say(answer):
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main():
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    with tempfile.TemporaryDirectory() as folder:
        checker = Checker(Path(folder))
        for line in sys.stdin:
            number, name, variant = json.loads(line)
            say([number])
            try:
                wrong = checker.check(name, variant)
            except Exception as error:
                wrong = f"the table: {type(error).__name__}: {error} {traceback.format_exc()[-300:]}"
            say([number, wrong])


if __name__ == "__main__":
    main()
