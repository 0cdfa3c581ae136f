"""Hints about a fit that has succeeded and yet is not what was wanted: short texts, regularizers that do nothing."""

from typing import Any

import numpy as np

from skartm.base._caller import warn
from skartm.em import EM, WEAK, Bound, blocks_of, row_lengths
from skartm.exceptions import ShortTextsWarning, WeakRegularizerWarning
from skartm.regularizers import check_regularizers

_SHORT = 20.0  # tokens; below, plain EM gets worse with passes on every corpus that was tried
_FEW = 100  # documents; of fewer no topic model is expected, they are an example or a test
_ROWS = 8192  # documents looked at together


def hint(model: Any, engine: EM, X: Any) -> None:
    """Warn of short texts without anything against their overfitting, and of regularizers that move nothing."""
    names = model._get_param_names()
    if "leave_one_out" in names and not model.leave_one_out and not _smooths(model, engine) and _is_short(X):
        msg = (
            f"{type(model).__name__}: documents have fewer than {_SHORT:g} tokens on average, and nothing keeps topics "
            "from being those of single documents, so that they predict other documents badly. Set "
            "leave_one_out=True, add SmoothSparsePhi(0.05) and SmoothSparseTheta(0.1), or take a recipe "
            "(skartm.recipes)."
        )
        warn(msg, ShortTextsWarning)
    regularizers = dict(check_regularizers(model)) if "regularizers" in names else {}
    for name, share in engine.moved.items():
        if share < WEAK and name in regularizers:
            has_relative = "relative" in regularizers[name].get_params(deep=False)
            other = ", or make it a share of the mass: tau=0.05, relative=0.0" if has_relative else ""
            msg = (
                f"{type(model).__name__}: the regularizer {name!r} moved at most {share:.1e} of the mass of its topics "
                f"in a pass, which changes next to nothing. Raise its tau{other}."
            )
            warn(msg, WeakRegularizerWarning)


def _smooths(model: Any, engine: EM) -> bool:
    """Whether a prior, or at the end of the fit a term, adds the same to all topics or to all documents.

    Smooth background topics alone do not: the others are then as they would be without.
    """
    if any(getattr(model, name, 0.0) > 0 for name in ("doc_topic_prior_", "topic_word_prior_")):
        return True
    step, n_steps, _ = model._last_step
    return any(_adds(bound, step, n_steps) for bound in (*engine.terms.phi, *engine.terms.theta))


def _adds(bound: Bound[Any], step: int, n_steps: int | None) -> bool:
    constant = bound.term.constant()
    return constant is not None and bool(np.any(bound.strength.at(step, n_steps) * constant > 0))


def _is_short(X: Any) -> bool:
    """Whether documents that have tokens have few of them; of what is no counts every entry is one."""
    lengths = row_lengths(X)
    n_docs = int(np.count_nonzero(lengths))
    if n_docs < _FEW or int(lengths.sum()) >= _SHORT * n_docs:
        return False
    return sum(float(rows.data.sum(dtype=np.float64)) for _, rows in blocks_of(X, _ROWS)) < _SHORT * n_docs
