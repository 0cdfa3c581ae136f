"""Every public estimator with data of its kind, and all the numbers that it learns and answers.

``CASES`` takes those that learn from counts from ``learners.py`` and adds the others.
``test_every_estimator_is_here`` of ``test_determinism.py`` fails for a public estimator that is missing.
"""

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import clone

from skartm import (
    PLSA,
    ARTMTransformer,
    MonotoneCDF,
    MonotonicClassifier,
    MonotonicRegressor,
    MonotonicStacking,
    TopicPipeline,
)
from skartm.feature_extraction import SequenceVectorizer
from skartm.model_selection import TauPath, TopicNumberSearch
from skartm.monotonic import Constrained, Linear, MinMax, Polynomial, Smooth
from skartm.regularizers import SmoothSparsePhi
from tests.reliability.learners import LEARNERS

READERS = ("transform", "predict", "predict_proba", "decision_function", "cdf", "score_samples")
N_DOCS, N_TOKENS = 60, 25


def counts(n_docs: int = N_DOCS, seed: int = 0) -> Any:
    """A sorted CSR of counts of three planted topics, without empty rows and columns."""
    rng = np.random.default_rng(seed)
    phi = rng.dirichlet(np.full(N_TOKENS, 0.3), size=3)
    theta = rng.dirichlet(np.full(3, 0.3), size=n_docs)
    X = rng.poisson(30 * theta @ phi)
    X[np.arange(n_docs), np.arange(n_docs) % N_TOKENS] += 1
    return sparse.csr_matrix(X.astype(np.float64))


def features(n_rows: int = 150) -> Any:
    return np.random.default_rng(1).random((n_rows, 3))


def target(n_rows: int = 150) -> Any:
    X = features(n_rows)
    return X[:, 0] + X[:, 1] ** 2 + 0.1 * np.random.default_rng(2).standard_normal(n_rows)


def texts(n_docs: int = N_DOCS) -> list[str]:
    return [" ".join(f"word{w}" for w in row.indices) for row in counts(n_docs)]


@dataclass(frozen=True)
class Case:
    """An estimator, the data that it is fitted on, and the arguments that a method takes of them."""

    estimator: Any
    data: Callable[[], Any]
    call: Callable[[Any, str, Any], Any]
    learns_from_counts: bool = field(default=False)

    def new(self, **parameters: Any) -> Any:
        return clone(self.estimator).set_params(**parameters)

    def fitted(self, model: Any, data: Any = None) -> Any:
        self.call(model, "fit", self.data() if data is None else data)
        return model

    def answers(self, model: Any, data: Any = None) -> dict[str, Any]:
        """The results of all methods that read rows."""
        data = self.data() if data is None else data
        return {name: np.asarray(self.call(model, name, data)) for name in READERS if hasattr(model, name)}

    def with_jobs(self, n_jobs: int | None) -> Any:
        """A new estimator, which hands ``n_jobs`` to those inside it too."""
        names = [name for name in self.estimator.get_params() if name.rpartition("__")[2] == "n_jobs"]
        return self.new(**dict.fromkeys(names, n_jobs))


def learned(model: Any) -> dict[str, Any]:
    """The fitted attributes that are arrays of numbers."""
    state = {name: value for name, value in vars(model).items() if name.endswith("_") and not name.startswith("_")}
    return {name: value for name, value in state.items() if isinstance(value, np.ndarray) and value.dtype.kind in "fiu"}


def digest(numbers: Any) -> str:
    """A name of the bits of arrays in dicts and lists."""
    return hashlib.sha256(pickle.dumps(numbers)).hexdigest()


def _of_features(model: Any, method: str, data: Any) -> Any:
    return getattr(model, method)(*(data if method == "fit" else data[:1]))


def _of_one_argument(model: Any, method: str, data: Any) -> Any:
    return getattr(model, method)(data)


CONES = {"monotonic_cst": [1, 1, 0], "random_state": 0}
NETS = {
    "polynomial": Polynomial(n_members=2, max_iter=5),
    "constrained": Constrained(n_members=2, max_iter=5),
    "minmax": MinMax(n_members=2, max_iter=5),
    "smooth": Smooth(n_members=2, max_iter=5),
    "linear": Linear(),
}
MODEL = PLSA(3, max_iter=3, tol=0, random_state=0, n_jobs=1)
ADDITIVE = ARTMTransformer(
    3, regularizers=[("smooth", SmoothSparsePhi(0.1))], max_iter=3, tol=0, random_state=0, n_jobs=1
)
PATH = TauPath(ADDITIVE, [("smooth__tau", [0.5])], scoring="completion", n_iter=2, n_jobs=1, random_state=0)
NUMBERS = TopicNumberSearch(MODEL, [2, 3], scoring="completion", n_seeds=1, n_jobs=1, random_state=0)


def _regression() -> Any:
    return features(), target()


def _classes() -> Any:
    return features(), (target() > 1).astype(int)


def _features_alone() -> Any:
    return (features(),)


CASES = {name: Case(learner.estimator, counts, learner.call, True) for name, learner in LEARNERS.items()}
for _name, _net in NETS.items():
    _model = MonotonicRegressor(model=_net, n_jobs=1, **CONES)
    CASES[f"MonotonicRegressor {_name}"] = Case(_model, _regression, _of_features)
CASES["MonotonicClassifier"] = Case(
    MonotonicClassifier(model=NETS["polynomial"], n_jobs=1, **CONES), _classes, _of_features
)
CASES["MonotonicStacking"] = Case(MonotonicStacking(cv=2, n_jobs=1, **CONES), _regression, _of_features)
CASES["MonotoneCDF"] = Case(MonotoneCDF(n_estimators=2, n_jobs=1, random_state=0), _features_alone, _of_features)
CASES["TopicPipeline"] = Case(TopicPipeline(SequenceVectorizer(), MODEL), texts, _of_one_argument)
CASES["TauPath"] = Case(PATH, counts, _of_one_argument)
CASES["TopicNumberSearch"] = Case(NUMBERS, counts, _of_one_argument)
