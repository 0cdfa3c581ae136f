"""What works where torch is not installed, and what is said about the rest."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone

from skartm import EmbeddedTopicModel
from tests.em.corpora import corpus

# not sys.modules["torch"] = None, which scipy takes for a module
WITHOUT = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "torch":
            raise ImportError("torch is blocked")

sys.meta_path.insert(0, Blocker())
"""


def run(code, *arguments):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", WITHOUT + code, *arguments], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_needs_no_torch_and_fit_names_the_extra():
    """Bad parameters come first."""
    code = """
import skartm, skartm.neural
model = skartm.EmbeddedTopicModel(2)
for method in (model.fit, model.partial_fit):
    try:
        method([[1, 2], [3, 0]])
    except ImportError as error:
        print(error)
try:
    model.set_params(batch_size=0).fit([[1, 2], [3, 0]])
except ValueError as error:
    print(error)
"""
    line = "EmbeddedTopicModel needs torch to be fitted, which is in the extra 'neural': pip install skartm[neural]"
    *lines, bad = run(code).splitlines()
    assert lines == [line, line]
    assert "'batch_size'" in bad


def test_fitted_models_are_loaded_and_used(tmp_path):
    pytest.importorskip("torch", reason="needs torch: pip install torch", exc_type=ImportError)
    X = corpus(0)
    model = EmbeddedTopicModel(3, max_iter=2, random_state=0, n_jobs=1)
    models = [clone(model).set_params(inference=inference).fit(X) for inference in ("em", "encoder")]
    (tmp_path / "models.pickle").write_bytes(pickle.dumps(models))
    np.save(tmp_path / "X.npy", X.toarray())
    code = """
import pickle, numpy as np
folder = sys.argv[1]
with open(folder + "/models.pickle", "rb") as file:
    models = pickle.load(file)
X = np.load(folder + "/X.npy")
np.save(folder + "/theta.npy", [model.transform(X) for model in models])
for model in models:
    print(len(model.top_tokens(3)), model.perplexity(X))
"""
    assert run(code, str(tmp_path)).splitlines() == [f"3 {model.perplexity(X)}" for model in models]
    np.testing.assert_array_equal(np.load(tmp_path / "theta.npy"), [model.transform(X) for model in models])
