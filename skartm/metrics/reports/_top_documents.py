"""The documents in which a topic has the largest share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skartm.base import names_in_order
from skartm.metrics.reports._top_tokens import check_components, check_n_top, top_columns


def top_documents(
    doc_topic: ArrayLike, titles: Sequence[Any] | NDArray[Any] | None = None, *, n_top: int = 10
) -> list[list[Any]]:
    """Documents of each topic with the largest ``theta_td``, largest first.

    Ties are broken by the number of the document; a document without the topic is never listed.

    Parameters
    ----------
    doc_topic : array-like of shape (n_docs, n_topics)
        theta, as ``transform`` returns it.
    titles : sequence of shape (n_docs,), default=None
        What to show of a document. None shows its number.
    n_top : int, default=10
        Largest number of documents of a topic.

    Returns
    -------
    documents : list of n_topics lists

    See Also
    --------
    top_tokens : The most probable tokens of the topics.

    Examples
    --------
    >>> from skartm.metrics import top_documents
    >>> top_documents([[0.9, 0.1], [0.2, 0.8], [1.0, 0.0]], ["a", "b", "c"], n_top=2)
    [['c', 'a'], ['b', 'a']]
    """
    check_n_top(n_top)
    theta = check_components(doc_topic)
    tops = top_columns(np.ascontiguousarray(theta.T), n_top)
    if titles is None:
        return [top.tolist() for top in tops]
    names = names_in_order(titles, len(theta), "titles", "documents")
    return [[names[document] for document in top] for top in tops]
