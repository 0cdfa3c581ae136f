"""The E-step as a function."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.em._batches import Batch
from skartm.em._expectation import Seen, Shared, Sums
from skartm.em._inner import documents_of
from skartm.em._padded import n_zeros
from skartm.em._protocols import Mixture
from skartm.em._strength import Acting
from skartm.em._terms import Documents, ThetaTerm
from skartm.simplex import FLOOR


def e_step(mixture: Mixture, shared: Shared, batch: Batch) -> Seen:
    """The E-step of a batch, a function of its arguments alone.

    It changes none of them. They can be pickled, and so can the result: an E-step may be made in any process, any
    number of times, in any order. Added up in the order of the batches, results give the same bits as in one process.
    """
    found = mixture.expect(shared, batch)
    known = documents_of(shared.acting.theta, batch)
    totals = found.totals if batch.sample_weight is None else found.totals * batch.sample_weight[:, None]
    sums = Sums(
        float(totals[:, 0].sum()),
        batch.mass(),
        float(totals[:, 1].sum()),
        n_zeros(found.theta_dt, shared.n_topics),
        batch.n_docs,
        batch.n_samples,
        observed(known, found.theta_dt[:, : shared.n_topics]),
    )
    if totals.shape[1] > 2:
        sums.others_log_likelihood = float(totals[:, 2].sum() + totals[:, 1].sum() * np.log(FLOOR))
        sums.others_mass = sums.mass
    return Seen(found.counts, sums, found.theta_dt)


def observed(terms: Iterable[tuple[Acting[ThetaTerm], Documents]], theta_dt: NDArray) -> dict[str, Any]:
    """The statistics of terms of theta, by their names, each of the documents as it knows them."""
    statistics = {bound.name: bound.term.observe(theta_dt, documents) for bound, documents in terms}
    for name, statistic in statistics.items():
        if statistic is None:
            msg = (
                f"The term of the regularizer {name!r} must return a statistic from observe, a value that adds up over "
                "batches. Got None; return what was kept in attributes, and read the sum in finish(statistic, rho)."
            )
            raise TypeError(msg)
    return statistics
