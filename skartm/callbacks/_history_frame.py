"""The history of a fit as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

if TYPE_CHECKING:
    import pandas as pd


def history_frame(model: Any) -> pd.DataFrame:
    """Return ``history_`` of a fitted model as a data frame, one row an iteration.

    Parameters
    ----------
    model : fitted topic model, or a pipeline or search with one
        With the attribute ``history_``.

    Returns
    -------
    frame : pandas.DataFrame
        Index ``iteration`` from 1, or from the first update that ``partial_fit`` has kept; the columns are the keys of
        :class:`skartm.em.History`. A list that is shorter than the others, of a regularizer that came with a warm start
        for instance, has its entries at the end.

    Raises
    ------
    ImportError
        If pandas is not installed.

    Examples
    --------
    >>> from skartm import PLSA
    >>> from skartm.callbacks import history_frame
    >>> from skartm.datasets import load_peps
    >>> model = PLSA(3, max_iter=3, tol=0, random_state=0).fit(load_peps().data[:50])
    >>> history_frame(model)[["phi_sparsity", "dead_topics"]].shape
    (3, 2)
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "history_frame needs pandas, which is not installed. Install it with 'pip install pandas', or use "
            "history_, a dict of lists."
        ) from error

    while not hasattr(model, "history_") and (inner := _inside(model)) is not None:
        model = inner
    check_is_fitted(model, "history_")
    n_iter = max(map(len, model.history_.values()), default=0)
    first = getattr(model.history_, "n_dropped", 0) + 1
    index = pd.RangeIndex(first, first + n_iter, name="iteration")
    tracks = {key: pd.Series(track, index=index[n_iter - len(track) :]) for key, track in model.history_.items()}
    return pd.DataFrame(tracks, index=index)


def _inside(estimator: Any) -> Any:
    """Open the model in an estimator, None if there is nothing to open."""
    if isinstance(estimator, Pipeline):
        steps = [step for _, step in estimator.steps if hasattr(step, "history_")]
        return steps[0] if steps else None
    return getattr(estimator, "best_estimator_", None)
