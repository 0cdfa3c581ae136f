"""Who wrote which documents: what users have, as shares of authors."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skartm.base import names_in_order, shown
from skartm.base._data import check_structure

_REMEDY = "convert it by skartm.authors_from_mapping(mapping, n_docs)"


@dataclass(frozen=True)
class Authorship:
    """Authors of documents.

    Attributes
    ----------
    names : array of objects of shape (n_authors,)
    shares : csr_matrix of shape (n_docs, n_authors), float64
        Rows sum to 1, or are empty.
    unknown : list
        Names that were asked for and are not among these.
    """

    names: NDArray
    shares: sparse.csr_matrix
    unknown: list[Any]

    def __getitem__(self, rows: Any) -> "Authorship":
        return Authorship(self.names, self.shares[rows], self.unknown)

    @property
    def named(self) -> NDArray:
        """Which documents have an author."""
        return np.diff(self.shares.indptr) > 0

    def only(self, kept: NDArray) -> "Authorship":
        """Without the authors outside of a mask; shares of the others grow."""
        shares = self.shares.copy()
        shares.data[~kept[shares.indices]] = 0
        unknown = [*self.unknown, *self.names[np.unique(self.shares.indices[~kept[self.shares.indices]])]]
        return Authorship(self.names, _normalised(shares), unknown)


def read_authors(
    authors: Any, n_docs: int, owner: str, *, known: NDArray | None = None, column_names: Any = None, grow: bool = True
) -> Authorship:
    """Authors in any of the accepted forms.

    Parameters
    ----------
    authors : lists of names, names, series, data frame, or incidence matrix
    n_docs : int
    owner : str
        Who asks; named in errors.
    known : array of names, default=None
        Authors of the model, which keep their places.
    column_names : sequence of names, default=None
        Of the columns of an incidence matrix.
    grow : bool
        Whether new names become authors, or are ``unknown``.
    """
    if isinstance(authors, Mapping) and not sparse.issparse(authors):
        msg = f"{owner}: authors must have one entry for each document, in the order of X. Got a mapping; {_REMEDY}."
        raise TypeError(msg)
    if _is_incidence(authors):
        if not sparse.issparse(authors) and authors.shape[1] == 1 and authors.dtype.kind in "iu":
            msg = (
                f"{owner}: authors must have one entry for each document, or one column for each author. Got a column "
                f"of integers of shape {authors.shape}, which can be either; pass authors.ravel() if these are numbers "
                "of authors, authors.astype(float) if they are shares of a single author."
            )
            raise ValueError(msg)
        rows, columns, weights, named = _of_incidence(authors, n_docs, owner, known, column_names)
    else:
        rows, columns, weights, named = _of_names(authors, n_docs, owner)
    places = {} if known is None else {name: place for place, name in enumerate(known)}
    new = [name for name in named if name not in places]
    if grow:
        places |= {name: len(places) + number for number, name in enumerate(new)}
    place_of = np.array([places.get(name, -1) for name in named], dtype=np.int64)
    found = place_of[columns] >= 0
    entries = (weights[found], (rows[found], place_of[columns][found]))
    shares = _normalised(sparse.csr_matrix(entries, shape=(n_docs, len(places)), dtype=np.float64))
    names = np.empty(len(places), dtype=object)
    names[:] = list(places)
    return Authorship(names, shares, [] if grow else new)


def place_of_author(name: Any, names: NDArray, owner: str) -> int:
    """Where an author is."""
    found = [place for place, known in enumerate(names) if known == name]
    if found:
        return found[0]
    close = get_close_matches(str(name), [str(known) for known in names], n=1)
    hint = f" Did you mean {shown(close[0])}?" if close else ""
    msg = f"{owner}: the author must be one of the {names.size} in authors_. Got {name!r}.{hint}"
    raise ValueError(msg)


def authors_from_mapping(mapping: Mapping[Any, Iterable[Any]], n_docs: int, *, by: str | None = None) -> list[list]:
    """Authors of every document from a dict of authors to documents, or of documents to authors.

    A list, unlike a dict, is cut with the documents by cross-validation and searches.

    Parameters
    ----------
    mapping : mapping
        ``{"Ann": [0, 2], ...}``, gensim's ``author2doc``, or ``{0: ["Ann", "Bob"], ...}``, its ``doc2author``.
    n_docs : int
        Number of documents; those that are not in the mapping have no authors.
    by : {"author", "document"}, default=None
        What the keys are. None infers it: the side that has anything but integers are the authors.

    Returns
    -------
    list of n_docs lists
        Names of the authors of every document.

    Raises
    ------
    ValueError
        A document outside of 0, ..., n_docs - 1, or only integers without ``by``.

    Examples
    --------
    >>> from skartm import authors_from_mapping
    >>> authors_from_mapping({"Ann": [0, 2], "Bob": [0]}, 3)
    [['Ann', 'Bob'], [], ['Ann']]
    >>> authors_from_mapping({0: ["Ann", "Bob"], 2: ["Ann"]}, 3)
    [['Ann', 'Bob'], [], ['Ann']]
    """
    if not isinstance(mapping, Mapping):
        msg = f"authors_from_mapping: mapping must be a mapping such as a dict. Got {type(mapping).__name__}."
        raise TypeError(msg)
    pairs = [(key, value) for key, values in mapping.items() for value in _names_of(values)]
    if by is None:
        by = _infer_keys(pairs)
    if by not in ("author", "document"):
        msg = f"The 'by' parameter of authors_from_mapping must be None, 'author' or 'document'. Got {shown(by)}."
        raise ValueError(msg)
    authors: list[list] = [[] for _ in range(n_docs)]
    for key, value in pairs:
        name, document = (key, value) if by == "author" else (value, key)
        if not _is_integer(document) or not 0 <= document < n_docs:
            msg = f"authors_from_mapping: documents must be integers from 0 to {n_docs - 1}. Got {shown(document)}."
            raise ValueError(msg)
        authors[int(document)].append(name)
    return authors


def _infer_keys(pairs: Sequence[tuple[Any, Any]]) -> str:
    if not all(_is_integer(value) for _, value in pairs):
        return "document"
    if not all(_is_integer(key) for key, _ in pairs):
        return "author"
    if not pairs:
        return "author"
    msg = "authors_from_mapping: keys and values are all integers; say what the keys are, by='author' or 'document'."
    raise ValueError(msg)


def _is_integer(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _is_incidence(authors: Any) -> bool:
    return sparse.issparse(authors) or (
        isinstance(authors, np.ndarray) and authors.ndim == 2 and authors.dtype.kind in "fiub"
    )


def _of_incidence(
    authors: Any, n_docs: int, owner: str, known: NDArray | None, column_names: Any
) -> tuple[NDArray, NDArray, NDArray, list[Any]]:
    incidence = sparse.coo_matrix(check_structure(authors, "authors"))
    if incidence.shape[0] != n_docs:
        msg = f"{owner}: authors must have a row for each of the {n_docs} documents. Got shape {incidence.shape}."
        raise ValueError(msg)
    weights = incidence.data.astype(np.float64)
    if not np.isfinite(weights).all() or (weights < 0).any():
        msg = f"{owner}: shares of authors must be finite and not negative. Got {weights.min()} to {weights.max()}."
        raise ValueError(msg)
    n_columns = incidence.shape[1]
    if column_names is None:
        fits = known is not None and len(known) == n_columns
        column_names = known if known is not None and fits else np.arange(n_columns)
    names = names_in_order(column_names, None, f"The 'author_names' parameter of {owner}", "columns of authors")
    names = [name.item() if isinstance(name, np.generic) else name for name in names]
    if len(names) != n_columns or len(set(names)) != n_columns:
        msg = f"The 'author_names' parameter of {owner} must be {n_columns} different names, one for each column of "
        raise ValueError(f"{msg}authors. Got {len(names)}, {len(set(names))} of them different.")
    return incidence.row, incidence.col, weights, names


def _of_names(authors: Any, n_docs: int, owner: str) -> tuple[NDArray, NDArray, NDArray, list[Any]]:
    """Rows, columns and weights 1 of the pairs, and the names of the columns in their order."""
    if hasattr(authors, "columns"):
        lists = _of_frame(authors, n_docs, owner)
    elif isinstance(authors, str) or not isinstance(authors, Iterable):
        msg = (
            f"{owner}: authors must have one entry for each document, a name or a list of names. Got {shown(authors)}."
        )
        raise TypeError(msg)
    else:
        lists = [_names_of(entry) for entry in authors]
    if len(lists) != n_docs:
        msg = f"{owner}: authors must have one entry for each of the {n_docs} documents. Got {len(lists)}."
        raise ValueError(msg)
    seen: dict[Any, int] = {}
    rows, columns = [], []
    try:
        for d, entry in enumerate(lists):
            for name in dict.fromkeys(entry):
                rows.append(d)
                columns.append(seen.setdefault(name, len(seen)))
    except TypeError as error:
        msg = f"{owner}: names of authors must be strings or numbers, in one list for each document. Got {error}."
        raise TypeError(msg) from error
    try:
        names = sorted(seen)
    except TypeError:  # of several kinds
        try:
            names = sorted(seen, key=lambda name: (type(name).__name__, name))
        except TypeError as error:
            msg = f"{owner}: names of authors must be strings or numbers, which can be sorted. Got others."
            raise TypeError(msg) from error
    rank = np.empty(len(names), dtype=np.int64)
    rank[[seen[name] for name in names]] = np.arange(len(names))
    return np.array(rows, dtype=np.int64), rank[np.array(columns, dtype=np.int64)], np.ones(len(rows)), names


def _of_frame(frame: Any, n_docs: int, owner: str) -> list[list[Any]]:
    """One column, or the columns "document" (number of the row of X) and "author"."""
    columns = list(frame.columns)
    if len(columns) == 1:
        return [_names_of(entry) for entry in frame[columns[0]]]
    if set(columns) != {"document", "author"}:
        msg = (
            f"{owner}: a data frame of authors must have one column, with a name or a list of names in each row, or "
            f"the columns 'document' and 'author', with a row for each pair. Got {columns}."
        )
        raise ValueError(msg)
    lists: list[list[Any]] = [[] for _ in range(n_docs)]
    for document, name in zip(frame["document"], frame["author"], strict=True):
        if not _is_integer(document) or not 0 <= document < n_docs:
            msg = f"{owner}: the column 'document' of authors must have integers from 0 to {n_docs - 1}. Got "
            raise ValueError(f"{msg}{shown(document)}; a frame of pairs is not cut with the documents, a list is.")
        lists[int(document)].extend(_names_of(name))
    return lists


def _names_of(entry: Any) -> list[Any]:
    """Names of an entry: a name, an iterable of names, or nothing (None, NaN, an empty string)."""
    if type(entry) is list and set(map(type, entry)) <= {str} and "" not in entry:  # most are
        return entry
    if isinstance(entry, np.ndarray) and entry.ndim == 0:
        entry = entry.item()
    if isinstance(entry, (str, bytes)) or not isinstance(entry, Iterable):
        entry = [entry]
    names = (name.item() if isinstance(name, np.generic) else name for name in entry)
    return [name for name in names if not _is_missing(name)]


def _is_missing(name: Any) -> bool:
    if name is None or (isinstance(name, str) and not name):
        return True
    return bool(name != name) if isinstance(name, float) else type(name).__name__ == "NAType"


def _normalised(shares: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows that sum to 1, without zeros."""
    shares.sum_duplicates()
    shares.eliminate_zeros()
    sums = np.asarray(shares.sum(axis=1)).ravel()
    shares.data /= np.repeat(sums, np.diff(shares.indptr))
    return shares
