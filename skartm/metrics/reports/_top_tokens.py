"""The most probable tokens of the topics."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skartm.base import names_in_order, shown
from skartm.base._data import as_floats, check_matrix
from skartm.base._parameters import is_number

if TYPE_CHECKING:
    import pandas as pd


def check_n_top(n_top: int, parameter: str = "n_top") -> None:
    """Raise unless ``n_top`` is an integer of at least 1."""
    if not isinstance(n_top, Integral) or isinstance(n_top, bool) or n_top < 1:
        raise ValueError(
            f"The {parameter!r} parameter must be an int in the range [1, inf). Got {shown(n_top)} instead."
        )


def check_components(components: ArrayLike) -> NDArray[Any]:
    """Return ``components`` as a finite, non-negative array of shape (n_topics, n_features), not to be written."""
    checked: NDArray[Any] = check_matrix(components, "components")
    smallest = checked.min()
    if smallest < 0:
        raise ValueError(
            f"components must hold probabilities or counts, which are non-negative. Got an entry {smallest}; "
            "a factorisation with signs has no most probable tokens."
        )
    return checked


def check_doc_topic(doc_topic: ArrayLike, n_docs: int | None, n_topics: int) -> NDArray[Any]:
    """Return ``doc_topic`` as a finite array of shape (n_docs, n_topics), uncopied if it is one."""
    theta: NDArray[Any] = check_matrix(doc_topic, "doc_topic", non_negative=True, min_rows=0, min_columns=0)
    if theta.shape[1] != n_topics and n_docs is None:
        raise ValueError(f"doc_topic must have one column for each of the {n_topics} topics. Got {theta.shape}.")
    if n_docs is not None and theta.shape != (n_docs, n_topics):
        msg = f"doc_topic must have shape ({n_docs}, {n_topics}), documents of X by topics. Got {theta.shape}."
        raise ValueError(msg)
    return theta


def top_columns(components: NDArray[Any], n_top: int) -> list[NDArray[np.intp]]:
    """Columns of the ``n_top`` largest positive entries of each row, largest first, ties by column.

    Equivalent to ``[[w for w in np.argsort(-row, kind="stable")[:n_top] if row[w] > 0] for row in components]``,
    without sorting the whole vocabulary.
    """
    n_features = components.shape[1]
    tops = []
    for row in components:
        if n_top < n_features:
            # argpartition alone would break ties at the cut arbitrarily: keep everything tied with the last entry
            cut = np.partition(row, n_features - n_top)[n_features - n_top]
            candidates = np.flatnonzero((row >= cut) & (row > 0))
        else:
            candidates = np.flatnonzero(row > 0)
        # unsigned integers have no negatives; a reversed stable sort of the reversed array breaks ties by column too
        order = np.argsort(row[candidates][::-1], kind="stable")[::-1]
        tops.append(candidates[candidates.size - 1 - order][:n_top])
    return tops


def check_relevance(relevance: Any) -> float:
    """Return ``relevance`` as a float; raise unless it is a finite number of at least 0."""
    if not is_number(relevance) or not 0 <= relevance < np.inf:
        msg = f"The 'relevance' parameter must be a finite number of at least 0. Got {shown(relevance)} instead."
        raise ValueError(msg) if is_number(relevance) else TypeError(msg)
    return float(relevance)


def lifted(components: NDArray[Any], relevance: float, token_mass: ArrayLike | None = None) -> NDArray[Any]:
    """Return what orders the tokens of each topic as ``phi * (phi / p_w) ** relevance`` does.

    It is the root of that of degree 1 + relevance, ``components * p ** (-relevance / (1 + relevance))`` with
    ``p = token_mass / token_mass.sum()``: a power for every token and not for every entry. Tokens without mass have 0.
    """
    given = token_mass.A1 if isinstance(token_mass, np.matrix) else token_mass  # as sums of a sparse matrix are
    mass = None if given is None else as_floats(given, "token_mass")
    if mass is not None and (mass.shape != components.shape[1:] or not (np.isfinite(mass) & (mass >= 0)).all()):
        raise ValueError(
            f"token_mass must have one finite, non-negative number for each of the {components.shape[1]} columns of "
            f"components. Got {shown(token_mass)}."
        )
    if relevance == 0:
        return components
    if mass is None:
        mass = components.sum(axis=0, dtype=np.float64)
    factors = np.zeros(mass.size)
    factors[mass > 0] = (mass[mass > 0] / mass.sum()) ** (-relevance / (1 + relevance))
    return components * factors


def label_columns(
    tops: list[NDArray[np.intp]], feature_names: Sequence[str] | NDArray[Any] | None, n_features: int
) -> list[list[Any]]:
    """Return the names of the columns that are listed for each topic, or the columns (int) without names."""
    if feature_names is None:
        return [top.tolist() for top in tops]
    names = names_in_order(feature_names, n_features, "feature_names", "columns of components")
    return [[names[column] for column in top] for top in tops]


def top_tokens(
    components: ArrayLike,
    feature_names: Sequence[str] | NDArray[Any] | None = None,
    *,
    n_top: int = 10,
    relevance: float = 0.0,
    token_mass: ArrayLike | None = None,
) -> list[list[Any]]:
    """Most probable tokens of each topic, most probable first; or those of the largest relevance.

    Ties are broken by the column index. A token of probability zero is never listed, so the list of a sparse topic may
    be shorter than ``n_top``, and that of a dead topic is empty.

    Parameters
    ----------
    components : array-like of shape (n_topics, n_features)
        Non-negative probabilities (or counts) of the tokens in the topics.
    feature_names : sequence of shape (n_features,), default=None
        Names of the columns, as ``vectorizer.get_feature_names_out()`` gives them, or a mapping of names to columns
        (``vectorizer.vocabulary_``) or of columns to names. None lists column indices.
    n_top : int, default=10
        Largest number of tokens of a topic.
    relevance : float, default=0.0
        Exponent r of the lift: tokens are ordered by ``phi_wt * (phi_wt / p_w) ** r``. 0 is by probability. With 0.3
        words that many topics have come later, and lists differ more. The relevance of LDAvis [1]_, ``l * ln phi_wt +
        (1 - l) * ln(phi_wt / p_w)``, has the same order with ``l = 1 / (1 + r)``.
    token_mass : array-like of shape (n_features,), default=None
        Tokens of every column in the corpus, or any multiple, from which ``p_w`` is. A token without mass has no lift,
        and is listed only with ``relevance=0``. None takes the sums of the columns of ``components``: topics are
        equally probable if their rows sum to 1.

    Returns
    -------
    tokens : list of n_topics lists of tokens
        Names of the columns, or their indices (int) without ``feature_names``.

    Raises
    ------
    ValueError
        If ``components`` is not a finite non-negative matrix, if the number of names or of masses is wrong, if
        ``n_top < 1``, or if ``relevance`` is negative.

    See Also
    --------
    topic_table : The same with the probabilities, as a data frame.
    WordChoice : Words that occur together, beside that.

    References
    ----------
    .. [1] C. Sievert, K. Shirley. "LDAvis: A method for visualizing and interpreting topics." ACL workshop on
       interactive language learning, visualization, and interfaces, 2014.

    Examples
    --------
    >>> from skartm.metrics import top_tokens
    >>> phi = [[0.5, 0.0, 0.2, 0.3], [0.0, 1.0, 0.0, 0.0]]
    >>> top_tokens(phi, ["cat", "stock", "dog", "milk"], n_top=2)
    [['cat', 'milk'], ['stock']]
    >>> top_tokens(phi)
    [[0, 3, 2], [1]]
    >>> top_tokens([[0.6, 0.4, 0.0], [0.7, 0.0, 0.3]], ["the", "cat", "dog"], relevance=1)
    [['cat', 'the'], ['the', 'dog']]
    """
    check_n_top(n_top)
    components = check_components(components)
    weights = lifted(components, check_relevance(relevance), token_mass)
    return label_columns(top_columns(weights, n_top), feature_names, components.shape[1])


def topic_table(
    components: ArrayLike,
    feature_names: Sequence[str] | NDArray[Any] | None = None,
    *,
    n_top: int = 10,
    topic_names: Sequence[str] | NDArray[Any] | None = None,
    relevance: float = 0.0,
    token_mass: ArrayLike | None = None,
) -> pd.DataFrame:
    """Most probable tokens of each topic with their probabilities, as a pandas data frame in long form.

    The rows are those of `top_tokens`: topics in their order, tokens by decreasing probability or relevance, no zero
    probabilities, and no rows for a dead topic.

    Parameters
    ----------
    components : array-like of shape (n_topics, n_features)
        Non-negative probabilities of the tokens in the topics; shown as they are, not normalised.
    feature_names : sequence of shape (n_features,), default=None
        Names of the columns. None shows column indices.
    n_top : int, default=10
        Largest number of tokens of a topic.
    topic_names : sequence of shape (n_topics,), default=None
        Names of the rows of ``components``. None shows row indices.
    relevance : float, default=0.0
    token_mass : array-like of shape (n_features,), default=None
        As in `top_tokens`.

    Returns
    -------
    table : pandas.DataFrame
        Columns ``topic``, ``rank`` (from 1), ``token`` and ``probability``.

    Raises
    ------
    ImportError
        If pandas is not installed.
    ValueError
        As of `top_tokens`.

    See Also
    --------
    top_tokens : The tokens alone, without pandas.

    Examples
    --------
    >>> from skartm.metrics import topic_table
    >>> phi = [[0.75, 0.0, 0.25], [0.0, 1.0, 0.0]]
    >>> topic_table(phi, ["cat", "stock", "dog"], topic_names=["pets", "money"])
       topic  rank  token  probability
    0   pets     1    cat         0.75
    1   pets     2    dog         0.25
    2  money     1  stock         1.00
    """
    check_n_top(n_top)
    components = check_components(components)
    tops = top_columns(lifted(components, check_relevance(relevance), token_mass), n_top)
    return table_of(tops, components, feature_names, topic_names)


def table_of(
    tops: list[NDArray[np.intp]],
    components: NDArray[Any],
    feature_names: Sequence[str] | NDArray[Any] | None,
    topic_names: Sequence[str] | NDArray[Any] | None,
) -> pd.DataFrame:
    """Return a data frame of the columns that are listed for each topic."""
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "topic_table needs pandas, which is not installed. Install it with 'pip install pandas', "
            "or use top_tokens, which returns plain lists."
        ) from error

    n_topics, n_features = components.shape
    names = range(n_topics) if topic_names is None else names_in_order(topic_names, n_topics, "topic_names", "topics")
    sizes = [top.size for top in tops]
    return pd.DataFrame(
        {
            "topic": [name for name, size in zip(names, sizes, strict=True) for _ in range(size)],
            "rank": np.concatenate([np.arange(1, size + 1) for size in sizes]),
            "token": [token for tokens in label_columns(tops, feature_names, n_features) for token in tokens],
            "probability": np.concatenate([row[top] for row, top in zip(components, tops, strict=True)]),
        }
    )
