/* log and exp(digamma) in double precision. */

/* sum_i x[i] * log(z[i]) over z > 1e-30. */
ROWS_LOCAL double log_likelihood_f64(const double *restrict x, const double *restrict z, ptrdiff_t n) {
    double total = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        if (z[i] > 1e-30) total += x[i] * log(z[i]);
    return total;
}

/* out[t] = exp(digamma(a[t])), relative error below 1e-13; see rows_special_f32.h for the identity. */
ROWS_LOCAL void exp_digamma_f64(const double *restrict a, ptrdiff_t n, double *restrict out) {
    for (ptrdiff_t t = 0; t < n; t++) {
        const double x = a[t] > 1e-6 ? a[t] : 1e-6, y = x + 8.0, u = 1.0 / y, u2 = u * u;
        /* 1/x + 1/(x+7) + ... in pairs: 1/(x+k) + 1/(x+7-k) = (2x+7) / (q + k(7-k)), q = x(x+7) */
        const double q = x * (x + 7.0), ab = q * (q + 6.0), cd = (q + 10.0) * (q + 12.0);
        const double shift = (2.0 * x + 7.0) * ((2.0 * q + 6.0) * cd + (2.0 * q + 22.0) * ab) / (ab * cd);
        double e = -shift - u * (0.5 + u * (1.0 / 12 - u2 * (1.0 / 120 - u2 * (1.0 / 252 - u2 * (1.0 / 240 -
                   u2 * (1.0 / 132 - u2 * (691.0 / 32760)))))));
        const int tiny = e < -690.0;
        e = tiny ? -690.0 : e;
        const int32_t k = (int32_t)(e * 1.4426950408889634 - 0.5);
        const double r = e - (double)k * 0.6931471805599453;
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
        out[t] = tiny ? 0.0 : y * p * power;
    }
}
