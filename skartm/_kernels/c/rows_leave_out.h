/* Rows mixed by a theta from which every token has left itself out.
 *
 * Equivalent numpy, for rows (n, T), x (n,), theta and shares (T,), where one = minimum(x, occurrence):
 *     z = rows @ theta
 *     left = clip(1 - rows * (one / (z * theta_mass))[:, None] - shares * (x / z)[:, None], 0, None)
 *     sums = (rows * left) @ theta
 *     counts += (x / sums) @ (rows * left)
 * Where no topic is left, `left` is 1. That is where sums <= LEAST_LEFT * z, so that rounding leaves nothing, and where
 * the row has nothing but the token: one >= (1 - LEAST_LEFT) * theta_mass.
 */
#define LEAST_LEFT ((real)1e-4)
#define LEFT_BLOCK 64 /* tokens whose z are computed before anything waits for them */
#define LEFT_ROWS 4   /* of these side by side, so that theta is loaded once for all */

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

/* Some tokens of a run, side by side: theta is loaded once for all of them, and none waits for the sum of another. */
typedef struct {
    const vec *row[LEFT_ROWS];
    real x[LEFT_ROWS], z[LEFT_ROWS], one[LEFT_ROWS];
    real from_theta[LEFT_ROWS], from_phi[LEFT_ROWS]; /* one / (z * theta_mass) and x / z; zeros without a probability */
    real sums[LEFT_ROWS];
} left_tokens;

/* Tokens from i on; behind the last one there are others of no weight. */
ROWS_INLINE left_tokens tokens_from(ptrdiff_t i, const real *restrict rows, const real *restrict x,
                                    const real *restrict z, ptrdiff_t n, ptrdiff_t width, exclusion out) {
    left_tokens tokens;
    const real per_mass = out.theta_mass > 0 ? 1 / out.theta_mass : 0;
    ROWS_UNROLL
    for (int j = 0; j < LEFT_ROWS; j++) {
        const ptrdiff_t place = i + j < n ? i + j : n - 1;
        const real count = i + j < n ? x[place] : (real)0, inverse = z[place] > Z_MIN ? 1 / z[place] : (real)0;
        tokens.row[j] = (const vec *)(rows + place * width);
        tokens.x[j] = count;
        tokens.z[j] = z[place];
        tokens.one[j] = count < out.occurrence ? count : out.occurrence;
        tokens.from_theta[j] = tokens.one[j] * per_mass * inverse;
        tokens.from_phi[j] = count * inverse;
    }
    return tokens;
}

/* What is left of the rows, row * clip(1 - from_theta * row - from_phi * share, 0), vector by vector side by side in
 * `rest`, unless it is NULL; and its sums, weighted by theta. */
ROWS_INLINE void leave_rest(left_tokens *tokens, ptrdiff_t n_vec, const vec *restrict mix, const vec *restrict share,
                            vec *restrict rest) {
    vec a[LEFT_ROWS], b[LEFT_ROWS], dot[LEFT_ROWS];
    const vec whole = VEC_OF(1);
    ROWS_UNROLL
    for (int j = 0; j < LEFT_ROWS; j++) {
        a[j] = VEC_OF(tokens->from_theta[j]);
        b[j] = VEC_OF(tokens->from_phi[j]);
        dot[j] = VEC_OF(0);
    }
    for (ptrdiff_t k = 0; k < n_vec; k++) {
        const vec theta = mix[k], excluded = share[k];
        ROWS_UNROLL
        for (int j = 0; j < LEFT_ROWS; j++) {
            const vec own = tokens->row[j][k], left = own * positive(whole - a[j] * own - b[j] * excluded);
            if (rest) rest[k * LEFT_ROWS + j] = left;
            dot[j] += left * theta;
        }
    }
    ROWS_UNROLL
    for (int j = 0; j < LEFT_ROWS; j++) tokens->sums[j] = lane_sum(dot[j]);
}

ROWS_INLINE int any_left(const left_tokens *tokens, int j, exclusion out) {
    return tokens->sums[j] > LEAST_LEFT * tokens->z[j] && tokens->one[j] < (1 - LEAST_LEFT) * out.theta_mass;
}

/* counts += the counts of n tokens; `rest` has room for LEFT_ROWS rows. */
ROWS_LOCAL void mix_left(const real *restrict rows, const real *restrict x, ptrdiff_t n, ptrdiff_t width,
                         exclusion out, const real *restrict theta, const real *restrict shares,
                         real *restrict rest, real *restrict counts) {
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    vec *left = (vec *)rest, *acc = (vec *)counts;
    real z[LEFT_BLOCK];
    for (ptrdiff_t start = 0; start < n; start += LEFT_BLOCK) {
        const ptrdiff_t size = n - start < LEFT_BLOCK ? n - start : LEFT_BLOCK;
        dots(rows + start * width, size, width, theta, z);
        for (ptrdiff_t i = 0; i < size; i += LEFT_ROWS) {
            left_tokens tokens = tokens_from(i, rows + start * width, x + start, z, size, width, out);
            vec ratio[LEFT_ROWS];
            leave_rest(&tokens, n_vec, (const vec *)theta, (const vec *)shares, left);
            ROWS_UNROLL
            for (int j = 0; j < LEFT_ROWS; j++) {
                if (any_left(&tokens, j, out)) {
                    ratio[j] = VEC_OF(tokens.z[j] > Z_MIN ? tokens.x[j] / tokens.sums[j] : (real)0);
                } else {
                    ratio[j] = VEC_OF(tokens.from_phi[j]);
                    for (ptrdiff_t k = 0; k < n_vec; k++) left[k * LEFT_ROWS + j] = tokens.row[j][k];
                }
            }
            for (ptrdiff_t k = 0; k < n_vec; k++) {
                const vec *of = left + k * LEFT_ROWS;
                acc[k] += (ratio[0] * of[0] + ratio[1] * of[1]) + (ratio[2] * of[2] + ratio[3] * of[3]);
            }
        }
    }
}

/* What the word side needs of a token, three numbers each: x / sum, one / (z * theta_mass) and own * x / z; where no
 * topic is left -x, 0 and 0, and where the token has no probability zeros. z becomes the probability of the token by
 * the others, sum / (1 - one / theta_mass), and -1 where no topic is left. */
ROWS_LOCAL void cells_left(const real *restrict rows, const real *restrict x, ptrdiff_t n, ptrdiff_t width,
                           exclusion out, const real *restrict theta, const real *restrict shares, real own,
                           real *restrict z, real *restrict cells) {
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    for (ptrdiff_t i = 0; i < n; i += LEFT_ROWS) {
        left_tokens tokens = tokens_from(i, rows, x, z, n, width, out);
        leave_rest(&tokens, n_vec, (const vec *)theta, (const vec *)shares, NULL);
        for (int j = 0; j < LEFT_ROWS && i + j < n; j++) {
            real *cell = cells + 3 * (i + j);
            cell[0] = cell[1] = cell[2] = 0;
            if (!(tokens.z[j] > Z_MIN)) {
                z[i + j] = 0;
            } else if (any_left(&tokens, j, out)) {
                cell[0] = tokens.x[j] / tokens.sums[j];
                cell[1] = tokens.from_theta[j];
                cell[2] = own * tokens.from_phi[j];
                z[i + j] = tokens.sums[j] / (1 - tokens.one[j] / out.theta_mass);
            } else {
                cell[0] = -tokens.x[j];
                z[i + j] = -1;
            }
        }
    }
}

/* The word side: acc += sum_i cell[0] * rows * clip(1 - cell[1] * phi - cell[2] * excluded * rows, 0) over the cells with
 * a topic left; returns the sum of x of the others. */
ROWS_INLINE real gather_left_by(const real *restrict rows, const int32_t *restrict index,
                                const int32_t *restrict order, const real *restrict cells, ptrdiff_t n,
                                ptrdiff_t n_vec, const vec *restrict phi, const vec *restrict excluded,
                                vec *restrict acc) {
    const vec whole = VEC_OF(1);
    real alone = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const real *cell = cells + 3 * (ptrdiff_t)order[i];
        if (i + ROWS_AHEAD < n) {
            const char *next = (const char *)(rows + (ptrdiff_t)index[i + ROWS_AHEAD] * n_vec * (ptrdiff_t)LANES);
            for (ptrdiff_t k = 0; k < n_vec * (ptrdiff_t)sizeof(vec); k += 64) ROWS_PREFETCH(next + k);
            ROWS_PREFETCH(cells + 3 * (ptrdiff_t)order[i + ROWS_AHEAD]);
        }
        if (!(cell[0] > 0)) {
            alone -= cell[0];
            continue;
        }
        const vec *row = (const vec *)rows + (ptrdiff_t)index[i] * n_vec;
        const vec ratio = VEC_OF(cell[0]), a = VEC_OF(cell[1]), b = VEC_OF(cell[2]);
        ROWS_UNROLL
        for (ptrdiff_t k = 0; k < n_vec; k++) {
            const vec own = row[k];
            acc[k] += ratio * own * positive(whole - a * phi[k] - b * (excluded[k] * own));
        }
    }
    return alone;
}

ROWS_LOCAL real gather_left_any(const real *restrict rows, const int32_t *restrict index,
                                const int32_t *restrict order, const real *restrict cells, ptrdiff_t n,
                                ptrdiff_t n_vec, const real *restrict phi, const real *restrict excluded,
                                real *restrict counts) {
    return gather_left_by(rows, index, order, cells, n, n_vec, (const vec *)phi, (const vec *)excluded, (vec *)counts);
}

#if ROWS_VECTOR_TYPES
/* Few topics: phi, what is excluded and the sums stay in registers, as far as these go. */
#define ROWS_GATHER_LEFT(NV)                                                                                           \
    ROWS_LOCAL real gather_left_##NV(const real *restrict rows, const int32_t *restrict index,                         \
                                     const int32_t *restrict order, const real *restrict cells, ptrdiff_t n,           \
                                     const real *restrict phi, const real *restrict excluded,                          \
                                     real *restrict counts) {                                                          \
        vec own[NV], share[NV], acc[NV];                                                                               \
        memcpy(own, phi, sizeof(own));                                                                                 \
        memcpy(share, excluded, sizeof(share));                                                                        \
        memcpy(acc, counts, sizeof(acc));                                                                              \
        const real alone = gather_left_by(rows, index, order, cells, n, NV, own, share, acc);                          \
        memcpy(counts, acc, sizeof(acc));                                                                              \
        return alone;                                                                                                  \
    }
ROWS_GATHER_LEFT(1)
ROWS_GATHER_LEFT(2)
ROWS_GATHER_LEFT(3)
ROWS_GATHER_LEFT(4)
ROWS_GATHER_LEFT(5)
ROWS_GATHER_LEFT(6)
#if ROWS_RESIDENT >= 14
ROWS_GATHER_LEFT(7)
ROWS_GATHER_LEFT(8)
ROWS_GATHER_LEFT(9)
ROWS_GATHER_LEFT(10)
ROWS_GATHER_LEFT(11)
ROWS_GATHER_LEFT(12)
ROWS_GATHER_LEFT(13)
ROWS_GATHER_LEFT(14)
#endif
typedef real (*gather_left_fn)(const real *, const int32_t *, const int32_t *, const real *, ptrdiff_t, const real *,
                               const real *, real *);
static const gather_left_fn gather_left_table[ROWS_RESIDENT] = ROWS_TABLE(gather_left);
#endif

/* The same times phi, in place of counts. */
ROWS_LOCAL real gather_left(const real *restrict rows, const int32_t *restrict index, const int32_t *restrict order,
                            const real *restrict cells, ptrdiff_t n, ptrdiff_t width, const real *restrict phi,
                            const real *restrict excluded, real *restrict counts) {
    const ptrdiff_t n_vec = width / (ptrdiff_t)LANES;
    real alone;
    memset(counts, 0, (size_t)width * sizeof(real));
#if ROWS_VECTOR_TYPES
    if (n_vec <= ROWS_RESIDENT) alone = gather_left_table[n_vec - 1](rows, index, order, cells, n, phi, excluded, counts);
    else
#endif
        alone = gather_left_any(rows, index, order, cells, n, n_vec, phi, excluded, counts);
    for (ptrdiff_t t = 0; t < width; t++) counts[t] *= phi[t];
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
