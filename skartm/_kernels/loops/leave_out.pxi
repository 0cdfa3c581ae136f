# Both sides with every token left out of its own document: what documents.pxi and words.pxi do without.

# A thread's scratch is that of documents.pxi with four more rows of topics before z.

cdef struct Kinds:                 # what tokens leave out, by their kind, the modality
    const int32_t* kind            # (n_tokens)
    const real* occurrence         # (n_kinds)
    const real* excluded           # (n_kinds, width)
    const real* p_t                # (n_kinds, width)
    Py_ssize_t n_kinds


cdef Kinds kinds_of(const int32_t[::1] kind, const real[::1] occurrence, const real[:, ::1] excluded,
                    const real[:, ::1] p_t):
    cdef Kinds kinds
    kinds.kind, kinds.occurrence = &kind[0], &occurrence[0]
    kinds.excluded, kinds.p_t, kinds.n_kinds = &excluded[0, 0], &p_t[0, 0], occurrence.shape[0]
    return kinds


cdef inline Py_ssize_t end_of_kind(Document row, Kinds kinds, Py_ssize_t start, Py_ssize_t stop) noexcept nogil:
    """The end of the tokens of one kind that begin at `start`."""
    cdef Py_ssize_t i = start + 1
    if kinds.n_kinds == 1:
        return stop
    while i < stop and kinds.kind[row.index[i]] == kinds.kind[row.index[start]]:
        i = i + 1
    return i


cdef inline void shares_of(const real* theta, const real* excluded, const int32_t* topics, Py_ssize_t width,
                           real own, real* shares) noexcept nogil:
    """own * theta * excluded of the topics that take part."""
    cdef Py_ssize_t t
    if topics == NULL:
        for t in range(width):
            shares[t] = own * theta[t] * excluded[t]
        return
    for t in range(width):
        shares[t] = own * theta[t] * excluded[topics[t]]


cdef inline const int32_t* places_of(Packed packed, const real* theta) noexcept nogil:
    """The topics at the places of a packed row; NULL where none has left."""
    return NULL if packed.theta == theta else packed.topics


cdef inline void counts_left(Document row, Kinds kinds, Py_ssize_t width, const real* document, const real* theta,
                             const int32_t* topics, real* counts, real* scratch, Py_ssize_t capacity,
                             bint fresh) noexcept nogil:
    """`expected_counts` with every token left out."""
    cdef real* shares = scratch + 3 * row.width
    cdef real* rest = scratch + 7 * row.width
    cdef real* rows = scratch + 11 * row.width + capacity
    cdef Py_ssize_t start = 0, size, first, last, kind
    cdef exclusion out
    memset(counts, 0, width * sizeof(real))
    out.theta_mass = document[1]
    while start < row.n:
        size = min(capacity, row.n - start)
        if fresh or row.n > capacity:
            copy_rows(row.table, row.index + start, size, width, rows)
        first = start
        while first < start + size:
            last = end_of_kind(row, kinds, first, start + size)
            kind = kinds.kind[row.index[first]]
            out.occurrence = kinds.occurrence[kind]
            shares_of(theta, kinds.excluded + kind * row.width, topics, width, document[0], shares)
            mix_left(rows + (first - start) * width, row.x + first, last - first, width, out, theta, shares, rest,
                     counts)
            first = last
        start = start + size


cdef inline void last_cells(Document row, Kinds kinds, Py_ssize_t width, const real* document, const real* theta,
                            const int32_t* topics, real* cells, double* totals, real* scratch, Py_ssize_t capacity,
                            bint fresh) noexcept nogil:
    """`last_ratios` with every token left out: the cells, and in totals[2] the log-likelihood by the others."""
    cdef real* shares = scratch + 3 * row.width
    cdef real* z = scratch + 11 * row.width
    cdef real* rows = z + capacity
    cdef Py_ssize_t start = 0, size, first, last, kind, i
    cdef exclusion out
    totals[0] = 0
    totals[1] = 0
    totals[2] = 0
    out.theta_mass = document[1]
    while start < row.n:
        size = min(capacity, row.n - start)
        if fresh or row.n > capacity:
            copy_rows(row.table, row.index + start, size, width, rows)
        dots(rows, size, width, theta, z)
        totals[0] = totals[0] + log_likelihood(row.x + start, z, size)
        first = start
        while first < start + size:
            last = end_of_kind(row, kinds, first, start + size)
            kind = kinds.kind[row.index[first]]
            out.occurrence = kinds.occurrence[kind]
            shares_of(theta, kinds.excluded + kind * row.width, topics, width, document[0], shares)
            cells_left(rows + (first - start) * width, row.x + first, last - first, width, out, theta, shares,
                       document[0], z + (first - start), cells + 3 * first)
            for i in range(first, last):
                if z[i - start] < 0:  # by no other token of the document: by all documents
                    dots(row.table + row.index[i] * row.width, 1, row.width, kinds.p_t + kind * row.width,
                         &z[i - start])
                elif z[i - start] == 0:
                    totals[1] = totals[1] + row.x[i]
            first = last
        totals[2] = totals[2] + log_likelihood(row.x + start, z, size)
        start = start + size


cdef inline real divisor(const real* counts, Py_ssize_t width, real before) noexcept nogil:
    """The sum by which theta was divided; if nothing was left, theta is as it was."""
    cdef Py_ssize_t t
    cdef real sum = 0
    for t in range(width):
        sum = sum + counts[t]
    return sum if sum > 0 else before


cdef inline void leave_out_document(Document row, Kinds kinds, const real* prior, real* document, real* theta,
                                    real* cells, double* totals, const int* inner, double tol, real* scratch,
                                    Py_ssize_t capacity) noexcept nogil:
    """`map_document`; the first `inner[1]` of the `inner[0]` passes are without leaving out, and end by themselves."""
    cdef Py_ssize_t width = row.width
    cdef real* counts = scratch
    cdef real* prior_t = scratch + 2 * width
    cdef real* rows = scratch + 11 * width + capacity
    cdef Packed packed = whole_row(row, prior, theta, scratch)
    cdef int i = 0, n_passes = inner[0] if has_mass(row) else 0
    cdef double change
    while i < n_passes:
        if row.n <= capacity:
            pack_topics(row, &packed, theta, scratch, rows)
        if i < inner[1]:
            expected_counts(row, packed.width, 0, packed.theta, counts, rows, capacity, packed.fresh)
        else:
            counts_left(row, kinds, packed.width, document, packed.theta, places_of(packed, theta), counts, scratch,
                        capacity, packed.fresh)
        packed.fresh = False
        change = map_step(packed.theta, counts, prior_t, packed.width)
        document[1] = divisor(counts, packed.width, document[1])
        i = i + 1
        if change < tol:
            i = inner[1] if i <= inner[1] else n_passes
    last_cells(row, kinds, packed.width, document, packed.theta, places_of(packed, theta), cells, totals, scratch,
               capacity, packed.fresh)
    unpack_theta(packed, theta, width)


def leave_out_documents(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into indices and x
    const int32_t[::1] indices,        # IN
    const real[::1] x,                 # IN   counts
    const real[:, ::1] phi_wt,         # IN   (n_tokens, width)
    tuple shared,                      # IN   what the documents share, see below
    tuple inner,                       # IN   n_passes, n_plain: the first ones, which leave nothing out; and tol
    real[:, ::1] documents,            # INOUT (n_docs, 2): copies in phi, at most 1; the sum that theta was divided by
    real[:, ::1] theta_dt,             # INOUT (n_docs, width)
    real[:, ::1] cells,                # OUT  (nnz of the batch, 3): see `cells_left`
    double[:, ::1] totals,             # OUT  (n_docs, 3): two as in `map_documents`, log-likelihood by the others
    real[:, ::1] scratch,              # TMP  (n_threads, 11 * width + capacity * (width + 1))
    int n_threads,
):
    """`map_documents` with every token left out of theta of its document, and of phi.

    `shared` are the prior (1, width), added to n_dt at every pass; the kind of every token (n_tokens); and, by kinds,
    the weight of one occurrence (n_kinds), what is left out of phi (n_kinds, width) and p(t) (n_kinds, width).

    Equivalent to, for every row d with its columns w and counts x, where n_d = documents[d]:
        for i in range(n_passes):
            z, one, k = phi[w] @ theta, minimum(x, occurrence[kind[w]]), kind[w]
            left = 1 - phi[w] * (one / z / n_d[1])[:, None] - n_d[0] * theta * excluded[k] * (x / z)[:, None]
            left = clip(left, 0, None)
            left = 1 if i < n_plain or there is no topic left else left
            q = phi[w] * theta * left
            counts = clip((x / q.sum(axis=1)) @ q + prior, 0, None)
            theta, n_d[1] = norm(counts), counts.sum()
    """
    cdef Py_ssize_t n_docs = theta_dt.shape[0], width = theta_dt.shape[1]
    cdef Py_ssize_t capacity = capacity_of(scratch.shape[1] - 4 * width, width)
    cdef Py_ssize_t d, offset
    cdef const real[:, ::1] prior_dt = shared[0]
    cdef Kinds kinds
    cdef int[2] passes
    cdef double tol = inner[2]
    cdef const int32_t* index
    cdef const real* counts
    cdef real* out
    if n_docs == 0 or phi_wt.shape[0] == 0:
        return
    kinds = kinds_of(shared[1], shared[2], shared[3], shared[4])
    passes[0], passes[1] = inner[0], inner[1]
    offset = indptr[0]
    index = &indices[0] if indices.shape[0] else NULL
    counts = &x[0] if x.shape[0] else NULL
    out = &cells[0, 0] if cells.shape[0] else NULL
    with nogil, parallel(num_threads=team(n_threads)):
        for d in prange(n_docs, schedule="dynamic", chunksize=16):
            leave_out_document(document_of(&phi_wt[0, 0], width, index, counts, indptr[d], indptr[d + 1]), kinds,
                               &prior_dt[0, 0], &documents[d, 0], &theta_dt[d, 0], out + 3 * (indptr[d] - offset),
                               &totals[d, 0], passes, tol, &scratch[threadid(), 0], capacity)


def leave_out_counts(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into indices and x
    const int32_t[::1] indices,        # IN
    const real[::1] x,                 # IN   counts
    const real[:, ::1] phi_wt,         # IN   (n_tokens, width)
    tuple shared,                      # IN   as in `leave_out_documents`
    const real[:, ::1] documents,      # IN   (n_docs, 2), as there
    const real[:, ::1] theta_dt,       # IN   (n_docs, width)
    real[:, ::1] n_dt,                 # OUT  (n_docs, width)
    real[:, ::1] scratch,              # TMP  (n_threads, 11 * width + capacity * (width + 1))
    int n_threads,
):
    """`document_counts` with every token left out: n_dt = sum_w x q, for inner passes that do something between."""
    cdef Py_ssize_t n_docs = theta_dt.shape[0], width = theta_dt.shape[1]
    cdef Py_ssize_t capacity = capacity_of(scratch.shape[1] - 4 * width, width)
    cdef Py_ssize_t d, t
    cdef Kinds kinds
    cdef const int32_t* index
    cdef const real* counts
    if n_docs == 0 or phi_wt.shape[0] == 0:
        return
    kinds = kinds_of(shared[1], shared[2], shared[3], shared[4])
    index = &indices[0] if indices.shape[0] else NULL
    counts = &x[0] if x.shape[0] else NULL
    with nogil, parallel(num_threads=team(n_threads)):
        for d in prange(n_docs, schedule="dynamic", chunksize=16):
            counts_left(document_of(&phi_wt[0, 0], width, index, counts, indptr[d], indptr[d + 1]), kinds, width,
                        &documents[d, 0], &theta_dt[d, 0], NULL, &n_dt[d, 0], &scratch[threadid(), 0],
                        capacity, True)
            for t in range(width):
                n_dt[d, t] = n_dt[d, t] * theta_dt[d, t]


def leave_out_words(
    const int32_t[::1] tokens,         # IN   tokens of the batch, each once
    const int64_t[::1] starts,         # IN   (n_present + 1), offsets into docs and order
    const int32_t[::1] docs,           # IN   rows of the transpose: documents of a token
    const int32_t[::1] order,          # IN   position of the same non-zero in cells
    const real[:, ::1] cells,          # IN   (nnz of the batch, 3), of `leave_out_documents`
    const real[:, ::1] theta_dt,       # IN   (n_docs, width)
    const real[:, ::1] phi_wt,         # IN   (n_tokens, width)
    tuple shared,                      # IN   as in `leave_out_documents`
    real[:, ::1] n_wt,                 # INOUT (n_tokens, width)
    real[:, ::1] scratch,              # TMP  (n_threads, >= width)
    int n_threads,
):
    """`accumulate` with every token left out: n_wt += sum_d x q.

    A token without a topic left counts as the word does in all documents, q = norm_t(phi_wt p_t).
    """
    cdef Py_ssize_t n_present = tokens.shape[0], width = theta_dt.shape[1], i, t, w, kind
    cdef Kinds kinds
    cdef real* counts
    cdef real* n
    cdef real alone
    if n_present == 0:
        return
    kinds = kinds_of(shared[1], shared[2], shared[3], shared[4])
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_present, schedule="dynamic", chunksize=32):
            counts = &scratch[threadid(), 0]
            w = tokens[i]
            kind = kinds.kind[w]
            alone = gather_left(&theta_dt[0, 0], &docs[starts[i]], &order[starts[i]], &cells[0, 0],
                                starts[i + 1] - starts[i], width, &phi_wt[w, 0], kinds.excluded + kind * width, counts)
            if alone > 0:
                add_alone(alone, &phi_wt[w, 0], kinds.p_t + kind * width, width, counts)
            n = &n_wt[w, 0]
            for t in range(width):
                n[t] = n[t] + counts[t]
