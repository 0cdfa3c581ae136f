import numpy as np
import pytest

from skartm.em import Counters, Layout, MapPosterior, Modality
from skartm.regularizers import Decorrelation, Linear, SmoothSparsePhi, Window, bind_all

N_TOKENS, N_TOPICS = 12, 3
BLOCKS = (Modality("words", np.arange(8, dtype=np.int32)), Modality("tags", np.arange(8, 12, dtype=np.int32)))


def updated(regularizer, *, modalities=(), steps=(0,), n_wt=None):
    """The posterior after M-steps from the same random counters; and phi and counters."""
    layout = Layout(("a", "b", "c"), N_TOKENS, modalities)
    random = np.random.default_rng(0)
    n_wt = random.uniform(1, 9, (N_TOKENS, N_TOPICS)) if n_wt is None else n_wt
    phi = random.dirichlet(np.ones(N_TOKENS), N_TOPICS).T.copy()
    bound = bind_all([("r", regularizer)], layout)
    posterior = MapPosterior(N_TOPICS, bound.phi, n_threads=1)
    for step in steps:
        counters = Counters(n_wt.copy(), clipped=True, n_threads=1, blocks=layout.blocks)
        posterior.update(phi, counters, np.empty_like(phi), bound.at(step, 5).phi)
    return posterior, phi, n_wt


def decorrelation(phi):
    return phi * (phi.sum(axis=1, keepdims=True) - phi)


@pytest.mark.parametrize("tau", [1.0, -0.5])
def test_moved_share_of_an_absolute_term(tau):
    posterior, phi, n_wt = updated(Decorrelation(tau))
    assert posterior.moved == {"r": pytest.approx(abs(tau) * decorrelation(phi).sum() / n_wt.sum())}


@pytest.mark.parametrize("relative", [0.0, 0.5, 1.0])
def test_moved_share_of_a_relative_term_is_tau(relative):
    posterior, _, _ = updated(Decorrelation(0.03, relative=relative))
    assert posterior.moved == {"r": pytest.approx(0.03)}


def test_moved_share_of_a_constant_term():
    posterior, _, n_wt = updated(SmoothSparsePhi(0.2))
    assert posterior.local
    assert posterior.moved == {"r": pytest.approx(0.2 * n_wt.size / n_wt.sum())}
    negative, _, _ = updated(SmoothSparsePhi(-0.2))
    assert not negative.local
    assert negative.moved == {"r": pytest.approx(posterior.moved["r"])}


def test_moved_share_is_of_the_topics_and_modalities_that_a_term_acts_on():
    posterior, phi, n_wt = updated(Decorrelation(1.0, topics=["a", "c"], modality="tags"), modalities=BLOCKS)
    own = phi[8:, [0, 2]]
    assert posterior.moved == {"r": pytest.approx(decorrelation(own).sum() / n_wt[8:, [0, 2]].sum())}
    constant, _, n_wt = updated(SmoothSparsePhi(0.2, modality="tags"), modalities=BLOCKS)
    assert constant.moved == {"r": pytest.approx(0.2 * 12 / n_wt[8:].sum())}


def test_moved_share_is_the_largest_while_it_is_weak():
    assert updated(Decorrelation(Window(1e-6, begin=2)), steps=(0, 1))[0].moved == {}
    weak, phi, n_wt = updated(Decorrelation(Linear(0, 1e-6, end=4)), steps=(0, 3, 1))
    assert weak.moved == {"r": pytest.approx(0.75e-6 * decorrelation(phi).sum() / n_wt.sum())}


def test_what_cannot_move_is_not_measured():
    assert updated(Decorrelation(0.05, topics=["a"], relative=0.0))[0].moved == {}
    assert updated(Decorrelation(0.05), n_wt=np.zeros((N_TOKENS, N_TOPICS)))[0].moved == {}
    assert updated(Decorrelation(0.0))[0].moved == {}
