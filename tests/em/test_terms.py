"""What theta terms learn from a pass: statistics that add up."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skartm import ARTMTransformer
from skartm.em import Documents, RowStatistic, ThetaTerm
from skartm.regularizers import Regularizer
from tests.em.corpora import corpus


class Term(ThetaTerm):
    """Learns the mean theta, and counts how often it was asked to."""

    def __init__(self, n_topics):
        self.topics = np.arange(n_topics)

    def value(self, theta_dt, documents):
        return float((theta_dt**2).sum())

    def add_term(self, theta_dt, n_dt, documents, inner_pass, out):
        out += 2 * theta_dt**2

    def observe(self, theta_dt, documents):
        return np.append(theta_dt.sum(axis=0, dtype=np.float64), documents.n_docs)

    def finish(self, statistic, rho):
        self.learned = {"mean": statistic[:-1] / statistic[-1]}
        return float(statistic[-1])


class Old(Term):
    def observe(self, theta_dt, documents):
        self.kept = theta_dt.sum()

    def finish(self, rho):
        return self.kept


class Silent(Term):
    def observe(self, theta_dt, documents):
        self.kept = theta_dt.sum()


class OfTheta(Regularizer):
    side = "theta"

    def __init__(self, tau=0.1, *, term=Term):
        self.tau = tau
        self.term = term

    def bind(self, layout):
        return self.term(layout.n_topics)


def model(**options):
    options = {"max_iter": 2, "tol": 0, "random_state": 0, "dtype": "float64", "n_jobs": 1} | options
    return ARTMTransformer(3, **options)


@pytest.mark.parametrize("online", [{}, {"learning_method": "online", "batch_size": 5}])
def test_statistics_of_all_batches_are_added_up(online):
    X = corpus(0)
    fitted = model(regularizers=[("own", OfTheta())], **online).fit(X)
    assert fitted.history_["own"] == [24.0, 24.0]
    assert fitted.learned_["own"]["mean"].sum() == pytest.approx(1)
    if not online:
        before = model(regularizers=[("own", OfTheta())], max_iter=1).fit(X)
        assert_allclose(fitted.learned_["own"]["mean"], before.transform(X).mean(axis=0), rtol=1e-10)


def test_a_term_that_keeps_what_it_observed_is_told_what_to_change():
    with pytest.raises(
        TypeError, match=r"'own' must have finish\(statistic, rho\). Got finish\(rho\): let observe return"
    ):
        model(regularizers=[("own", OfTheta(term=Old))]).fit(corpus(0))
    with pytest.raises(TypeError, match="'own' must return a statistic from observe"):
        model(regularizers=[("own", OfTheta(term=Silent))]).fit(corpus(0))


def test_rows_are_in_the_order_of_the_documents():
    rows = np.arange(12.0).reshape(6, 2)
    parts = [RowStatistic.of(Documents(start, np.ones(2)), rows[start : start + 2]) for start in (4, 0, 2)]
    places, together = (parts[0] + parts[1] + parts[2]).arrays
    assert_array_equal(places, np.arange(6))
    assert_array_equal(together, rows)
