/* Loops over the topics of one position for one REAL; included by rows_context.h. Pointers may be equal where it says so. */
#if ROWS_VECTOR_TYPES
#define VEC NAME(vec)
#define LANE_SUM NAME(lane_sum)
#else
#define VEC REAL
#define LANE_SUM(v) (v)
#endif
#define N_VEC(width) ((width) / (ptrdiff_t)(sizeof(VEC) / sizeof(REAL)))

/* The row of a table that is read some positions later. */
ROWS_INLINE void NAME(prefetch_row)(const REAL *row, ptrdiff_t width) {
    for (size_t b = 0; b < (size_t)width * sizeof(REAL); b += 64) ROWS_PREFETCH((const char *)row + b);
}

/* out = keep * before + take * row; out may be `before`. */
ROWS_INLINE void NAME(fade_row)(const REAL *before, const REAL *row, ptrdiff_t width, REAL keep, REAL take, REAL *out) {
    const VEC *a = (const VEC *)before, *b = (const VEC *)row, k = (VEC){0} + keep, t = (VEC){0} + take;
    VEC *o = (VEC *)out;
    for (ptrdiff_t j = 0; j < N_VEC(width); j++) o[j] = k * a[j] + t * b[j];
}

/* out = of_left * left + of_right * right + constant, and phi @ (mass * out); out may be `left`. */
ROWS_INLINE REAL NAME(blend_rows)(const REAL *left, const REAL *right, const REAL *restrict mass, const REAL *restrict phi,
                                  ptrdiff_t width, REAL of_left, REAL of_right, REAL constant, REAL *out) {
    const VEC *l = (const VEC *)left, *r = (const VEC *)right, *m = (const VEC *)mass, *p = (const VEC *)phi;
    const VEC a = (VEC){0} + of_left, b = (VEC){0} + of_right, c = (VEC){0} + constant;
    VEC *o = (VEC *)out, even = (VEC){0}, odd = (VEC){0};
    const ptrdiff_t n = N_VEC(width);
    ptrdiff_t j = 0;
    for (; j + 2 <= n; j += 2) {
        const VEC u = a * l[j] + (b * r[j] + c), v = a * l[j + 1] + (b * r[j + 1] + c);
        o[j] = u;
        o[j + 1] = v;
        even += u * (m[j] * p[j]);
        odd += v * (m[j + 1] * p[j + 1]);
    }
    if (j < n) {
        const VEC u = a * l[j] + (b * r[j] + c);
        o[j] = u;
        even += u * (m[j] * p[j]);
    }
    return LANE_SUM(even + odd);
}

/* out = scale * a * b */
ROWS_INLINE void NAME(product_row)(const REAL *a, const REAL *b, ptrdiff_t width, REAL scale, REAL *out) {
    const VEC *x = (const VEC *)a, *y = (const VEC *)b, s = (VEC){0} + scale;
    VEC *o = (VEC *)out;
    for (ptrdiff_t j = 0; j < N_VEC(width); j++) o[j] = s * (x[j] * y[j]);
}

/* out += scale * a * b */
ROWS_INLINE void NAME(add_product)(const REAL *restrict a, const REAL *restrict b, ptrdiff_t width, REAL scale,
                                   REAL *restrict out) {
    const VEC *x = (const VEC *)a, *y = (const VEC *)b, s = (VEC){0} + scale;
    VEC *o = (VEC *)out;
    for (ptrdiff_t j = 0; j < N_VEC(width); j++) o[j] += s * (x[j] * y[j]);
}

/* a @ b */
ROWS_INLINE REAL NAME(dot_row)(const REAL *restrict a, const REAL *restrict b, ptrdiff_t width) {
    const VEC *x = (const VEC *)a, *y = (const VEC *)b;
    VEC sum = (VEC){0};
    for (ptrdiff_t j = 0; j < N_VEC(width); j++) sum += x[j] * y[j];
    return LANE_SUM(sum);
}
#undef VEC
#undef LANE_SUM
#undef N_VEC
