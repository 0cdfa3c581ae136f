/* Loops over rows of topics for one REAL; included by rows.h, once for float and once for double.
 *
 * Equivalent numpy, for rows (n, T), x (n,), theta (T,):
 *     z = rows @ theta;  ratio = where(z > Z_MIN, x / z, 0);  counts += ratio @ rows
 */
/* At or below Z_MIN a token has no probability: it contributes nothing. eps is added to z where an algorithm asks for it. */
#define Z_MIN (sizeof(REAL) == 4 ? (REAL)1e-30 : (REAL)1e-290)

#if ROWS_VECTOR_TYPES
typedef REAL NAME(vec) __attribute__((vector_size(ROWS_BYTES), aligned(sizeof(REAL)), may_alias));
#define VEC NAME(vec)
#define LANES (ROWS_BYTES / sizeof(REAL))

ROWS_INLINE REAL NAME(lane_sum)(VEC v) {
#if ROWS_BYTES == 64
    typedef REAL half_t __attribute__((vector_size(32)));
    union { VEC v; half_t h[2]; } whole;
    whole.v = v;
    half_t w = whole.h[0] + whole.h[1];
#else
    VEC w = v;
#endif
#if ROWS_BYTES >= 32
    typedef REAL quarter_t __attribute__((vector_size(16)));
    union { __typeof__(w) v; quarter_t h[2]; } halves;
    halves.v = w;
    quarter_t q = halves.h[0] + halves.h[1];
#else
    VEC q = w;
#endif
    return sizeof(REAL) == 4 ? (q[0] + q[2 % (16 / sizeof(REAL))]) + (q[1] + q[3 % (16 / sizeof(REAL))]) : q[0] + q[1];
}

/* Few topics: theta and the counts live in registers over all tokens; every row is read from memory twice, from L1 the
 * second time. 20-30 % faster than blocks of tokens, which reload theta and store counts. */
#define ROWS_MIX_RESIDENT(NV)                                                                                          \
    ROWS_LOCAL void ROWS_CAT(NAME(mix_resident), _##NV)(const REAL *restrict rows, const REAL *restrict x, ptrdiff_t n, \
                                                        REAL eps,     \
                                                        const REAL *restrict theta, REAL *restrict counts) {           \
        VEC mix[NV], acc[NV];                                                                                          \
        ROWS_UNROLL                                                                                                    \
        for (int k = 0; k < NV; k++) {                                                                                 \
            mix[k] = ((const VEC *)theta)[k];                                                                          \
            acc[k] = ((const VEC *)counts)[k];                                                                         \
        }                                                                                                              \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                            \
            const VEC *row = (const VEC *)rows + i * NV;                                                               \
            VEC even = row[0] * mix[0], odd = (VEC){0};                                                                \
            ROWS_UNROLL                                                                                                \
            for (int k = 1; k < NV; k++) {                                                                             \
                if (k & 1) odd += row[k] * mix[k];                                                                     \
                else even += row[k] * mix[k];                                                                          \
            }                                                                                                          \
            const REAL z = NAME(lane_sum)(even + odd);                                                                 \
            const VEC ratio = (VEC){0} + (z > Z_MIN ? x[i] / (z + eps) : (REAL)0);                                             \
            ROWS_UNROLL                                                                                                \
            for (int k = 0; k < NV; k++) acc[k] += ratio * row[k];                                                     \
        }                                                                                                              \
        ROWS_UNROLL                                                                                                    \
        for (int k = 0; k < NV; k++) ((VEC *)counts)[k] = acc[k];                                                      \
    }

/* counts += sum_i ratio[i] * rows[index[i]], accumulators in registers: the word side. */
#define ROWS_GATHER_RESIDENT(NV)                                                                                       \
    ROWS_LOCAL void ROWS_CAT(NAME(gather_resident), _##NV)(const REAL *restrict rows, const int32_t *restrict index,    \
                                                           const int32_t *restrict order,                              \
                                                           const REAL *restrict ratio, ptrdiff_t n,                    \
                                                           REAL *restrict counts) {                                    \
        VEC acc[NV];                                                                                                   \
        ROWS_UNROLL                                                                                                    \
        for (int k = 0; k < NV; k++) acc[k] = ((const VEC *)counts)[k];                                                \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                            \
            const VEC *row = (const VEC *)rows + (ptrdiff_t)index[i] * NV;                                             \
            const VEC r = (VEC){0} + ratio[order[i]];                                                                  \
            ROWS_UNROLL                                                                                                \
            for (int k = 0; k < NV; k++) acc[k] += r * row[k];                                                         \
        }                                                                                                              \
        ROWS_UNROLL                                                                                                    \
        for (int k = 0; k < NV; k++) ((VEC *)counts)[k] = acc[k];                                                      \
    }

#define ROWS_RESIDENT_SIZE(NV) ROWS_MIX_RESIDENT(NV) ROWS_GATHER_RESIDENT(NV)
ROWS_RESIDENT_SIZE(1)
ROWS_RESIDENT_SIZE(2)
ROWS_RESIDENT_SIZE(3)
ROWS_RESIDENT_SIZE(4)
ROWS_RESIDENT_SIZE(5)
ROWS_RESIDENT_SIZE(6)
#if ROWS_RESIDENT >= 14
ROWS_RESIDENT_SIZE(7)
ROWS_RESIDENT_SIZE(8)
ROWS_RESIDENT_SIZE(9)
ROWS_RESIDENT_SIZE(10)
ROWS_RESIDENT_SIZE(11)
ROWS_RESIDENT_SIZE(12)
ROWS_RESIDENT_SIZE(13)
ROWS_RESIDENT_SIZE(14)
#endif

typedef void (*NAME(mix_fn))(const REAL *, const REAL *, ptrdiff_t, REAL, const REAL *, REAL *);
typedef void (*NAME(gather_fn))(const REAL *, const int32_t *, const int32_t *, const REAL *, ptrdiff_t, REAL *);
#define ROWS_ONE(F, NV) ROWS_CAT(NAME(F), _##NV)
#if ROWS_RESIDENT >= 14
#define ROWS_TABLE(F)                                                                                                  \
    {ROWS_ONE(F, 1), ROWS_ONE(F, 2), ROWS_ONE(F, 3), ROWS_ONE(F, 4), ROWS_ONE(F, 5), ROWS_ONE(F, 6), ROWS_ONE(F, 7),   \
     ROWS_ONE(F, 8), ROWS_ONE(F, 9), ROWS_ONE(F, 10), ROWS_ONE(F, 11), ROWS_ONE(F, 12), ROWS_ONE(F, 13), ROWS_ONE(F, 14)}
#else
#define ROWS_TABLE(F)                                                                                                  \
    {ROWS_ONE(F, 1), ROWS_ONE(F, 2), ROWS_ONE(F, 3), ROWS_ONE(F, 4), ROWS_ONE(F, 5), ROWS_ONE(F, 6)}
#endif
static const NAME(mix_fn) NAME(mix_table)[ROWS_RESIDENT] = ROWS_TABLE(mix_resident);
static const NAME(gather_fn) NAME(gather_table)[ROWS_RESIDENT] = ROWS_TABLE(gather_resident);

/* Many topics: blocks of eight tokens, so that eight rows (L1) meet every load of theta and every store of counts. */
#define ROWS_BLOCK 8
ROWS_LOCAL void NAME(mix_blocked)(const REAL *restrict rows, const REAL *restrict x, ptrdiff_t n, ptrdiff_t n_vec,
                                  REAL eps, const REAL *restrict theta, REAL *restrict counts) {
    const VEC *mix = (const VEC *)theta;
    VEC *acc = (VEC *)counts;
    ptrdiff_t i = 0;
    for (; i + ROWS_BLOCK <= n; i += ROWS_BLOCK) {
        const VEC *row = (const VEC *)rows + i * n_vec;
        VEC dot[ROWS_BLOCK], ratio[ROWS_BLOCK];
        ROWS_UNROLL
        for (int j = 0; j < ROWS_BLOCK; j++) dot[j] = (VEC){0};
        for (ptrdiff_t k = 0; k < n_vec; k++) {
            const VEC m = mix[k];
            ROWS_UNROLL
            for (int j = 0; j < ROWS_BLOCK; j++) dot[j] += row[j * n_vec + k] * m;
        }
        ROWS_UNROLL
        for (int j = 0; j < ROWS_BLOCK; j++) {
            const REAL z = NAME(lane_sum)(dot[j]);
            ratio[j] = (VEC){0} + (z > Z_MIN ? x[i + j] / (z + eps) : (REAL)0);
        }
        for (ptrdiff_t k = 0; k < n_vec; k++) {
            VEC even = acc[k], odd = (VEC){0};
            ROWS_UNROLL
            for (int j = 0; j < ROWS_BLOCK; j += 2) {
                even += row[j * n_vec + k] * ratio[j];
                odd += row[(j + 1) * n_vec + k] * ratio[j + 1];
            }
            acc[k] = even + odd;
        }
    }
    for (; i < n; i++) {
        const VEC *row = (const VEC *)rows + i * n_vec;
        VEC dot = (VEC){0};
        for (ptrdiff_t k = 0; k < n_vec; k++) dot += row[k] * mix[k];
        const REAL z = NAME(lane_sum)(dot);
        const VEC ratio = (VEC){0} + (z > Z_MIN ? x[i] / (z + eps) : (REAL)0);
        for (ptrdiff_t k = 0; k < n_vec; k++) acc[k] += ratio * row[k];
    }
}

ROWS_INLINE void NAME(mix)(const REAL *rows, const REAL *x, ptrdiff_t n, ptrdiff_t width, REAL eps,
                           const REAL *theta, REAL *counts) {
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    if (n_vec <= ROWS_RESIDENT) NAME(mix_table)[n_vec - 1](rows, x, n, eps, theta, counts);
    else NAME(mix_blocked)(rows, x, n, n_vec, eps, theta, counts);
}

/* z[i] = rows[i] @ theta */
ROWS_LOCAL void NAME(dots)(const REAL *restrict rows, ptrdiff_t n, ptrdiff_t width, const REAL *restrict theta,
                           REAL *restrict z) {
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    const VEC *mix = (const VEC *)theta;
    ptrdiff_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const VEC *row = (const VEC *)rows + i * n_vec;
        VEC a = (VEC){0}, b = (VEC){0}, c = (VEC){0}, d = (VEC){0};
        for (ptrdiff_t k = 0; k < n_vec; k++) {
            const VEC m = mix[k];
            a += row[k] * m;
            b += row[n_vec + k] * m;
            c += row[2 * n_vec + k] * m;
            d += row[3 * n_vec + k] * m;
        }
        z[i] = NAME(lane_sum)(a);
        z[i + 1] = NAME(lane_sum)(b);
        z[i + 2] = NAME(lane_sum)(c);
        z[i + 3] = NAME(lane_sum)(d);
    }
    for (; i < n; i++) {
        const VEC *row = (const VEC *)rows + i * n_vec;
        VEC a = (VEC){0};
        for (ptrdiff_t k = 0; k < n_vec; k++) a += row[k] * mix[k];
        z[i] = NAME(lane_sum)(a);
    }
}

/* counts += sum_i ratio[order[i]] * rows[index[i]] */
ROWS_LOCAL void NAME(gather)(const REAL *restrict rows, const int32_t *restrict index, const int32_t *restrict order,
                             const REAL *restrict ratio, ptrdiff_t n, ptrdiff_t width, REAL *restrict counts) {
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    if (n_vec <= ROWS_RESIDENT) {
        NAME(gather_table)[n_vec - 1](rows, index, order, ratio, n, counts);
        return;
    }
    VEC *acc = (VEC *)counts;
    ptrdiff_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const VEC *a = (const VEC *)rows + (ptrdiff_t)index[i] * n_vec, *b = (const VEC *)rows + (ptrdiff_t)index[i + 1] * n_vec;
        const VEC *c = (const VEC *)rows + (ptrdiff_t)index[i + 2] * n_vec, *d = (const VEC *)rows + (ptrdiff_t)index[i + 3] * n_vec;
        const VEC ra = (VEC){0} + ratio[order[i]], rb = (VEC){0} + ratio[order[i + 1]];
        const VEC rc = (VEC){0} + ratio[order[i + 2]], rd = (VEC){0} + ratio[order[i + 3]];
        for (ptrdiff_t k = 0; k < n_vec; k++) acc[k] += (ra * a[k] + rb * b[k]) + (rc * c[k] + rd * d[k]);
    }
    for (; i < n; i++) {
        const VEC *a = (const VEC *)rows + (ptrdiff_t)index[i] * n_vec;
        const VEC ra = (VEC){0} + ratio[order[i]];
        for (ptrdiff_t k = 0; k < n_vec; k++) acc[k] += ra * a[k];
    }
}
#undef VEC
#undef LANES

#else /* no vector types: the same three loops, left to the compiler */
ROWS_INLINE void NAME(mix)(const REAL *restrict rows, const REAL *restrict x, ptrdiff_t n, ptrdiff_t width,
                           REAL eps, const REAL *restrict theta, REAL *restrict counts) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const REAL *row = rows + i * width;
        REAL z = 0;
        for (ptrdiff_t t = 0; t < width; t++) z += row[t] * theta[t];
        const REAL ratio = z > Z_MIN ? x[i] / (z + eps) : (REAL)0;
        for (ptrdiff_t t = 0; t < width; t++) counts[t] += ratio * row[t];
    }
}
ROWS_LOCAL void NAME(dots)(const REAL *restrict rows, ptrdiff_t n, ptrdiff_t width, const REAL *restrict theta,
                           REAL *restrict z) {
    for (ptrdiff_t i = 0; i < n; i++) {
        REAL sum = 0;
        for (ptrdiff_t t = 0; t < width; t++) sum += rows[i * width + t] * theta[t];
        z[i] = sum;
    }
}
ROWS_LOCAL void NAME(gather)(const REAL *restrict rows, const int32_t *restrict index, const int32_t *restrict order,
                             const REAL *restrict ratio, ptrdiff_t n, ptrdiff_t width, REAL *restrict counts) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const REAL *row = rows + (ptrdiff_t)index[i] * width, r = ratio[order[i]];
        for (ptrdiff_t t = 0; t < width; t++) counts[t] += r * row[t];
    }
}
#endif

/* Copy n rows of a table into a contiguous buffer. The rows are scattered over the last cache level, so the next ones
 * are asked for while the present one is copied. */
#define ROWS_AHEAD 4
ROWS_INLINE void NAME(copy)(const REAL *table, const int32_t *index, ptrdiff_t n, ptrdiff_t width, REAL *restrict out) {
    const size_t bytes = (size_t)width * sizeof(REAL);
    for (ptrdiff_t i = 0; i < n; i++) {
        if (i + ROWS_AHEAD < n) {
            const char *next = (const char *)(table + (ptrdiff_t)index[i + ROWS_AHEAD] * width);
            for (size_t b = 0; b < bytes; b += 64) ROWS_PREFETCH(next + b);
        }
        memcpy(out + i * width, table + (ptrdiff_t)index[i] * width, bytes);
    }
}

/* Positions of the topics that are still in play: theta above `least`, or a prior that can bring them back. */
ROWS_LOCAL ptrdiff_t NAME(active)(const REAL *restrict theta, const REAL *restrict prior, ptrdiff_t width, REAL least,
                                  REAL least_prior) {
    int32_t n = 0;
    for (ptrdiff_t t = 0; t < width; t++) n += (theta[t] > least) | (prior[t] > least_prior);
    return n;
}

/* Pack the active columns of n rows, in place; `topics` maps positions to topics and is packed too. */
ROWS_LOCAL void NAME(pack)(REAL *rows, ptrdiff_t n, ptrdiff_t width, const int32_t *restrict place, ptrdiff_t n_active,
                           ptrdiff_t packed) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const REAL *row = rows + i * width;
        REAL *out = rows + i * packed;
        for (ptrdiff_t k = 0; k < n_active; k++) out[k] = row[place[k]];
        for (ptrdiff_t k = n_active; k < packed; k++) out[k] = 0;
    }
}

/* Few topics left: columns. Token by token a lane sum and a division would cost more than the arithmetic, so the rows
 * are turned and tokens are the lanes. `ld` is n rounded up to whole vectors, zeros in the pad. */
ROWS_LOCAL void NAME(pack_columns)(const REAL *restrict rows, ptrdiff_t n, ptrdiff_t width, const int32_t *restrict place,
                                   ptrdiff_t n_active, const REAL *restrict x, ptrdiff_t ld, REAL *restrict columns) {
    for (ptrdiff_t k = 0; k < n_active; k++) {
        const REAL *row = rows + place[k];
        REAL *column = columns + k * ld;
        for (ptrdiff_t i = 0; i < n; i++) column[i] = row[i * width];
        for (ptrdiff_t i = n; i < ld; i++) column[i] = 0;
    }
    REAL *counts = columns + n_active * ld;
    for (ptrdiff_t i = 0; i < n; i++) counts[i] = x[i];
    for (ptrdiff_t i = n; i < ld; i++) counts[i] = 0;
}

/* z = theta @ columns */
ROWS_LOCAL void NAME(dots_columns)(const REAL *restrict columns, ptrdiff_t ld, ptrdiff_t n_topics,
                                   const REAL *restrict theta, REAL *restrict z) {
    for (ptrdiff_t i = 0; i < ld; i++) z[i] = theta[0] * columns[i];
    ptrdiff_t t = 1;
    for (; t + 4 <= n_topics; t += 4) {
        const REAL *c = columns + t * ld;
        const REAL a0 = theta[t], a1 = theta[t + 1], a2 = theta[t + 2], a3 = theta[t + 3];
        for (ptrdiff_t i = 0; i < ld; i++)
            z[i] += (a0 * c[i] + a1 * c[ld + i]) + (a2 * c[2 * ld + i] + a3 * c[3 * ld + i]);
    }
    for (; t < n_topics; t++)
        for (ptrdiff_t i = 0; i < ld; i++) z[i] += theta[t] * columns[t * ld + i];
}

/* counts = columns @ (x / z), x in the column behind the topics. */
ROWS_LOCAL void NAME(mix_columns)(const REAL *restrict columns, ptrdiff_t ld, ptrdiff_t n_topics, REAL eps,
                                  const REAL *restrict theta, REAL *restrict z, REAL *restrict counts) {
    const REAL *x = columns + n_topics * ld;
    NAME(dots_columns)(columns, ld, n_topics, theta, z);
    for (ptrdiff_t i = 0; i < ld; i++) {
        const REAL ratio = x[i] / (z[i] + eps);
        z[i] = z[i] > Z_MIN ? ratio : 0;
    }
    for (ptrdiff_t t = 0; t < n_topics; t++) {
        REAL sum = 0;
        for (ptrdiff_t i = 0; i < ld; i++) sum += z[i] * columns[t * ld + i];
        counts[t] = sum;
    }
}

/* theta <- norm((theta * counts + prior)_+), values below FLOOR to zero; returns sum |change|.
 * Equivalent numpy: new = clip(theta * counts + prior, 0); new /= new.sum(); new[new < FLOOR] = 0
 * If nothing is left, theta stays as it was and the change is 0. */
#define FLOOR ((REAL)1e-16)
ROWS_LOCAL REAL NAME(map_step)(REAL *restrict theta, REAL *restrict counts, const REAL *restrict prior,
                               ptrdiff_t width) {
    REAL sum = 0, change = 0;
    for (ptrdiff_t t = 0; t < width; t++) {
        const REAL n = theta[t] * counts[t] + prior[t];
        counts[t] = n > 0 ? n : 0;
        sum += counts[t];
    }
    if (!(sum > 0)) return 0;
    const REAL scale = 1 / sum;
    for (ptrdiff_t t = 0; t < width; t++) {
        REAL new_t = counts[t] * scale;
        new_t = new_t < FLOOR ? 0 : new_t;
        change += new_t > theta[t] ? new_t - theta[t] : theta[t] - new_t;
        theta[t] = new_t;
    }
    return change;
}

/* gamma <- mean * counts + prior; returns sum |change| and the new total. */
ROWS_LOCAL REAL NAME(dirichlet_step)(REAL *restrict gamma, const REAL *restrict counts, const REAL *restrict mean,
                                     const REAL *restrict prior, ptrdiff_t n_topics, REAL *total) {
    REAL change = 0, sum = 0;
    for (ptrdiff_t t = 0; t < n_topics; t++) {
        const REAL value = mean[t] * counts[t] + prior[t];
        change += value > gamma[t] ? value - gamma[t] : gamma[t] - value;
        sum += value;
        gamma[t] = value;
    }
    *total = sum;
    return change;
}

ROWS_LOCAL void NAME(scale_row)(const REAL *restrict row, const REAL *restrict scale, ptrdiff_t width, REAL floor,
                                REAL *restrict out) {
    for (ptrdiff_t t = 0; t < width; t++) {
        const REAL value = row[t] * scale[t];
        out[t] = value >= floor ? value : 0;
    }
}

ROWS_LOCAL void NAME(scale_shifted)(const REAL *restrict row, REAL shift, const REAL *restrict scale, ptrdiff_t width,
                                    REAL floor, REAL *restrict out) {
    for (ptrdiff_t t = 0; t < width; t++) {
        const REAL value = (row[t] + shift) * scale[t];
        out[t] = value >= floor ? value : 0;
    }
}

/* row <- row * scale, zero where that is not above `least`. */
ROWS_LOCAL void NAME(scale_above)(REAL *restrict row, REAL scale, REAL least, ptrdiff_t n) {
    for (ptrdiff_t t = 0; t < n; t++) {
        const REAL value = row[t] * scale;
        row[t] = value > least ? value : 0;
    }
}

ROWS_LOCAL void NAME(add_above)(const REAL *restrict row, ptrdiff_t width, REAL floor, double *restrict sums) {
    for (ptrdiff_t t = 0; t < width; t++) sums[t] += row[t] > floor ? row[t] : 0;
}

ROWS_LOCAL void NAME(affine_row)(const REAL *restrict row, REAL factor, REAL shift, ptrdiff_t width, REAL *restrict out) {
    for (ptrdiff_t t = 0; t < width; t++) out[t] = factor * row[t] + shift;
}

/* ratio = x / (z + eps) where z > Z_MIN, else 0; returns sum of x over the tokens that were left out. */
ROWS_INLINE double NAME(ratios)(const REAL *restrict x, const REAL *restrict z, ptrdiff_t n, REAL eps,
                                REAL *restrict ratio) {
    double skipped = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const int seen = z[i] > Z_MIN;
        ratio[i] = seen ? x[i] / (z[i] + eps) : (REAL)0;
        skipped += seen ? 0 : x[i];
    }
    return skipped;
}
#undef FLOOR
#undef Z_MIN
