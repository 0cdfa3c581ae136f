/* Rows of topics along a text: what the context of a position is made of. Pointers may be equal where it says so. */
#ifndef SKARTM_ROWS_CONTEXT_H
#define SKARTM_ROWS_CONTEXT_H

#include "rows.h"

#define N_VEC(width) ((width) / (ptrdiff_t)(sizeof(vec) / sizeof(real)))

/* The row of a table that is read some positions later. */
ROWS_INLINE void prefetch_row(const real *row, ptrdiff_t width) {
    for (size_t b = 0; b < (size_t)width * sizeof(real); b += 64) ROWS_PREFETCH((const char *)row + b);
}

/* out = keep * before + take * row; out may be `before`. */
ROWS_INLINE void fade_row(const real *before, const real *row, ptrdiff_t width, real keep, real take, real *out) {
    const vec *a = (const vec *)before, *b = (const vec *)row, k = (vec){0} + keep, t = (vec){0} + take;
    vec *o = (vec *)out;
    for (ptrdiff_t j = 0; j < N_VEC(width); j++) o[j] = k * a[j] + t * b[j];
}

/* out = of_left * left + of_right * right + constant, and phi @ (mass * out); out may be `left`. */
ROWS_INLINE real blend_rows(const real *left, const real *right, const real *restrict mass, const real *restrict phi,
                            ptrdiff_t width, real of_left, real of_right, real constant, real *out) {
    const vec *l = (const vec *)left, *r = (const vec *)right, *m = (const vec *)mass, *p = (const vec *)phi;
    const vec a = (vec){0} + of_left, b = (vec){0} + of_right, c = (vec){0} + constant;
    vec *o = (vec *)out, even = (vec){0}, odd = (vec){0};
    const ptrdiff_t n = N_VEC(width);
    ptrdiff_t j = 0;
    for (; j + 2 <= n; j += 2) {
        const vec u = a * l[j] + (b * r[j] + c), v = a * l[j + 1] + (b * r[j + 1] + c);
        o[j] = u;
        o[j + 1] = v;
        even += u * (m[j] * p[j]);
        odd += v * (m[j + 1] * p[j + 1]);
    }
    if (j < n) {
        const vec u = a * l[j] + (b * r[j] + c);
        o[j] = u;
        even += u * (m[j] * p[j]);
    }
    return lane_sum(even + odd);
}

/* out = scale * a * b */
ROWS_INLINE void product_row(const real *a, const real *b, ptrdiff_t width, real scale, real *out) {
    const vec *x = (const vec *)a, *y = (const vec *)b, s = (vec){0} + scale;
    vec *o = (vec *)out;
    for (ptrdiff_t j = 0; j < N_VEC(width); j++) o[j] = s * (x[j] * y[j]);
}

/* out += scale * a * b */
ROWS_INLINE void add_product(const real *restrict a, const real *restrict b, ptrdiff_t width, real scale,
                             real *restrict out) {
    const vec *x = (const vec *)a, *y = (const vec *)b, s = (vec){0} + scale;
    vec *o = (vec *)out;
    for (ptrdiff_t j = 0; j < N_VEC(width); j++) o[j] += s * (x[j] * y[j]);
}

/* a @ b */
ROWS_INLINE real dot_row(const real *restrict a, const real *restrict b, ptrdiff_t width) {
    const vec *x = (const vec *)a, *y = (const vec *)b;
    vec sum = (vec){0};
    for (ptrdiff_t j = 0; j < N_VEC(width); j++) sum += x[j] * y[j];
    return lane_sum(sum);
}

#endif
