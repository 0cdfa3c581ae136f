"""Which instruction-set level is taken."""

import os
import subprocess
import sys

import pytest

from skartm._kernels import LEVEL, available_levels, max_threads

COMMAND = [sys.executable, "-c", "import skartm._kernels as kernels; print(kernels.LEVEL, kernels.half_step.__name__)"]


def run(level):
    environment = {**os.environ, "SKARTM_KERNEL": level}
    return subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=60)


def test_baseline_always_runs():
    assert available_levels()[-1] == "baseline"
    assert LEVEL in available_levels()


@pytest.mark.parametrize("level", available_levels())
def test_environment_variable_forces_a_level(level):
    assert run(level).stdout.split() == [level, f"skartm._kernels._half_step_{level}"]


def test_empty_environment_variable_takes_the_best():
    assert run("").stdout.split()[0] == available_levels()[0]


def test_unknown_level_is_an_error():
    result = run("v9")
    assert result.returncode != 0
    assert f"ImportError: SKARTM_KERNEL must be one of {available_levels()} on this machine. Got 'v9'" in result.stderr


def test_max_threads_is_positive():
    assert max_threads() >= 1
