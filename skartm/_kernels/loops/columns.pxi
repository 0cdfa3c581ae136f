# Counts to parameters: the columns of phi.

def block_sums(
    const real[:, ::1] n_wt,           # IN   (n_tokens, width)
    const int32_t[::1] tokens,         # IN   rows to sum
    double floor,                      # smaller entries count as 0
    double[:, ::1] sums,               # OUT  (ceil(len(tokens) / 256), width)
    int n_threads,
):
    """Sums over blocks of 256 rows, in float64; the blocks do not depend on the threads.

    Equivalent to `np.add.reduceat(np.where(n > floor, n, 0), np.arange(0, n.shape[0], 256))` for n = n_wt[tokens].
    """
    cdef Py_ssize_t n_blocks = sums.shape[0], width = n_wt.shape[1], n_rows = tokens.shape[0], b, i
    for b in prange(n_blocks, schedule="static", num_threads=team(n_threads), nogil=True):
        memset(&sums[b, 0], 0, width * sizeof(double))
        for i in range(b * 256, min((b + 1) * 256, n_rows)):
            add_above(&n_wt[tokens[i], 0], width, floor, &sums[b, 0])


def scale_columns(
    const real[:, ::1] n_wt,           # IN   (n_tokens, width)
    const int32_t[::1] tokens,         # IN   rows to scale
    const real[::1] scale,             # IN   (width)
    double floor,                      # smaller results, negative ones too, become 0
    real[:, ::1] phi_wt,               # OUT  (n_tokens, width), may be n_wt itself
    int n_threads,
):
    """Equivalent to `phi = n_wt[tokens] * scale; phi[phi < floor] = 0`."""
    cdef Py_ssize_t n_rows = tokens.shape[0], width = n_wt.shape[1], i
    for i in prange(n_rows, schedule="static", num_threads=team(n_threads), nogil=True):
        scale_row(&n_wt[tokens[i], 0], &scale[0], width, floor, &phi_wt[tokens[i], 0])


def scale_shifted(
    const real[:, ::1] n_wt,           # IN   (n_tokens, width)
    const int32_t[::1] tokens,         # IN   rows to scale
    const real[::1] shift,             # IN   (n_tokens)
    const real[::1] scale,             # IN   (width), zeros in the pad
    double floor,                      # smaller results become 0
    real[:, ::1] phi_wt,               # OUT  (n_tokens, width), may be n_wt itself
    int n_threads,
):
    """Equivalent to `phi = (n_wt[tokens] + shift[tokens, None]) * scale; phi[phi < floor] = 0`."""
    cdef Py_ssize_t n_rows = tokens.shape[0], width = n_wt.shape[1], i
    for i in prange(n_rows, schedule="static", num_threads=team(n_threads), nogil=True):
        scale_shifted_row(&n_wt[tokens[i], 0], shift[tokens[i]], &scale[0], width, floor, &phi_wt[tokens[i], 0])


def row_logs(
    const real[:, :] phi_wt,           # IN   (n_tokens, n_topics), entries 0 or at least `floor`, each row in one piece
    const real[::1] ones,              # IN   (n_topics)
    double floor,                      # zeros count as this
    double[::1] sums,                  # OUT  (n_tokens)
    int n_threads,
):
    """Equivalent to `sums = np.log(np.maximum(phi_wt, floor)).sum(axis=1)`."""
    cdef Py_ssize_t n_tokens = phi_wt.shape[0], n_topics = phi_wt.shape[1], w, t
    cdef double charge = log(floor)
    cdef Py_ssize_t zeros
    if n_topics > 1 and phi_wt.strides[1] != sizeof(real):
        raise ValueError("row_logs: the rows of phi_wt must be contiguous.")
    for w in prange(n_tokens, schedule="static", num_threads=team(n_threads), nogil=True):
        zeros = 0
        for t in range(n_topics):
            zeros = zeros + (phi_wt[w, t] == 0)
        sums[w] = log_likelihood(&ones[0], &phi_wt[w, 0], n_topics) + zeros * charge
