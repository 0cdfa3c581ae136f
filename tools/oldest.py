"""Print the oldest versions that pyproject.toml declares, as pip reads them.

Usage::

    pip install $(python tools/oldest.py)

The lower bounds of the dependencies, and nothing else, are the source: ``numpy>=2.2`` is printed as ``numpy==2.2``.
"""

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def oldest() -> list[str]:
    """A pin for every dependency of the library."""
    declared = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    pins = []
    for requirement in declared:
        match = re.fullmatch(r"([A-Za-z0-9_.-]+)>=([0-9.]+)", requirement)
        if match is None:
            raise SystemExit(f"dependencies in pyproject.toml must look like name>=version. Got {requirement!r}.")
        pins.append("==".join(match.groups()))
    return pins


if __name__ == "__main__":
    print(*oldest())
