"""History: one entry an iteration."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from skartm.em._loop import Pass
from skartm.em._padded import n_zeros


class History(dict):
    """Lists of equal length, one entry an iteration: all those of a fit, or the last thousand updates of a stream.

    Attributes
    ----------
    n_dropped : int
        Entries before the first one, which ``partial_fit`` has dropped.

    Notes
    -----
    The keys:

    log_likelihood : sum of x ln p(w|d) with the phi and the final theta of the E-step
    perplexity : exp(-log-likelihood per token); tokens without probability are charged 1e-16
    objective : log-likelihood per token plus the regularizers per token, each with the coefficient it was applied with
    phi_sparsity, theta_sparsity : share of zeros
    dead_topics : topics without tokens
    left_out : mass of tokens without probability
    seconds : wall time of the iteration
    left_out_perplexity : with ``leave_one_out``, perplexity of every token by the others of its document
    validation_perplexity : held-out perplexity, with ``validation_fraction``
    <name> : value of the regularizer of that name at tau = 1; NaN in iterations (of a warm start, or before) without it

    The coefficient is tau or, where the strength is relative, the mean over topics (and modalities) of the factors
    that it led to. The regularizers are those of the phi that the iteration ends with, and of the theta that it saw;
    those of p(t|d,w) have no value. Online those of phi are scaled from the corpus to the documents of the pass.
    """

    UPDATES = 1000
    n_dropped = 0
    KEYS = (
        "log_likelihood",
        "perplexity",
        "objective",
        "phi_sparsity",
        "theta_sparsity",
        "dead_topics",
        "left_out",
        "seconds",
        "validation_perplexity",
        "left_out_perplexity",
    )

    def recorded(
        self,
        result: Pass,
        phi: NDArray,
        n_topics: int,
        topic_mass: NDArray,
        values: Mapping[str, float],
        coefficients: Mapping[str, float],
        validation_perplexity: float | None = None,
        kept: int | None = None,
    ) -> "History":
        """The history with one more entry in every list; what was not there in some iterations is NaN in these.

        ``kept`` entries at most, the last ones; None keeps all. This one stays as it is.
        """
        mean = result.mean_log_likelihood
        penalty = sum(coefficients.get(name, 0.0) * value for name, value in values.items())
        entry = {
            "log_likelihood": result.log_likelihood,
            "perplexity": float(np.exp(min(-mean, 700.0))),
            "objective": mean + penalty / max(result.mass, 1.0),
            "phi_sparsity": n_zeros(phi, n_topics) / max(phi.shape[0] * n_topics, 1),
            "theta_sparsity": result.theta_zeros / max(result.n_docs * n_topics, 1),
            "dead_topics": int(np.count_nonzero(topic_mass <= 0)),
            "left_out": result.left_out,
            "seconds": result.seconds,
            **values,
        }
        if result.others_mass > 0:
            mean_by_others = result.others_log_likelihood / result.others_mass
            entry["left_out_perplexity"] = float(np.exp(min(-mean_by_others, 700.0)))
        elif "left_out_perplexity" in self and result.left_out >= result.mass:  # there was nothing to learn from
            entry["left_out_perplexity"] = entry["perplexity"]
        if validation_perplexity is not None:
            entry["validation_perplexity"] = validation_perplexity
        n_before = len(self.get("log_likelihood", []))
        dropped = 0 if kept is None else max(n_before + 1 - kept, 0)
        new = History()
        for key in {**self, **entry}:
            new[key] = [*self.get(key, [np.nan] * n_before)[dropped:], entry.get(key, np.nan)]
        new.n_dropped = self.n_dropped + dropped
        return new

    def change(self, key: str = "objective", *, relative: bool = False) -> float:
        """Absolute change of the last entry, or of its logarithm; infinite where there are not two to compare."""
        last = self.get(key, [])[-2:]
        if len(last) < 2:
            return np.inf
        return float(abs(np.log(last[1] / last[0]))) if relative else abs(last[1] - last[0])

    def __copy__(self) -> "History":
        new = History({key: list(track) for key, track in self.items()})
        new.n_dropped = self.n_dropped
        return new

    def __deepcopy__(self, memo: dict) -> "History":
        return self.__copy__()
