"""Random small matrices, parameters and sequences of calls, for every estimator: finite results or our own words.

The sample of the ordinary run is small. ``pytest -m slow tests/reliability/test_estimators_fuzz.py`` makes 20,000
cases, or as many as the environment variable SKARTM_FUZZ_CASES says.
"""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy import sparse

from tests.reliability.estimators import COUNTED, call
from tests.reliability.test_extremes import READERS, attempt, check_fitted, not_finite

N_CASES = int(os.environ.get("SKARTM_FUZZ_CASES", "20000"))
N_SAMPLE = 4  # cases of each estimator

# parameters, and values that are valid for them in some state of the others
VALUES = {
    "n_components": st.integers(1, 5),
    "max_iter": st.integers(1, 4),
    "max_doc_iter": st.integers(1, 5),
    "max_doc_update_iter": st.integers(1, 5),
    "batch_size": st.integers(1, 9),
    "tol": st.sampled_from([0.0, 1e-3, 1.0]),
    "doc_tol": st.sampled_from([0.0, 1e-2, 1.0]),
    "mean_change_tol": st.sampled_from([0.0, 1e-2, 1.0]),
    "learning_method": st.sampled_from(["batch", "online"]),
    "learning_decay": st.floats(0, 1),
    "learning_offset": st.floats(0, 100),
    "total_samples": st.sampled_from([1e-3, 1.0, 100.0, 1e6]),
    "unregularized_iter": st.integers(0, 3),
    "reuse_theta": st.booleans(),
    "leave_one_out": st.booleans(),
    "warm_start": st.booleans(),
    "dtype": st.sampled_from(["float32", "float64"]),
    "evaluation": st.sampled_from(["completion", "fold_in"]),
    "validation_fraction": st.sampled_from([None, 0.3]),
    "variant": st.sampled_from(["exact", "simplified", "naive"]),
    "context": st.sampled_from(["ema", "window"]),
    "window": st.sampled_from([None, 1, 3]),
    "gamma": st.sampled_from([None, 0.0, 0.5, 1.0]),
    "beta": st.floats(0, 1),
    "n_layers": st.integers(1, 3),
    "own_word": st.booleans(),
    "mixing": st.sampled_from(["uniform", "free"]),
    "rule": st.sampled_from(["bayes", "mixture"]),
    "label_weight": st.sampled_from([0.0, 0.5, 100.0]),
    "doc_topic_prior": st.sampled_from([None, 1e-3, 1.0, 100.0]),
    "topic_word_prior": st.sampled_from([None, 1e-3, 1.0, 100.0]),
    "evaluate_every": st.integers(-1, 2),
    "inference": st.sampled_from(["variational", "map", "em"]),
    "beta_loss": st.sampled_from(["kullback-leibler", "frobenius"]),
    "simplex": st.sampled_from([None, "H", "W", "both"]),
    "inner_iter": st.integers(1, 4),
    "alpha_W": st.sampled_from([0.0, 0.1, 10.0]),
    "l1_ratio": st.floats(0, 1),
    "volume_weight": st.sampled_from([0.0, 1e-3, 1.0]),
    "forget_factor": st.floats(0.01, 1),
    "init": st.sampled_from([None, "random", "nndsvd", "spa", "autoencoder", "documents"]),
    "joint_iter": st.integers(0, 3),
    "loss": st.sampled_from(["hinge", "logistic"]),
    "optimizer": st.sampled_from(["adam", "sgd", "adadelta"]),
    "min_lift": st.floats(0, 5),
    "psi_sparsity": st.floats(0, 2),
    "parent_weight": st.sampled_from([0.0, 1.0, 100.0]),
    "random_state": st.integers(0, 2**32 - 1),
}
METHODS = ("fit", "partial_fit", "fit_transform", *READERS)
NUMBERS = st.one_of(
    st.integers(0, 5).map(float),
    st.floats(0, 10, allow_subnormal=False).map(lambda x: 0.0 if 0 < x < 1e-30 else x),
    st.sampled_from([0.0, 5e-324, 1e-310, 1e-44, 1e-38, 1e-30, 1e-12, 1e7, 1e12, 1e30, 1e300]),
)


@st.composite
def matrices(draw, n_columns):
    """Arrays and sparse matrices of ordinary and extreme numbers; most are of counts."""
    n_rows, extreme = draw(st.integers(1, 9)), draw(st.integers(0, 3)) == 0
    numbers = NUMBERS if extreme else st.integers(0, 4).map(float)
    cells = draw(st.lists(numbers, min_size=n_rows * n_columns, max_size=n_rows * n_columns))
    X = np.array(cells).reshape(n_rows, n_columns)
    form = draw(st.sampled_from(["array", "csr", "explicit zeros", "float32"]))
    if form == "float32" and X.max() < 1e30:
        return X.astype(np.float32)
    if form == "explicit zeros":
        return sparse.csr_matrix((X.ravel(), np.tile(np.arange(n_columns), n_rows), np.arange(n_rows + 1) * n_columns))
    return sparse.csr_matrix(X) if form == "csr" else X


@st.composite
def cases(draw, name):
    """Parameters, and a sequence of methods with their matrices."""
    known = COUNTED[name].estimator.get_params(deep=False)
    chosen = draw(st.sets(st.sampled_from(sorted(set(VALUES) & set(known))), max_size=4))
    n_columns = draw(st.integers(1, 8))
    calls = st.tuples(st.sampled_from(METHODS), matrices(n_columns))
    return {key: draw(VALUES[key]) for key in sorted(chosen)}, draw(st.lists(calls, min_size=1, max_size=5))


def run(name, parameters, calls):
    case = COUNTED[name]
    model = case.new(**parameters)
    for method, X in calls:
        if not hasattr(model, method):
            continue
        outcome, result = attempt(call, model, method, case.of_counts(X))
        if outcome == "fine" and "fit" in method:
            check_fitted(model)
        assert outcome == "refused" or result is model or not not_finite(result), f"{method} is not finite"


def fuzz(name, n_cases):
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
    options = settings(
        max_examples=n_cases, deadline=None, suppress_health_check=checks, database=None, phases=[Phase.generate]
    )
    options(given(cases(name))(lambda drawn: run(name, *drawn)))()


@pytest.mark.parametrize("name", COUNTED)
def test_sample(name):
    fuzz(name, N_SAMPLE)


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTED)
def test_all(name):
    fuzz(name, -(-N_CASES // len(COUNTED)))
