"""Tables of edges: columns of containers, vertices and weights, and their names as numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._magnitudes import check_magnitudes

_MANY = (list, tuple, set, frozenset, np.ndarray)
_MISSING = ("NAType", "NaTType")


@dataclass(frozen=True)
class Declaration:
    """Which columns are what.

    Attributes
    ----------
    container : column or None
    vertices : dict of column to modality, or None
        None is all other columns, each a modality of its own.
    weight : column or None
    edge_weights : dict of type to weight
    owner : str
        Named in errors.
    dtype : dtype
        What the model computes in.
    """

    container: Any
    vertices: Mapping[Any, str] | None
    weight: Any
    edge_weights: Mapping[Any, float]
    owner: str
    dtype: Any = np.float64


@dataclass
class Cells:
    """Edges as they are named.

    Attributes
    ----------
    n_rows : int
        Edges of all tables.
    weights, counts : arrays of shape (n_rows,)
        With and without the weights of the types.
    containers : list of arrays
        Names, a table each; None in place of the list if there is one container.
    modalities : dict of modality to list of (rows, names)
        The vertices of every column.
    columns : dict of column to modality
        Those that were found in any table.
    """

    n_rows: int
    weights: NDArray
    counts: NDArray
    containers: list[NDArray] | None
    modalities: dict[str, list[tuple[NDArray, NDArray]]]
    columns: dict[Any, str]


def read_cells(edges: Any, declared: Declaration, sample_weight: Any, *, fitting: bool) -> Cells:
    """The cells of all tables; they may be without vertices, or without some types, unless ``fitting``."""
    tables = _tables(edges, declared, fitting=fitting)
    modalities: dict[str, list[tuple[NDArray, NDArray]]] = {}
    found: dict[Any, str] = {}
    containers: list[NDArray] = []
    weights, counts, start = [], [], 0
    for kind, columns in tables.items():
        n_rows = len(next(iter(columns.values())))
        for column, modality in _vertex_columns(columns, declared, kind, fitting=fitting).items():
            rows, names = flat(columns[column])
            found[column] = modality
            modalities.setdefault(modality, []).append((start + rows, names))
        if declared.container is not None:
            containers.append(_container_names(columns, declared, kind))
        count = np.ones(n_rows) if declared.weight is None else _weights(columns, declared, kind)
        counts.append(count)
        weights.append(count * declared.edge_weights.get(kind, 1.0))
        start += n_rows
    missing = [column for column in declared.vertices or {} if column not in found] if fitting else []
    if missing:
        msg = f"{declared.owner}: vertices must be columns of the edges. Got {missing}, which no table has."
        raise ValueError(msg)
    factor = _factors(sample_weight, start, declared.owner)
    joined = np.concatenate(weights) * factor, np.concatenate(counts) * factor
    return Cells(start, *joined, None if declared.container is None else containers, modalities, found)


def sorted_names(parts: Iterable[NDArray], what: str, owner: str) -> list[Any]:
    """The distinct names of some columns, ascending."""
    distinct: set[Any] = set()
    for names in parts:
        try:
            distinct.update(names.tolist() if names.dtype.kind == "O" else np.unique(names).tolist())
        except TypeError as error:
            msg = f"{owner}: {what} must be strings or numbers. Got something that cannot be looked up: {error}."
            raise TypeError(msg) from None
    try:
        return sorted(distinct)
    except TypeError:
        kinds = sorted({type(name).__name__ for name in distinct})
        msg = f"{owner}: {what} must be of one kind, which can be sorted. Got {' and '.join(kinds)}; make them strings."
        raise TypeError(msg) from None


def numbers_of(names: NDArray, places: Mapping[Any, int]) -> NDArray:
    """The places of names; -1 of one that has none."""
    if names.dtype.kind == "O":
        return np.fromiter((places.get(name, -1) for name in names.tolist()), dtype=np.int64, count=names.size)
    distinct, which = np.unique(names, return_inverse=True)
    return np.array([places.get(name, -1) for name in distinct.tolist()], dtype=np.int64)[which]


def flat(column: Any, *, sets: bool = True) -> tuple[NDArray, NDArray]:
    """Rows and names of the cells that are not missing; a cell may have many names, if ``sets``."""
    array = np.asarray(column)
    everything = np.arange(array.shape[0])
    if array.dtype.kind in "iubUS":
        return everything, array
    if array.dtype.kind == "f":
        kept = ~np.isnan(array)
        return everything[kept], array[kept]
    if array.dtype.kind in "mM":
        kept = ~np.isnat(array)
        return everything[kept], array[kept].astype(str)
    rows: list[int] = []
    names: list[Any] = []
    for row, cell in enumerate(array.tolist()):
        for name in cell if sets and isinstance(cell, _MANY) else (cell,):
            if not _is_missing(name):
                rows.append(row)
                names.append(name)
    return np.array(rows, dtype=np.int64), np.fromiter(names, dtype=object, count=len(names))


# --- columns ---------------------------------------------------------------------------------------------------------


def _tables(edges: Any, declared: Declaration, *, fitting: bool) -> dict[Any, dict[Any, Any]]:
    """Columns of every table, by the type of its edges."""
    owner = declared.owner
    if not isinstance(edges, Mapping):
        if declared.edge_weights and fitting:
            msg = f"{owner}: edge_weights are of types of edges, so edges must be a dict of tables. Got one table."
            raise ValueError(msg)
        edges = {None: edges}
    elif not edges:
        msg = f"{owner}: edges must have at least one table. Got an empty dict."
        raise ValueError(msg)
    for kind in declared.edge_weights:
        if fitting and kind not in edges:
            msg = f"{owner}: edge_weights must name types of edges, which are {list(edges)}. Got {kind!r}."
            raise ValueError(msg)
    return {kind: _columns(table, kind, owner) for kind, table in edges.items()}


def _columns(table: Any, kind: Any, owner: str) -> dict[Any, Any]:
    where = "edges" if kind is None else f"edges of type {kind!r}"
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):  # of pandas, polars and others
        names = list(table.columns)
        if len(set(names)) < len(names) or not names:
            msg = f"{owner}: {where} must have columns of different names. Got {names}."
            raise ValueError(msg)
        return {name: table[name] for name in names}
    array = np.asarray(table) if isinstance(table, np.ndarray) else _array_of_rows(table, where, owner)
    if array.ndim != 2 or array.shape[1] == 0:
        msg = f"{owner}: {where} must be a data frame or a 2-d array, one row an edge. Got shape {array.shape}."
        raise ValueError(msg)
    return {number: array[:, number] for number in range(array.shape[1])}


def _array_of_rows(table: Any, where: str, owner: str) -> NDArray:
    """A list of rows as objects, so that numbers stay numbers and cells may be lists."""
    if isinstance(table, (str, bytes)) or not isinstance(table, Sequence):
        msg = f"{owner}: {where} must be a data frame, a 2-d array or a list of rows. Got {type(table).__name__}."
        raise TypeError(msg)
    strange = next((row for row in table if not isinstance(row, (list, tuple))), None)
    if strange is not None:
        msg = f"{owner}: {where} must have lists or tuples as rows. Got {shown(strange)}; make columns a data frame."
        raise TypeError(msg)
    n_columns = {len(row) for row in table}
    if len(n_columns) != 1 or min(n_columns) < 1:
        msg = f"{owner}: {where} must have rows, all of one length. Got lengths {sorted(n_columns)[:5]}."
        raise ValueError(msg)
    array = np.empty((len(table), n_columns.pop()), dtype=object)
    for number, row in enumerate(table):
        for place, cell in enumerate(row):
            array[number, place] = cell
    return array


def _require(column: Any, parameter: str, columns: Mapping[Any, Any], declared: Declaration, kind: Any) -> None:
    if column not in columns:
        of = "" if kind is None else f" of type {kind!r}"
        msg = f"{declared.owner}: {parameter} must name a column of the edges{of}, which has {list(columns)}. Got "
        raise ValueError(f"{msg}{shown(column)}.")


def _vertex_columns(columns: Mapping[Any, Any], declared: Declaration, kind: Any, *, fitting: bool) -> dict[Any, str]:
    if declared.vertices is None:
        others = [name for name in columns if name not in (declared.container, declared.weight)]
        chosen = {name: str(name) for name in others}
    else:
        chosen = {name: modality for name, modality in declared.vertices.items() if name in columns}
    if not chosen and fitting:
        asked = "any but container and weight" if declared.vertices is None else str(list(declared.vertices))
        of = "edges" if kind is None else f"edges of type {kind!r}"
        msg = f"{declared.owner}: {of} must have a column of vertices ({asked}). Got the columns {list(columns)}."
        raise ValueError(msg)
    return chosen


def _container_names(columns: Mapping[Any, Any], declared: Declaration, kind: Any) -> NDArray:
    _require(declared.container, "container", columns, declared, kind)
    rows, names = flat(columns[declared.container], sets=False)
    n_rows = len(columns[declared.container])
    if rows.size < n_rows:
        row = int(np.setdiff1d(np.arange(n_rows), rows)[0])
        msg = (
            f"{declared.owner}: the column {shown(declared.container)} must have the container of every "
            "edge. Got none in "
        )
        raise ValueError(f"{msg}row {row}.")
    return names


def _weights(columns: Mapping[Any, Any], declared: Declaration, kind: Any) -> NDArray:
    _require(declared.weight, "weight", columns, declared, kind)
    try:
        weights = np.asarray(columns[declared.weight]).astype(np.float64)
    except (TypeError, ValueError):
        weights = np.array([np.nan])
    if not np.isfinite(weights).all() or (weights < 0).any():
        msg = f"{declared.owner}: the column {shown(declared.weight)} must have finite numbers, at least 0, as weights."
        raise ValueError(msg)
    check_magnitudes(declared.owner, weights, declared.dtype)
    return weights


def _factors(sample_weight: Any, n_rows: int, owner: str) -> NDArray:
    if sample_weight is None:
        return np.ones(n_rows)
    factor = np.asarray(sample_weight)
    if factor.shape != (n_rows,) or factor.dtype.kind not in "fiub":
        msg = f"{owner}: sample_weight must be numbers, one for each of the {n_rows} edges. Got"
        raise ValueError(f"{msg} shape {factor.shape}, {factor.dtype}.")
    factor = factor.astype(np.float64)
    if not np.isfinite(factor).all() or (factor < 0).any():
        msg = f"{owner}: sample_weight must be finite and non-negative. Got {factor.min()} to {factor.max()}."
        raise ValueError(msg)
    return factor


def _is_missing(name: Any) -> bool:
    return name is None or type(name).__name__ in _MISSING or (isinstance(name, float) and name != name)
