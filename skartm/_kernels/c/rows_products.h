/* Products of many rows of topics that neither overflow nor underflow: every topic has a mantissa and an exponent of its
 * own, so that a topic which falls behind by 1e-300 at first and catches up later is not lost. No logarithms: a factor is
 * a multiplication and some shifts of bits, and a product is as exact as a product is.
 */
#if ROWS_DOUBLE
#define BITS uint64_t
#define EXPONENT int64_t
#define FRACTION 52
#define BIAS 1023
#define LEAST_NORMAL 2.2250738585072014e-308
#define PLAIN 16 /* so many factors of 1e-16 (skartm.simplex.FLOOR), the least that phi is, are still normal numbers */
#else
#define BITS uint32_t
#define EXPONENT int32_t
#define FRACTION 23
#define BIAS 127
#define LEAST_NORMAL 1.17549435e-38f
#define PLAIN 2
#endif
#define LOWEST (-(1 << 30)) /* two of them still fit an int32 */

/* mantissa * 2^exponent *= row. What is not a normal number is zero, and stays zero. */
ROWS_LOCAL void times_row(real *restrict mantissa, EXPONENT *restrict exponent, const real *restrict row,
                          ptrdiff_t n) {
    for (ptrdiff_t t = 0; t < n; t++) {
        const real value = mantissa[t] * row[t];
        BITS bits;
        memcpy(&bits, &value, sizeof(real));
        const EXPONENT step = (EXPONENT)(bits >> FRACTION) - BIAS;
        bits -= (BITS)step << FRACTION;
        real kept;
        memcpy(&kept, &bits, sizeof(real));
        const EXPONENT sum = exponent[t] + step;
        mantissa[t] = value >= LEAST_NORMAL ? kept : (real)0;
        exponent[t] = sum > LOWEST ? sum : LOWEST;
    }
}

/* mantissa * 2^exponent *= row^power, for powers other than small integers. */
ROWS_LOCAL void times_power(real *restrict mantissa, EXPONENT *restrict exponent, const real *restrict row,
                            double power, ptrdiff_t n) {
    for (ptrdiff_t t = 0; t < n; t++) {
        if (!(row[t] >= LEAST_NORMAL)) {
            mantissa[t] = 0;
            continue;
        }
        const double binary = power * log2((double)row[t]), whole = floor(binary);
        double value = (double)mantissa[t] * exp2(binary - whole); /* in [0, 4) */
        EXPONENT sum = exponent[t] + (whole > LOWEST ? (EXPONENT)whole : LOWEST);
        if (value >= 2) {
            value *= 0.5;
            sum += 1;
        }
        mantissa[t] = (real)value;
        exponent[t] = sum > LOWEST ? sum : LOWEST;
    }
}

/* The same for at most PLAIN factors: nothing can underflow, so one exponent is enough for all topics. */
ROWS_LOCAL double plain_product(const real *restrict table, const int32_t *restrict index, ptrdiff_t n,
                                ptrdiff_t width, real *restrict out) {
    memcpy(out, table + (ptrdiff_t)index[0] * width, width * sizeof(real));
    for (ptrdiff_t i = 1; i < n; i++) {
        const real *row = table + (ptrdiff_t)index[i] * width;
        for (ptrdiff_t t = 0; t < width; t++) out[t] *= row[t];
    }
    BITS top = 0; /* positive numbers are in the order of their bits */
    for (ptrdiff_t t = 0; t < width; t++) {
        BITS bits;
        memcpy(&bits, out + t, sizeof(real));
        top = bits > top ? bits : top;
    }
    const EXPONENT exponent = (EXPONENT)(top >> FRACTION) - BIAS;
    if (exponent <= -BIAS) {
        memset(out, 0, width * sizeof(real));
        return 0;
    }
    const BITS bits = (BITS)(BIAS - exponent) << FRACTION; /* 2^-exponent, where phi is at most 1 */
    real scale;
    memcpy(&scale, &bits, sizeof(real));
    for (ptrdiff_t t = 0; t < width; t++) out[t] *= scale;
    return (double)exponent;
}

ROWS_INLINE int is_plain(const real *powers, ptrdiff_t n) {
    for (ptrdiff_t i = 0; i < n; i++)
        if (powers[i] != 1) return 0;
    return n > 0;
}

/* out = product of the rows index[i] of a table to the powers[i], times 2^-k; returns k, for which the largest entry is in
 * [1, 2). An entry below 2^-BIAS of it is 0. No rows: ones. The index goes on to `n_ahead`, with rows to fetch. */
ROWS_LOCAL double product(const real *restrict table, const int32_t *restrict index, const real *restrict powers,
                          ptrdiff_t n, ptrdiff_t n_ahead, ptrdiff_t width, ptrdiff_t n_topics, void *exponents,
                          real *restrict out) {
    EXPONENT *restrict exponent = (EXPONENT *)exponents; /* (width) */
    for (ptrdiff_t i = 2; i < n + 2 && i < n_ahead; i++)
        for (ptrdiff_t t = 0; t < width; t += 64 / sizeof(real)) ROWS_PREFETCH(table + (ptrdiff_t)index[i] * width + t);
    if (n <= PLAIN && is_plain(powers, n)) return plain_product(table, index, n, width, out);
    for (ptrdiff_t t = 0; t < width; t++) {
        out[t] = t < n_topics ? (real)1 : (real)0;
        exponent[t] = 0;
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        const real *row = table + (ptrdiff_t)index[i] * width;
        const real power = powers[i];
        if (power == 1) times_row(out, exponent, row, width);
        else if (power <= 8 && power == (real)(int)power)
            for (int k = 0; k < (int)power; k++) times_row(out, exponent, row, width);
        else times_power(out, exponent, row, (double)power, width);
    }
    EXPONENT top = LOWEST;
    for (ptrdiff_t t = 0; t < width; t++) {
        const EXPONENT own = out[t] > 0 ? exponent[t] : LOWEST;
        top = own > top ? own : top;
    }
    for (ptrdiff_t t = 0; t < width; t++) {
        EXPONENT shift = exponent[t] - top;
        const int kept = shift > -BIAS;
        shift = kept ? shift : 0;
        shift = shift < 1 ? shift : 0; /* of a zero, whose exponent means nothing */
        const BITS bits = (BITS)(shift + BIAS) << FRACTION;
        real scale;
        memcpy(&scale, &bits, sizeof(real));
        out[t] = kept ? out[t] * scale : (real)0;
    }
    return top > LOWEST ? (double)top : 0.0;
}
