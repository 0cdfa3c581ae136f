/* z, ratios and counts of rows: the three loops that take most of the time.
 *
 * Equivalent numpy, for rows (n, T), x (n,), theta (T,):
 *     z = rows @ theta;  ratio = where(z > Z_MIN, x / z, 0);  counts += ratio @ rows
 * eps is added to z where an algorithm asks for it.
 */
#if ROWS_VECTOR_TYPES
typedef real vec __attribute__((vector_size(ROWS_BYTES), aligned(sizeof(real)), may_alias));
#define LANES (ROWS_BYTES / sizeof(real))

ROWS_INLINE real lane_sum(vec v) {
#if ROWS_BYTES == 64
    typedef real half_t __attribute__((vector_size(32)));
    union { vec v; half_t h[2]; } whole;
    whole.v = v;
    half_t w = whole.h[0] + whole.h[1];
#else
    vec w = v;
#endif
#if ROWS_BYTES >= 32
    typedef real quarter_t __attribute__((vector_size(16)));
    union { __typeof__(w) v; quarter_t h[2]; } halves;
    halves.v = w;
    quarter_t q = halves.h[0] + halves.h[1];
#else
    vec q = w;
#endif
    return sizeof(real) == 4 ? (q[0] + q[2 % (16 / sizeof(real))]) + (q[1] + q[3 % (16 / sizeof(real))]) : q[0] + q[1];
}

/* Few topics: theta and the counts live in registers over all tokens; every row is read from memory twice, from L1 the
 * second time. 20-30 % faster than blocks of tokens, which reload theta and store counts. */
#define ROWS_MIX_RESIDENT(NV)                                                                                          \
    ROWS_LOCAL void mix_resident_##NV(const real *restrict rows, const real *restrict x, ptrdiff_t n,                  \
                                      real eps,                                                                        \
                                      const real *restrict theta, real *restrict counts) {                             \
        vec mix[NV], acc[NV];                                                                                          \
        ROWS_UNROLL                                                                                                    \
        for (int k = 0; k < NV; k++) {                                                                                 \
            mix[k] = ((const vec *)theta)[k];                                                                          \
            acc[k] = ((const vec *)counts)[k];                                                                         \
        }                                                                                                              \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                            \
            const vec *row = (const vec *)rows + i * NV;                                                               \
            vec even = row[0] * mix[0], odd = (vec){0};                                                                \
            ROWS_UNROLL                                                                                                \
            for (int k = 1; k < NV; k++) {                                                                             \
                if (k & 1) odd += row[k] * mix[k];                                                                     \
                else even += row[k] * mix[k];                                                                          \
            }                                                                                                          \
            const real z = lane_sum(even + odd);                                                                       \
            const vec ratio = (vec){0} + (z > Z_MIN ? x[i] / (z + eps) : (real)0);                                     \
            ROWS_UNROLL                                                                                                \
            for (int k = 0; k < NV; k++) acc[k] += ratio * row[k];                                                     \
        }                                                                                                              \
        ROWS_UNROLL                                                                                                    \
        for (int k = 0; k < NV; k++) ((vec *)counts)[k] = acc[k];                                                      \
    }

/* counts += sum_i ratio[i] * rows[index[i]], accumulators in registers: the word side. */
#define ROWS_GATHER_RESIDENT(NV)                                                                                       \
    ROWS_LOCAL void gather_resident_##NV(const real *restrict rows, const int32_t *restrict index,                     \
                                         const int32_t *restrict order,                                                \
                                         const real *restrict ratio, ptrdiff_t n,                                      \
                                         real *restrict counts) {                                                      \
        vec acc[NV];                                                                                                   \
        ROWS_UNROLL                                                                                                    \
        for (int k = 0; k < NV; k++) acc[k] = ((const vec *)counts)[k];                                                \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                            \
            const vec *row = (const vec *)rows + (ptrdiff_t)index[i] * NV;                                             \
            const vec r = (vec){0} + ratio[order[i]];                                                                  \
            ROWS_UNROLL                                                                                                \
            for (int k = 0; k < NV; k++) acc[k] += r * row[k];                                                         \
        }                                                                                                              \
        ROWS_UNROLL                                                                                                    \
        for (int k = 0; k < NV; k++) ((vec *)counts)[k] = acc[k];                                                      \
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

typedef void (*mix_fn)(const real *, const real *, ptrdiff_t, real, const real *, real *);
typedef void (*gather_fn)(const real *, const int32_t *, const int32_t *, const real *, ptrdiff_t, real *);
#define ROWS_ONE(F, NV) F_##NV
#if ROWS_RESIDENT >= 14
#define ROWS_TABLE(F)                                                                                                  \
    {F##_1, F##_2, F##_3, F##_4, F##_5, F##_6, F##_7,   \
     F##_8, F##_9, F##_10, F##_11, F##_12, F##_13, F##_14}
#else
#define ROWS_TABLE(F)                                                                                                  \
    {F##_1, F##_2, F##_3, F##_4, F##_5, F##_6}
#endif
static const mix_fn mix_table[ROWS_RESIDENT] = ROWS_TABLE(mix_resident);
static const gather_fn gather_table[ROWS_RESIDENT] = ROWS_TABLE(gather_resident);

/* Many topics: blocks of eight tokens, so that eight rows (L1) meet every load of theta and every store of counts. */
#define ROWS_BLOCK 8
ROWS_LOCAL void mix_blocked(const real *restrict rows, const real *restrict x, ptrdiff_t n, ptrdiff_t n_vec,
                            real eps, const real *restrict theta, real *restrict counts) {
    const vec *mix = (const vec *)theta;
    vec *acc = (vec *)counts;
    ptrdiff_t i = 0;
    for (; i + ROWS_BLOCK <= n; i += ROWS_BLOCK) {
        const vec *row = (const vec *)rows + i * n_vec;
        vec dot[ROWS_BLOCK], ratio[ROWS_BLOCK];
        ROWS_UNROLL
        for (int j = 0; j < ROWS_BLOCK; j++) dot[j] = (vec){0};
        for (ptrdiff_t k = 0; k < n_vec; k++) {
            const vec m = mix[k];
            ROWS_UNROLL
            for (int j = 0; j < ROWS_BLOCK; j++) dot[j] += row[j * n_vec + k] * m;
        }
        ROWS_UNROLL
        for (int j = 0; j < ROWS_BLOCK; j++) {
            const real z = lane_sum(dot[j]);
            ratio[j] = (vec){0} + (z > Z_MIN ? x[i + j] / (z + eps) : (real)0);
        }
        for (ptrdiff_t k = 0; k < n_vec; k++) {
            vec even = acc[k], odd = (vec){0};
            ROWS_UNROLL
            for (int j = 0; j < ROWS_BLOCK; j += 2) {
                even += row[j * n_vec + k] * ratio[j];
                odd += row[(j + 1) * n_vec + k] * ratio[j + 1];
            }
            acc[k] = even + odd;
        }
    }
    for (; i < n; i++) {
        const vec *row = (const vec *)rows + i * n_vec;
        vec dot = (vec){0};
        for (ptrdiff_t k = 0; k < n_vec; k++) dot += row[k] * mix[k];
        const real z = lane_sum(dot);
        const vec ratio = (vec){0} + (z > Z_MIN ? x[i] / (z + eps) : (real)0);
        for (ptrdiff_t k = 0; k < n_vec; k++) acc[k] += ratio * row[k];
    }
}

ROWS_INLINE void mix(const real *rows, const real *x, ptrdiff_t n, ptrdiff_t width, real eps,
                     const real *theta, real *counts) {
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    if (n_vec <= ROWS_RESIDENT) mix_table[n_vec - 1](rows, x, n, eps, theta, counts);
    else mix_blocked(rows, x, n, n_vec, eps, theta, counts);
}

/* z[i] = rows[i] @ theta */
ROWS_LOCAL void dots(const real *restrict rows, ptrdiff_t n, ptrdiff_t width, const real *restrict theta,
                     real *restrict z) {
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    const vec *mix = (const vec *)theta;
    ptrdiff_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const vec *row = (const vec *)rows + i * n_vec;
        vec a = (vec){0}, b = (vec){0}, c = (vec){0}, d = (vec){0};
        for (ptrdiff_t k = 0; k < n_vec; k++) {
            const vec m = mix[k];
            a += row[k] * m;
            b += row[n_vec + k] * m;
            c += row[2 * n_vec + k] * m;
            d += row[3 * n_vec + k] * m;
        }
        z[i] = lane_sum(a);
        z[i + 1] = lane_sum(b);
        z[i + 2] = lane_sum(c);
        z[i + 3] = lane_sum(d);
    }
    for (; i < n; i++) {
        const vec *row = (const vec *)rows + i * n_vec;
        vec a = (vec){0};
        for (ptrdiff_t k = 0; k < n_vec; k++) a += row[k] * mix[k];
        z[i] = lane_sum(a);
    }
}

/* counts += sum_i ratio[order[i]] * rows[index[i]] */
ROWS_LOCAL void gather(const real *restrict rows, const int32_t *restrict index, const int32_t *restrict order,
                       const real *restrict ratio, ptrdiff_t n, ptrdiff_t width, real *restrict counts) {
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    if (n_vec <= ROWS_RESIDENT) {
        gather_table[n_vec - 1](rows, index, order, ratio, n, counts);
        return;
    }
    vec *acc = (vec *)counts;
    ptrdiff_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const vec *a = (const vec *)rows + (ptrdiff_t)index[i] * n_vec, *b = (const vec *)rows + (ptrdiff_t)index[i + 1] * n_vec;
        const vec *c = (const vec *)rows + (ptrdiff_t)index[i + 2] * n_vec, *d = (const vec *)rows + (ptrdiff_t)index[i + 3] * n_vec;
        const vec ra = (vec){0} + ratio[order[i]], rb = (vec){0} + ratio[order[i + 1]];
        const vec rc = (vec){0} + ratio[order[i + 2]], rd = (vec){0} + ratio[order[i + 3]];
        for (ptrdiff_t k = 0; k < n_vec; k++) acc[k] += (ra * a[k] + rb * b[k]) + (rc * c[k] + rd * d[k]);
    }
    for (; i < n; i++) {
        const vec *a = (const vec *)rows + (ptrdiff_t)index[i] * n_vec;
        const vec ra = (vec){0} + ratio[order[i]];
        for (ptrdiff_t k = 0; k < n_vec; k++) acc[k] += ra * a[k];
    }
}
#else /* no vector types: the same three loops, left to the compiler */
typedef real vec;
#define LANES 1

ROWS_INLINE real lane_sum(vec v) { return v; }

ROWS_INLINE void mix(const real *restrict rows, const real *restrict x, ptrdiff_t n, ptrdiff_t width,
                     real eps, const real *restrict theta, real *restrict counts) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const real *row = rows + i * width;
        real z = 0;
        for (ptrdiff_t t = 0; t < width; t++) z += row[t] * theta[t];
        const real ratio = z > Z_MIN ? x[i] / (z + eps) : (real)0;
        for (ptrdiff_t t = 0; t < width; t++) counts[t] += ratio * row[t];
    }
}
ROWS_LOCAL void dots(const real *restrict rows, ptrdiff_t n, ptrdiff_t width, const real *restrict theta,
                     real *restrict z) {
    for (ptrdiff_t i = 0; i < n; i++) {
        real sum = 0;
        for (ptrdiff_t t = 0; t < width; t++) sum += rows[i * width + t] * theta[t];
        z[i] = sum;
    }
}
ROWS_LOCAL void gather(const real *restrict rows, const int32_t *restrict index, const int32_t *restrict order,
                       const real *restrict ratio, ptrdiff_t n, ptrdiff_t width, real *restrict counts) {
    for (ptrdiff_t i = 0; i < n; i++) {
        const real *row = rows + (ptrdiff_t)index[i] * width, r = ratio[order[i]];
        for (ptrdiff_t t = 0; t < width; t++) counts[t] += r * row[t];
    }
}
#endif
