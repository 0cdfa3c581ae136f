# Mixtures of products, f_i = sum_k weight_k prod_j u_jk(i), u_jk(i) = sum_h value_ih table_hk over the h of feature j.
#
# All in double precision: products of many features are below what float32 holds. Sums over h and over k have an order
# that does not depend on the row, so f is monotone in the values in real point too.


cdef inline void mixed_values(const real* value, const real* table, Py_ssize_t n, Py_ssize_t width,
                              real* u) noexcept nogil:
    """u = value @ table; values that are zero cost nothing."""
    cdef Py_ssize_t h
    memset(u, 0, width * sizeof(double))
    for h in range(n):
        if value[h] != 0:
            add_multiple(table + h * width, value[h], width, u)


cdef inline void multiply(const real* u, Py_ssize_t width, real* product) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(width):
        product[k] = product[k] * u[k]


cdef inline double divided(real* product, Py_ssize_t width, double below) noexcept nogil:
    """Divide by the largest entry where that is less than `below`; its logarithm, or 0."""
    cdef Py_ssize_t k
    cdef double largest = 0
    for k in range(width):
        largest = product[k] if product[k] > largest else largest
    if largest >= below or largest == 0:
        return 0
    for k in range(width):
        product[k] = product[k] / largest
    return log(largest)


cdef inline double shares_row(const real* value, const int64_t* offsets, Py_ssize_t n_features, const real* table,
                              const real* weights, Py_ssize_t width, real* u, real* share) noexcept nogil:
    cdef Py_ssize_t j, k
    cdef double logarithm = 0, total = 0
    for k in range(width):
        share[k] = weights[k]
    for j in range(n_features):
        mixed_values(value + offsets[j], table + offsets[j] * width, offsets[j + 1] - offsets[j], width, u)
        multiply(u, width, share)
        logarithm = logarithm + divided(share, width, 1e-100)
    for k in range(width):
        total = total + share[k]
    for k in range(width):
        share[k] = share[k] / total if total > 0 else 0
    return logarithm + log(total)


def product_shares(
    const real[:, ::1] values,         # IN   (n_rows, n_bases), non-negative; not all zero in a feature
    const int64_t[::1] offsets,        # IN   (n_features + 1): where the bases of a feature begin
    const real[:, ::1] table,          # IN   (n_bases, width)
    const real[::1] weights,           # IN   (width), zeros in the pad
    real[:, ::1] shares,               # OUT  (n_rows, width)
    double[::1] logarithms,            # OUT  (n_rows)
    real[:, ::1] scratch,              # TMP  (n_threads, width)
    int n_threads,
):
    """Shares of the components in every row, and the logarithm of the sum.

    Equivalent to
        u = [values[:, o:p] @ table[o:p] for o, p in zip(offsets, offsets[1:])]
        f = weights * np.prod(u, axis=0); logarithms = np.log(f.sum(axis=1)); shares = f / f.sum(axis=1)[:, None]
    without underflow of the product.
    """
    cdef Py_ssize_t n_rows = values.shape[0], width = table.shape[1], n = offsets.shape[0] - 1, i
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_rows, schedule="dynamic", chunksize=32):
            logarithms[i] = shares_row(&values[i, 0], &offsets[0], n, &table[0, 0], &weights[0], width,
                                       &scratch[threadid(), 0], &shares[i, 0])


cdef inline void count_feature(const real* value, Py_ssize_t stride, Py_ssize_t n_rows, Py_ssize_t n,
                               const real* table, const real* share, const real* row_weight, Py_ssize_t width,
                               real* u, real* counts) noexcept nogil:
    cdef Py_ssize_t i, h, k
    for i in range(n_rows):
        mixed_values(value + i * stride, table, n, width, u)
        for k in range(width):
            u[k] = row_weight[i] * share[i * width + k] / u[k] if u[k] > 0 else 0
        for h in range(n):
            if value[i * stride + h] != 0:
                add_multiple(u, value[i * stride + h], width, counts + h * width)


def product_counts(
    const real[:, ::1] values,         # IN   (n_rows, n_bases), as above
    const int64_t[::1] offsets,        # IN   (n_features + 1)
    const real[:, ::1] table,          # IN   (n_bases, width)
    const real[:, ::1] shares,         # IN   (n_rows, width)
    const real[::1] row_weights,       # IN   (n_rows)
    real[:, ::1] counts,               # INOUT (n_bases, width); what is found is added
    real[:, ::1] scratch,              # TMP  (n_threads, width)
    int n_threads,
):
    """Gradient of sum_i row_weight_i log f_i by the table; a feature belongs to one thread.

    Equivalent to, for every feature and its bases o:p
        counts[o:p] += values[:, o:p].T @ (row_weights[:, None] * shares / (values[:, o:p] @ table[o:p]))
    """
    cdef Py_ssize_t n_rows = values.shape[0], stride = values.shape[1], width = table.shape[1], j
    cdef Py_ssize_t n_features = offsets.shape[0] - 1
    if n_rows == 0:
        return
    with nogil, parallel(num_threads=team(n_threads)):
        for j in prange(n_features, schedule="dynamic", chunksize=1):
            count_feature(&values[0, 0] + offsets[j], stride, n_rows, offsets[j + 1] - offsets[j],
                          &table[offsets[j], 0], &shares[0, 0], &row_weights[0], width, &scratch[threadid(), 0],
                          &counts[offsets[j], 0])


cdef inline double sum_row(const real* value, const int64_t* offsets, Py_ssize_t n_features, const real* table,
                           const real* weights, Py_ssize_t width, real* u, real* product) noexcept nogil:
    cdef Py_ssize_t j, k
    cdef double total = 0
    for k in range(width):
        product[k] = weights[k]
    for j in range(n_features):
        mixed_values(value + offsets[j], table + offsets[j] * width, offsets[j + 1] - offsets[j], width, u)
        multiply(u, width, product)
    for k in range(width):
        total = total + product[k]
    return total


def product_sums(
    const real[:, ::1] values,         # IN   (n_rows, n_bases), non-negative
    const int64_t[::1] offsets,        # IN   (n_features + 1)
    const real[:, ::1] table,          # IN   (n_bases, width)
    const real[::1] weights,           # IN   (width), zeros in the pad
    real[::1] sums,                    # OUT  (n_rows)
    real[:, ::1] scratch,              # TMP  (n_threads, 2 * width)
    int n_threads,
):
    """Equivalent to `sums = (weights * np.prod([values[:, o:p] @ table[o:p] for o, p in ...], axis=0)).sum(axis=1)`."""
    cdef Py_ssize_t n_rows = values.shape[0], width = table.shape[1], n = offsets.shape[0] - 1, i
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(n_rows, schedule="dynamic", chunksize=32):
            sums[i] = sum_row(&values[i, 0], &offsets[0], n, &table[0, 0], &weights[0], width,
                              &scratch[threadid(), 0], &scratch[threadid(), width])
