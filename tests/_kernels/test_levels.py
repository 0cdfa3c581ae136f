"""Which instruction-set level is taken."""

import os
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose

import skartm
from skartm._kernels import LEVEL, available_levels, half_step, max_threads

# the package without what its __init__ imports, which takes ten times as long
IMPORT = """
import sys, types
sys.modules["skartm"] = package = types.ModuleType("skartm")
package.__path__ = [sys.argv[1]]
import skartm._kernels as kernels
print(kernels.LEVEL, kernels.half_step.level)
"""
COMMAND = [sys.executable, "-c", IMPORT, os.path.dirname(skartm.__file__)]


def run(level):
    environment = {**os.environ, "SKARTM_KERNEL": level}
    return subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=60)


def test_baseline_always_runs():
    assert available_levels()[-1] == "baseline"
    assert LEVEL in available_levels()


@pytest.mark.parametrize("level", available_levels())
def test_environment_variable_forces_a_level(level):
    assert run(level).stdout.split() == [level, level]


def test_empty_environment_variable_takes_the_best():
    assert run("").stdout.split()[0] == available_levels()[0]


def test_unknown_level_is_an_error():
    result = run("v9")
    assert result.returncode != 0
    assert f"ImportError: SKARTM_KERNEL must be one of {available_levels()} on this machine. Got 'v9'" in result.stderr


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_arrays_choose_the_precision(dtype):
    table, out = np.eye(16, dtype=dtype), np.empty((16, 16), dtype=dtype)  # rows of whole cache lines
    half_step.dense_product(table, table, out, 1)
    assert (out == table).all()
    with pytest.raises(ValueError, match="Buffer dtype mismatch"):
        half_step.dense_product(table, table, out.astype("float32" if dtype == "float64" else "float64"), 1)


def test_no_precision_is_an_error():
    with pytest.raises(TypeError, match="dense_product takes arrays of float32 or float64"):
        half_step.dense_product(*(np.eye(16, dtype=int) for _ in range(3)), 1)


FIT = """
import sys
import numpy as np
from scipy.sparse import random_array
from skartm import PLSA
counts = random_array((120, 200), density=0.1, rng=0, format="csr", data_sampler=lambda size: np.ones(size))
for dtype in ("float32", "float64"):
    model = PLSA(20, max_iter=10, tol=0, dtype=dtype, n_jobs=1, random_state=0).fit(counts)
    sys.stdout.buffer.write(model.components_.astype(np.float64).tobytes())
"""


def fitted(level):
    environment = {**os.environ, "SKARTM_KERNEL": level}
    done = subprocess.run([sys.executable, "-c", FIT], env=environment, capture_output=True, timeout=120, check=True)
    return np.frombuffer(done.stdout).reshape(2, 20, 200)


@pytest.mark.slow
def test_levels_learn_the_same_topics():
    single, double = fitted("baseline")
    for level in available_levels()[:-1]:
        other_single, other_double = fitted(level)
        assert_allclose(other_single, single, rtol=1e-4, atol=1e-5 * single.max())
        assert_allclose(other_double, double, rtol=1e-9, atol=1e-12)


def test_max_threads_is_positive():
    assert max_threads() >= 1
