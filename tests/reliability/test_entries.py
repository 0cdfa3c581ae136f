"""Every public callable that takes an array: none writes into it, and none follows one that is damaged.

All forms and all damages of ``matrices.py`` are given to all entries of ``entries.py``, in another process, so that a
signal is a failure of one combination. By default a sample of the combinations runs, and all of them as ``slow``.
"""

import importlib
import inspect
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator

from tests.reliability.entries import ESTIMATORS, EXCEPTIONS, FUNCTIONS, REGULARIZERS, SELF_TESTS, all_entries, variants

ROOT = Path(__file__).resolve().parents[2]
MODULES = [
    "skartm",
    *(f"skartm.{part}" for part in (
        "callbacks", "datasets", "feature_extraction", "metrics", "model_selection", "monotonic", "neural", "nmf",
        "plotting", "recipes", "regularizers", "simplex", "topics",
    )),
]  # fmt: skip
# the engine takes what estimators have checked, and warnings take texts
NOT_ENTRIES = {"skartm.base", "skartm.em", "skartm.exceptions", "skartm._kernels"}
STRIDE = 10  # of the variants of an entry every tenth is in the sample, others for the next entry
ALWAYS = {"unsorted read-only", "unsorted int64", "index too large", "indptr beyond the entries"}
HANGS = 120.0  # seconds without an answer
# by its own signal; the address sanitizer turns that into its report and an abort
KILLED = "killed by SIGABRT" if "libasan" in os.environ.get("LD_PRELOAD", "") else "killed by SIGSEGV"


def verdicts(pairs):
    """What is wrong with each pair, None if nothing is; a signal belongs to the pair that was tried."""
    path = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH"), str(ROOT))))
    environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    found, waiting = {}, list(pairs)
    while waiting:
        with tempfile.TemporaryFile("w+") as questions:
            questions.writelines(json.dumps([number, *pair]) + "\n" for number, pair in enumerate(waiting))
            questions.seek(0)
            command = [sys.executable, "-m", "tests.reliability.entry_worker"]
            with subprocess.Popen(
                command, stdin=questions, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
            ) as process:
                answers, last, errors = _answers(process)
        found |= {waiting[number]: wrong for number, wrong in answers.items()}
        done = len(answers)
        if done < len(waiting):
            assert last == done, f"the worker does not start: {errors}"
            found[waiting[done]] = f"killed by {_name_of(process.returncode)}"
            done += 1
        waiting = waiting[done:]
    return found


def _answers(process):
    answers, last, errors = {}, None, []
    reader = threading.Thread(target=lambda: errors.append(process.stderr.read()[-2000:]))
    reader.start()
    watchdog = threading.Timer(HANGS, process.kill)
    watchdog.start()
    for line in process.stdout:
        number, *answer = json.loads(line)
        last = number
        if answer:
            answers[number] = answer[0]
        watchdog.cancel()
        watchdog = threading.Timer(HANGS, process.kill)
        watchdog.start()
    process.wait()
    watchdog.cancel()
    reader.join()
    return answers, last, errors


def _name_of(code):
    return signal.Signals(-code).name if code < 0 else f"exit with {code}"


def sample():
    pairs = []
    for place, name in enumerate(all_entries()):
        chosen = variants(name)
        pairs += [(name, v) for i, v in enumerate(chosen) if (i + place) % STRIDE == 0 or v in ALWAYS]
    return pairs


@pytest.fixture(scope="module")
def sampled():
    return verdicts(sample())


def test_sample_of_combinations(sampled):
    wrong = {pair: verdict for pair, verdict in sampled.items() if verdict}
    assert not wrong, "\n".join(f"{name}, {variant}: {verdict}" for (name, variant), verdict in wrong.items())
    assert len(sampled) > 1000


@pytest.mark.slow
def test_all_combinations():
    pairs = [(name, variant) for name in all_entries() for variant in variants(name)]
    wrong = {pair: verdict for pair, verdict in verdicts(pairs).items() if verdict}
    assert not wrong, "\n".join(f"{name}, {variant}: {verdict}" for (name, variant), verdict in wrong.items())


def test_worker_tells_what_is_wrong():
    found = verdicts([(name, "unsorted") for name in SELF_TESTS] + [("self: well", "index too large")])
    assert {name: (verdict or "well").split(":")[0] for (name, _), verdict in list(found.items())[:-1]} == {
        "self: well": "well",
        "self: changes": "the input was changed",
        "self: dies": KILLED,
        "self: raw": "raw error",
        "self: refuses": "refused",
        "self: another": "another result",
    }
    assert found["self: well", "index too large"] == "accepted"


def _tabled(module, name):
    """Whether a public name is in a table."""
    part = module.removeprefix("skartm").removeprefix(".")
    known = {entry.split()[0] for entry in (*FUNCTIONS, *(f"regularizers.{name}" for name in REGULARIZERS))}
    from_arguments = {entry.removeprefix("arguments of ").split()[0] for entry in all_entries()}
    return name in ESTIMATORS or f"{part}.{name}" in known or name in from_arguments


@pytest.mark.parametrize("module", MODULES)
def test_every_public_callable_is_in_a_table(module):
    package = importlib.import_module(module)
    names = {name for name in package.__all__ if callable(getattr(package, name))}
    listed = {name for name in names if _tabled(module, name)}
    exceptions = set(EXCEPTIONS.get(module, {}))
    assert exceptions <= names, f"no longer there: {exceptions - names}"
    assert not exceptions & listed, "in a table and in the list of exceptions"
    assert names <= listed | exceptions, f"put into a table: {sorted(names - listed - exceptions)}"


def test_every_estimator_is_in_a_table():
    """Its methods are found by themselves."""
    classes = {
        name: getattr(importlib.import_module(module), name)
        for module in MODULES
        for name in importlib.import_module(module).__all__
    }
    estimators = {
        name for name, value in classes.items()
        if inspect.isclass(value) and issubclass(value, BaseEstimator) and hasattr(value, "fit")
    }  # fmt: skip
    without = {name for module in EXCEPTIONS.values() for name in module}
    assert estimators <= set(ESTIMATORS) | without


def test_every_public_module_is_asked():
    parts = {f"skartm.{path.parent.name}" for path in (Path(importlib.import_module("skartm").__file__).parent).glob(
        "*/__init__.py")}  # fmt: skip
    assert parts - NOT_ENTRIES == set(MODULES) - {"skartm"}
