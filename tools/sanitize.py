"""Build the kernels with the sanitizers of the compiler, and run the tests that reach them most directly.

Usage::

    python tools/sanitize.py [--level baseline] [--keep] [TESTS ...] [OPTIONS OF PYTEST]

The checkout is copied to a temporary folder and built there in place for one instruction-set level, with
``-fsanitize=address,undefined``. Then the tests run on that copy: those of the kernels, and the enumeration of all
entries with corrupted matrices, ``tests/reliability/test_entries.py``. A finding ends a test process with a report.
Needs GCC and Linux.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ["tests/_kernels", "tests/reliability/test_entries.py"]
FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g1 -O1"
# Python never frees everything, so leaks are not looked for; a kernel may be stopped by an error of its caller.
ADDRESS = "detect_leaks=0:allocator_may_return_null=1:abort_on_error=1"
UNDEFINED = "print_stacktrace=1:halt_on_error=1"


def library(name: str) -> str:
    """The path of a library of the compiler."""
    command = ["gcc", f"-print-file-name={name}"]
    path = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    if not os.path.isabs(path):
        raise SystemExit(f"gcc has no {name}: install its sanitizers.")
    return os.path.realpath(path)


def build(folder: Path, level: str) -> None:
    """A copy of the checkout, with kernels of one level."""
    left_out = shutil.ignore_patterns(".git", ".*_cache", "*.so", "*.c", "__pycache__", "build", "docs", "benchmarks")
    shutil.copytree(ROOT, folder, ignore=left_out)
    # after the flags of setup.py, so that -O1 wins: half the time of -O3, and the reports have lines
    variables = {"SKARTM_LEVELS": level, "SKARTM_CFLAGS": FLAGS, "LDFLAGS": "-fsanitize=address,undefined"}
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    subprocess.run(command, check=True, cwd=folder, env={**os.environ, **variables})


def main() -> int:
    """Build, run, and return the exit status of the tests."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--level", default="baseline", help="baseline, v3 or v4")
    parser.add_argument("--keep", action="store_true", help="leave the copy, and say where it is")
    parser.add_argument("tests", nargs="*", help=f"what pytest runs, by default {' '.join(TESTS)}")
    given, options = parser.parse_known_args()  # the rest is for pytest
    preload = f"{library('libasan.so')} {library('libubsan.so')}"
    temporary = Path(tempfile.mkdtemp(prefix="skartm-sanitize-"))
    try:
        copy = temporary / "checkout"
        build(copy, given.level)
        tests = given.tests or [test for test in TESTS if (copy / test).exists()]
        variables = {
            "LD_PRELOAD": preload,
            "ASAN_OPTIONS": ADDRESS,
            "UBSAN_OPTIONS": UNDEFINED,
            "SKARTM_KERNEL": given.level,
            "PYTHONMALLOC": "malloc",
        }
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | variables
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "", *options, *tests]
        return subprocess.run(command, cwd=copy, env=environment, check=False).returncode
    finally:
        if given.keep:
            sys.stdout.write(f"The copy is in {temporary}.\n")
        else:
            shutil.rmtree(temporary)


if __name__ == "__main__":
    sys.exit(main())
