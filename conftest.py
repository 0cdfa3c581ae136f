"""Whose code the tests run: the installed library, with helpers from the package ``tests`` of this checkout."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

# At the end of the path: the folder skartm beside this file has no compiled modules unless it was built in place, and
# must not hide the library that is installed. It serves when none is.
sys.path.append(str(Path(__file__).parent))

# The same for the processes that tests start: not the working directory, but the library that was found here.
os.environ["PYTHONSAFEPATH"] = "1"
spec = find_spec("skartm")
if spec is not None and spec.origin is not None:
    os.environ["PYTHONPATH"] = str(Path(spec.origin).parents[1])
