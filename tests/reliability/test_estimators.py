"""The table of estimators is complete."""

from tests.reliability.estimators import CASES, ELSEWHERE, PLAIN, public_estimators


def test_every_public_estimator_has_a_case():
    tried = {type(case.estimator).__name__ for case in CASES.values()}
    assert tried.isdisjoint(ELSEWHERE)
    assert set(public_estimators()) == tried | set(ELSEWHERE)
    assert {type(case.estimator).__name__ for case in PLAIN.values()} == tried
