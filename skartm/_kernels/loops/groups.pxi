# Rows whose theta is a mean of the psi of their groups: theta_d = sum_c pi_cd psi_c.
#
# slope_dt = sum_w (x_dw / z_dw) phi_wt is n_td / theta_td, also where theta_td = 0. With it
#     n_ct = psi_ct sum_d pi_cd slope_dt          `accumulate` over the transpose of pi
#     n_cd = pi_cd sum_t psi_ct slope_dt          `row_dots`


cdef inline void mix_row(const int32_t* rows, const real* weights, Py_ssize_t n, const real* table,
                         Py_ssize_t width, real* out) noexcept nogil:
    cdef Py_ssize_t i, t
    cdef real weight
    cdef const real* row
    memset(out, 0, width * sizeof(real))
    for i in range(n):
        weight = weights[i]
        row = table + rows[i] * width
        for t in range(width):
            out[t] = out[t] + weight * row[t]


def mix_rows(
    const int32_t[::1] indptr,         # IN   (n_docs + 1), offsets into rows and weights
    const int32_t[::1] rows,           # IN   rows of the table
    const real[::1] weights,           # IN
    const real[:, ::1] table,          # IN   (n_rows, width)
    real[:, ::1] out,                  # OUT  (n_docs, width)
    int n_threads,
):
    """Equivalent to `out = csr_matrix((weights, rows, indptr)) @ table`."""
    cdef Py_ssize_t n_docs = out.shape[0], width = out.shape[1], d
    cdef const int32_t* row = &rows[0] if rows.shape[0] else NULL
    cdef const real* weight = &weights[0] if weights.shape[0] else NULL
    cdef const real* first = &table[0, 0] if table.shape[0] else NULL
    if n_docs == 0:
        return
    for d in prange(n_docs, schedule="static", num_threads=team(n_threads), nogil=True):
        mix_row(row + indptr[d], weight + indptr[d], indptr[d + 1] - indptr[d], first, width, &out[d, 0])


def group_slopes(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into indices and x
    const int32_t[::1] indices,        # IN
    const real[::1] x,                 # IN   counts
    const real[:, ::1] phi_wt,         # IN   (n_tokens, width)
    const int32_t[::1] group_indptr,   # IN   (n_docs + 1), offsets into groups and pi
    const int32_t[::1] groups,         # IN   rows of psi
    const real[::1] pi,                # IN
    const real[:, ::1] psi_ct,         # IN   (n_groups, width)
    real[:, ::1] slope_dt,             # OUT  (n_docs, width)
    real[:, ::1] scratch,              # TMP  (n_threads, 7 * width + capacity * (width + 1))
    int n_threads,
):
    """Derivative of the log-likelihood of every row by its theta, a mean of rows of psi.

    Equivalent to, for every row d with its columns w, counts x and groups c:
        theta = pi[c] @ psi_ct[c]
        slope_dt[d] = phi[w].T @ (x / (phi[w] @ theta))
    """
    cdef Py_ssize_t n_docs = slope_dt.shape[0], width = slope_dt.shape[1]
    cdef Py_ssize_t capacity = capacity_of(scratch.shape[1], width)
    cdef Py_ssize_t d, first
    cdef const int32_t* index = &indices[0] if indices.shape[0] else NULL
    cdef const real* counts = &x[0] if x.shape[0] else NULL
    cdef const int32_t* group = &groups[0] if groups.shape[0] else NULL
    cdef const real* share = &pi[0] if pi.shape[0] else NULL
    cdef const real* psi = &psi_ct[0, 0] if psi_ct.shape[0] else NULL
    cdef real* theta
    if n_docs == 0 or phi_wt.shape[0] == 0:
        return
    with nogil, parallel(num_threads=team(n_threads)):
        for d in prange(n_docs, schedule="dynamic", chunksize=16):
            first = group_indptr[d]
            theta = &scratch[threadid(), 0]
            mix_row(group + first, share + first, group_indptr[d + 1] - first, psi, width, theta)
            expected_counts(document_of(&phi_wt[0, 0], width, index, counts, indptr[d], indptr[d + 1]), width, 0,
                            theta, &slope_dt[d, 0], theta + 7 * width, capacity, True)


def row_dots(
    const int32_t[::1] indptr,         # IN   (n_docs + 1), offsets into rows and out
    const int32_t[::1] rows,           # IN   rows of the table
    const real[:, ::1] table,          # IN   (n_rows, width)
    const real[:, ::1] row_dt,         # IN   (n_docs, width)
    real[::1] out,                     # OUT  (len(rows))
    int n_threads,
):
    """Products of every row with some rows of a table.

    Equivalent to `out = (table[rows] * np.repeat(row_dt, np.diff(indptr), axis=0)).sum(axis=1)`.
    """
    cdef Py_ssize_t n_docs = row_dt.shape[0], width = row_dt.shape[1], d, i
    if n_docs == 0 or rows.shape[0] == 0:
        return
    for d in prange(n_docs, schedule="static", num_threads=team(n_threads), nogil=True):
        for i in range(indptr[d], indptr[d + 1]):
            dots(&table[rows[i], 0], 1, width, &row_dt[d, 0], &out[i])
