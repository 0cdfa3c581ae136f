/* Rows of a table, copied side by side, and packed when only some of their topics are left. */

/* Copy n rows of a table into a contiguous buffer. The rows are scattered over the last cache level, so the next ones
 * are asked for while the present one is copied. */
#define ROWS_AHEAD 4
ROWS_INLINE void copy_rows(const real *table, const int32_t *index, ptrdiff_t n, ptrdiff_t width, real *restrict out) {
    const size_t bytes = (size_t)width * sizeof(real);
    for (ptrdiff_t i = 0; i < n; i++) {
        if (i + ROWS_AHEAD < n) {
            const char *next = (const char *)(table + (ptrdiff_t)index[i + ROWS_AHEAD] * width);
            for (size_t b = 0; b < bytes; b += 64) ROWS_PREFETCH(next + b);
        }
        memcpy(out + i * width, table + (ptrdiff_t)index[i] * width, bytes);
    }
}

/* Positions of the topics that are still in play: theta above `least`, or a prior that can bring them back. */
ROWS_LOCAL ptrdiff_t active(const real *restrict theta, const real *restrict prior, ptrdiff_t width, real least,
                            real least_prior) {
    int32_t n = 0;
    for (ptrdiff_t t = 0; t < width; t++) n += (theta[t] > least) | (prior[t] > least_prior);
    return n;
}

/* Pack the active columns of n rows, in place; `topics` maps positions to topics and is packed too. */
ROWS_LOCAL void pack(real *rows, ptrdiff_t n, ptrdiff_t width, const int32_t *restrict place, ptrdiff_t n_active,
                     ptrdiff_t packed) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const real *row = rows + i * width;
        real *out = rows + i * packed;
        for (ptrdiff_t k = 0; k < n_active; k++) out[k] = row[place[k]];
        for (ptrdiff_t k = n_active; k < packed; k++) out[k] = 0;
    }
}

/* Few topics left: columns. Token by token a lane sum and a division would cost more than the arithmetic, so the rows
 * are turned and tokens are the lanes. `ld` is n rounded up to whole vectors, zeros in the pad. */
ROWS_LOCAL void pack_columns(const real *restrict rows, ptrdiff_t n, ptrdiff_t width, const int32_t *restrict place,
                             ptrdiff_t n_active, const real *restrict x, ptrdiff_t ld, real *restrict columns) {
    for (ptrdiff_t k = 0; k < n_active; k++) {
        const real *row = rows + place[k];
        real *column = columns + k * ld;
        for (ptrdiff_t i = 0; i < n; i++) column[i] = row[i * width];
        for (ptrdiff_t i = n; i < ld; i++) column[i] = 0;
    }
    real *counts = columns + n_active * ld;
    for (ptrdiff_t i = 0; i < n; i++) counts[i] = x[i];
    for (ptrdiff_t i = n; i < ld; i++) counts[i] = 0;
}

/* z = theta @ columns */
ROWS_LOCAL void dots_columns(const real *restrict columns, ptrdiff_t ld, ptrdiff_t n_topics,
                             const real *restrict theta, real *restrict z) {
    for (ptrdiff_t i = 0; i < ld; i++) z[i] = theta[0] * columns[i];
    ptrdiff_t t = 1;
    for (; t + 4 <= n_topics; t += 4) {
        const real *c = columns + t * ld;
        const real a0 = theta[t], a1 = theta[t + 1], a2 = theta[t + 2], a3 = theta[t + 3];
        for (ptrdiff_t i = 0; i < ld; i++)
            z[i] += (a0 * c[i] + a1 * c[ld + i]) + (a2 * c[2 * ld + i] + a3 * c[3 * ld + i]);
    }
    for (; t < n_topics; t++)
        for (ptrdiff_t i = 0; i < ld; i++) z[i] += theta[t] * columns[t * ld + i];
}

/* counts = columns @ (x / z), x in the column behind the topics. */
ROWS_LOCAL void mix_columns(const real *restrict columns, ptrdiff_t ld, ptrdiff_t n_topics, real eps,
                            const real *restrict theta, real *restrict z, real *restrict counts) {
    const real *x = columns + n_topics * ld;
    dots_columns(columns, ld, n_topics, theta, z);
    for (ptrdiff_t i = 0; i < ld; i++) {
        const real ratio = x[i] / (z[i] + eps);
        z[i] = z[i] > Z_MIN ? ratio : 0;
    }
    for (ptrdiff_t t = 0; t < n_topics; t++) {
        real sum = 0;
        for (ptrdiff_t i = 0; i < ld; i++) sum += z[i] * columns[t * ld + i];
        counts[t] = sum;
    }
}
