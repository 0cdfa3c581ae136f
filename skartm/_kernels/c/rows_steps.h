/* One step of a row: from counts to parameters, and from z to ratios. */

/* theta <- norm((theta * counts + prior)_+), values below FLOOR to zero; returns sum |change|.
 * Equivalent numpy: new = clip(theta * counts + prior, 0); new /= new.sum(); new[new < FLOOR] = 0
 * If nothing is left, theta stays as it was and the change is 0. */
#define FLOOR ((real)1e-16)
ROWS_LOCAL real map_step(real *restrict theta, real *restrict counts, const real *restrict prior,
                         ptrdiff_t width) {
    real sum = 0, change = 0;
    for (ptrdiff_t t = 0; t < width; t++) {
        const real n = theta[t] * counts[t] + prior[t];
        counts[t] = n > 0 ? n : 0;
        sum += counts[t];
    }
    if (!(sum > 0)) return 0;
    const real scale = 1 / sum;
    for (ptrdiff_t t = 0; t < width; t++) {
        real new_t = counts[t] * scale;
        new_t = new_t < FLOOR ? 0 : new_t;
        change += new_t > theta[t] ? new_t - theta[t] : theta[t] - new_t;
        theta[t] = new_t;
    }
    return change;
}

/* gamma <- mean * counts + prior; returns sum |change| and the new total. */
ROWS_LOCAL real dirichlet_step(real *restrict gamma, const real *restrict counts, const real *restrict mean,
                               const real *restrict prior, ptrdiff_t n_topics, real *total) {
    real change = 0, sum = 0;
    for (ptrdiff_t t = 0; t < n_topics; t++) {
        const real value = mean[t] * counts[t] + prior[t];
        change += value > gamma[t] ? value - gamma[t] : gamma[t] - value;
        sum += value;
        gamma[t] = value;
    }
    *total = sum;
    return change;
}

ROWS_LOCAL void scale_row(const real *restrict row, const real *restrict scale, ptrdiff_t width, real floor,
                          real *restrict out) {
    for (ptrdiff_t t = 0; t < width; t++) {
        const real value = row[t] * scale[t];
        out[t] = value >= floor ? value : 0;
    }
}

ROWS_LOCAL void scale_shifted_row(const real *restrict row, real shift, const real *restrict scale, ptrdiff_t width,
                              real floor, real *restrict out) {
    for (ptrdiff_t t = 0; t < width; t++) {
        const real value = (row[t] + shift) * scale[t];
        out[t] = value >= floor ? value : 0;
    }
}

/* row <- row * scale, zero where that is not above `least`. */
ROWS_LOCAL void scale_above(real *restrict row, real scale, real least, ptrdiff_t n) {
    for (ptrdiff_t t = 0; t < n; t++) {
        const real value = row[t] * scale;
        row[t] = value > least ? value : 0;
    }
}

ROWS_LOCAL void add_above(const real *restrict row, ptrdiff_t width, real floor, double *restrict sums) {
    for (ptrdiff_t t = 0; t < width; t++) sums[t] += row[t] > floor ? row[t] : 0;
}

ROWS_LOCAL void affine_row(const real *restrict row, real factor, real shift, ptrdiff_t width, real *restrict out) {
    for (ptrdiff_t t = 0; t < width; t++) out[t] = factor * row[t] + shift;
}

/* ratio = x / (z + eps) where z > Z_MIN, else 0; returns sum of x over the tokens that were left out. */
ROWS_INLINE double ratios(const real *restrict x, const real *restrict z, ptrdiff_t n, real eps,
                          real *restrict ratio) {
    double skipped = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
        const int seen = z[i] > Z_MIN;
        ratio[i] = seen ? x[i] / (z[i] + eps) : (real)0;
        skipped += seen ? 0 : x[i];
    }
    return skipped;
}
