"""How long tests of reliability run.

The environment variable ``SKARTM_RELIABILITY`` is ``sample`` (the default) for the bounded choice of ``.ci/run``, which
all of ``pytest -m slow tests/reliability`` finishes in minutes, or ``full`` for a night.
"""

import os

import pytest

SIZE = os.environ.get("SKARTM_RELIABILITY", "sample")


def budget(sample: int, full: int) -> int:
    """A number of examples, steps or seconds: ``sample`` or ``full``, by SKARTM_RELIABILITY."""
    if SIZE not in ("sample", "full"):
        msg = f"SKARTM_RELIABILITY must be 'sample' or 'full'. Got {SIZE!r}."
        raise ValueError(msg)
    return full if SIZE == "full" else sample


@pytest.fixture(name="budget", scope="session")
def _budget():
    """The function ``budget``, for tests that take fixtures; others import it from here."""
    return budget
