"""What every regularizer gets for being in ALL_REGULARIZERS."""

import inspect
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

import skartm.regularizers as public
from skartm import ARTMTransformer
from skartm.em import Documents, Strength
from skartm.regularizers import Regularizer, check_regularizer
from skartm.regularizers._checks import example_layout
from tests.em.corpora import corpus
from tests.regularizers.declarations import ALL_REGULARIZERS, CLASSES, WITH_TOPICS, make
from tests.reliability.states import named

every_class = pytest.mark.parametrize("cls", CLASSES)
LAYOUT = example_layout(13, 4, 7, np.random.default_rng(0))
with_topics = pytest.mark.parametrize("cls", WITH_TOPICS)
Y = np.arange(24) % 3


def documents():
    """A corpus of 24 documents, in which some tokens are out of order."""
    X = corpus(0)
    X.indices[:], X.data[:] = X.indices[::-1].copy(), 1
    return X


def check_all(check, cls, **options):
    """Check all declarations of a class; a failure shows which it is of."""
    for regularizer in ALL_REGULARIZERS:
        if type(regularizer) is cls:
            with named(repr(regularizer)):
                check(regularizer, **options)


def test_every_public_regularizer_is_tested():
    classes = {getattr(public, name) for name in public.__all__}
    assert {c for c in classes if inspect.isclass(c) and issubclass(c, Regularizer)} - {Regularizer} == set(CLASSES)
    assert {type(regularizer) for regularizer in ALL_REGULARIZERS} == set(CLASSES)


@every_class
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_check_regularizer(cls, seed, global_random_seed):
    check_all(check_regularizer, cls, random_state=seed + global_random_seed)


@every_class
def test_clone_pickle_repr(cls):
    check_all(check_copies, cls)


def check_copies(regularizer):
    for copy in (clone(regularizer), pickle.loads(pickle.dumps(regularizer))):
        assert repr(copy) == repr(regularizer)
        assert copy.get_params().keys() == regularizer.get_params().keys()
        assert repr(copy.strength()) == repr(regularizer.strength())  # schedules are equal by their parameters


@every_class
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dead_topics_and_zeros_are_finite(cls, dtype):
    check_all(check_zeros, cls, dtype=dtype)


def check_zeros(regularizer, dtype):
    term = regularizer.bind(LAYOUT)
    zeros = np.zeros((13, 4), dtype=dtype)
    if regularizer.side == "theta":
        _dead_theta(term, zeros[:7])
        return
    if regularizer.side == "posterior":
        assert_array_equal(term.apply(zeros, np.arange(13), np.ones(13, dtype)), zeros)
        return
    out = zeros.copy()
    term.add_term(zeros, zeros, out)
    assert out.dtype == dtype
    assert np.isfinite(out).all()
    assert np.isfinite(term.value(zeros, zeros))


def _dead_theta(term, zeros):
    documents = Documents(0, np.ones(7))
    for _ in range(2):
        out = zeros.copy()
        term.add_term(zeros, zeros, documents, 0, out)
        assert out.dtype == zeros.dtype
        assert np.isfinite(out).all()
        assert np.isfinite(term.value(zeros, documents))
        assert np.isfinite(term.finish(term.observe(zeros, documents), 1.0))


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls.side != "phi"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_type_of_the_term(cls, dtype):
    check_all(check_type, cls, dtype=dtype)


def check_type(regularizer, dtype):
    term = regularizer.bind(LAYOUT)
    p = np.random.default_rng(0).dirichlet(np.ones(4), 7).astype(dtype)
    if regularizer.side == "posterior":
        assert term.apply(p, np.arange(7), np.ones(7, dtype)).dtype == dtype
        return
    term.finish(term.observe(p, Documents(0, np.ones(7))), 1.0)
    out = np.zeros_like(p)
    term.add_term(p, p, Documents(0, np.ones(7)), 0, out)
    assert np.isfinite(out).all()


@every_class
def test_tau_zero_changes_nothing(cls):
    X = documents()
    plain = ARTMTransformer(4, random_state=0, max_iter=5, tol=0, n_jobs=1).fit(X)
    model = ARTMTransformer(
        4, regularizers=[("r", make(cls, 0.0, n_tokens=X.shape[1]))], random_state=0, max_iter=5, tol=0, n_jobs=1
    ).fit(X, Y)
    if cls.needs_order:  # the same sums, in the order of the text
        assert_allclose(model.components_, plain.components_, atol=1e-5)
        return
    assert_array_equal(model.components_, plain.components_)
    assert_array_equal(model.transform(X), plain.transform(X))


@with_topics
def test_topics_are_indices_or_names(cls):
    X = documents()
    names = ["a", "b", "c", "d"]
    phis = [
        ARTMTransformer(
            4,
            regularizers=[("r", make(cls, 0.2, topics=topics, n_tokens=X.shape[1], n_topics=2))],
            topic_names=names,
            random_state=0,
            max_iter=5,
            tol=0,
            n_jobs=1,
        )
        .fit(X, Y)
        .components_
        for topics in ([1, 3], ["d", "b"], slice(1, None, 2), np.array([3, 1]))
    ]
    for phi in phis[1:]:
        assert_array_equal(phi, phis[0])


@with_topics
def test_unknown_topics(cls):
    with pytest.raises(
        ValueError, match=rf"{cls.__name__}: topics must name .* Got 'topic_1'. Did you mean 'topic1'\?"
    ):
        make(cls, topics=["topic_1"]).bind(LAYOUT)


@every_class
def test_tau_that_is_no_strength(cls):
    message = f"'tau' parameter of {cls.__name__} must be a finite float or a Schedule. Got "
    no_share = () if cls.default_share is not None else (None,)  # else None is a strength
    for tau in ("1e4", *no_share, [1.0], True, np.bool_(True), 1j):
        with named(repr(tau)), pytest.raises(TypeError, match=message):
            make(cls, tau).strength()
    for tau in (np.nan, np.inf, -np.inf):
        with named(repr(tau)), pytest.raises(ValueError, match=f"{message}{tau!r}"):
            make(cls, tau).strength()


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls.side == "phi"])
def test_relative_out_of_range(cls):
    message = rf"'relative' parameter of {cls.__name__} must be None .* \[0, 1\]. Got "
    for relative in (-0.1, 1.1, "0", True, np.nan):
        with named(repr(relative)), pytest.raises(ValueError, match=message):
            make(cls, relative=relative).strength()


@every_class
def test_strength_is_plain_numbers(cls):
    strength = make(cls, np.float32(0.5)).strength()
    assert strength == Strength(0.5, None)
    assert type(strength.tau) is float


def test_base_class_says_what_is_missing():
    class Nothing(Regularizer):
        def __init__(self, tau=1.0):
            self.tau = tau

    with pytest.raises(TypeError, match=r"Nothing must implement bind\(layout\)"):
        Nothing().bind(LAYOUT)
