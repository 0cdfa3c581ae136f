# The document side: inner passes of rows on a thread-local copy of their phi rows, and the last ratios.

cdef struct Document:              # a row of X, and the table whose rows it mixes
    const real* table              # (n_tokens, width)
    const int32_t* index           # (n)
    const real* x                  # (n)
    Py_ssize_t n
    Py_ssize_t width


cdef inline Document document_of(const real* table, Py_ssize_t width, const int32_t* index, const real* x,
                                 Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    cdef Document document
    document.table, document.width = table, width
    document.index, document.x, document.n = index + start, x + start, stop - start
    return document


cdef inline void expected_counts(Document row, Py_ssize_t width, real eps, const real* theta, real* counts,
                                 real* rows, Py_ssize_t capacity, bint fresh) noexcept nogil:
    """counts = ratio @ phi[index]. The rows, once packed to `width`, stay in the buffer between passes if all fit."""
    cdef Py_ssize_t start = 0, size
    memset(counts, 0, width * sizeof(real))
    while start < row.n:
        size = min(capacity, row.n - start)
        if fresh or row.n > capacity:
            copy_rows(row.table, row.index + start, size, width, rows)
        mix(rows, row.x + start, size, width, eps, theta, counts)
        start = start + size


cdef inline void last_ratios(Document row, Py_ssize_t width, real eps, const real* theta, real* z, real* ratio,
                             double* totals, real* rows, Py_ssize_t capacity, bint fresh) noexcept nogil:
    """ratio = x / z of the final theta; totals = log-likelihood, left-out mass."""
    cdef Py_ssize_t start = 0, size
    totals[0] = 0
    totals[1] = 0
    while start < row.n:
        size = min(capacity, row.n - start)
        if fresh or row.n > capacity:
            copy_rows(row.table, row.index + start, size, width, rows)
        dots(rows, size, width, theta, z)
        totals[0] = totals[0] + log_likelihood(row.x + start, z, size)
        totals[1] = totals[1] + ratios(row.x + start, z, size, eps, ratio + start)
        start = start + size


# A thread's scratch: five rows of topics, two of positions, z and the gathered rows.
#     counts, theta, prior, gamma, spare | place, topics | z (capacity) | rows (capacity, width)

cdef inline Py_ssize_t capacity_of(Py_ssize_t size, Py_ssize_t width) noexcept nogil:
    return (size - 7 * width) // (width + 1)


cdef inline Py_ssize_t packed_width(Py_ssize_t n_active) noexcept nogil:
    cdef Py_ssize_t lanes = 64 // sizeof(real)
    return max((n_active + lanes - 1) // lanes, 1) * lanes


cdef inline void mark_active(const real* theta, const real* prior, Py_ssize_t width, real least,
                             real least_prior, int32_t* place, int32_t* topics) noexcept nogil:
    cdef Py_ssize_t t, k = 0
    for t in range(width):
        if theta[t] > least or prior[t] > least_prior:
            place[k] = <int32_t>t
            topics[k] = topics[t]
            k = k + 1


cdef struct Packed:                # the topics that take part in the inner passes of a document
    real* theta                    # that of the document until topics leave, then a copy of what is left
    int32_t* topics                # (width), the topic at every place
    Py_ssize_t width
    Py_ssize_t n_topics            # once topics have left
    bint fresh                     # whether the rows must be copied to the buffer


cdef inline Packed whole_row(Document row, const real* prior, real* theta, real* scratch) noexcept nogil:
    """All topics take part; their prior is copied to the scratch, where topics can leave it."""
    cdef Packed packed
    cdef Py_ssize_t t
    packed.theta, packed.topics = theta, <int32_t*>(scratch + 6 * row.width)
    packed.width, packed.n_topics, packed.fresh = row.width, 0, True
    memcpy(scratch + 2 * row.width, prior, row.width * sizeof(real))
    for t in range(row.width):
        packed.topics[t] = <int32_t>t
    return packed


cdef inline bint has_mass(Document row) noexcept nogil:
    """A document of stored zeros is as empty as one without entries."""
    cdef Py_ssize_t i
    cdef real mass = 0
    for i in range(row.n):
        mass = mass + row.x[i]
    return mass > 0


cdef inline void pack_topics(Document row, Packed* packed, real* theta, real* scratch, real* rows) noexcept nogil:
    """Topics whose theta is zero stay zero; once they are the half, they leave the buffer."""
    cdef real* prior_t = scratch + 2 * row.width
    cdef int32_t* place = <int32_t*>(scratch + 5 * row.width)
    cdef Py_ssize_t w = packed.width, n_active = active(packed.theta, prior_t, w, 0, 0)
    cdef Py_ssize_t narrow = packed_width(n_active)
    if 2 * narrow > w:
        return
    if packed.fresh:
        copy_rows(row.table, row.index, row.n, w, rows)
        packed.fresh = False
    mark_active(packed.theta, prior_t, w, 0, 0, place, packed.topics)
    if packed.theta == theta:
        packed.theta = scratch + row.width
        memcpy(packed.theta, theta, w * sizeof(real))
    pack(rows, row.n, w, place, n_active, narrow)
    pack(packed.theta, 1, w, place, n_active, narrow)
    pack(prior_t, 1, w, place, n_active, narrow)
    packed.width, packed.n_topics = narrow, n_active


cdef inline void unpack_theta(Packed packed, real* theta, Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t t
    if packed.theta != theta:
        memset(theta, 0, width * sizeof(real))
        for t in range(packed.n_topics):
            theta[packed.topics[t]] = packed.theta[t]


cdef inline void map_document(Document row, const real* prior, real* theta, real* ratio, double* totals,
                              int n_passes, double tol, real* scratch, Py_ssize_t capacity) noexcept nogil:
    cdef Py_ssize_t width = row.width
    cdef real* counts = scratch
    cdef real* prior_t = scratch + 2 * width
    cdef real* z = scratch + 7 * width
    cdef real* rows = z + capacity
    cdef Packed packed = whole_row(row, prior, theta, scratch)
    cdef int i
    cdef double change
    for i in range(n_passes if has_mass(row) else 0):
        if row.n <= capacity:
            pack_topics(row, &packed, theta, scratch, rows)
        expected_counts(row, packed.width, 0, packed.theta, counts, rows, capacity, packed.fresh)
        packed.fresh = False
        change = map_step(packed.theta, counts, prior_t, packed.width)
        if change < tol:
            break
    last_ratios(row, packed.width, 0, packed.theta, z, ratio, totals, rows, capacity, packed.fresh)
    unpack_theta(packed, theta, width)


def map_documents(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into indices and x
    const int32_t[::1] indices,        # IN
    const real[::1] x,                 # IN   counts
    const real[:, ::1] phi_wt,         # IN   (n_tokens, width)
    const real[:, ::1] prior_dt,       # IN   (1 or n_docs, width), added to n_dt at every pass
    int n_passes,
    double tol,                        # a document stops when sum_t |change of theta| < tol
    real[:, ::1] theta_dt,             # INOUT (n_docs, width)
    real[::1] ratio,                   # OUT  (nnz of the batch)
    double[:, ::1] totals,             # OUT  (n_docs, 2): log-likelihood, mass of tokens without probability
    real[:, ::1] scratch,              # TMP  (n_threads, 7 * width + capacity * (width + 1))
    int n_threads,
):
    """Maximum a posteriori theta of every row, `n_passes` times or until it moves less than `tol`.

    Equivalent to, for every row d with its columns w and counts x:
        for _ in range(n_passes):
            theta = norm(clip(theta * (phi[w].T @ (x / (phi[w] @ theta))) + prior, 0, None))
        ratio = x / (phi[w] @ theta)
    """
    cdef Py_ssize_t n_docs = theta_dt.shape[0], width = theta_dt.shape[1]
    cdef Py_ssize_t capacity = capacity_of(scratch.shape[1], width)
    cdef Py_ssize_t per_doc = 1 if prior_dt.shape[0] > 1 else 0
    cdef Py_ssize_t d, offset
    cdef const int32_t* index
    cdef const real* counts
    cdef real* out
    if n_docs == 0 or phi_wt.shape[0] == 0:
        return
    offset = indptr[0]
    index = &indices[0] if indices.shape[0] else NULL
    counts = &x[0] if x.shape[0] else NULL
    out = &ratio[0] if ratio.shape[0] else NULL
    with nogil, parallel(num_threads=team(n_threads)):
        for d in prange(n_docs, schedule="dynamic", chunksize=16):
            map_document(document_of(&phi_wt[0, 0], width, index, counts, indptr[d], indptr[d + 1]),
                         &prior_dt[d * per_doc, 0], &theta_dt[d, 0], out + (indptr[d] - offset), &totals[d, 0],
                         n_passes, tol, &scratch[threadid(), 0], capacity)


def document_counts(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into indices and x
    const int32_t[::1] indices,        # IN
    const real[::1] x,                 # IN   counts
    const real[:, ::1] phi_wt,         # IN   (n_tokens, width)
    const real[:, ::1] theta_dt,       # IN   (n_docs, width)
    real[:, ::1] n_dt,                 # OUT  (n_docs, width)
    real[:, ::1] scratch,              # TMP  (n_threads, 7 * width + capacity * (width + 1))
    int n_threads,
):
    """Expected counts of the topics in every row, for inner passes that do something between.

    Equivalent to, for every row d with its columns w and counts x:
        n_dt[d] = theta * (phi[w].T @ (x / (phi[w] @ theta)))
    """
    cdef Py_ssize_t n_docs = theta_dt.shape[0], width = theta_dt.shape[1]
    cdef Py_ssize_t capacity = capacity_of(scratch.shape[1], width)
    cdef Py_ssize_t d, t
    cdef const int32_t* index
    cdef const real* counts
    if n_docs == 0 or phi_wt.shape[0] == 0:
        return
    index = &indices[0] if indices.shape[0] else NULL
    counts = &x[0] if x.shape[0] else NULL
    with nogil, parallel(num_threads=team(n_threads)):
        for d in prange(n_docs, schedule="dynamic", chunksize=16):
            expected_counts(document_of(&phi_wt[0, 0], width, index, counts, indptr[d], indptr[d + 1]), width, 0,
                            &theta_dt[d, 0], &n_dt[d, 0], &scratch[threadid(), 7 * width], capacity, True)
            for t in range(width):
                n_dt[d, t] = n_dt[d, t] * theta_dt[d, t]
