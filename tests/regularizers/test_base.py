import numpy as np
import pytest
from sklearn.base import clone

from skartm import ARTMTransformer
from skartm.datasets import load_peps
from skartm.em import Strength
from skartm.regularizers import Biterm, CoherencePhi, Decorrelation, EmbeddingPhi, NetPLSA, SmoothSparsePhi


@pytest.mark.parametrize(
    ("regularizer", "tau", "relative"),
    [
        (Decorrelation(), 0.05, 0.0),
        (CoherencePhi(), 0.1, 1.0),
        (CoherencePhi(form="linear", limit=0.2), 0.1, 1.0),
        (EmbeddingPhi(), 0.1, 1.0),
        (Biterm(np.ones((3, 3))), 0.1, 0.0),
        (NetPLSA(edges=[(0, 1)]), 0.05, 0.0),
        (Decorrelation(relative=1.0), 0.05, 1.0),
        (EmbeddingPhi(relative=0.0), 0.1, 0.0),
    ],
)
def test_without_tau_it_is_a_share_of_the_mass(regularizer, tau, relative):
    assert regularizer.tau is None
    strength = regularizer.strength()
    assert (strength.tau, strength.relative) == (tau, relative)
    assert clone(regularizer).strength() == strength


@pytest.mark.parametrize("regularizer", [Decorrelation(2.0), CoherencePhi(tau=2.0), NetPLSA(2.0, edges=[(0, 1)])])
def test_a_tau_that_is_given_is_absolute(regularizer):
    assert regularizer.strength() == Strength(2.0, None)
    assert regularizer.set_params(relative=0.5).strength() == Strength(2.0, 0.5)


def test_others_must_have_a_tau():
    with pytest.raises(TypeError, match="'tau' parameter of SmoothSparsePhi must be a finite float"):
        SmoothSparsePhi(None).strength()


@pytest.mark.parametrize("make", [Decorrelation, CoherencePhi, EmbeddingPhi])
def test_defaults_act_on_small_and_large_corpora(make):
    X = load_peps().data[:200]
    for factor in (1, 100):
        counts = X * factor
        plain, model = (
            ARTMTransformer(5, regularizers=pairs, max_iter=8, tol=0, random_state=0, n_jobs=1).fit(counts)
            for pairs in ((), [("r", make())])
        )
        moved = np.abs(model.components_ - plain.components_).sum(axis=1) / 2
        assert moved.mean() > 0.01
        assert moved.max() < 0.5
        assert model.dead_topics_.size == 0
