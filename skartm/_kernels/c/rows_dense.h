/* out += x @ table for rows x that have all their entries.
 *
 * BLAS would do, but for a promise: how it rounds a row depends on the number of rows, on the place of the row among them
 * and on the processor. Here every number of the result is one chain of sums over the columns, in their order; a block that
 * is short of rows repeats its last one, so that all rows take the same instructions.
 */
#define DENSE_COLUMNS 512 /* of x at a time, so that these rows of the table stay in cache for all rows of x */

#if ROWS_VECTOR_TYPES
#define DENSE_TILE(NV)                                                                                                 \
    ROWS_LOCAL void dense_tile_##NV(const real *const *x, const real *restrict table, ptrdiff_t n,                     \
                                    ptrdiff_t width, real *const *out) {                                               \
        vec acc[DENSE_ROWS][NV];                                                                                       \
        ROWS_UNROLL                                                                                                    \
        for (int r = 0; r < DENSE_ROWS; r++) {                                                                         \
            ROWS_UNROLL                                                                                                \
            for (int k = 0; k < NV; k++) acc[r][k] = ((const vec *)out[r])[k];                                         \
        }                                                                                                              \
        for (ptrdiff_t j = 0; j < n; j++) {                                                                            \
            const vec *row = (const vec *)(table + j * width);                                                         \
            ROWS_UNROLL                                                                                                \
            for (int r = 0; r < DENSE_ROWS; r++) {                                                                     \
                const vec factor = (vec){0} + x[r][j];                                                                 \
                ROWS_UNROLL                                                                                            \
                for (int k = 0; k < NV; k++) acc[r][k] += factor * row[k];                                             \
            }                                                                                                          \
        }                                                                                                              \
        ROWS_UNROLL                                                                                                    \
        for (int r = 0; r < DENSE_ROWS; r++) {                                                                         \
            ROWS_UNROLL                                                                                                \
            for (int k = 0; k < NV; k++) ((vec *)out[r])[k] = acc[r][k];                                               \
        }                                                                                                              \
    }
DENSE_TILE(1)
DENSE_TILE(2)
#if DENSE_VECTORS >= 4
DENSE_TILE(4)
#endif

ROWS_LOCAL void dense_block(const real *const *x, const real *table, ptrdiff_t n, ptrdiff_t width,
                            int n_own, real *const *out) {
    ptrdiff_t t = 0;
    real *at[DENSE_ROWS];
    while (t < width) {
        const ptrdiff_t left = (width - t) / (ptrdiff_t)LANES;
        for (int r = 0; r < DENSE_ROWS; r++) at[r] = r < n_own ? out[r] + t : out[r];
#if DENSE_VECTORS >= 4
        if (left >= 4) {
            dense_tile_4(x, table + t, n, width, at);
            t += 4 * LANES;
            continue;
        }
#endif
        if (left >= 2) {
            dense_tile_2(x, table + t, n, width, at);
            t += 2 * LANES;
        } else {
            dense_tile_1(x, table + t, n, width, at);
            t += LANES;
        }
    }
}

ROWS_LOCAL void dense_rows(const real *x, ptrdiff_t n_rows, ptrdiff_t n, const real *table, ptrdiff_t width,
                           real *out) {
    real spare[4 * LANES] = {0}; /* what comes of the repeated rows */
    memset(out, 0, n_rows * width * sizeof(real));
    for (ptrdiff_t j = 0; j < n; j += DENSE_COLUMNS) {
        const ptrdiff_t some = n - j < DENSE_COLUMNS ? n - j : DENSE_COLUMNS;
        for (ptrdiff_t i = 0; i < n_rows; i += DENSE_ROWS) {
            const int n_own = n_rows - i < DENSE_ROWS ? (int)(n_rows - i) : DENSE_ROWS;
            const real *from[DENSE_ROWS];
            real *to[DENSE_ROWS];
            for (int r = 0; r < DENSE_ROWS; r++) {
                from[r] = x + (r < n_own ? i + r : n_rows - 1) * n + j;
                to[r] = r < n_own ? out + (i + r) * width : spare;
            }
            dense_block(from, table + j * width, some, width, n_own, to);
        }
    }
}
#else /* no vector types */
ROWS_LOCAL void dense_rows(const real *restrict x, ptrdiff_t n_rows, ptrdiff_t n, const real *restrict table,
                           ptrdiff_t width, real *restrict out) {
    memset(out, 0, n_rows * width * sizeof(real));
    for (ptrdiff_t j = 0; j < n; j += DENSE_COLUMNS) {
        const ptrdiff_t end = n - j < DENSE_COLUMNS ? n : j + DENSE_COLUMNS;
        for (ptrdiff_t i = 0; i < n_rows; i++)
            for (ptrdiff_t c = j; c < end; c++)
                for (ptrdiff_t t = 0; t < width; t++) out[i * width + t] += x[i * n + c] * table[c * width + t];
    }
}
#endif
