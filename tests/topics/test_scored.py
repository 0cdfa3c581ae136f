"""Scores of documents on disk, some at a time: those of all documents at once."""

import warnings

import numpy as np
import pytest
from scipy import sparse

from skartm import LDA, PLSA
from skartm.datasets import open_memmap, save_memmap
from skartm.exceptions import LeftOutDocumentsWarning
from skartm.topics._scored import _ROWS

MODELS = {
    "PLSA": lambda: PLSA(3, max_iter=3, tol=0, random_state=0),
    "LDA": lambda: LDA(3, max_iter=2, inference="map", random_state=0),
}
TEXTS = sparse.csr_matrix(np.random.default_rng(0).poisson(1.0, (40, 12)).astype(np.float64))
SINGLE = sparse.csr_matrix(np.eye(12)[np.arange(_ROWS + 5) % 12])


def on_disk(X, path):
    save_memmap(path, X)
    return open_memmap(path)


@pytest.mark.parametrize("name", MODELS)
def test_a_part_without_documents_that_can_be_split(name, tmp_path):
    """A whole block of documents of one token is left out like any of them, and all are counted in one warning."""
    model, X = MODELS[name]().fit(TEXTS), sparse.vstack([SINGLE, TEXTS], format="csr")
    found = []
    for data in (X, on_disk(X, tmp_path / "corpus")):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            found.append(model.score(data))
        messages = [str(item.message) for item in said if item.category is LeftOutDocumentsWarning]
        assert len(messages) == 1
        assert messages[0].startswith(f"{SINGLE.shape[0]} of {X.shape[0]} documents have one token only")
    assert found[0] == pytest.approx(found[1], rel=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_no_document_can_be_split(name, tmp_path):
    model = MODELS[name]().fit(TEXTS)
    for data in (SINGLE, on_disk(SINGLE, tmp_path / "corpus")):
        with pytest.raises(ValueError, match=f"Got {SINGLE.shape[0]} documents of one token"):
            model.score(data)
