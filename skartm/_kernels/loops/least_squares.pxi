# Least squares with non-negative rows: coordinate descent, and the products of rows with a table that it needs.

cdef enum:
    DENSE_CHUNK = 48  # rows of a dense X that a thread takes at a time


def sparse_product(
    const int64_t[::1] indptr,         # IN   (n_rows + 1), offsets into indices and x
    const int32_t[::1] indices,        # IN   rows of the table
    const real[::1] x,                 # IN
    const int32_t[::1] places,         # IN   0, 1, ..., as many as the longest row has entries
    const real[:, ::1] table,          # IN   (n_columns, width)
    real[:, ::1] out,                  # OUT  (n_rows, width)
    int n_threads,
):
    """Equivalent to `out = X @ table`."""
    cdef Py_ssize_t n_rows = out.shape[0], width = out.shape[1], i
    cdef const int32_t* index = &indices[0] if indices.shape[0] else NULL
    cdef const int32_t* place = &places[0] if places.shape[0] else NULL
    cdef const real* data = &x[0] if x.shape[0] else NULL
    cdef const real* rows = &table[0, 0] if table.shape[0] else NULL
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_rows, schedule="dynamic", chunksize=32):
            memset(&out[i, 0], 0, width * sizeof(real))
            gather(rows, index + indptr[i], place, data + indptr[i], indptr[i + 1] - indptr[i], width,
                   &out[i, 0])


def dense_product(
    const real[:, ::1] X,              # IN   (n_rows, n_columns)
    const real[:, ::1] table,          # IN   (n_columns, width)
    real[:, ::1] out,                  # OUT  (n_rows, width)
    int n_threads,
):
    """Equivalent to `out = X @ table`; a row of the result depends on no other row, bit for bit."""
    cdef Py_ssize_t n_rows = X.shape[0], n = X.shape[1], width = out.shape[1], b
    cdef Py_ssize_t n_blocks = (n_rows + DENSE_CHUNK - 1) // DENSE_CHUNK
    if n == 0:
        out[:, :] = 0
        return
    for b in prange(n_blocks, schedule="dynamic", chunksize=1, num_threads=team(n_threads), nogil=True):
        dense_rows(&X[b * DENSE_CHUNK, 0], min(DENSE_CHUNK, n_rows - b * DENSE_CHUNK), n, &table[0, 0], width,
                   &out[b * DENSE_CHUNK, 0])


cdef inline void add_multiple(const real* row, real factor, Py_ssize_t width, real* out) noexcept nogil:
    cdef Py_ssize_t t
    for t in range(width):
        out[t] = out[t] + factor * row[t]


cdef inline double hals_row(const real* gram, const real* target, Py_ssize_t n, Py_ssize_t width, int n_sweeps,
                            double ratio, real* w, real* slope) noexcept nogil:
    """Sweeps over one row; the squared norm of its projected gradient before them."""
    cdef Py_ssize_t t
    cdef int sweep
    cdef real value, step, curve
    cdef double norm = 0, first = 0, change
    for t in range(width):
        slope[t] = -target[t]
    for t in range(n):
        if w[t] != 0:
            add_multiple(gram + t * width, w[t], width, slope)
    for t in range(n):
        if w[t] > 0 or slope[t] < 0:
            norm = norm + <double>slope[t] * slope[t]
    for sweep in range(n_sweeps):
        change = 0
        for t in range(n):
            curve = gram[t * width + t]
            if not curve > 0 or (w[t] == 0 and slope[t] >= 0):
                continue
            value = w[t] - slope[t] / curve
            value = value if value > 0 else 0
            step = value - w[t]
            if step == 0:
                continue
            w[t] = value
            add_multiple(gram + t * width, step, width, slope)
            change = change + <double>curve * step * step
        if sweep == 0:
            first = change
        if change <= ratio * first:
            break
    return norm


def hals_sweeps(
    const real[:, ::1] gram,           # IN   (n_components, width): H H^T
    const real[:, ::1] target,         # IN   (n_rows, width): X H^T
    int n_sweeps,
    double ratio,                      # a row stops when a sweep moves it by at most this share of the first one
    real[:, ::1] w,                    # INOUT (n_rows, width), non-negative
    double[::1] slopes,                # OUT  (n_rows): squared norm of the projected gradient before the sweeps
    real[:, ::1] scratch,              # TMP  (n_threads, width)
    int n_threads,
):
    """Coordinate descent on |x - w H|^2 / 2 over w >= 0, row by row.

    Equivalent to, for every row w with its target b, `n_sweeps` times or until a sweep moves it too little:
        for t in range(n_components):
            w[t] = max(w[t] - (gram[t] @ w - b[t]) / gram[t, t], 0)
    where a component with gram[t, t] = 0 stays as it is.
    """
    cdef Py_ssize_t n_rows = w.shape[0], width = w.shape[1], n = gram.shape[0], i
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_rows, schedule="dynamic", chunksize=32):
            slopes[i] = hals_row(&gram[0, 0], &target[i, 0], n, width, n_sweeps, ratio, &w[i, 0],
                                 &scratch[threadid(), 0])
