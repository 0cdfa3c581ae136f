"""Compiled loops that an interruption can stop: some rows at a time, and Python between them.

A signal such as that of Ctrl-C becomes an exception when the interpreter runs, not inside of compiled code. So a loop
over rows that do not depend on each other is called for as many of them as take about a twentieth of a second. Results
have the same bits: a row is computed by one thread, whatever other rows there are.

The functions have the names and the arguments of the loops (see ``skartm._kernels``).
"""

from collections.abc import Iterator
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


# --- documents -------------------------------------------------------------------------------------------------------


def map_documents(
    indptr: NDArray,
    indices: NDArray,
    x: NDArray,
    phi: NDArray,
    prior: NDArray,
    n_passes: int,
    tol: float,
    theta: NDArray,
    ratio: NDArray,
    totals: NDArray,
    scratch: NDArray,
    n_threads: int,
) -> None:
    """Inner passes of documents."""
    for start, stop in portions(indptr, 2.0 * phi.shape[1] * (n_passes + 1), n_threads):
        first, last = (int(indptr[place] - indptr[0]) for place in (start, stop))
        half_step.map_documents(
            indptr[start : stop + 1], indices, x, phi, prior, n_passes, tol, theta[start:stop], ratio[first:last],
            totals[start:stop], scratch, n_threads,
        )  # fmt: skip


def dirichlet_documents(
    indptr: NDArray,
    indices: NDArray,
    x: NDArray,
    phi: NDArray,
    prior: NDArray,
    n_topics: int,
    n_passes: int,
    tol: float,
    gamma: NDArray,
    theta: NDArray,
    ratio: NDArray,
    totals: NDArray,
    scratch: NDArray,
    n_threads: int,
) -> None:
    """Inner passes of documents in variational LDA."""
    for start, stop in portions(indptr, 2.0 * phi.shape[1] * (n_passes + 1), n_threads):
        first, last = (int(indptr[place] - indptr[0]) for place in (start, stop))
        half_step.dirichlet_documents(
            indptr[start : stop + 1], indices, x, phi, prior, n_topics, n_passes, tol, gamma[start:stop],
            theta[start:stop], ratio[first:last], totals[start:stop], scratch, n_threads,
        )  # fmt: skip


def row_means(
    indptr: NDArray,
    indices: NDArray,
    x: NDArray,
    places: NDArray,
    p_wt: NDArray,
    n_topics: int,
    theta: NDArray,
    mass: NDArray,
    scratch: NDArray,
    n_threads: int,
) -> None:
    """Mean rows of documents."""
    for start, stop in portions(indptr, p_wt.shape[1], n_threads):
        half_step.row_means(
            indptr[start : stop + 1], indices, x, places, p_wt, n_topics, theta[start:stop], mass[start:stop],
            scratch, n_threads,
        )  # fmt: skip


def mix_rows(indptr: NDArray, rows: NDArray, weights: NDArray, table: NDArray, out: NDArray, n_threads: int) -> None:
    """Weighted sums of rows of a table."""
    for start, stop in portions(indptr, table.shape[1], n_threads):
        half_step.mix_rows(indptr[start : stop + 1], rows, weights, table, out[start:stop], n_threads)


def group_slopes(
    indptr: NDArray,
    indices: NDArray,
    x: NDArray,
    phi: NDArray,
    group_indptr: NDArray,
    groups: NDArray,
    pi: NDArray,
    psi: NDArray,
    slope: NDArray,
    scratch: NDArray,
    n_threads: int,
) -> None:
    """Derivatives of the log-likelihood of documents by their theta."""
    for start, stop in portions(indptr, 2.0 * phi.shape[1], n_threads):
        half_step.group_slopes(
            indptr[start : stop + 1], indices, x, phi, group_indptr[start : stop + 1], groups, pi, psi,
            slope[start:stop], scratch, n_threads,
        )  # fmt: skip


def row_dots(indptr: NDArray, rows: NDArray, table: NDArray, row_dt: NDArray, out: NDArray, n_threads: int) -> None:
    """Products of rows with some rows of a table."""
    for start, stop in portions(indptr, table.shape[1], n_threads):
        half_step.row_dots(indptr[start : stop + 1], rows, table, row_dt[start:stop], out, n_threads)


def context_left_out(
    indptr: NDArray, *arguments: Any, per_entry: float, z: NDArray, scratch: NDArray, n_threads: int
) -> None:
    """Probabilities of tokens given the others of their texts; ``arguments`` are those between."""
    for start, stop in portions(indptr, per_entry, n_threads):
        first, last = (int(indptr[place] - indptr[0]) for place in (start, stop))
        half_step.context_left_out(indptr[start : stop + 1], *arguments, z[first:last], scratch, n_threads)


# --- edges -----------------------------------------------------------------------------------------------------------


def edge_products(
    starts: NDArray,
    vertices: NDArray,
    powers: NDArray,
    phi: NDArray,
    n_topics: int,
    products: NDArray,
    log_scale: NDArray,
    scratch: NDArray,
    n_threads: int,
) -> None:
    """Products of the rows of phi over the vertices of edges."""
    for start, stop in portions(starts, 8.0 * phi.shape[1], n_threads):
        half_step.edge_products(
            starts[start : stop + 1], vertices, powers, phi, n_topics, products[start:stop], log_scale[start:stop],
            scratch, n_threads,
        )  # fmt: skip


def edge_counts(docs: NDArray, ratio: NDArray, theta: NDArray, products: NDArray, n_threads: int) -> None:
    """Expected counts of the topics of edges."""
    for start, stop in pieces(docs.size, 4.0 * theta.shape[1], n_threads):
        half_step.edge_counts(docs[start:stop], ratio[start:stop], theta, products[start:stop], n_threads)


# --- tokens ----------------------------------------------------------------------------------------------------------


def accumulate(
    tokens: NDArray,
    starts: NDArray,
    docs: NDArray,
    order: NDArray,
    ratio: NDArray,
    theta: NDArray,
    phi: NDArray,
    n_wt: NDArray,
    scratch: NDArray,
    n_threads: int,
) -> None:
    """Expected counts of tokens."""
    for start, stop in portions(starts, theta.shape[1], n_threads):
        half_step.accumulate(
            tokens[start:stop], starts[start : stop + 1], docs, order, ratio, theta, phi, n_wt, scratch, n_threads
        )


def add_rows(
    tokens: NDArray,
    starts: NDArray,
    places: NDArray,
    order: NDArray,
    values: NDArray,
    rows: NDArray,
    n_wt: NDArray,
    scratch: NDArray,
    n_threads: int,
) -> None:
    """Weighted sums of rows for tokens."""
    for start, stop in portions(starts, rows.shape[1], n_threads):
        half_step.add_rows(
            tokens[start:stop], starts[start : stop + 1], places, order, values, rows, n_wt, scratch, n_threads
        )


def normalise_rows(phi: NDArray, share: NDArray, out: NDArray, n_threads: int) -> None:
    """Rows of a table that sum to one."""
    for start, stop in pieces(phi.shape[0], 4.0 * phi.shape[1], n_threads):
        half_step.normalise_rows(phi[start:stop], share, out[start:stop], n_threads)


def block_sums(n_wt: NDArray, tokens: NDArray, floor: float, sums: NDArray, n_threads: int) -> None:
    """Sums over blocks of 256 rows."""
    for start, stop in pieces(tokens.size, 4.0 * n_wt.shape[1], n_threads, multiple=256):
        half_step.block_sums(n_wt, tokens[start:stop], floor, sums[start // 256 : -(-stop // 256)], n_threads)


def scale_columns(n_wt: NDArray, tokens: NDArray, scale: NDArray, floor: float, phi: NDArray, n_threads: int) -> None:
    """Rows of counts times a number for each column."""
    for start, stop in pieces(tokens.size, 4.0 * n_wt.shape[1], n_threads):
        half_step.scale_columns(n_wt, tokens[start:stop], scale, floor, phi, n_threads)


def scale_shifted(
    n_wt: NDArray, tokens: NDArray, shift: NDArray, scale: NDArray, floor: float, phi: NDArray, n_threads: int
) -> None:
    """Rows of counts, each with its number added, times a number for each column."""
    for start, stop in pieces(tokens.size, 4.0 * n_wt.shape[1], n_threads):
        half_step.scale_shifted(n_wt, tokens[start:stop], shift, scale, floor, phi, n_threads)


def row_logs(phi: NDArray, ones: NDArray, floor: float, sums: NDArray, n_threads: int) -> None:
    """Sums of the logarithms of rows."""
    for start, stop in pieces(phi.shape[0], 20.0 * phi.shape[1], n_threads):
        half_step.row_logs(phi[start:stop], ones, floor, sums[start:stop], n_threads)


def exp_dirichlet_columns(
    n_wt: NDArray,
    tokens: NDArray,
    factor: float,
    shift: float,
    scale: NDArray,
    phi: NDArray,
    scratch: NDArray,
    n_threads: int,
) -> None:
    """exp(E[log phi]) of rows."""
    for start, stop in pieces(tokens.size, 30.0 * n_wt.shape[1], n_threads):
        half_step.exp_dirichlet_columns(n_wt, tokens[start:stop], factor, shift, scale, phi, scratch, n_threads)


# --- factors ---------------------------------------------------------------------------------------------------------


def sparse_product(
    indptr: NDArray, indices: NDArray, x: NDArray, places: NDArray, table: NDArray, out: NDArray, n_threads: int
) -> None:
    """Sparse rows times a table."""
    for start, stop in portions(indptr, table.shape[1], n_threads):
        half_step.sparse_product(indptr[start : stop + 1], indices, x, places, table, out[start:stop], n_threads)


def dense_product(X: NDArray, table: NDArray, out: NDArray, n_threads: int) -> None:
    """Rows of an array times a table."""
    for start, stop in pieces(X.shape[0], float(X.shape[1]) * table.shape[1], n_threads):
        half_step.dense_product(X[start:stop], table, out[start:stop], n_threads)


def hals_sweeps(
    gram: NDArray,
    target: NDArray,
    n_sweeps: int,
    ratio: float,
    w: NDArray,
    slopes: NDArray,
    scratch: NDArray,
    n_threads: int,
) -> None:
    """Coordinate descent over rows."""
    for start, stop in pieces(w.shape[0], float(gram.shape[0]) * w.shape[1] * (n_sweeps + 1), n_threads):
        half_step.hals_sweeps(
            gram, target[start:stop], n_sweeps, ratio, w[start:stop], slopes[start:stop], scratch, n_threads
        )


def hals_observed(
    indptr: NDArray,
    indices: NDArray,
    x: NDArray,
    weights: NDArray,
    table: NDArray,
    penalties: NDArray,
    n_sweeps: int,
    ratio: float,
    n_components: int,
    w: NDArray,
    totals: NDArray,
    scratch: NDArray,
    n_threads: int,
) -> None:
    """Coordinate descent over rows, each with a gram matrix of its own."""
    for start, stop in portions(indptr, float(n_components) * w.shape[1], n_threads):
        half_step.hals_observed(
            indptr[start : stop + 1], indices, x, weights, table, penalties[start:stop], n_sweeps, ratio,
            n_components, w[start:stop], totals[start:stop], scratch, n_threads,
        )  # fmt: skip


def multiply_observed(
    indptr: NDArray,
    indices: NDArray,
    counts: NDArray,
    weights: NDArray,
    base: NDArray,
    factors: NDArray,
    table: NDArray,
    n_passes: int,
    tol: float,
    n_components: int,
    w: NDArray,
    losses: NDArray,
    scratch: NDArray,
    n_threads: int,
) -> None:
    """Multiplicative steps over rows."""
    for start, stop in portions(indptr, 4.0 * w.shape[1] * (n_passes + 1), n_threads):
        half_step.multiply_observed(
            indptr[start : stop + 1], indices, counts, weights, base, factors[start:stop], table, n_passes, tol,
            n_components, w[start:stop], losses[start:stop], scratch, n_threads,
        )  # fmt: skip
