"""Too little memory is a MemoryError that leaves the model as it was, not the end of the process.

What others do is outside of the promise. The first parallel loop of a process starts threads, and OpenMP ends the
process when it cannot. A start by singular vectors (``SimplexNMF(init="nndsvd")``) uses LAPACK, which does not survive
either. NumPy has a crash of its own: an addition in place whose iterator gets no memory. joblib waits for ever for a
thread that could not start.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.reliability.estimators import PLAIN

resource = pytest.importorskip("resource", reason="limits of memory are those of POSIX")
if not sys.platform.startswith("linux"):
    pytest.skip("RLIMIT_AS is not kept by this system", allow_module_level=True)

PROGRAM = """
import resource, sys, warnings
warnings.simplefilter("ignore")
sys.path.append(sys.argv[1])
from skartm import PLSA
from tests.reliability.estimators import PLAIN, call
from tests.reliability.states import fingerprint

name = sys.argv[2]
case = PLAIN[name]
model = case.new()
for parameter, value in (("n_jobs", 2), ("init", "random" if "NMF" in name else None)):
    if parameter in model.get_params(deep=False) and value is not None:
        model.set_params(**{parameter: value})
large = case.data(1, 6000, {"MonotoneCDF": 2}.get(name, 3 if "Monoton" in name else 2500))
PLSA(50, max_iter=1, tol=0, n_jobs=2).fit(PLAIN["PLSA"].data(1, 2000, 1000)["X"])  # the threads start here
call(model, "fit", case.data(0))
before = fingerprint(model)
failed = 0
for kilobytes in (64, 256, 1024, 4096):
    with open("/proc/self/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + 1024 * kilobytes, resource.RLIM_INFINITY))
    try:
        call(model, "fit", large)
        failure = None
    except MemoryError as error:
        failure = error
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if failure is None:
        break
    failed += 1
    assert fingerprint(model) == before, "a call without memory must not change the model"
call(model, "fit", case.data(0))
case.readings(model, case.data(0))
print("failed", failed)
"""


# what needs little memory for these data
SMALL = {"EmbeddedTopicModel", "HypergraphARTM", "TauPath", "TopicNumberSearch"}
# what starts threads of others, and where an addition of NumPy is the first that gets no memory
OTHERS = {"MonotonicStacking", "MonotonicClassifier", "ARTMTransformer online"}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PLAIN if name not in SMALL | OTHERS])
def test_little_memory(name):
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(root), name],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-1]) > 0, "the limits were too large for this model"
