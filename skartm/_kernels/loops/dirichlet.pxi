# Rows and columns with a variational Dirichlet posterior in place of a point: LDA.

cdef inline double digamma(double x) noexcept nogil:
    """To 2e-9, as in scikit-learn (Bernardo 1976, AS 103)."""
    cdef double shift = 0, u
    while x < 6:
        shift = shift - 1 / x
        x = x + 1
    u = 1 / (x * x)
    return shift + log(x) - 0.5 / x - u * (1. / 12 - u * (1. / 120 - u * (1. / 252)))


cdef inline real dirichlet_scale(double total) noexcept nogil:
    """exp(-psi(total)), finite: of a document with next to nothing the means are then zero, not 0 times infinity."""
    cdef double exponent = -digamma(total)
    return <real>exp(exponent if exponent < LARGEST_EXPONENT else LARGEST_EXPONENT)


cdef inline void expected_mean(const real* gamma, Py_ssize_t n_topics, real scale, real least,
                               real* mean) noexcept nogil:
    """mean = exp(E[log theta]), theta ~ Dirichlet(gamma), scale = exp(-psi(sum)); zero where it is not above least."""
    exp_digamma(gamma, n_topics, mean)
    scale_above(mean, scale, least, n_topics)


# z + EPS as in Hoffman's code and scikit-learn: tokens that hardly any topic explains stay out of the counts
cdef double EPS = 2.220446049250313e-16
# topics below which rows are turned into columns
cdef Py_ssize_t FEW = 24


cdef inline void dirichlet_document(Document row, Py_ssize_t n_topics, const real* prior, real* gamma, real* mean,
                                    real* ratio, double* totals, int n_passes, double tol, real* scratch,
                                    Py_ssize_t capacity) noexcept nogil:
    """Topics with nothing but their prior, and with it a mean far below EPS, leave the buffer once they are half."""
    cdef Py_ssize_t width = row.width, n = row.n
    cdef real* counts = scratch
    cdef real* prior_t = scratch + 2 * width
    cdef real* gamma_t = scratch + 3 * width
    cdef real* excess_t = scratch + 4 * width
    cdef real* mean_t = scratch + width
    cdef int32_t* place = <int32_t*>(scratch + 5 * width)
    cdef int32_t* topics = <int32_t*>(scratch + 6 * width)
    cdef real* z = scratch + 7 * width
    cdef real* rows = z + capacity
    cdef real* columns = NULL
    cdef real least = LEAST_MEAN
    cdef Py_ssize_t ld = packed_width(n)
    cdef bint turn
    cdef Py_ssize_t w = width, k = n_topics, n_active, narrow, t
    cdef int i
    cdef bint fresh = True
    cdef real change, total = 0, scale
    cdef double left_behind = 0, sum_of_scale, tiny = 4 * ROUNDING
    memcpy(prior_t, prior, width * sizeof(real))
    memcpy(gamma_t, gamma, width * sizeof(real))
    memset(mean_t, 0, width * sizeof(real))
    for t in range(width):
        topics[t] = <int32_t>t
    for t in range(n_topics):
        total = total + gamma[t]
    sum_of_scale = total
    scale = dirichlet_scale(sum_of_scale)
    expected_mean(gamma_t, k, scale, least, mean_t)
    for i in range(n_passes):
        if 0 < n <= capacity and i > 0 and (i < 4 or i % 2):  # looking costs as much as a topic or two
            for t in range(k):
                excess_t[t] = gamma_t[t] - prior_t[t]
            n_active = active(mean_t, excess_t, k, least, 0)
            narrow = packed_width(n_active)
            turn = (columns == NULL and n_active <= FEW and ld <= capacity
                    and n * w + (n_active + 1) * ld <= capacity * width)
            if 0 < n_active < k and (2 * narrow <= w or turn or columns != NULL):
                mark_active(mean_t, excess_t, k, least, 0, place, topics)
                for t in range(k):
                    left_behind += gamma_t[t]
                if turn:
                    columns = rows + n * w
                    pack_columns(rows, n, w, place, n_active, row.x, ld, columns)
                elif columns != NULL:
                    for t in range(n_active):
                        memmove(columns + t * ld, columns + place[t] * ld, ld * sizeof(real))
                    memmove(columns + n_active * ld, columns + k * ld, ld * sizeof(real))
                else:
                    pack(rows, n, w, place, n_active, narrow)
                pack(mean_t, 1, w, place, n_active, narrow)
                pack(gamma_t, 1, w, place, n_active, narrow)
                pack(prior_t, 1, w, place, n_active, narrow)
                w = narrow
                k = n_active
                for t in range(k):
                    left_behind -= gamma_t[t]
        if columns != NULL:
            mix_columns(columns, ld, k, EPS, mean_t, z, counts)
        else:
            expected_counts(row, w, EPS, mean_t, counts, rows, capacity, fresh)
        fresh = False
        change = dirichlet_step(gamma_t, counts, mean_t, prior_t, k,
                                &total)
        if fabs(total + left_behind - sum_of_scale) > tiny * sum_of_scale:  # mostly the same but for rounding
            sum_of_scale = total + left_behind
            scale = dirichlet_scale(sum_of_scale)
        expected_mean(gamma_t, k, scale, least, mean_t)
        if change < tol * n_topics:
            break
    if columns != NULL:
        dots_columns(columns, ld, k, mean_t, z)
        totals[0] = log_likelihood(row.x, z, n)
        totals[1] = ratios(row.x, z, n, EPS, ratio)
    else:
        last_ratios(row, w, EPS, mean_t, z, ratio, totals, rows, capacity, fresh)
    memset(mean, 0, width * sizeof(real))
    if k < n_topics:
        memcpy(gamma, prior, width * sizeof(real))
    for t in range(k):
        gamma[topics[t]] = gamma_t[t]
        mean[topics[t]] = mean_t[t]


def dirichlet_documents(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into indices and x
    const int32_t[::1] indices,        # IN
    const real[::1] x,                 # IN   counts
    const real[:, ::1] phi_wt,         # IN   (n_tokens, width): exp(E[log phi])
    const real[:, ::1] prior_dt,       # IN   (1, width): Dirichlet prior of theta
    tuple inner not None,              # n_topics, n_passes, tol: a document stops when mean_t |change of gamma| < tol
    real[:, ::1] gamma_dt,             # INOUT (n_docs, width): variational Dirichlet parameters
    real[:, ::1] theta_dt,             # OUT  (n_docs, width): exp(E[log theta])
    real[::1] ratio,                   # OUT  (nnz of the batch)
    double[:, ::1] totals,             # OUT  (n_docs, 2): sum x log z, mass of tokens without probability
    real[:, ::1] scratch,              # TMP  (n_threads, 7 * width + capacity * (width + 1))
    int n_threads,
):
    """Variational Dirichlet posterior of every row (Hoffman, Blei, Bach 2010, algorithm 1, E step).

    Equivalent to, for every row d with its columns w and counts x:
        for _ in range(n_passes):
            mean = exp(psi(gamma) - psi(gamma.sum()))
            gamma = prior + mean * (phi[w].T @ (x / (phi[w] @ mean + 2.2e-16)))
    """
    cdef Py_ssize_t n_docs = theta_dt.shape[0], width = theta_dt.shape[1]
    cdef Py_ssize_t capacity = capacity_of(scratch.shape[1], width)
    cdef Py_ssize_t n_topics = inner[0], d, offset
    cdef int n_passes = inner[1]
    cdef double tol = inner[2]
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
            dirichlet_document(document_of(&phi_wt[0, 0], width, index, counts, indptr[d], indptr[d + 1]), n_topics,
                               &prior_dt[0, 0], &gamma_dt[d, 0], &theta_dt[d, 0], out + (indptr[d] - offset),
                               &totals[d, 0], n_passes, tol, &scratch[threadid(), 0], capacity)


def exp_dirichlet_columns(
    const real[:, ::1] n_wt,           # IN   (n_tokens, width)
    const int32_t[::1] tokens,         # IN   rows to compute
    double factor,
    double prior,
    const real[::1] scale,             # IN   (width): exp(-psi(sum of the Dirichlet parameters)), 0 in the pad
    real[:, ::1] phi_wt,               # OUT  (n_tokens, width)
    real[:, ::1] scratch,              # TMP  (n_threads, 2 * width)
    int n_threads,
):
    """exp(E[log phi]) of Dirichlet columns.

    Equivalent to `phi_wt[tokens] = np.exp(psi(factor * n_wt[tokens] + prior)) * scale`.
    """
    cdef Py_ssize_t n_rows = tokens.shape[0], width = n_wt.shape[1], i
    cdef real* parameters
    cdef real* means
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_rows, schedule="static"):
            parameters = &scratch[threadid(), 0]
            means = parameters + width
            affine_row(&n_wt[tokens[i], 0], factor, prior, width, parameters)
            exp_digamma(parameters, width, means)
            scale_row(means, &scale[0], width, LEAST_PHI, &phi_wt[tokens[i], 0])
