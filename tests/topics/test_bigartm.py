"""BigARTM as the reference, where there is one: SKARTM_BENCH_PYTHON_BIGARTM names an interpreter with bigartm10."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.em.corpora import corpus
from tests.topics.test_modalities import N_TOKENS, N_TOPICS, TOKEN_WEIGHTS, model, start

PYTHON = os.environ.get("SKARTM_BENCH_PYTHON_BIGARTM")
REFERENCE = """
import json, sys
import artm
import numpy as np

folder = sys.argv[1]
job = json.load(open(folder + "/job.json"))
vectorizer = artm.BatchVectorizer(
    data_path=folder + "/corpus.vw", data_format="vowpal_wabbit", target_folder=folder + "/batches"
)
model = artm.ARTM(
    num_topics=job["n_topics"], class_ids=job["weights"], num_document_passes=job["inner"], num_processors=1,
    dictionary=vectorizer.dictionary, cache_theta=False, seed=1,
)
for name, tau in job["taus"].items():
    model.regularizers.add(getattr(artm, name)(name=name, tau=tau))
info, phi_wt = model.master.attach_model("pwt")
columns = [int(token[1:]) for token in info.token]
phi_wt[:] = np.load(folder + "/init.npy").T[columns]
model.fit_offline(vectorizer, num_collection_passes=job["passes"])
phi, tokens, _ = model.get_phi_dense()
result = np.zeros((job["n_topics"], job["n_tokens"]))
result[:, [int(token[1:]) for _, token in tokens]] = phi.T
np.save(folder + "/phi.npy", result)
"""


def lines(X):
    """Documents as Vowpal Wabbit has them: the first 18 columns are words, the others tags and years."""
    for d, row in enumerate(X.toarray()):
        parts = [
            f"|@{name} " + " ".join(f"w{w}:{row[w]:g}" for w in tokens if row[w])
            for name, tokens in (("words", range(18)), ("tags", range(18, 26)), ("years", range(26, 30)))
        ]
        yield f"d{d} " + " ".join(parts)


@pytest.mark.skipif(not PYTHON, reason="SKARTM_BENCH_PYTHON_BIGARTM is not set")
@pytest.mark.parametrize("taus", [{}, {"SmoothSparsePhiRegularizer": -0.1, "SmoothSparseThetaRegularizer": 0.2}])
def test_weighted_modalities(taus, tmp_path):
    from skartm.regularizers import SmoothSparsePhi, SmoothSparseTheta

    X = corpus(0)
    X = X[X.getnnz(axis=1) > 0]
    weights = {f"@{name}": TOKEN_WEIGHTS[first] for name, first in (("words", 0), ("tags", 18), ("years", 26))}
    job = {"n_topics": N_TOPICS, "n_tokens": N_TOKENS, "weights": weights, "inner": 4, "passes": 5, "taus": taus}
    (tmp_path / "job.json").write_text(json.dumps(job))
    (tmp_path / "corpus.vw").write_text("\n".join(lines(X)) + "\n")
    np.save(tmp_path / "init.npy", start(0).astype(np.float32))
    subprocess.run([PYTHON, "-c", REFERENCE, str(tmp_path)], cwd=tmp_path, check=True, capture_output=True, timeout=300)
    assert Path(tmp_path / "phi.npy").exists()
    expected = np.load(tmp_path / "phi.npy")
    taus = list(taus.values())
    regularizers = [("phi", SmoothSparsePhi(taus[0])), ("theta", SmoothSparseTheta(taus[1]))] if taus else []
    fitted = model(regularizers=regularizers, dtype="float32").fit(X)
    assert_allclose(fitted.components_, expected, atol=1e-5)
    assert expected.sum() == pytest.approx(3 * N_TOPICS, rel=1e-4)
