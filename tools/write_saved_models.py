"""Write a model of every estimator with this version, for the test that reads files which were written before.

Run it once when a minor version is released, in the folder of the checkout: ``python tools/write_saved_models.py``. The
files of older versions stay.
"""

import pickle
import sys
from pathlib import Path
from zipfile import ZIP_DEFLATED

import skops.io

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT))

from skartm import __version__  # noqa: E402
from tests.reliability.saved_models import MAKERS, saved  # noqa: E402

SKLEARN_INSIDE = {"TopicPipeline"}  # of its vectorizer scikit-learn says what it thinks of other versions
folder = ROOT / "tests" / "reliability" / "files" / ".".join(__version__.split(".")[:2])
folder.mkdir(parents=True, exist_ok=True)
for name in MAKERS:
    if name not in SKLEARN_INSIDE:
        (folder / f"{name}.pickle").write_bytes(pickle.dumps(saved(name), protocol=4))
        skops.io.dump(saved(name), folder / f"{name}.skops", compression=ZIP_DEFLATED, compresslevel=9)
