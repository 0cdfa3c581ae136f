/* Vectorisable log and exp(digamma) in single precision. */

/* sum_i x[i] * log(z[i]) over z > 1e-30. log by the atanh series of the mantissa in [sqrt(1/2), sqrt(2)): |error| < 2e-7. */
ROWS_LOCAL double log_likelihood(const float *restrict x, const float *restrict z, ptrdiff_t n) {
    double total = 0;
    for (ptrdiff_t start = 0; start < n; start += 256) {
        const ptrdiff_t stop = start + 256 < n ? start + 256 : n;
        float part = 0;
        for (ptrdiff_t i = start; i < stop; i++) {
            int32_t bits;
            memcpy(&bits, z + i, 4);
            const int32_t exponent = (bits - 0x3f3504f3) >> 23;
            bits -= exponent << 23;
            float m;
            memcpy(&m, &bits, 4);
            const float s = (m - 1.0f) / (m + 1.0f), s2 = s * s;
            const float log_m =
                2.0f * s * (1.0f + s2 * (1.0f / 3 + s2 * (1.0f / 5 + s2 * (1.0f / 7 + s2 * (1.0f / 9)))));
            const float value = x[i] * (log_m + (float)exponent * 0.693147180559945f);
            part += z[i] > 1e-30f ? value : 0.0f;
        }
        total += part;
    }
    return total;
}

/* out[t] = exp(digamma(a[t])), a > 0: digamma(a) = digamma(a + 6) - sum_k 1 / (a + k), and
 * exp(digamma(y)) = y * exp(-1/(2y) - 1/(12y^2) + 1/(120y^4) - ...), so one exponential and no logarithm.
 * Three loops, because one with the clamp inside is not vectorised. */
ROWS_LOCAL void exp_digamma(const float *restrict a, ptrdiff_t n, float *restrict out) {
    for (ptrdiff_t t = 0; t < n; t++) {
        const float x = a[t], u = 1.0f / (x + 6.0f), u2 = u * u;
        /* 1/x + ... + 1/(x+5) in pairs: 1/(x+k) + 1/(x+5-k) = (2x+5) / (q + k(5-k)), q = x(x+5) */
        const float q = x * (x + 5.0f), b = q + 4.0f, c = q + 6.0f;
        const float shift = (2.0f * x + 5.0f) * (1.0f / q + (b + c) / (b * c)); /* one quotient of x^6 would overflow */
        out[t] = -shift - u * (0.5f + u * (1.0f / 12 - u2 * (1.0f / 120 - u2 * (1.0f / 252))));
    }
    for (ptrdiff_t t = 0; t < n; t++) out[t] = out[t] > -80.0f ? out[t] : -80.0f; /* below, exp is denormal */
    for (ptrdiff_t t = 0; t < n; t++) {
        const int32_t k = (int32_t)(out[t] * 1.4426950408889634f - 0.5f);
        const float r = out[t] - (float)k * 0.6931471805599453f;
        const float p =
            1.0f + r * (1.0f + r * (0.5f + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 + r * (1.0f / 720))))));
        const int32_t bits = (k + 127) << 23;
        float power;
        memcpy(&power, &bits, 4);
        out[t] = (a[t] + 6.0f) * p * power;
    }
}
