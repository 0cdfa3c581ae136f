# Sums of products of tables: P = sum_k pi_k z_k, where z_k is the product over features of entries of tables, or, for
# the last components ("or" components), one minus it. Row r of `tables` belongs to one knot of one feature.


cdef inline void table_products(
    const int32_t* index,              # IN   (n_features): first row of either knot
    const real* share,             # IN   (n_features): share of the second knot
    const real* tables,            # IN   (n_rows, width)
    const int32_t* order,              # IN   (n_features)
    Py_ssize_t n_features, Py_ssize_t width,
    real* entry,                   # OUT  (n_features, width): u
    real* before,                  # OUT  (n_features + 1, width): products of the features before
) noexcept nogil:
    cdef Py_ssize_t j, k, f
    cdef real s
    cdef const real* low
    cdef const real* high
    cdef real* u
    cdef real* product
    cdef real* following
    for k in range(width):
        before[k] = 1
    for j in range(n_features):
        f = order[j]
        s = share[f]
        low = tables + index[f] * width
        product = before + j * width
        following = product + width
        u = entry + j * width
        if s == 0:
            for k in range(width):
                u[k] = low[k]
                following[k] = product[k] * low[k]
        else:
            high = low + width
            for k in range(width):
                # rounding must not lead past either knot
                u[k] = min(max(low[k] + s * (high[k] - low[k]), min(low[k], high[k])), max(low[k], high[k]))
                following[k] = product[k] * u[k]


cdef inline double table_mixture(const real* product, const real* pi, Py_ssize_t n_and,
                                 Py_ssize_t width) noexcept nogil:
    """sum_k pi_k z_k."""
    cdef Py_ssize_t k
    cdef real total = 0
    for k in range(n_and):
        total = total + pi[k] * product[k]
    for k in range(n_and, width):
        total = total + pi[k] * (1 - product[k])
    return total


def table_counts(
    const int32_t[:, ::1] index,       # IN   (n, n_features), rows of the tables
    const real[:, ::1] share,          # IN   (n, n_features), of the next row
    const real[:, ::1] target,         # IN   (n, 2): weights of ln P and of ln(1 - P)
    const int32_t[::1] order,          # IN   order in which the features are asked
    const real[:, ::1] tables,         # IN   (n_rows, width)
    const real[::1] pi,                # IN   (width)
    Py_ssize_t n_and,
    real[:, ::1] counts,               # INOUT (2 n_rows + 1, width): passed, failed, chosen
    real[:, ::1] scratch,              # TMP  (2 n_features + 3, width)
):
    """Add the expected counts of rows, and give the sum of their log-likelihoods.

    A component asks the features one after the other and stops at the first that fails. Equivalent to, for every row,
    with u[j] the entries, a = target[0] / P and c = target[1] / (1 - P), exchanged for the "or" components:
        passed[entry of j] += pi * prod(u[:j]) * (a * prod(u[j + 1:]) + c * (1 - prod(u[j + 1:])))
        failed[entry of j] += pi * prod(u[:j]) * c
        chosen += a * prod(u) + c * (1 - prod(u))
    where an entry between two knots counts for either by its share.
    """
    cdef Py_ssize_t n_features = index.shape[1], width = tables.shape[1], n_rows = tables.shape[0]
    cdef Py_ssize_t i, j, k, f
    cdef double value = 0, p
    cdef real a, c, s, g, h
    cdef real* entry = &scratch[0, 0]
    cdef real* before = entry + n_features * width
    cdef real* after = before + (n_features + 1) * width
    cdef real* failing = after + width
    cdef real* product = before + n_features * width
    cdef real* chosen = &counts[2 * n_rows, 0]
    cdef real* passed
    cdef real* failed
    cdef real* u
    cdef real* earlier
    cdef const real* mixture = &pi[0]
    with nogil:
        for i in range(index.shape[0]):
            table_products(&index[i, 0], &share[i, 0], &tables[0, 0], &order[0], n_features, width, entry, before)
            p = table_mixture(product, mixture, n_and, width)
            p = min(max(p, 1e-7), 1 - 1e-7)
            value = value + target[i, 0] * log(p) + target[i, 1] * log(1 - p)
            a = target[i, 0] / p
            c = target[i, 1] / (1 - p)
            for k in range(n_and):
                chosen[k] += c + (a - c) * product[k]
                after[k] = (a - c) * mixture[k]
                failing[k] = c * mixture[k]
            for k in range(n_and, width):
                chosen[k] += a + (c - a) * product[k]
                after[k] = (c - a) * mixture[k]
                failing[k] = a * mixture[k]
            for j in range(n_features - 1, -1, -1):
                f = order[j]
                s = share[i, f]
                passed = &counts[index[i, f], 0]
                failed = passed + n_rows * width
                u = entry + j * width
                earlier = before + j * width
                if s == 0:
                    for k in range(width):
                        passed[k] += earlier[k] * (failing[k] + after[k])
                        failed[k] += earlier[k] * failing[k]
                        after[k] *= u[k]
                else:
                    for k in range(width):
                        g = earlier[k] * (failing[k] + after[k])
                        h = earlier[k] * failing[k]
                        passed[k] += (1 - s) * g
                        passed[k + width] += s * g
                        failed[k] += (1 - s) * h
                        failed[k + width] += s * h
                        after[k] *= u[k]
    return value


def table_predictions(
    const int32_t[:, ::1] index,       # IN   (n, n_features)
    const real[:, ::1] share,          # IN   (n, n_features)
    const int32_t[::1] order,          # IN   (n_features)
    const real[:, ::1] tables,         # IN   (n_rows, width)
    const real[::1] pi,                # IN   (width)
    Py_ssize_t n_and,
    real[:, :, ::1] scratch,           # TMP  (n_threads, 2 n_features + 1, width)
    double[::1] out,                   # OUT  (n)
    int n_threads,
):
    """Equivalent to `out[i] = sum_k pi_k z_k` for every row."""
    cdef Py_ssize_t n_features = index.shape[1], width = tables.shape[1], i
    cdef real* entry
    with nogil, parallel(num_threads=team(n_threads)):
        for i in prange(index.shape[0], schedule="static"):
            entry = &scratch[threadid(), 0, 0]
            table_products(&index[i, 0], &share[i, 0], &tables[0, 0], &order[0], n_features, width, entry,
                           entry + n_features * width)
            out[i] = table_mixture(entry + 2 * n_features * width, &pi[0], n_and, width)


cdef inline real relaxed(real before, real after, int power) noexcept nogil:
    """before (after / before)^power."""
    cdef real ratio, value = after
    cdef int i
    if power > 1:
        ratio = after / before if before > 0 else 0
        ratio = min(ratio, 16)
        for i in range(1, power):
            value = value * ratio
    return value


cdef void update_steps(
    real* p, const real* passed, const real* failed, Py_ssize_t n, Py_ssize_t stride, Py_ssize_t width,
    real prior, real prior_first, int power, real* tables, real* sums,
) noexcept nogil:
    """Distributions over the knots of one feature, and their cumulative sums, for `width` components.

    With a stride below zero the pointers are to the last knot. `sums` is (3, width).
    """
    cdef Py_ssize_t h, k
    cdef real q, count
    cdef real* above = sums        # passed at this knot and after it
    cdef real* below = sums + width  # failed before this knot
    cdef real* norm = sums + 2 * width
    for k in range(width):
        above[k] = 0
        below[k] = 0
        norm[k] = 0
    for h in range(n):
        for k in range(width):
            above[k] += passed[h * stride + k]
    for k in range(width):
        sums[3 * width + k] = 0
    for h in range(n):
        for k in range(width):
            count = above[k] + below[k]
            above[k] = max(above[k] - passed[h * stride + k], <real>0)
            below[k] += failed[h * stride + k]
            q = p[h * stride + k] * count + (prior_first if h == 0 else prior)
            tables[h * stride + k] = q
            norm[k] += q
    for h in range(n):
        for k in range(width):
            q = tables[h * stride + k] / norm[k] if norm[k] > 0 else p[h * stride + k]
            q = relaxed(p[h * stride + k], q, power)
            tables[h * stride + k] = q
            sums[3 * width + k] += q
    for k in range(width):
        below[k] = 0
    for h in range(n):
        for k in range(width):
            q = tables[h * stride + k] / sums[3 * width + k]
            p[h * stride + k] = q
            below[k] += q
            tables[h * stride + k] = min(below[k], <real>1) if h < n - 1 else 1


cdef void update_free(
    real* p, const real* passed, const real* failed, Py_ssize_t n, Py_ssize_t row, Py_ssize_t width,
    real smoothing, real prior, int power, real* tables,
) noexcept nogil:
    """Free entries; `row` is the distance of two rows, neighbours are smoothed towards each other."""
    cdef Py_ssize_t h, k
    cdef real a, b, mean, q, total
    cdef const real* here
    cdef const real* left
    cdef const real* right
    for h in range(n):
        here = p + h * row
        left = here - row if h > 0 else (here + row if n > 1 else here)
        right = here + row if h < n - 1 else (here - row if n > 1 else here)
        for k in range(width):
            mean = (left[k] + right[k]) / 2
            a = here[k] * passed[h * row + k] + smoothing * mean + prior
            b = (1 - here[k]) * failed[h * row + k] + smoothing * (1 - mean)
            total = a + b
            q = a / total if total > 0 else here[k]
            if power > 1:
                a = relaxed(here[k], q, power)
                b = relaxed(1 - here[k], 1 - q, power)
                q = a / (a + b)
            tables[h * row + k] = min(max(q, <real>1e-4), <real>(1 - 1e-4))
    for h in range(n):
        for k in range(width):
            p[h * row + k] = tables[h * row + k]


def table_update(
    const int32_t[:, ::1] features,    # IN   (n_features, 3): first row, number of knots, sign; a row for NaN follows
    const real[:, ::1] counts,         # IN   (2 n_rows + 1, width), see table_counts
    const real[::1] priors,            # IN   (4): of components, smoothing, of knots, of entries that pass
    int power,                         # 1 is the lemma, more goes further in the same direction
    Py_ssize_t n_and,
    real[:, ::1] p,                    # INOUT (n_rows, width): steps (distributions over knots) or free entries
    real[::1] pi,                      # INOUT (width)
    real[:, ::1] tables,               # OUT  (n_rows, width)
    real[:, ::1] scratch,              # TMP  (4, width)
):
    """The lemma for all distributions: p = norm(p * counts + prior), as expected counts say.

    A step at knot h is passed by rows at h and after it and failed by rows before it, so its count is the sum of
    passed from h on and of failed before h. A free entry q is the share passed of passed and failed.
    """
    cdef Py_ssize_t width = p.shape[1], n_rows = p.shape[0], j, k, first, n, side, column, size, stride, start
    cdef int sign
    cdef double total, before
    cdef real q
    with nogil:
        total = 0
        for k in range(width):
            q = pi[k] * counts[2 * n_rows, k] + priors[0]
            scratch[0, k] = q
            total = total + q
        before, total = total, 0
        if before > 0:
            for k in range(width):
                scratch[0, k] = relaxed(pi[k], <real>(scratch[0, k] / before), power)
                total = total + scratch[0, k]
            for k in range(width):
                pi[k] = <real>(scratch[0, k] / total)
        for j in range(features.shape[0]):
            first = features[j, 0]
            n = features[j, 1]
            for side in range(2):
                column = 0 if side == 0 else n_and
                size = n_and if side == 0 else width - n_and
                if size == 0:
                    continue
                sign = features[j, 2] if side == 0 else -features[j, 2]
                if sign == 0:
                    update_free(&p[first, column], &counts[first, column], &counts[n_rows + first, column], n, width,
                                size, priors[1], priors[3] / n, power, &tables[first, column])
                else:
                    start = first if sign > 0 else first + n - 1
                    stride = width if sign > 0 else -width
                    update_steps(&p[start, column], &counts[start, column], &counts[n_rows + start, column], n, stride,
                                 size, priors[2], priors[2] + priors[3], power, &tables[start, column],
                                 &scratch[0, 0])
                update_free(&p[first + n, column], &counts[first + n, column], &counts[n_rows + first + n, column], 1,
                            width, size, 0, priors[3], power, &tables[first + n, column])
