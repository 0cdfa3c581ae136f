# Non-negative factors of a matrix of which some entries are missing, or count differently: a row meets its own entries
# alone, so a pass over all rows costs what is observed, not the size of the matrix.


cdef inline void add_outer(const real* row, real factor, Py_ssize_t n, Py_ssize_t width,
                           real* gram) noexcept nogil:
    """gram += factor * row row^T, (n, width)."""
    cdef Py_ssize_t t
    for t in range(n):
        if row[t] != 0:
            add_multiple(row, factor * row[t], width, gram + t * width)


cdef inline double dot(const real* a, const real* b, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t t
    cdef double total = 0
    for t in range(n):
        total = total + <double>a[t] * b[t]
    return total


def hals_observed(
    const int64_t[::1] indptr,         # IN   (n_rows + 1), offsets into the next three
    const int32_t[::1] indices,        # IN   columns that are observed
    const real[::1] x,                 # IN   their entries
    const real[::1] weights,           # IN   their weights, positive
    const real[:, ::1] table,          # IN   (n_columns, width): the other factor, transposed
    const double[:, ::1] penalties,    # IN   (n_rows, 2): l1, l2
    tuple inner not None,              # n_components, n_sweeps, ratio: as in hals_sweeps
    real[:, ::1] w,                    # INOUT (n_rows, width), non-negative
    double[:, ::1] totals,             # OUT  (n_rows, 2): squared norm of the projected gradient before; loss after
    real[:, ::1] scratch,              # TMP  (n_threads, (n_components + 2) * width)
    int n_threads,
):
    """Coordinate descent on sum_j v_j (x_j - w h_j)^2 / 2 + l1 sum(w) + l2 |w|^2 / 2 over w >= 0, row by row.

    Equivalent to `hals_sweeps` with, for every row with its columns j, a gram matrix and a target of its own:
        gram = table[j].T @ (v[:, None] * table[j]) + l2 * eye
        target = table[j].T @ (v * x) - l1
    The loss is that without v x^2 / 2.
    """
    cdef Py_ssize_t n_rows = w.shape[0], width = w.shape[1], n_components = inner[0], i, j, t
    cdef int n_sweeps = inner[1]
    cdef double ratio = inner[2]
    cdef real* gram
    cdef real* target
    cdef real* slope
    cdef const real* row
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_rows, schedule="dynamic", chunksize=8):
            gram = &scratch[threadid(), 0]
            target = gram + n_components * width
            slope = target + width
            memset(gram, 0, (n_components + 1) * width * sizeof(real))
            for j in range(indptr[i], indptr[i + 1]):
                row = &table[indices[j], 0]
                add_outer(row, weights[j], n_components, width, gram)
                add_multiple(row, weights[j] * x[j], width, target)
            for t in range(n_components):
                gram[t * width + t] = gram[t * width + t] + <real>penalties[i, 1]
                target[t] = target[t] - <real>penalties[i, 0]
            totals[i, 0] = hals_row(gram, target, n_components, width, n_sweeps,
                                    ratio, &w[i, 0], slope)
            totals[i, 1] = 0.5 * (dot(&w[i, 0], slope, n_components)
                                  - dot(&w[i, 0], target, n_components))


cdef inline double multiplied(const real* base, const real* counts, double l1, double l2, Py_ssize_t n,
                              real* w) noexcept nogil:
    """One step over a row; sum |change| divided by the sum."""
    cdef Py_ssize_t t
    cdef double up, down, value, change = 0, total = 0
    for t in range(n):
        up = <double>w[t] * counts[t]
        down = base[t] + l1
        value = down + sqrt(down * down + 4 * l2 * up)
        if value > 0:
            value = 2 * up / value
            change = change + fabs(value - w[t])
            w[t] = <real>value
        total = total + w[t]
    return change / total if total > 0 else 0


def multiply_observed(
    const int64_t[::1] indptr,         # IN   (n_rows + 1), offsets into the next three
    const int32_t[::1] indices,        # IN   columns that are observed
    const real[::1] counts,            # IN   v x
    const real[::1] weights,           # IN   v, or nothing: then `base` has them all
    const real[:, ::1] base,           # IN   (1, width): sums of the table over entries that are not listed
    const double[:, ::1] factors,      # IN   (n_rows, 3): of base; l1; l2
    const real[:, ::1] table,          # IN   (n_columns, width): the other factor, transposed
    tuple inner not None,              # n_components, n_passes, tol: a row stops when its relative change is below
    real[:, ::1] w,                    # INOUT (n_rows, width), non-negative
    double[::1] losses,                # OUT  (n_rows), after the passes
    real[:, ::1] scratch,              # TMP  (n_threads, 2 * width + capacity * (width + 1))
    int n_threads,
):
    """Multiplicative steps on sum_j v_j (z_j - x_j ln z_j) + l1 sum(w) + l2 |w|^2 / 2, z_j = w h_j, row by row.

    Equivalent to, for every row with its columns j, `n_passes` times or until it moves less than `tol`:
        up = w * (table[j].T @ (counts / (table[j] @ w)))
        down = table[j].T @ weights + factor * base + l1
        w = 2 * up / (down + sqrt(down ** 2 + 4 * l2 * up))
    which is the minimum of what Lee and Seung put above the loss. Components with down = 0 stay as they are. Entries
    with z = 0 are left out of `up`, and charged the logarithm of 1e-16 in the loss.
    """
    cdef Py_ssize_t n_rows = w.shape[0], width = w.shape[1], n_components = inner[0]
    cdef Py_ssize_t capacity, i, j, t, n, start, size
    cdef int n_passes = inner[1], k
    cdef double tol = inner[2]
    cdef real* down
    cdef real* up
    cdef real* z
    cdef real* rows
    cdef const int32_t* index
    cdef const real* x
    cdef double loss
    if n_rows == 0 or table.shape[0] == 0:
        return
    capacity = (scratch.shape[1] - 2 * width) // (width + 1)
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_rows, schedule="dynamic", chunksize=8):
            n = indptr[i + 1] - indptr[i]
            index = &indices[0] + indptr[i] if n else NULL
            x = &counts[0] + indptr[i] if n else NULL
            down = &scratch[threadid(), 0]
            up = down + width
            rows = up + width
            z = rows + capacity * width
            for t in range(width):
                down[t] = <real>factors[i, 0] * base[0, t]
            for j in range(indptr[i], indptr[i + 1] if weights.shape[0] else indptr[i]):
                add_multiple(&table[indices[j], 0], weights[j], width, down)
            for k in range(n_passes):
                expected_counts(document_of(&table[0, 0], width, index, x, 0, n), width, 0, &w[i, 0], up, rows,
                                capacity, k == 0)
                if multiplied(down, up, factors[i, 1], factors[i, 2], n_components,
                              &w[i, 0]) < tol:
                    break
            loss = dot(down, &w[i, 0], n_components)
            for t in range(n_components):
                loss = loss + w[i, t] * (factors[i, 1] + 0.5 * factors[i, 2] * w[i, t])
            start = 0
            while start < n:
                size = min(capacity, n - start)
                if n > capacity or n_passes == 0:
                    copy_rows(&table[0, 0], index + start, size, width, rows)
                dots(rows, size, width, &w[i, 0], z)
                loss = loss - log_likelihood(x + start, z, size)
                # the rows are done with, so that the ratios, which nobody reads, go there
                loss = loss - ratios(x + start, z, size, 0, rows) * log(1e-16)
                start = start + size
            losses[i] = loss
