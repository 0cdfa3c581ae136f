"""Compiled loops that an interruption can stop: some rows at a time, and Python between them.

A signal such as that of Ctrl-C becomes an exception when the interpreter runs, not inside of compiled code. So a loop
over rows that do not depend on each other is called for as many of them as take about a twentieth of a second. Results
have the same bits: a row is computed by one thread, whatever other rows there are.

The functions have the names and the arguments of the loops (see ``skartm/_kernels/loops``).
"""

import inspect
from collections import namedtuple
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm._kernels import half_step

_WORK = 1e8  # multiply-adds of one thread between two looks at signals


def portions(offsets: NDArray, per_entry: float, n_threads: int) -> Iterator[tuple[int, int]]:
    """Consecutive ranges of rows, each of bounded work but for a single long row.

    Parameters
    ----------
    offsets : array of shape (n_rows + 1,), ascending
        Where the entries of the rows begin.
    per_entry : float
        Multiply-adds of an entry.
    n_threads : int
    """
    n_rows, limit = offsets.size - 1, _WORK * n_threads / max(per_entry, 1e-9)
    if n_rows < 2 or offsets[-1] - offsets[0] <= limit:
        yield 0, n_rows
        return
    start = 0
    while start < n_rows:
        after = int(np.searchsorted(offsets, int(offsets[start]) + int(limit), side="right")) - 1
        stop = min(max(after, start + 1), n_rows)
        yield start, stop
        start = stop


def pieces(n_rows: int, per_row: float, n_threads: int, multiple: int = 1) -> Iterator[tuple[int, int]]:
    """Consecutive ranges of rows of the same work; they begin at multiples of ``multiple``."""
    most = max(int(_WORK * n_threads / max(per_row, 1e-9)) // multiple, 1) * multiple
    if n_rows <= most:
        yield 0, n_rows
        return
    for start in range(0, n_rows, most):
        yield start, min(start + most, n_rows)


def _portioned(
    name: str, cost: Callable[[Any], float], *, rows: str = "", offsets: str = "", entries: str = "", blocks: str = ""
) -> Callable[..., None]:
    """A loop that is called for some rows at a time.

    Parameters
    ----------
    name : str
    cost : callable
        Multiply-adds of an entry, or of a row without ``offsets``; it is given the arguments as attributes.
    rows, offsets, entries, blocks : str
        Names of arguments that are cut: those with a number for each row, with the offsets of the rows, with a number
        for each entry, and with one for each 256 rows. The first of ``offsets``, else of ``rows``, says how many rows
        there are.
    """
    loop = getattr(half_step, name)
    names = list(inspect.signature(loop).parameters)
    kinds = {"offsets": offsets.split(), "rows": rows.split(), "entries": entries.split(), "blocks": blocks.split()}
    kind_of = [next((kind for kind, cut in kinds.items() if argument in cut), None) for argument in names]
    first, last = names.index((kinds["offsets"] or kinds["rows"])[0]), names.index("n_threads")
    given_of: Any = namedtuple("given_of", names)  # type: ignore[misc]

    def in_portions(*arguments: Any) -> None:
        leading, n_threads, per_row = arguments[first], arguments[last], cost(given_of(*arguments))
        n = int(leading[-1] - leading[0]) if offsets else leading.shape[0]
        if n * per_row <= _WORK * n_threads:
            loop(*arguments)
            return
        if offsets:
            ranges = portions(leading, per_row, n_threads)
        else:
            ranges = pieces(n, per_row, n_threads, 256 if blocks else 1)
        for start, stop in ranges:
            cuts = {"offsets": slice(start, stop + 1), "rows": slice(start, stop)}
            if entries:
                cuts["entries"] = slice(*(int(leading[place] - leading[0]) for place in (start, stop)))
            if blocks:
                cuts["blocks"] = slice(start // 256, -(-stop // 256))
            loop(*(value if kind is None else value[cuts[kind]] for value, kind in zip(arguments, kind_of)))

    return in_portions


def _width(table: str, factor: float) -> Callable[[Any], float]:
    """A cost of some multiply-adds for each column of an argument."""
    return lambda given: factor * getattr(given, table).shape[1]


# documents
map_documents = _portioned(
    "map_documents", lambda given: 2.0 * given.phi_wt.shape[1] * (given.n_passes + 1),
    offsets="indptr", rows="theta_dt totals", entries="ratio",
)  # fmt: skip
dirichlet_documents = _portioned(
    "dirichlet_documents", lambda given: 2.0 * given.phi_wt.shape[1] * (given.inner[1] + 1),
    offsets="indptr", rows="gamma_dt theta_dt totals", entries="ratio",
)  # fmt: skip
leave_out_documents = _portioned(
    "leave_out_documents", lambda given: 6.0 * given.phi_wt.shape[1] * (given.inner[0] + 1),
    offsets="indptr", rows="documents theta_dt totals", entries="cells",
)  # fmt: skip
row_means = _portioned("row_means", _width("p_wt", 1.0), offsets="indptr", rows="theta_dt mass")
mix_rows = _portioned("mix_rows", _width("table", 1.0), offsets="indptr", rows="out")
group_slopes = _portioned("group_slopes", _width("phi_wt", 2.0), offsets="indptr group_indptr", rows="slope_dt")
row_dots = _portioned("row_dots", _width("table", 1.0), offsets="indptr", rows="row_dt")
context_left_out = _portioned(
    "context_left_out", lambda given: float(np.diff(given.indptr).max(initial=0)) * given.phi_wt.shape[1],
    offsets="indptr", entries="z",
)  # fmt: skip

# edges
edge_products = _portioned("edge_products", _width("phi_wt", 8.0), offsets="starts", rows="products log_scale")
edge_counts = _portioned("edge_counts", _width("theta_dt", 4.0), rows="docs ratio products")

# tokens
accumulate = _portioned("accumulate", _width("theta_dt", 1.0), offsets="starts", rows="tokens")
leave_out_words = _portioned("leave_out_words", _width("theta_dt", 4.0), offsets="starts", rows="tokens")
add_rows = _portioned("add_rows", _width("rows", 1.0), offsets="starts", rows="tokens")
normalise_rows = _portioned("normalise_rows", _width("phi_wt", 4.0), rows="phi_wt p_wt")
block_sums = _portioned("block_sums", _width("n_wt", 4.0), rows="tokens", blocks="sums")
scale_columns = _portioned("scale_columns", _width("n_wt", 4.0), rows="tokens")
scale_shifted = _portioned("scale_shifted", _width("n_wt", 4.0), rows="tokens")
row_logs = _portioned("row_logs", _width("phi_wt", 20.0), rows="phi_wt sums")
exp_dirichlet_columns = _portioned("exp_dirichlet_columns", _width("n_wt", 30.0), rows="tokens")

# factors
sparse_product = _portioned("sparse_product", _width("table", 1.0), offsets="indptr", rows="out")
dense_product = _portioned("dense_product", lambda given: float(given.X.shape[1]) * given.table.shape[1], rows="X out")
hals_sweeps = _portioned(
    "hals_sweeps", lambda given: float(given.gram.shape[0]) * given.w.shape[1] * (given.n_sweeps + 1),
    rows="target w slopes",
)  # fmt: skip
hals_observed = _portioned(
    "hals_observed", lambda given: float(given.inner[0]) * given.w.shape[1],
    offsets="indptr", rows="penalties w totals",
)  # fmt: skip
multiply_observed = _portioned(
    "multiply_observed", lambda given: 4.0 * given.w.shape[1] * (given.inner[1] + 1),
    offsets="indptr", rows="factors w losses",
)  # fmt: skip
