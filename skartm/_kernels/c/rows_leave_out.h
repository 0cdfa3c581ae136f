/* Rows mixed by a theta from which every token has left itself out.
 *
 * Equivalent numpy, for rows (n, T), x (n,), theta and shares (T,), where one = minimum(x, occurrence):
 *     z = rows @ theta
 *     left = clip(1 - rows * (one / (z * theta_mass))[:, None] - shares * (x / z)[:, None], 0, None)
 *     sums = (rows * left) @ theta
 *     counts += sum_i x[i] / sums[i] * rows[i] * left[i]
 * Where no topic is left, `left` is 1. That is where sums <= LEAST_LEFT * z, so that rounding leaves nothing, and where
 * the row has nothing but the token: one >= (1 - LEAST_LEFT) * theta_mass.
 */
#define LEAST_LEFT ((real)1e-5)

typedef struct {
    real occurrence; /* the weight of one occurrence */
    real theta_mass; /* the sum by which theta was divided */
} exclusion;

#if ROWS_VECTOR_TYPES
#if ROWS_DOUBLE
typedef int64_t lanes __attribute__((vector_size(ROWS_BYTES), may_alias));
#else
typedef int32_t lanes __attribute__((vector_size(ROWS_BYTES), may_alias));
#endif
ROWS_INLINE vec positive(vec v) { return (vec)((lanes)v & (lanes)(v > (vec){0})); }
#define VEC_OF(value) ((vec){0} + (value))
#else
ROWS_INLINE vec positive(vec v) { return v > 0 ? v : 0; }
#define VEC_OF(value) (value)
#endif

/* The factors of a token: of its row in the first one, of the shares in the second one. */
ROWS_INLINE real one_of(real x, exclusion row) { return x < row.occurrence ? x : row.occurrence; }
ROWS_INLINE int any_left(real sum, real z, real one, exclusion row) {
    return sum > LEAST_LEFT * z && one < (1 - LEAST_LEFT) * row.theta_mass;
}

/* Few topics: theta, shares and what is left of the row stay in registers, as far as these go. */
#define ROWS_MIX_LEFT(NV)                                                                                              \
    ROWS_LOCAL void mix_left_##NV(const real *restrict rows, const real *restrict x, ptrdiff_t n, exclusion out,        \
                                  const real *restrict theta, const real *restrict shares, real *restrict counts) {    \
        vec mix[NV], acc[NV], share[NV];                                                                               \
        const real per_mass = out.theta_mass > 0 ? 1 / out.theta_mass : 0;                                             \
        ROWS_UNROLL                                                                                                    \
        for (int k = 0; k < NV; k++) {                                                                                 \
            mix[k] = ((const vec *)theta)[k];                                                                          \
            share[k] = ((const vec *)shares)[k];                                                                       \
            acc[k] = ((const vec *)counts)[k];                                                                         \
        }                                                                                                              \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                            \
            const vec *row = (const vec *)rows + i * NV;                                                               \
            vec even = row[0] * mix[0], odd = VEC_OF(0), left[NV];                                                     \
            ROWS_UNROLL                                                                                                \
            for (int k = 1; k < NV; k++) {                                                                             \
                if (k & 1) odd += row[k] * mix[k];                                                                     \
                else even += row[k] * mix[k];                                                                          \
            }                                                                                                          \
            const real z = lane_sum(even + odd), inverse = z > Z_MIN ? 1 / z : (real)0;                                \
            const real one = one_of(x[i], out);                                                                        \
            const vec a = VEC_OF(one * inverse * per_mass), b = VEC_OF(x[i] * inverse), whole = VEC_OF(1);             \
            even = VEC_OF(0);                                                                                          \
            odd = VEC_OF(0);                                                                                           \
            ROWS_UNROLL                                                                                                \
            for (int k = 0; k < NV; k++) {                                                                             \
                left[k] = row[k] * positive(whole - a * row[k] - b * share[k]);                                        \
                if (k & 1) odd += left[k] * mix[k];                                                                    \
                else even += left[k] * mix[k];                                                                         \
            }                                                                                                          \
            const real sum = lane_sum(even + odd);                                                                     \
            if (any_left(sum, z, one, out)) {                                                                          \
                const vec ratio = VEC_OF(z > Z_MIN ? x[i] / sum : (real)0);                                            \
                ROWS_UNROLL                                                                                            \
                for (int k = 0; k < NV; k++) acc[k] += ratio * left[k];                                                \
            } else {                                                                                                   \
                ROWS_UNROLL                                                                                            \
                for (int k = 0; k < NV; k++) acc[k] += b * row[k];                                                     \
            }                                                                                                          \
        }                                                                                                              \
        ROWS_UNROLL                                                                                                    \
        for (int k = 0; k < NV; k++) ((vec *)counts)[k] = acc[k];                                                      \
    }

#if ROWS_VECTOR_TYPES
ROWS_MIX_LEFT(1)
ROWS_MIX_LEFT(2)
ROWS_MIX_LEFT(3)
ROWS_MIX_LEFT(4)
ROWS_MIX_LEFT(5)
ROWS_MIX_LEFT(6)
#if ROWS_RESIDENT >= 14
ROWS_MIX_LEFT(7)
ROWS_MIX_LEFT(8)
ROWS_MIX_LEFT(9)
ROWS_MIX_LEFT(10)
ROWS_MIX_LEFT(11)
ROWS_MIX_LEFT(12)
ROWS_MIX_LEFT(13)
ROWS_MIX_LEFT(14)
#endif
typedef void (*mix_left_fn)(const real *, const real *, ptrdiff_t, exclusion, const real *, const real *, real *);
static const mix_left_fn mix_left_table[ROWS_RESIDENT] = ROWS_TABLE(mix_left);
#endif

/* Any number of topics; `left` has room for a row. */
ROWS_LOCAL void mix_left_long(const real *restrict rows, const real *restrict x, ptrdiff_t n, ptrdiff_t width,
                              exclusion out, const real *restrict theta, const real *restrict shares,
                              real *restrict left, real *restrict counts) {
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    const vec *mix = (const vec *)theta, *share = (const vec *)shares;
    vec *acc = (vec *)counts, *rest = (vec *)left;
    const real per_mass = out.theta_mass > 0 ? 1 / out.theta_mass : 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const vec *row = (const vec *)rows + i * n_vec;
        vec dot = VEC_OF(0), sums = VEC_OF(0);
        for (ptrdiff_t k = 0; k < n_vec; k++) dot += row[k] * mix[k];
        const real z = lane_sum(dot), inverse = z > Z_MIN ? 1 / z : (real)0, one = one_of(x[i], out);
        const vec a = VEC_OF(one * inverse * per_mass), b = VEC_OF(x[i] * inverse), whole = VEC_OF(1);
        for (ptrdiff_t k = 0; k < n_vec; k++) {
            rest[k] = row[k] * positive(whole - a * row[k] - b * share[k]);
            sums += rest[k] * mix[k];
        }
        const real sum = lane_sum(sums);
        if (any_left(sum, z, one, out)) {
            const vec ratio = VEC_OF(z > Z_MIN ? x[i] / sum : (real)0);
            for (ptrdiff_t k = 0; k < n_vec; k++) acc[k] += ratio * rest[k];
        } else {
            for (ptrdiff_t k = 0; k < n_vec; k++) acc[k] += b * row[k];
        }
    }
}

ROWS_INLINE void mix_left(const real *rows, const real *x, ptrdiff_t n, ptrdiff_t width, exclusion out,
                          const real *theta, const real *shares, real *left, real *counts) {
#if ROWS_VECTOR_TYPES
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    if (n_vec <= ROWS_RESIDENT) {
        mix_left_table[n_vec - 1](rows, x, n, out, theta, shares, counts);
        return;
    }
#endif
    mix_left_long(rows, x, n, width, out, theta, shares, left, counts);
}

/* What the word side needs of a token, three numbers each: x / sum, one / (z * theta_mass) and x / z; where no topic is
 * left -x, 0 and 0, and where the token has no probability zeros. z becomes the probability of the token by the others,
 *     sum / (clip(1 - rows * (one / (z * theta_mass)), 0) @ theta)
 * and -1 where no topic is left. */
ROWS_LOCAL void cells_left(const real *restrict rows, const real *restrict x, ptrdiff_t n, ptrdiff_t width,
                           exclusion out, const real *restrict theta, const real *restrict shares, real own,
                           real *restrict z, real *restrict cells) {
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    const vec *mix = (const vec *)theta, *share = (const vec *)shares;
    const real per_mass = out.theta_mass > 0 ? 1 / out.theta_mass : 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const vec *row = (const vec *)rows + i * n_vec;
        real *cell = cells + 3 * i;
        cell[0] = cell[1] = cell[2] = 0;
        if (!(z[i] > Z_MIN)) {
            z[i] = 0;
            continue;
        }
        const real one = one_of(x[i], out), a = one / z[i] * per_mass, b = x[i] / z[i];
        const vec from_theta = VEC_OF(a), from_phi = VEC_OF(b), whole = VEC_OF(1);
        vec sums = VEC_OF(0), thetas = VEC_OF(0);
        for (ptrdiff_t k = 0; k < n_vec; k++) {
            const vec others = whole - from_theta * row[k];
            thetas += mix[k] * positive(others);
            sums += row[k] * positive(others - from_phi * share[k]) * mix[k];
        }
        const real sum = lane_sum(sums);
        if (any_left(sum, z[i], one, out)) {
            cell[0] = x[i] / sum;
            cell[1] = a;
            cell[2] = own * b;
            z[i] = sum / lane_sum(thetas);
        } else {
            cell[0] = -x[i];
            z[i] = -1;
        }
    }
}

/* The word side: counts = phi * sum_i cell[0] * rows * clip(1 - cell[1] * phi - cell[2] * excluded * rows, 0), for the
 * cells with a topic left; returns the sum of x of the others. Some vectors of topics at a time, over all cells. */
#define ROWS_GATHER_LEFT(NV)                                                                                           \
    ROWS_LOCAL void gather_left_##NV(const real *restrict rows, const int32_t *restrict index,                         \
                                     const int32_t *restrict order, const real *restrict cells, ptrdiff_t n,           \
                                     ptrdiff_t n_vec, const real *restrict phi, const real *restrict excluded,         \
                                     real *restrict counts) {                                                          \
        vec acc[NV], own[NV], share[NV];                                                                               \
        ROWS_UNROLL                                                                                                    \
        for (int k = 0; k < NV; k++) {                                                                                 \
            acc[k] = VEC_OF(0);                                                                                        \
            own[k] = ((const vec *)phi)[k];                                                                            \
            share[k] = ((const vec *)excluded)[k];                                                                     \
        }                                                                                                              \
        for (ptrdiff_t i = 0; i < n; i++) {                                                                            \
            const real *cell = cells + 3 * (ptrdiff_t)order[i];                                                        \
            if (!(cell[0] > 0)) continue;                                                                              \
            const vec *row = (const vec *)rows + (ptrdiff_t)index[i] * n_vec;                                          \
            const vec ratio = VEC_OF(cell[0]), a = VEC_OF(cell[1]), b = VEC_OF(cell[2]), whole = VEC_OF(1);            \
            ROWS_UNROLL                                                                                                \
            for (int k = 0; k < NV; k++)                                                                               \
                acc[k] += ratio * row[k] * positive(whole - a * own[k] - b * (share[k] * row[k]));                     \
        }                                                                                                              \
        ROWS_UNROLL                                                                                                    \
        for (int k = 0; k < NV; k++) ((vec *)counts)[k] = acc[k] * own[k];                                             \
    }

ROWS_GATHER_LEFT(1)
ROWS_GATHER_LEFT(2)
ROWS_GATHER_LEFT(4)

ROWS_LOCAL real gather_left(const real *restrict rows, const int32_t *restrict index, const int32_t *restrict order,
                            const real *restrict cells, ptrdiff_t n, ptrdiff_t width, const real *restrict phi,
                            const real *restrict excluded, real *restrict counts) {
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    ptrdiff_t k = 0;
#define ROWS_GATHER_FROM(NV)                                                                                           \
    for (; k + NV <= n_vec; k += NV)                                                                                   \
        gather_left_##NV(rows + k * LANES, index, order, cells, n, n_vec, phi + k * LANES, excluded + k * LANES,       \
                         counts + k * LANES);
    ROWS_GATHER_FROM(4)
    ROWS_GATHER_FROM(2)
    ROWS_GATHER_FROM(1)
    real alone = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const real first = cells[3 * (ptrdiff_t)order[i]];
        alone -= first < 0 ? first : 0;
    }
    return alone;
}

/* counts += alone * norm(phi * mass): what has no topic left is shared out as the word is in all documents. */
ROWS_LOCAL void add_alone(real alone, const real *restrict phi, const real *restrict mass, ptrdiff_t width,
                          real *restrict counts) {
    real sum = 0;
    for (ptrdiff_t t = 0; t < width; t++) sum += phi[t] * mass[t];
    const real scale = sum > 0 ? alone / sum : 0;
    for (ptrdiff_t t = 0; t < width; t++) counts[t] += scale * (phi[t] * mass[t]);
}
