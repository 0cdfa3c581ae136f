"""Bundled: Python Enhancement Proposals."""

from __future__ import annotations

import numpy as np
from sklearn.utils import Bunch

from skartm.base._order import keep_order

from ._bundled import read_bundled
from ._rows import to_names, wrap_csr


def load_peps() -> Bunch:
    """Load 736 Python Enhancement Proposals, bundled: ordered text, authors, dates, labels and links.

    =================  =========
    Documents                736
    Vocabulary             7,637
    Tokens               803,706
    Authors                  366
    Years              1996-2026
    =================  =========

    A row of ``data`` is the text: its ``indices`` are the tokens in their order, its values 1. Every estimator of a bag
    of words reads the same matrix as counts. Methods of scipy such as ``max`` sort and sum it in place; its order is
    kept beside it (:func:`skartm.feature_extraction.token_order`). Where a sorted matrix is needed, sum a copy::

        counts = corpus.data.copy()
        counts.sum_duplicates()

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        data : CSR of shape (736, 7637), float32
            Token sequences: not sorted, not summed.
        feature_names : ndarray of str of shape (7637,)
            The vocabulary, sorted.
        authors : list of lists of str
            Authors of each document.
        year : ndarray of int of shape (736,)
            Year of creation.
        created : ndarray of datetime64[D] of shape (736,)
            Day of creation.
        titles : ndarray of str of shape (736,)
            Titles.
        numbers : ndarray of int of shape (736,)
            Numbers of the proposals: 8 for PEP 8.
        type : ndarray of str of shape (736,)
            "Standards Track", "Informational" or "Process".
        status : ndarray of str of shape (736,)
            "Final", "Rejected", ...
        topics : list of lists of str
            Zero or more of "Governance", "Packaging", "Release" and "Typing".
        links : CSR of shape (736, 736), float32
            How often the text of proposal i (row) mentions proposal j (column), i != j.
        DESCR : str
            Origin, licence and tokens.

    Examples
    --------
    >>> from skartm.datasets import load_peps
    >>> corpus = load_peps()
    >>> corpus.data.shape
    (736, 7637)
    >>> zen = corpus.titles.tolist().index("The Zen of Python")
    >>> " ".join(corpus.feature_names[corpus.data[zen].indices][13:19])
    'better ugly explicit better implicit simple'
    """
    arrays, side, description = read_bundled("peps")
    n_docs, n_tokens = len(side["numbers"]), len(side["feature_names"])

    indices = arrays["indices"].astype(np.int32)  # kept as uint16
    ones = np.ones(indices.size, dtype=np.float32)
    link_arrays = (arrays[f"link_{name}"] for name in ("data", "indices", "indptr"))
    weights, columns, indptr = (
        array.astype(kind) for array, kind in zip(link_arrays, (np.float32, np.int32, np.int32))
    )
    created = np.array(side["created"], dtype="datetime64[D]")
    names = {key: to_names(side[key], None, key) for key in ("feature_names", "titles", "type", "status")}
    return Bunch(
        data=keep_order(wrap_csr(ones, indices, arrays["indptr"], (n_docs, n_tokens))),
        authors=side["authors"],
        year=created.astype("datetime64[Y]").astype(np.int64) + 1970,
        created=created,
        numbers=np.array(side["numbers"]),
        topics=side["topics"],
        links=wrap_csr(weights, columns, indptr, (n_docs, n_docs)),
        DESCR=description,
        **names,
    )
