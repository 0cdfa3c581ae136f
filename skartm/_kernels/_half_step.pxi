# The half step of the EM algorithm, and nothing else; compiled once per instruction-set level.
#
# For X (rows x columns), row parameters theta and column parameters phi, both (n, T):
#     z_dw = sum_t theta_dt phi_wt,  ratio_dw = x_dw / z_dw,  n_dt = theta_dt sum_w ratio_dw phi_wt
# `*_documents` run the inner passes of rows on a thread-local copy of their phi rows and keep the last ratios;
# `accumulate` is the other side, over the transpose of the batch. Rows are independent on both sides, so results do
# not depend on the number of threads.
#
# Matrices of topics are padded: width = topics rounded up to 64 bytes, zeros in the pad (see skartm.em._padded).

from cython cimport floating
from cython.parallel cimport parallel, prange, threadid
from libc.math cimport exp, fabs, log, sqrt
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy, memmove, memset

include "_team.pxi"

cdef extern from "rows.h" nogil:
    void mix_f32(const float*, const float*, Py_ssize_t, Py_ssize_t, float, const float*, float*)
    void mix_f64(const double*, const double*, Py_ssize_t, Py_ssize_t, double, const double*, double*)
    void dots_f32(const float*, Py_ssize_t, Py_ssize_t, const float*, float*)
    void dots_f64(const double*, Py_ssize_t, Py_ssize_t, const double*, double*)
    void gather_f32(const float*, const int32_t*, const int32_t*, const float*, Py_ssize_t, Py_ssize_t, float*)
    void gather_f64(const double*, const int32_t*, const int32_t*, const double*, Py_ssize_t, Py_ssize_t, double*)
    void copy_f32(const float*, const int32_t*, Py_ssize_t, Py_ssize_t, float*)
    void copy_f64(const double*, const int32_t*, Py_ssize_t, Py_ssize_t, double*)
    Py_ssize_t active_f32(const float*, const float*, Py_ssize_t, float, float)
    Py_ssize_t active_f64(const double*, const double*, Py_ssize_t, double, double)
    void pack_f32(float*, Py_ssize_t, Py_ssize_t, const int32_t*, Py_ssize_t, Py_ssize_t)
    void pack_f64(double*, Py_ssize_t, Py_ssize_t, const int32_t*, Py_ssize_t, Py_ssize_t)
    void pack_columns_f32(const float*, Py_ssize_t, Py_ssize_t, const int32_t*, Py_ssize_t, const float*, Py_ssize_t,
                          float*)
    void pack_columns_f64(const double*, Py_ssize_t, Py_ssize_t, const int32_t*, Py_ssize_t, const double*, Py_ssize_t,
                          double*)
    void dots_columns_f32(const float*, Py_ssize_t, Py_ssize_t, const float*, float*)
    void dots_columns_f64(const double*, Py_ssize_t, Py_ssize_t, const double*, double*)
    void mix_columns_f32(const float*, Py_ssize_t, Py_ssize_t, float, const float*, float*, float*)
    void mix_columns_f64(const double*, Py_ssize_t, Py_ssize_t, double, const double*, double*, double*)
    float map_step_f32(float*, float*, const float*, Py_ssize_t)
    double map_step_f64(double*, double*, const double*, Py_ssize_t)
    double ratios_f32(const float*, const float*, Py_ssize_t, float, float*)
    double ratios_f64(const double*, const double*, Py_ssize_t, double, double*)
    double log_likelihood_f32(const float*, const float*, Py_ssize_t)
    double log_likelihood_f64(const double*, const double*, Py_ssize_t)
    float dirichlet_step_f32(float*, const float*, const float*, const float*, Py_ssize_t, float*)
    double dirichlet_step_f64(double*, const double*, const double*, const double*, Py_ssize_t, double*)
    void scale_row_f32(const float*, const float*, Py_ssize_t, float, float*)
    void scale_row_f64(const double*, const double*, Py_ssize_t, double, double*)
    void scale_shifted_f32(const float*, float, const float*, Py_ssize_t, float, float*)
    void scale_shifted_f64(const double*, double, const double*, Py_ssize_t, double, double*)
    void scale_above_f32(float*, float, float, Py_ssize_t)
    void scale_above_f64(double*, double, double, Py_ssize_t)
    void add_above_f32(const float*, Py_ssize_t, float, double*)
    void add_above_f64(const double*, Py_ssize_t, double, double*)
    void affine_row_f32(const float*, float, float, Py_ssize_t, float*)
    void affine_row_f64(const double*, double, double, Py_ssize_t, double*)
    void dense_rows_f32(const float*, Py_ssize_t, Py_ssize_t, const float*, Py_ssize_t, float*)
    void dense_rows_f64(const double*, Py_ssize_t, Py_ssize_t, const double*, Py_ssize_t, double*)
    void exp_digamma_f32(const float*, Py_ssize_t, float*)
    void exp_digamma_f64(const double*, Py_ssize_t, double*)


# --- one row, by precision -------------------------------------------------------------------------------------------

cdef inline void mix(const floating* rows, const floating* x, Py_ssize_t n, Py_ssize_t width,
                     floating eps, const floating* theta, floating* counts) noexcept nogil:
    if floating is float:
        mix_f32(rows, x, n, width, eps, theta, counts)
    else:
        mix_f64(rows, x, n, width, eps, theta, counts)


cdef inline void dots(const floating* rows, Py_ssize_t n, Py_ssize_t width,
                      const floating* theta, floating* z) noexcept nogil:
    if floating is float:
        dots_f32(rows, n, width, theta, z)
    else:
        dots_f64(rows, n, width, theta, z)


cdef inline void copy_rows(const floating* table, const int32_t* index, Py_ssize_t n, Py_ssize_t width,
                           floating* out) noexcept nogil:
    if floating is float:
        copy_f32(table, index, n, width, out)
    else:
        copy_f64(table, index, n, width, out)


cdef inline Py_ssize_t active(const floating* theta, const floating* prior, Py_ssize_t width, floating least,
                              floating least_prior) noexcept nogil:
    if floating is float:
        return active_f32(theta, prior, width, least, least_prior)
    else:
        return active_f64(theta, prior, width, least, least_prior)


cdef inline void pack(floating* rows, Py_ssize_t n, Py_ssize_t width, const int32_t* place, Py_ssize_t n_active,
                      Py_ssize_t packed) noexcept nogil:
    if floating is float:
        pack_f32(rows, n, width, place, n_active, packed)
    else:
        pack_f64(rows, n, width, place, n_active, packed)


cdef inline void pack_columns(const floating* rows, Py_ssize_t n, Py_ssize_t width, const int32_t* place,
                              Py_ssize_t n_active, const floating* x, Py_ssize_t ld, floating* columns) noexcept nogil:
    if floating is float:
        pack_columns_f32(rows, n, width, place, n_active, x, ld, columns)
    else:
        pack_columns_f64(rows, n, width, place, n_active, x, ld, columns)


cdef inline void dots_columns(const floating* columns, Py_ssize_t ld, Py_ssize_t n_topics, const floating* theta,
                              floating* z) noexcept nogil:
    if floating is float:
        dots_columns_f32(columns, ld, n_topics, theta, z)
    else:
        dots_columns_f64(columns, ld, n_topics, theta, z)


cdef inline void mix_columns(const floating* columns, Py_ssize_t ld, Py_ssize_t n_topics, floating eps,
                             const floating* theta, floating* z, floating* counts) noexcept nogil:
    if floating is float:
        mix_columns_f32(columns, ld, n_topics, eps, theta, z, counts)
    else:
        mix_columns_f64(columns, ld, n_topics, eps, theta, z, counts)


cdef inline floating map_step(floating* theta, floating* counts, const floating* prior,
                              Py_ssize_t width) noexcept nogil:
    if floating is float:
        return map_step_f32(theta, counts, prior, width)
    else:
        return map_step_f64(theta, counts, prior, width)


cdef inline double ratios(const floating* x, const floating* z, Py_ssize_t n, floating eps,
                          floating* ratio) noexcept nogil:
    if floating is float:
        return ratios_f32(x, z, n, eps, ratio)
    else:
        return ratios_f64(x, z, n, eps, ratio)


cdef inline double log_likelihood(const floating* x, const floating* z, Py_ssize_t n) noexcept nogil:
    if floating is float:
        return log_likelihood_f32(x, z, n)
    else:
        return log_likelihood_f64(x, z, n)


cdef inline void exp_digamma_row(const floating* a, Py_ssize_t n, floating* out) noexcept nogil:
    if floating is float:
        exp_digamma_f32(a, n, out)
    else:
        exp_digamma_f64(a, n, out)


# --- the document side -----------------------------------------------------------------------------------------------

cdef inline void expected_counts(const floating* table, const int32_t* index, const floating* x, Py_ssize_t n,
                                 Py_ssize_t width, floating eps, const floating* theta, floating* counts,
                                 floating* rows, Py_ssize_t capacity, bint fresh) noexcept nogil:
    """counts = ratio @ phi[index]. The rows stay in the buffer between passes when all of them fit."""
    cdef Py_ssize_t start = 0, size
    memset(counts, 0, width * sizeof(floating))
    while start < n:
        size = min(capacity, n - start)
        if fresh or n > capacity:
            copy_rows(table, index + start, size, width, rows)
        mix(rows, x + start, size, width, eps, theta, counts)
        start = start + size


cdef inline void last_ratios(const floating* table, const int32_t* index, const floating* x, Py_ssize_t n,
                             Py_ssize_t width, floating eps, const floating* theta, floating* z, floating* ratio,
                             double* totals, floating* rows, Py_ssize_t capacity, bint fresh) noexcept nogil:
    """ratio = x / z of the final theta; totals = log-likelihood, left-out mass."""
    cdef Py_ssize_t start = 0, size
    totals[0] = 0
    totals[1] = 0
    while start < n:
        size = min(capacity, n - start)
        if fresh or n > capacity:
            copy_rows(table, index + start, size, width, rows)
        dots(rows, size, width, theta, z)
        totals[0] = totals[0] + log_likelihood(x + start, z, size)
        totals[1] = totals[1] + ratios(x + start, z, size, eps, ratio + start)
        start = start + size


# A thread's scratch: five rows of topics, two of positions, z and the gathered rows.
#     counts, theta, prior, gamma, spare | place, topics | z (capacity) | rows (capacity, width)

cdef inline Py_ssize_t capacity_of(Py_ssize_t size, Py_ssize_t width) noexcept nogil:
    return (size - 7 * width) // (width + 1)


cdef inline Py_ssize_t packed_width(Py_ssize_t n_active, floating _) noexcept nogil:
    cdef Py_ssize_t lanes = 64 // sizeof(floating)
    return max((n_active + lanes - 1) // lanes, 1) * lanes


cdef inline void mark_active(const floating* theta, const floating* prior, Py_ssize_t width, floating least,
                             floating least_prior, int32_t* place, int32_t* topics) noexcept nogil:
    cdef Py_ssize_t t, k = 0
    for t in range(width):
        if theta[t] > least or prior[t] > least_prior:
            place[k] = <int32_t>t
            topics[k] = topics[t]
            k = k + 1


cdef inline void map_document(const floating* table, const int32_t* index, const floating* x, Py_ssize_t n,
                              Py_ssize_t width, const floating* prior, floating* theta, floating* ratio,
                              double* totals, int n_passes, double tol,
                              floating* scratch, Py_ssize_t capacity) noexcept nogil:
    """Topics whose theta is zero stay zero; once they are the half, they leave the buffer."""
    cdef floating* counts = scratch
    cdef floating* mix_t = theta
    cdef floating* prior_t = scratch + 2 * width
    cdef int32_t* place = <int32_t*>(scratch + 5 * width)
    cdef int32_t* topics = <int32_t*>(scratch + 6 * width)
    cdef floating* z = scratch + 7 * width
    cdef floating* rows = z + capacity
    cdef Py_ssize_t w = width, kept = 0, n_active, narrow, t
    cdef int i
    cdef bint fresh = True
    cdef double change
    memcpy(prior_t, prior, width * sizeof(floating))
    for t in range(width):
        topics[t] = <int32_t>t
    cdef floating mass = 0
    for t in range(n):
        mass = mass + x[t]
    for i in range(n_passes if mass > 0 else 0):  # a document of stored zeros is as empty as one without
        if n <= capacity:
            n_active = active(<const floating*>mix_t, <const floating*>prior_t, w, <floating>0, <floating>0)
            narrow = packed_width(n_active, <floating>0)
            if 2 * narrow <= w:
                if fresh:
                    copy_rows(table, index, n, width, rows)
                    fresh = False
                mark_active(<const floating*>mix_t, <const floating*>prior_t, w, <floating>0, <floating>0, place,
                            topics)
                if mix_t == theta:
                    mix_t = scratch + width
                    memcpy(mix_t, theta, width * sizeof(floating))
                pack(rows, n, w, place, n_active, narrow)
                pack(mix_t, 1, w, place, n_active, narrow)
                pack(prior_t, 1, w, place, n_active, narrow)
                w = narrow
                kept = n_active
        expected_counts(table, index, x, n, w, <floating>0, <const floating*>mix_t, counts, rows, capacity, fresh)
        fresh = False
        change = map_step(mix_t, counts, <const floating*>prior_t, w)
        if change < tol:
            break
    last_ratios(table, index, x, n, w, <floating>0, <const floating*>mix_t, z, ratio, totals, rows, capacity, fresh)
    if mix_t != theta:
        memset(theta, 0, width * sizeof(floating))
        for t in range(kept):
            theta[topics[t]] = mix_t[t]


def map_documents(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into indices and x
    const int32_t[::1] indices,        # IN
    const floating[::1] x,             # IN   counts
    const floating[:, ::1] phi_wt,     # IN   (n_tokens, width)
    const floating[:, ::1] prior_dt,   # IN   (1 or n_docs, width), added to n_dt at every pass
    int n_passes,
    double tol,                        # a document stops when sum_t |change of theta| < tol
    floating[:, ::1] theta_dt,         # INOUT (n_docs, width)
    floating[::1] ratio,               # OUT  (nnz of the batch)
    double[:, ::1] totals,             # OUT  (n_docs, 2): log-likelihood, mass of tokens without probability
    floating[:, ::1] scratch,          # TMP  (n_threads, 7 * width + capacity * (width + 1))
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
    cdef Py_ssize_t d, start, offset
    cdef const int32_t* index
    cdef const floating* counts
    cdef floating* out
    if n_docs == 0 or phi_wt.shape[0] == 0:
        return
    offset = indptr[0]
    index = &indices[0] if indices.shape[0] else NULL
    counts = &x[0] if x.shape[0] else NULL
    out = &ratio[0] if ratio.shape[0] else NULL
    with nogil, parallel(num_threads=team(n_threads)):
        for d in prange(n_docs, schedule="dynamic", chunksize=16):
            start = indptr[d]
            map_document(&phi_wt[0, 0], index + start, counts + start, indptr[d + 1] - start, width,
                         &prior_dt[d * per_doc, 0], &theta_dt[d, 0], out + (start - offset), &totals[d, 0],
                         n_passes, tol, &scratch[threadid(), 0], capacity)


def document_counts(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into indices and x
    const int32_t[::1] indices,        # IN
    const floating[::1] x,             # IN   counts
    const floating[:, ::1] phi_wt,     # IN   (n_tokens, width)
    const floating[:, ::1] theta_dt,   # IN   (n_docs, width)
    floating[:, ::1] n_dt,             # OUT  (n_docs, width)
    floating[:, ::1] scratch,          # TMP  (n_threads, 7 * width + capacity * (width + 1))
    int n_threads,
):
    """Expected counts of the topics in every row, for inner passes that do something between.

    Equivalent to, for every row d with its columns w and counts x:
        n_dt[d] = theta * (phi[w].T @ (x / (phi[w] @ theta)))
    """
    cdef Py_ssize_t n_docs = theta_dt.shape[0], width = theta_dt.shape[1]
    cdef Py_ssize_t capacity = capacity_of(scratch.shape[1], width)
    cdef Py_ssize_t d, start, t
    cdef const int32_t* index
    cdef const floating* counts
    if n_docs == 0 or phi_wt.shape[0] == 0:
        return
    index = &indices[0] if indices.shape[0] else NULL
    counts = &x[0] if x.shape[0] else NULL
    with nogil, parallel(num_threads=team(n_threads)):
        for d in prange(n_docs, schedule="dynamic", chunksize=16):
            start = indptr[d]
            expected_counts(&phi_wt[0, 0], index + start, counts + start, indptr[d + 1] - start, width, <floating>0,
                            &theta_dt[d, 0], &n_dt[d, 0], &scratch[threadid(), 7 * width], capacity, True)
            for t in range(width):
                n_dt[d, t] = n_dt[d, t] * theta_dt[d, t]


cdef inline double digamma(double x) noexcept nogil:
    """To 2e-9, as in scikit-learn (Bernardo 1976, AS 103)."""
    cdef double shift = 0, u
    while x < 6:
        shift = shift - 1 / x
        x = x + 1
    u = 1 / (x * x)
    return shift + log(x) - 0.5 / x - u * (1. / 12 - u * (1. / 120 - u * (1. / 252)))


cdef inline floating dirichlet_scale(double total, floating _) noexcept nogil:
    """exp(-psi(total)), finite: of a document with next to nothing the means are then zero, not 0 times infinity."""
    cdef double exponent = -digamma(total), largest = 87 if floating is float else 700
    return <floating>exp(exponent if exponent < largest else largest)


cdef inline floating dirichlet_step(floating* gamma, const floating* counts, const floating* mean,
                                    const floating* prior, Py_ssize_t n_topics, floating* total) noexcept nogil:
    if floating is float:
        return dirichlet_step_f32(gamma, counts, mean, prior, n_topics, total)
    else:
        return dirichlet_step_f64(gamma, counts, mean, prior, n_topics, total)


cdef inline void expected_mean(const floating* gamma, Py_ssize_t n_topics, floating scale, floating least,
                               floating* mean) noexcept nogil:
    """mean = exp(E[log theta]), theta ~ Dirichlet(gamma), scale = exp(-psi(sum)); zero where it is not above least."""
    exp_digamma_row(gamma, n_topics, mean)
    if floating is float:
        scale_above_f32(mean, scale, least, n_topics)
    else:
        scale_above_f64(mean, scale, least, n_topics)


# z + EPS as in Hoffman's code and scikit-learn: tokens that hardly any topic explains stay out of the counts
cdef double EPS = 2.220446049250313e-16
# topics below which rows are turned into columns
cdef Py_ssize_t FEW = 24


cdef inline void dirichlet_document(const floating* table, const int32_t* index, const floating* x, Py_ssize_t n,
                                    Py_ssize_t width, Py_ssize_t n_topics, const floating* prior, floating* gamma,
                                    floating* mean, floating* ratio, double* totals, int n_passes, double tol,
                                    floating* scratch, Py_ssize_t capacity) noexcept nogil:
    """Topics with nothing but their prior, and with it a mean far below EPS, leave the buffer once they are half."""
    cdef floating* counts = scratch
    cdef floating* prior_t = scratch + 2 * width
    cdef floating* gamma_t = scratch + 3 * width
    cdef floating* excess_t = scratch + 4 * width
    cdef floating* mean_t = scratch + width
    cdef int32_t* place = <int32_t*>(scratch + 5 * width)
    cdef int32_t* topics = <int32_t*>(scratch + 6 * width)
    cdef floating* z = scratch + 7 * width
    cdef floating* rows = z + capacity
    cdef floating* columns = NULL
    cdef floating least = <floating>(1e-18 if floating is float else 1e-30)
    cdef Py_ssize_t ld = packed_width(n, <floating>0)
    cdef bint turn
    cdef Py_ssize_t w = width, k = n_topics, n_active, narrow, t
    cdef int i
    cdef bint fresh = True
    cdef floating change, total = 0, scale
    cdef double left_behind = 0, sum_of_scale, tiny = 4 * (1.2e-7 if floating is float else 2.2e-16)
    memcpy(prior_t, prior, width * sizeof(floating))
    memcpy(gamma_t, gamma, width * sizeof(floating))
    memset(mean_t, 0, width * sizeof(floating))
    for t in range(width):
        topics[t] = <int32_t>t
    for t in range(n_topics):
        total = total + gamma[t]
    sum_of_scale = total
    scale = dirichlet_scale(sum_of_scale, <floating>0)
    expected_mean(<const floating*>gamma_t, k, scale, least, mean_t)
    for i in range(n_passes):
        if 0 < n <= capacity and i > 0 and (i < 4 or i % 2):  # looking costs as much as a topic or two
            for t in range(k):
                excess_t[t] = gamma_t[t] - prior_t[t]
            n_active = active(<const floating*>mean_t, <const floating*>excess_t, k, least, <floating>0)
            narrow = packed_width(n_active, <floating>0)
            turn = (columns == NULL and n_active <= FEW and ld <= capacity
                    and n * w + (n_active + 1) * ld <= capacity * width)
            if 0 < n_active < k and (2 * narrow <= w or turn or columns != NULL):
                mark_active(<const floating*>mean_t, <const floating*>excess_t, k, least, <floating>0, place, topics)
                for t in range(k):
                    left_behind += gamma_t[t]
                if turn:
                    columns = rows + n * w
                    pack_columns(<const floating*>rows, n, w, place, n_active, x, ld, columns)
                elif columns != NULL:
                    for t in range(n_active):
                        memmove(columns + t * ld, columns + place[t] * ld, ld * sizeof(floating))
                    memmove(columns + n_active * ld, columns + k * ld, ld * sizeof(floating))
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
            mix_columns(<const floating*>columns, ld, k, <floating>EPS, <const floating*>mean_t, z, counts)
        else:
            expected_counts(table, index, x, n, w, <floating>EPS, <const floating*>mean_t, counts, rows, capacity,
                            fresh)
        fresh = False
        change = dirichlet_step(gamma_t, <const floating*>counts, <const floating*>mean_t, <const floating*>prior_t, k,
                                &total)
        if fabs(total + left_behind - sum_of_scale) > tiny * sum_of_scale:  # mostly the same but for rounding
            sum_of_scale = total + left_behind
            scale = dirichlet_scale(sum_of_scale, <floating>0)
        expected_mean(<const floating*>gamma_t, k, scale, least, mean_t)
        if change < tol * n_topics:
            break
    if columns != NULL:
        dots_columns(<const floating*>columns, ld, k, <const floating*>mean_t, z)
        totals[0] = log_likelihood(x, <const floating*>z, n)
        totals[1] = ratios(x, <const floating*>z, n, <floating>EPS, ratio)
    else:
        last_ratios(table, index, x, n, w, <floating>EPS, <const floating*>mean_t, z, ratio, totals, rows, capacity,
                    fresh)
    memset(mean, 0, width * sizeof(floating))
    if k < n_topics:
        memcpy(gamma, prior, width * sizeof(floating))
    for t in range(k):
        gamma[topics[t]] = gamma_t[t]
        mean[topics[t]] = mean_t[t]


def dirichlet_documents(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into indices and x
    const int32_t[::1] indices,        # IN
    const floating[::1] x,             # IN   counts
    const floating[:, ::1] phi_wt,     # IN   (n_tokens, width): exp(E[log phi])
    const floating[:, ::1] prior_dt,   # IN   (1, width): Dirichlet prior of theta
    Py_ssize_t n_topics,
    int n_passes,
    double tol,                        # a document stops when mean_t |change of gamma| < tol
    floating[:, ::1] gamma_dt,         # INOUT (n_docs, width): variational Dirichlet parameters
    floating[:, ::1] theta_dt,         # OUT  (n_docs, width): exp(E[log theta])
    floating[::1] ratio,               # OUT  (nnz of the batch)
    double[:, ::1] totals,             # OUT  (n_docs, 2): sum x log z, mass of tokens without probability
    floating[:, ::1] scratch,          # TMP  (n_threads, 7 * width + capacity * (width + 1))
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
    cdef Py_ssize_t d, start, offset
    cdef const int32_t* index
    cdef const floating* counts
    cdef floating* out
    if n_docs == 0 or phi_wt.shape[0] == 0:
        return
    offset = indptr[0]
    index = &indices[0] if indices.shape[0] else NULL
    counts = &x[0] if x.shape[0] else NULL
    out = &ratio[0] if ratio.shape[0] else NULL
    with nogil, parallel(num_threads=team(n_threads)):
        for d in prange(n_docs, schedule="dynamic", chunksize=16):
            start = indptr[d]
            dirichlet_document(&phi_wt[0, 0], index + start, counts + start, indptr[d + 1] - start, width, n_topics,
                               &prior_dt[0, 0], &gamma_dt[d, 0], &theta_dt[d, 0], out + (start - offset),
                               &totals[d, 0], n_passes, tol, &scratch[threadid(), 0], capacity)


# --- the word side ---------------------------------------------------------------------------------------------------

def accumulate(
    const int32_t[::1] tokens,         # IN   tokens of the batch, each once
    const int64_t[::1] starts,         # IN   (n_present + 1), offsets into docs and order
    const int32_t[::1] docs,           # IN   rows of the transpose: documents of a token
    const int32_t[::1] order,          # IN   position of the same non-zero in ratio
    const floating[::1] ratio,         # IN   (nnz of the batch)
    const floating[:, ::1] theta_dt,   # IN   (n_docs, width)
    const floating[:, ::1] phi_wt,     # IN   (n_tokens, width)
    floating[:, ::1] n_wt,             # INOUT (n_tokens, width)
    floating[:, ::1] scratch,          # TMP  (n_threads, >= width)
    int n_threads,
):
    """Add the expected counts of every token of the batch.

    Equivalent to `n_wt += phi_wt * (R.T @ theta_dt)` for R the batch with `ratio` as its data.
    """
    cdef Py_ssize_t n_present = tokens.shape[0], width = theta_dt.shape[1]
    cdef Py_ssize_t i, t, w
    cdef floating* counts
    cdef const floating* phi
    cdef floating* n
    if n_present == 0:
        return
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_present, schedule="dynamic", chunksize=32):
            counts = &scratch[threadid(), 0]
            memset(counts, 0, width * sizeof(floating))
            if floating is float:
                gather_f32(&theta_dt[0, 0], &docs[starts[i]], &order[starts[i]], &ratio[0],
                           starts[i + 1] - starts[i], width, counts)
            else:
                gather_f64(&theta_dt[0, 0], &docs[starts[i]], &order[starts[i]], &ratio[0],
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
    const floating[::1] values,        # IN   (nnz of the batch)
    const floating[:, ::1] rows,       # IN   (n_places, width)
    floating[:, ::1] n_wt,             # INOUT (n_tokens, width)
    floating[:, ::1] scratch,          # TMP  (n_threads, >= width)
    int n_threads,
):
    """Equivalent to `n_wt += M.T @ rows` for M the batch with `values` as its data: `accumulate` without phi."""
    cdef Py_ssize_t n_present = tokens.shape[0], width = rows.shape[1], i, t
    cdef floating* sums
    cdef floating* n
    if n_present == 0:
        return
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_present, schedule="dynamic", chunksize=32):
            sums = &scratch[threadid(), 0]
            memset(sums, 0, width * sizeof(floating))
            if floating is float:
                gather_f32(&rows[0, 0], &places[starts[i]], &order[starts[i]], &values[0], starts[i + 1] - starts[i],
                           width, sums)
            else:
                gather_f64(&rows[0, 0], &places[starts[i]], &order[starts[i]], &values[0], starts[i + 1] - starts[i],
                           width, sums)
            n = &n_wt[tokens[i], 0]
            for t in range(width):
                n[t] = n[t] + sums[t]


# --- theta as a mean of rows -----------------------------------------------------------------------------------------

def normalise_rows(
    const floating[:, ::1] phi_wt,     # IN   (n_tokens, width)
    const floating[::1] share,         # IN   (width), zeros in the pad
    floating[:, ::1] p_wt,             # OUT  (n_tokens, width), may be phi_wt itself
    int n_threads,
):
    """Equivalent to `p = phi * share; p /= p.sum(axis=1)`; rows without a positive sum become zeros."""
    cdef Py_ssize_t n_tokens = p_wt.shape[0], width = p_wt.shape[1], w, t
    cdef floating total
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
    const floating[::1] x,             # IN   counts
    const int32_t[::1] places,         # IN   0, 1, ..., as many as the longest row has entries
    const floating[:, ::1] p_wt,       # IN   (n_tokens, width); rows sum to 1, or are zeros and do not count
    Py_ssize_t n_topics,
    floating[:, ::1] theta_dt,         # OUT  (n_docs, >= n_topics); what is beyond the topics stays
    floating[::1] mass,                # OUT  (n_docs), sum of the counts of the rows that are not zeros
    floating[:, ::1] scratch,          # TMP  (n_threads, width)
    int n_threads,
):
    """Mean row of a table for every document, by its counts; uniform for a document without any.

    Equivalent to `theta = X @ p; mass = theta.sum(axis=1); theta = theta / mass if mass > 0 else 1 / n_topics`.
    """
    cdef Py_ssize_t n_docs = theta_dt.shape[0], width = p_wt.shape[1], d, t
    cdef const int32_t* index = &indices[0] if indices.shape[0] else NULL
    cdef const int32_t* place = &places[0] if places.shape[0] else NULL
    cdef const floating* counts = &x[0] if x.shape[0] else NULL
    cdef const floating* table = &p_wt[0, 0] if p_wt.shape[0] else NULL
    cdef floating* sums
    cdef floating total
    with nogil, parallel(num_threads=team(n_threads)):
        for d in prange(n_docs, schedule="dynamic", chunksize=32):
            sums = &scratch[threadid(), 0]
            memset(sums, 0, width * sizeof(floating))
            if floating is float:
                gather_f32(table, index + indptr[d], place, counts + indptr[d], indptr[d + 1] - indptr[d], width, sums)
            else:
                gather_f64(table, index + indptr[d], place, counts + indptr[d], indptr[d + 1] - indptr[d], width, sums)
            total = 0
            for t in range(n_topics):
                total = total + sums[t]
            mass[d] = total
            for t in range(n_topics):
                theta_dt[d, t] = sums[t] / total if total > 0 else <floating>1 / n_topics


# --- counts to parameters --------------------------------------------------------------------------------------------

def block_sums(
    const floating[:, ::1] n_wt,       # IN   (n_tokens, width)
    const int32_t[::1] tokens,         # IN   rows to sum
    double floor,                      # smaller entries count as 0
    double[:, ::1] sums,               # OUT  (ceil(len(tokens) / 256), width)
    int n_threads,
):
    """Sums over blocks of 256 rows, in float64; the blocks do not depend on the threads.

    Equivalent to `np.add.reduceat(np.where(n > floor, n, 0), np.arange(0, n.shape[0], 256))` for n = n_wt[tokens].
    """
    cdef Py_ssize_t n_blocks = sums.shape[0], width = n_wt.shape[1], n_rows = tokens.shape[0], b, i
    for b in prange(n_blocks, schedule="static", num_threads=team(n_threads), nogil=True):
        memset(&sums[b, 0], 0, width * sizeof(double))
        for i in range(b * 256, min((b + 1) * 256, n_rows)):
            if floating is float:
                add_above_f32(&n_wt[tokens[i], 0], width, <float>floor, &sums[b, 0])
            else:
                add_above_f64(&n_wt[tokens[i], 0], width, floor, &sums[b, 0])


def scale_columns(
    const floating[:, ::1] n_wt,       # IN   (n_tokens, width)
    const int32_t[::1] tokens,         # IN   rows to scale
    const floating[::1] scale,         # IN   (width)
    double floor,                      # smaller results, negative ones too, become 0
    floating[:, ::1] phi_wt,           # OUT  (n_tokens, width), may be n_wt itself
    int n_threads,
):
    """Equivalent to `phi = n_wt[tokens] * scale; phi[phi < floor] = 0`."""
    cdef Py_ssize_t n_rows = tokens.shape[0], width = n_wt.shape[1], i
    for i in prange(n_rows, schedule="static", num_threads=team(n_threads), nogil=True):
        if floating is float:
            scale_row_f32(&n_wt[tokens[i], 0], &scale[0], width, <float>floor, &phi_wt[tokens[i], 0])
        else:
            scale_row_f64(&n_wt[tokens[i], 0], &scale[0], width, floor, &phi_wt[tokens[i], 0])


def scale_shifted(
    const floating[:, ::1] n_wt,       # IN   (n_tokens, width)
    const int32_t[::1] tokens,         # IN   rows to scale
    const floating[::1] shift,         # IN   (n_tokens)
    const floating[::1] scale,         # IN   (width), zeros in the pad
    double floor,                      # smaller results become 0
    floating[:, ::1] phi_wt,           # OUT  (n_tokens, width), may be n_wt itself
    int n_threads,
):
    """Equivalent to `phi = (n_wt[tokens] + shift[tokens, None]) * scale; phi[phi < floor] = 0`."""
    cdef Py_ssize_t n_rows = tokens.shape[0], width = n_wt.shape[1], i
    for i in prange(n_rows, schedule="static", num_threads=team(n_threads), nogil=True):
        if floating is float:
            scale_shifted_f32(&n_wt[tokens[i], 0], shift[tokens[i]], &scale[0], width, <float>floor,
                              &phi_wt[tokens[i], 0])
        else:
            scale_shifted_f64(&n_wt[tokens[i], 0], shift[tokens[i]], &scale[0], width, floor, &phi_wt[tokens[i], 0])


def row_logs(
    const floating[:, :] phi_wt,       # IN   (n_tokens, n_topics), entries 0 or at least `floor`, each row in one piece
    const floating[::1] ones,          # IN   (n_topics)
    double floor,                      # zeros count as this
    double[::1] sums,                  # OUT  (n_tokens)
    int n_threads,
):
    """Equivalent to `sums = np.log(np.maximum(phi_wt, floor)).sum(axis=1)`."""
    cdef Py_ssize_t n_tokens = phi_wt.shape[0], n_topics = phi_wt.shape[1], w, t
    cdef double charge = log(floor)
    cdef Py_ssize_t zeros
    if n_topics > 1 and phi_wt.strides[1] != sizeof(floating):
        raise ValueError("row_logs: the rows of phi_wt must be contiguous.")
    for w in prange(n_tokens, schedule="static", num_threads=team(n_threads), nogil=True):
        zeros = 0
        for t in range(n_topics):
            zeros = zeros + (phi_wt[w, t] == 0)
        if floating is float:
            sums[w] = log_likelihood_f32(&ones[0], &phi_wt[w, 0], n_topics) + zeros * charge
        else:
            sums[w] = log_likelihood_f64(&ones[0], &phi_wt[w, 0], n_topics) + zeros * charge


def exp_dirichlet_columns(
    const floating[:, ::1] n_wt,       # IN   (n_tokens, width)
    const int32_t[::1] tokens,         # IN   rows to compute
    double factor,
    double prior,
    const floating[::1] scale,         # IN   (width): exp(-psi(sum of the Dirichlet parameters)), 0 in the pad
    floating[:, ::1] phi_wt,           # OUT  (n_tokens, width)
    floating[:, ::1] scratch,          # TMP  (n_threads, 2 * width)
    int n_threads,
):
    """exp(E[log phi]) of Dirichlet columns.

    Equivalent to `phi_wt[tokens] = np.exp(psi(factor * n_wt[tokens] + prior)) * scale`.
    """
    cdef Py_ssize_t n_rows = tokens.shape[0], width = n_wt.shape[1], i
    cdef floating* parameters
    cdef floating* means
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_rows, schedule="static"):
            parameters = &scratch[threadid(), 0]
            means = parameters + width
            if floating is float:
                affine_row_f32(&n_wt[tokens[i], 0], <float>factor, <float>prior, width, parameters)
                exp_digamma_f32(parameters, width, means)
                scale_row_f32(means, &scale[0], width, <float>1e-18, &phi_wt[tokens[i], 0])
            else:
                affine_row_f64(&n_wt[tokens[i], 0], factor, prior, width, parameters)
                exp_digamma_f64(parameters, width, means)
                scale_row_f64(means, &scale[0], width, 0, &phi_wt[tokens[i], 0])
