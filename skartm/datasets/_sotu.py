"""Bundled: State of the Union addresses."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.utils import Bunch

from ._bundled import read_bundled
from ._rows import to_names, wrap_csr


def load_sotu() -> Bunch:
    """Load 240 State of the Union addresses, bundled: counts of paragraphs, presidents, parties, years.

    =================  =========
    Documents                240
    Paragraphs            21,638
    Vocabulary             7,758
    Tokens               821,799
    Presidents                42
    Years              1790-2020
    =================  =========

    An address goes through everything that a government does, so its paragraphs make the better documents of a topic
    model. The counts of an address are the sums of its paragraphs.

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        data : CSR of shape (240, 7758), float32
            Counts of the addresses, in the order of time.
        feature_names : ndarray of str of shape (7758,)
            The vocabulary, sorted.
        paragraphs : CSR of shape (21638, 7758), float32
            Counts of the paragraphs, in the order of the text.
        address : ndarray of int of shape (21638,)
            Rows of ``data`` that the paragraphs belong to, ascending.
        year : ndarray of int of shape (240,)
            Years; some have two addresses.
        president : ndarray of str of shape (240,)
            Presidents.
        party : ndarray of str of shape (240,)
            "Democratic", "Democratic-Republican", "Federalist", "Nonpartisan", "Republican" or "Whig".
        type : ndarray of str of shape (240,)
            "speech" or "written".
        DESCR : str
            Origin, licence and tokens.

    Examples
    --------
    >>> from skartm.datasets import load_sotu
    >>> corpus = load_sotu()
    >>> corpus.paragraphs.shape
    (21638, 7758)
    >>> corpus.year[corpus.address[-1]], corpus.president[0]
    (np.int64(2020), 'George Washington')
    """
    bundled = read_bundled("sotu")
    side = bundled.side
    names = {key: to_names(side[key], None, key) for key in ("feature_names", "president", "party", "type")}
    paragraphs = bundled.counts("paragraphs", names["feature_names"].size)
    address = np.repeat(np.arange(len(side["year"])), bundled.arrays["lengths"])
    return Bunch(
        data=_sums(paragraphs, bundled.arrays["lengths"]),
        paragraphs=paragraphs,
        address=address,
        year=np.array(side["year"]),
        DESCR=bundled.description,
        **names,
    )


def _sums(paragraphs, lengths):
    """Rows that follow each other added up, in canonical form."""
    ends = np.concatenate([[0], np.cumsum(lengths)])
    shape = lengths.size, paragraphs.shape[1]
    rows = csr_matrix((paragraphs.data, paragraphs.indices, paragraphs.indptr[ends]), shape, copy=True)
    rows.sum_duplicates()
    return wrap_csr(rows.data, rows.indices, rows.indptr, rows.shape)
