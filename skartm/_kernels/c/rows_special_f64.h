/* log and exp(digamma) in double precision. */

/* sum_i x[i] * log(z[i]) over z > 1e-290; the series of rows_special_f32.h to ten terms, error of an ulp or two. */
ROWS_LOCAL double log_likelihood(const double *restrict x, const double *restrict z, ptrdiff_t n) {
    double total = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        int64_t bits;
        memcpy(&bits, z + i, 8);
        const int32_t exponent = ((int32_t)(bits >> 32) - 0x3fe6a09e) >> 20;
        bits -= (int64_t)exponent << 52;
        double m;
        memcpy(&m, &bits, 8);
        const double s = (m - 1.0) / (m + 1.0), s2 = s * s;
        double p = 1.0 / 21;
        p = 1.0 / 19 + s2 * p;
        p = 1.0 / 17 + s2 * p;
        p = 1.0 / 15 + s2 * p;
        p = 1.0 / 13 + s2 * p;
        p = 1.0 / 11 + s2 * p;
        p = 1.0 / 9 + s2 * p;
        p = 1.0 / 7 + s2 * p;
        p = 1.0 / 5 + s2 * p;
        p = 1.0 / 3 + s2 * p;
        const double value = x[i] * (2.0 * s * (1.0 + s2 * p) + (double)exponent * 0.6931471805599453);
        total += z[i] > 1e-290 ? value : 0.0;
    }
    return total;
}

/* out[t] = exp(digamma(a[t])), a > 0, with the relative error of scikit-learn's digamma (2e-9); see rows_special_f32.h for the identity. */
ROWS_LOCAL void exp_digamma(const double *restrict a, ptrdiff_t n, double *restrict out) {
    for (ptrdiff_t t = 0; t < n; t++) {
        const double x = a[t], u = 1.0 / (x + 8.0), u2 = u * u;
        /* 1/x + ... + 1/(x+7) in pairs: 1/(x+k) + 1/(x+7-k) = (2x+7) / (q + k(7-k)), q = x(x+7) */
        const double q = x * (x + 7.0), b = q + 6.0, c = q + 10.0, d = q + 12.0, qb = q * b, cd = c * d;
        const double shift = (2.0 * x + 7.0) * ((q + b) * cd + (c + d) * qb) / (qb * cd);
        /* scikit-learn shifts x to y in [6, 7) and stops the series at y^-6: an error of up to 2e-9 that EM amplifies.
         * The same error here makes the results equal. */
        const double y = x + (x < 6.0 ? ceil(6.0 - x) : 0.0), v = 1.0 / (y * y), v4 = v * v * v * v;
        out[t] = -v4 * (1.0 / 240 - v * (1.0 / 132 - v * (691.0 / 32760 - v * (1.0 / 12)))) - shift -
                 u * (0.5 + u * (1.0 / 12 - u2 * (1.0 / 120 - u2 * (1.0 / 252 - u2 * (1.0 / 240 -
                 u2 * (1.0 / 132 - u2 * (691.0 / 32760)))))));
    }
    for (ptrdiff_t t = 0; t < n; t++) out[t] = out[t] > -640.0 ? out[t] : -640.0; /* below, exp is denormal */
    for (ptrdiff_t t = 0; t < n; t++) {
        const int32_t k = (int32_t)(out[t] * 1.4426950408889634 - 0.5);
        const double r = out[t] - (double)k * 0.6931471805599453;
        double p = 1.0 / 6227020800.0;
        p = 1.0 / 479001600 + r * p;
        p = 1.0 / 39916800 + r * p;
        p = 1.0 / 3628800 + r * p;
        p = 1.0 / 362880 + r * p;
        p = 1.0 / 40320 + r * p;
        p = 1.0 / 5040 + r * p;
        p = 1.0 / 720 + r * p;
        p = 1.0 / 120 + r * p;
        p = 1.0 / 24 + r * p;
        p = 1.0 / 6 + r * p;
        p = 0.5 + r * p;
        p = 1.0 + r * p;
        p = 1.0 + r * p;
        const int64_t bits = ((int64_t)k + 1023) << 52;
        double power;
        memcpy(&power, &bits, 8);
        out[t] = (a[t] + 8.0) * p * power;
    }
}
