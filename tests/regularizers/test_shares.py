"""TopicNet's conversion, by hand; and its tutorial, as a user would type it."""

import warnings

import numpy as np
import pytest
from scipy.sparse import coo_matrix, csr_matrix

from skartm import ARTMTransformer
from skartm.datasets import make_topics
from skartm.exceptions import DeadTopicWarning, LeftOutTokensWarning
from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta, share_from_tau, tau_from_share

X = np.array([[3, 1, 0, 4, 0], [0, 2, 2, 0, 1], [1, 1, 1, 1, 3]])  # 14 words, 9 tags
MODALITIES = {"words": [0, 1, 2], "tags": slice(3, 5)}
WORDS, TAGS = 11.0, 9.0


def test_phi_by_hand():
    assert tau_from_share(0.2, X, n_topics=2) == pytest.approx(20 / (2 * 5) * 0.2 / 0.8)
    assert tau_from_share(-0.5, X, n_topics=2) == pytest.approx(20 / (2 * 5) * -0.5 / 1.5)
    tags = {"modality": "tags", "modalities": MODALITIES}
    assert tau_from_share(0.2, X, n_topics=4, **tags) == pytest.approx(TAGS / (4 * 2) * 0.25)
    weighted = {"modalities": MODALITIES, "modality_weights": {"tags": 3.0}}
    assert tau_from_share(0.2, X, n_topics=4, **weighted) == pytest.approx((WORDS + 3 * TAGS) / (4 * 5) * 0.25)
    both = {"modality": ["tags", "words"], **weighted}
    assert tau_from_share(0.2, X, n_topics=4, **both) == tau_from_share(0.2, X, n_topics=4, **weighted)


def test_theta_by_hand():
    assert tau_from_share(0.2, X, n_topics=2, side="theta") == pytest.approx(20 / 3 / 2 * 0.25)
    weighted = {"modalities": MODALITIES, "modality_weights": {"tags": 0.5}, "modality": "tags"}
    expected = (WORDS + 0.5 * TAGS) / 3 / 2 * 0.25
    assert tau_from_share(0.2, X, n_topics=2, side="theta", **weighted) == pytest.approx(expected)


@pytest.mark.parametrize("side", ["phi", "theta"])
@pytest.mark.parametrize("share", [-2.0, -0.1, 0.0, 0.3, 0.99])
@pytest.mark.parametrize("kind", [np.asarray, csr_matrix, coo_matrix])
def test_inverse(side, share, kind):
    how = {"n_topics": 3, "side": side, "modalities": MODALITIES, "modality": "words"}
    tau = tau_from_share(share, X, **how)
    assert share_from_tau(tau, kind(X), **how) == pytest.approx(share, abs=1e-15)
    assert type(tau) is float


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tau_from_share(1, X, n_topics=2), "share must be a number below 1. Got 1"),
        (lambda: tau_from_share(np.nan, X, n_topics=2), "share must be a number below 1. Got nan"),
        (lambda: tau_from_share("1", X, n_topics=2), "share must be a number below 1. Got '1'"),
        (lambda: tau_from_share(0.1, X, n_topics=0), "n_topics must be an integer of at least 1. Got 0"),
        (lambda: tau_from_share(0.1, X, n_topics=2, side="psi"), "side must be 'phi' or 'theta'. Got 'psi'"),
        (lambda: tau_from_share(0.1, X, n_topics=2, modality="tags"), "tau_from_share: modality must name"),
        (
            lambda: tau_from_share(0.1, X, n_topics=2, modality_weights={"tags": 2}),
            "tau_from_share: modality_weights must name modalities",
        ),
        (
            lambda: share_from_tau(-2, X, n_topics=2),
            "tau must be a number above -2, which takes all of an average cell",
        ),
    ],
)
def test_what_is_wrong_is_an_error(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_share_is_the_share_of_what_is_added():
    """Smoothing adds |S| |W| tau tokens to the n of the corpus: a share of the sum."""
    counts = make_topics(n_docs=50, n_tokens=40, n_topics=4, random_state=0).data
    tau = tau_from_share(0.2, counts, n_topics=4)
    model = ARTMTransformer(4, regularizers=[("s", SmoothSparsePhi(tau))], max_iter=3, tol=0, random_state=0).fit(
        counts
    )
    added = model.topic_mass_.sum() - counts.sum()
    assert added / model.topic_mass_.sum() == pytest.approx(0.2, rel=1e-5)


def test_tutorial_of_relative_coefficients():
    """gamma=0, tau=2 of the tutorial: it runs, and says what it has done; its other half is the conversion."""
    corpus = make_topics(n_docs=150, n_tokens=200, n_topics=5, topic_word_prior=0.5, random_state=0).data
    twice_as_strong = [("DecorrelatorPhi", Decorrelation(tau=2, relative=0))]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = ARTMTransformer(5, regularizers=twice_as_strong, max_iter=10, tol=0, random_state=0).fit(corpus)
    assert {warning.category for warning in caught} & {LeftOutTokensWarning, DeadTopicWarning}
    lost = 1 - model.components_.any(axis=0).mean()
    assert lost > 0.5 or len(model.dead_topics_) > 0
    assert np.isfinite(model.components_).all()
    assert np.isfinite(model.transform(corpus)).all()
    assert np.isfinite(model.history_["objective"]).all()

    sane = [("DecorrelatorPhi", Decorrelation(tau=0.02, relative=0))]
    model = ARTMTransformer(5, regularizers=sane, max_iter=10, tol=0, random_state=0).fit(corpus)
    assert model.dead_topics_.size == 0

    topicnet = [
        ("phi", SmoothSparsePhi(tau_from_share(0.1, corpus, n_topics=5))),
        ("theta", SmoothSparseTheta(tau_from_share(-0.05, corpus, n_topics=5, side="theta"))),
    ]
    model = ARTMTransformer(5, regularizers=topicnet, max_iter=10, tol=0, random_state=0).fit(corpus)
    assert model.dead_topics_.size == 0
