# The word side, over the transpose of a batch, and sums of rows of a table that documents list.

def accumulate(
    const int32_t[::1] tokens,         # IN   tokens of the batch, each once
    const int64_t[::1] starts,         # IN   (n_present + 1), offsets into docs and order
    const int32_t[::1] docs,           # IN   rows of the transpose: documents of a token
    const int32_t[::1] order,          # IN   position of the same non-zero in ratio
    const real[::1] ratio,             # IN   (nnz of the batch)
    const real[:, ::1] theta_dt,       # IN   (n_docs, width)
    const real[:, ::1] phi_wt,         # IN   (n_tokens, width)
    real[:, ::1] n_wt,                 # INOUT (n_tokens, width)
    real[:, ::1] scratch,              # TMP  (n_threads, >= width)
    int n_threads,
):
    """Add the expected counts of every token of the batch.

    Equivalent to `n_wt += phi_wt * (R.T @ theta_dt)` for R the batch with `ratio` as its data.
    """
    cdef Py_ssize_t n_present = tokens.shape[0], width = theta_dt.shape[1]
    cdef Py_ssize_t i, t, w
    cdef real* counts
    cdef const real* phi
    cdef real* n
    if n_present == 0:
        return
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_present, schedule="dynamic", chunksize=32):
            counts = &scratch[threadid(), 0]
            memset(counts, 0, width * sizeof(real))
            gather(&theta_dt[0, 0], &docs[starts[i]], &order[starts[i]], &ratio[0],
                   starts[i + 1] - starts[i], width, counts)
            w = tokens[i]
            phi = &phi_wt[w, 0]
            n = &n_wt[w, 0]
            for t in range(width):
                n[t] = n[t] + phi[t] * counts[t]


def add_rows(
    const int32_t[::1] tokens,         # IN   tokens of the batch, each once
    const int64_t[::1] starts,         # IN   (n_present + 1), offsets into places and order
    const int32_t[::1] places,         # IN   rows that a token has, those of the transpose
    const int32_t[::1] order,          # IN   position of the same non-zero in values
    const real[::1] values,            # IN   (nnz of the batch)
    const real[:, ::1] rows,           # IN   (n_places, width)
    real[:, ::1] n_wt,                 # INOUT (n_tokens, width)
    real[:, ::1] scratch,              # TMP  (n_threads, >= width)
    int n_threads,
):
    """Equivalent to `n_wt += M.T @ rows` for M the batch with `values` as its data: `accumulate` without phi."""
    cdef Py_ssize_t n_present = tokens.shape[0], width = rows.shape[1], i, t
    cdef real* sums
    cdef real* n
    if n_present == 0:
        return
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_present, schedule="dynamic", chunksize=32):
            sums = &scratch[threadid(), 0]
            memset(sums, 0, width * sizeof(real))
            gather(&rows[0, 0], &places[starts[i]], &order[starts[i]], &values[0], starts[i + 1] - starts[i],
                   width, sums)
            n = &n_wt[tokens[i], 0]
            for t in range(width):
                n[t] = n[t] + sums[t]


def normalise_rows(
    const real[:, ::1] phi_wt,         # IN   (n_tokens, width)
    const real[::1] share,             # IN   (width), zeros in the pad
    real[:, ::1] p_wt,                 # OUT  (n_tokens, width), may be phi_wt itself
    int n_threads,
):
    """Equivalent to `p = phi * share; p /= p.sum(axis=1)`; rows without a positive sum become zeros."""
    cdef Py_ssize_t n_tokens = p_wt.shape[0], width = p_wt.shape[1], w, t
    cdef real total
    for w in prange(n_tokens, schedule="static", num_threads=team(n_threads), nogil=True):
        total = 0
        for t in range(width):
            p_wt[w, t] = phi_wt[w, t] * share[t]
            total = total + p_wt[w, t]
        for t in range(width if total > 0 else 0):
            p_wt[w, t] = p_wt[w, t] / total


def row_means(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into indices and x
    const int32_t[::1] indices,        # IN   rows of the table
    const real[::1] x,                 # IN   counts
    const int32_t[::1] places,         # IN   0, 1, ..., as many as the longest row has entries
    const real[:, ::1] p_wt,           # IN   (n_tokens, width); rows sum to 1, or are zeros and do not count
    Py_ssize_t n_topics,
    real[:, ::1] theta_dt,             # OUT  (n_docs, >= n_topics); what is beyond the topics stays
    real[::1] mass,                    # OUT  (n_docs), sum of the counts of the rows that are not zeros
    real[:, ::1] scratch,              # TMP  (n_threads, width)
    int n_threads,
):
    """Mean row of a table for every document, by its counts; uniform for a document without any.

    Equivalent to `theta = X @ p; mass = theta.sum(axis=1); theta = theta / mass if mass > 0 else 1 / n_topics`.
    """
    cdef Py_ssize_t n_docs = theta_dt.shape[0], width = p_wt.shape[1], d, t
    cdef const int32_t* index = &indices[0] if indices.shape[0] else NULL
    cdef const int32_t* place = &places[0] if places.shape[0] else NULL
    cdef const real* counts = &x[0] if x.shape[0] else NULL
    cdef const real* table = &p_wt[0, 0] if p_wt.shape[0] else NULL
    cdef real* sums
    cdef real total
    with nogil, parallel(num_threads=team(n_threads)):
        for d in prange(n_docs, schedule="dynamic", chunksize=32):
            sums = &scratch[threadid(), 0]
            memset(sums, 0, width * sizeof(real))
            gather(table, index + indptr[d], place, counts + indptr[d], indptr[d + 1] - indptr[d], width, sums)
            total = 0
            for t in range(n_topics):
                total = total + sums[t]
            mass[d] = total
            for t in range(n_topics):
                theta_dt[d, t] = sums[t] / total if total > 0 else <real>1 / n_topics
