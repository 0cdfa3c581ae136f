# Arithmetic on rows of topics, in C (c/rows.h). `real` is float or double: a library is compiled for each.

cdef extern from "rows.h" nogil:
    # Cython is told that it is float, so that it never takes a result of double precision for one of `real`
    ctypedef float real
    const real Z_MIN       # at or below it there is no probability
    const real LEAST_MEAN  # at or below it a mean is zero
    const real LEAST_PHI   # below it exp(E[log phi]) is zero
    const double ROUNDING
    const double LARGEST_EXPONENT

    # ratios and counts
    void mix(const real* rows, const real* x, Py_ssize_t n, Py_ssize_t width, real eps, const real* theta, real* counts)
    void dots(const real* rows, Py_ssize_t n, Py_ssize_t width, const real* theta, real* z)
    void gather(const real* rows, const int32_t* index, const int32_t* order, const real* ratio, Py_ssize_t n,
                Py_ssize_t width, real* counts)
    double ratios(const real* x, const real* z, Py_ssize_t n, real eps, real* ratio)
    double log_likelihood(const real* x, const real* z, Py_ssize_t n)

    # the same with every token left out
    ctypedef struct exclusion:
        real occurrence
        real theta_mass

    void mix_left(const real* rows, const real* x, Py_ssize_t n, Py_ssize_t width, exclusion out, const real* theta,
                  const real* shares, real* rest, real* counts)
    void cells_left(const real* rows, const real* x, Py_ssize_t n, Py_ssize_t width, exclusion out, const real* theta,
                    const real* shares, real own, real* z, real* cells)
    real gather_left(const real* rows, const int32_t* index, const int32_t* order, const real* cells, Py_ssize_t n,
                     Py_ssize_t width, const real* phi, const real* excluded, real* counts)
    void add_alone(real alone, const real* phi, const real* mass, Py_ssize_t width, real* counts)

    # rows side by side, and of some topics
    void copy_rows(const real* table, const int32_t* index, Py_ssize_t n, Py_ssize_t width, real* out)
    Py_ssize_t active(const real* theta, const real* prior, Py_ssize_t width, real least, real least_prior)
    void pack(real* rows, Py_ssize_t n, Py_ssize_t width, const int32_t* place, Py_ssize_t n_active, Py_ssize_t packed)
    void pack_columns(const real* rows, Py_ssize_t n, Py_ssize_t width, const int32_t* place, Py_ssize_t n_active,
                      const real* x, Py_ssize_t ld, real* columns)
    void dots_columns(const real* columns, Py_ssize_t ld, Py_ssize_t n_topics, const real* theta, real* z)
    void mix_columns(const real* columns, Py_ssize_t ld, Py_ssize_t n_topics, real eps, const real* theta, real* z,
                     real* counts)

    # steps of one row
    real map_step(real* theta, real* counts, const real* prior, Py_ssize_t width)
    real dirichlet_step(real* gamma, const real* counts, const real* mean, const real* prior, Py_ssize_t n_topics,
                        real* total)
    void exp_digamma(const real* a, Py_ssize_t n, real* out)
    void scale_row(const real* row, const real* scale, Py_ssize_t width, real floor, real* out)
    void scale_shifted_row(const real* row, real shift, const real* scale, Py_ssize_t width, real floor, real* out)
    void scale_above(real* row, real scale, real least, Py_ssize_t n)
    void add_above(const real* row, Py_ssize_t width, real floor, double* sums)
    void affine_row(const real* row, real factor, real shift, Py_ssize_t width, real* out)

    # products
    void dense_rows(const real* x, Py_ssize_t n_rows, Py_ssize_t n, const real* table, Py_ssize_t width, real* out)
    double product(const real* table, const int32_t* index, const real* powers, Py_ssize_t n, Py_ssize_t n_ahead,
                   Py_ssize_t width, Py_ssize_t n_topics, void* exponents, real* out)
