"""SmoothSparsePhi where it is a constant: the same topics, without looking at all of phi."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_matrix

from skartm import ARTMTransformer
from skartm.regularizers import SmoothSparsePhi
from skartm.regularizers._checks import example_layout


class General(SmoothSparsePhi):
    """The same sum, added as any other term is."""

    def bind(self, layout):
        term = super().bind(layout)
        term.of_tokens = None
        return term


@pytest.mark.parametrize("tau", [0.3, -0.02])
@pytest.mark.parametrize("options", [{}, {"learning_method": "online", "batch_size": 7}])
@pytest.mark.parametrize("modality", [None, "tags"])
def test_constant_and_general_give_the_same_topics(tau, options, modality):
    rng = np.random.default_rng(0)
    X = csr_matrix(rng.poisson(0.7, (40, 25)).astype(np.float64))
    beta = rng.random(25)
    found = []
    for kind in (SmoothSparsePhi, General):
        regularizers = [("smooth", kind(tau, distribution=beta, modality=modality))]
        model = ARTMTransformer(
            4, regularizers=regularizers, modalities={"words": slice(0, 18), "tags": slice(18, 25)}, max_iter=6, tol=0,
            dtype="float64", random_state=0, **options,
        )  # fmt: skip
        found.append(model.fit(X))
    assert_allclose(found[0].components_, found[1].components_, rtol=1e-9, atol=1e-14)
    assert_allclose(found[0].topic_mass_, found[1].topic_mass_, rtol=1e-9)
    assert found[0].history_["objective"] == pytest.approx(found[1].history_["objective"], rel=1e-9)


def test_what_is_constant():
    layout = example_layout(13, 4, 7, np.random.default_rng(0))
    assert (SmoothSparsePhi().bind(layout).constant() == 1).all()
    assert SmoothSparsePhi(topics=[0, 2]).bind(layout).constant() is None
    assert SmoothSparsePhi(transform="power").bind(layout).constant() is None
