"""How long tests of reliability run.

The environment variable ``SKARTM_RELIABILITY`` is ``sample`` (the default) for the bounded choice of ``.ci/run``, which
all of ``pytest -m slow tests/reliability`` finishes in minutes, or ``full`` for a night.
"""

import os
from typing import Any

SIZE = os.environ.get("SKARTM_RELIABILITY", "sample")


def budget(sample: Any, full: Any) -> Any:
    """A number of examples, steps or seconds, or a list of cases: ``sample`` or ``full``, by SKARTM_RELIABILITY."""
    if SIZE not in ("sample", "full"):
        msg = f"SKARTM_RELIABILITY must be 'sample' or 'full'. Got {SIZE!r}."
        raise ValueError(msg)
    return full if SIZE == "full" else sample
