"""Fixtures of the tests of corpora."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_folder():
    """Find the folder of a real corpus, which a checkout of the library alone does not have, or skip the test."""
    named = os.environ.get("SKARTM_DATA")
    home = Path(named) if named else Path(__file__).resolve().parents[2].parent / "shared" / "data"

    def find(name):
        if not (home / name).is_dir():
            pytest.skip(
                f"needs the real corpus {name!r}: set the environment variable SKARTM_DATA to the folder it is in"
            )
        return home / name

    return find
