# Topics of a token from the tokens around it: one E-step without inner iterations.
#
# A position i of a text has a value, a distribution over topics: in the first layer p(t|w_i) = phi_wt n_t / s_w, in the
# next ones p(t|i) of the layer before. Its context theta_i is a mean of the values around it. All of them have the
# factor n_t, which is left out: rows are theta / n, the value of a token is its row of phi times 1 / s_w, and no table
# of p(t|w) exists. Documents are independent, so results do not depend on the number of threads.

cdef extern from "rows_context.h" nogil:
    void prefetch_row(const real* row, Py_ssize_t width)
    void fade_row(const real* before, const real* row, Py_ssize_t width, real keep, real take, real* out)
    real blend_rows(const real* left, const real* right, const real* mass, const real* phi, Py_ssize_t width,
                    real of_left, real of_right, real constant, real* out)
    void product_row(const real* a, const real* b, Py_ssize_t width, real scale, real* out)
    void add_product(const real* a, const real* b, Py_ssize_t width, real scale, real* out)
    real dot_row(const real* a, const real* b, Py_ssize_t width)

cdef enum:
    AHEAD = 6  # positions whose row of phi is asked for before it is read


cdef struct Text:                  # a document, and how it is read; `window` 0 is the moving average
    Py_ssize_t n                   # positions
    Py_ssize_t width
    const int32_t* w               # (n): tokens
    const real* x                  # (n): their weights
    const real* gamma_left         # (n): of the moving average from the left, or weights in the window
    const real* gamma_right        # (n): of the moving average from the right
    const real* phi                # (n_tokens, width)
    const real* scale              # (n_tokens): 1 / s_w, 0 for a token that no topic has
    const real* mass               # (width): n_t
    real constant                  # 1 / sum of mass
    real beta                      # weight of the left side
    Py_ssize_t window
    Py_ssize_t n_layers
    bint own                       # whether a position is in its own context
    Py_ssize_t skip                # a position without a value, or -1


cdef struct Buffers:               # what is written of a document
    real* context                  # (n, width): theta / mass
    real* v                        # (n, width): in layers after the first the values
    real* z                        # (n), and whether there is one
    real* ratio                    # (n): x / z
    real* left                     # (n, width), or NULL if nobody asks
    real* right                    # (n, width)
    real* counts                   # (width)
    real* run                      # (width)
    real* tail                     # (positions of a window, width)


cdef inline const real* value_row(const Text* text, const real* v, Py_ssize_t i, bint first) noexcept nogil:
    return text.phi + <Py_ssize_t>text.w[i] * text.width if first else v + i * text.width


cdef inline real value_scale(const Text* text, const real* z, Py_ssize_t i, bint first) noexcept nogil:
    if i == text.skip:
        return 0
    if first:
        return text.scale[text.w[i]]
    return 1 if z[i] > Z_MIN else <real>0


cdef inline Py_ssize_t ema_side(const Text* text, const Buffers* buffers, const real* gamma, bint first, bint own,
                                bint reverse, real* rows) noexcept nogil:
    """Moving averages from one end: rows[i] is that of the positions before i, and of i itself if `own`.

    Returns the number of positions before the first one with a value; their rows are zeros.
    """
    cdef Py_ssize_t n = text.n, width = text.width
    cdef Py_ssize_t step = -1 if reverse else 1, i = n - 1 if reverse else 0
    cdef Py_ssize_t p, ahead, began = n
    cdef real g, s
    cdef const real* row
    cdef real* out
    cdef const real* before
    if not own:
        memset(rows + i * width, 0, width * sizeof(real))
    for p in range(n if own else n - 1):
        ahead = i + AHEAD * step
        if first and 0 <= ahead < n:
            prefetch_row(text.phi + <Py_ssize_t>text.w[ahead] * width, width)
        s = value_scale(text, buffers.z, i, first)
        g = gamma[i]
        row = value_row(text, buffers.v, i, first)
        out = rows + (i if own else i + step) * width
        before = out - step * width
        if g * s <= 0:
            if p == 0 and own:
                memset(out, 0, width * sizeof(real))
            else:
                memcpy(out, before, width * sizeof(real))
        elif began == n:
            began = p
            fade_row(row, row, width, 0, s, out)
        else:
            fade_row(before, row, width, 1 - g, g * s, out)
        i = i + step
    return began


cdef inline void window_side(const Text* text, const Buffers* buffers, bint first, real of_side, bint reverse,
                             real* rows) noexcept nogil:
    """rows[i] += of_side * the sum of the values of the positions of a window before i.

    By blocks of a window: the end of the block before and the beginning of this one, so that nothing is subtracted.
    """
    cdef Py_ssize_t n = text.n, width = text.width, h = text.window
    cdef Py_ssize_t step = -1 if reverse else 1, end = n - 1 if reverse else 0
    cdef Py_ssize_t p, q, k, i
    cdef const real* gamma = text.gamma_left
    cdef real* run = buffers.run
    cdef real* tail = buffers.tail
    cdef real s
    memset(run, 0, width * sizeof(real))
    for p in range(n):
        k = p % h
        if k == 0 and p > 0:
            for q in range(h - 1, -1, -1):
                i = end + step * (p - h + q)
                s = value_scale(text, buffers.z, i, first)
                # the first of the sums begins with 0 times a row that is finite
                fade_row(tail + (q + 1) * width if q < h - 1 else run, value_row(text, buffers.v, i, first), width,
                         1 if q < h - 1 else 0, gamma[i] * s, tail + q * width)
            memset(run, 0, width * sizeof(real))
        i = end + step * p
        fade_row(rows + i * width, run, width, 1, of_side, rows + i * width)
        if p >= h:
            fade_row(rows + i * width, tail + k * width, width, 1, of_side, rows + i * width)
        s = value_scale(text, buffers.z, i, first)
        fade_row(run, value_row(text, buffers.v, i, first), width, 1, gamma[i] * s, run)


cdef inline void normalise_contexts(const Text* text, real* rows) noexcept nogil:
    """From rows without the factor n_t to distributions; those of nothing are n_t / n."""
    cdef Py_ssize_t width = text.width, i, t
    cdef real total
    for i in range(text.n):
        total = dot_row(text.mass, rows + i * width, width)
        if total > Z_MIN:
            product_row(text.mass, rows + i * width, width, 1 / total, rows + i * width)
        else:
            for t in range(width):
                rows[i * width + t] = text.constant * text.mass[t]


cdef inline void sides(const Text* text, const Buffers* buffers, bint first) noexcept nogil:
    """Distributions of the contexts of both sides, each with the position itself."""
    cdef Py_ssize_t width = text.width, i
    cdef real* left = buffers.left
    cdef real* right = buffers.right
    cdef real take
    if text.window == 0:
        ema_side(text, buffers, text.gamma_left, first, True, False, left)
        ema_side(text, buffers, text.gamma_right, first, True, True, right)
    else:
        for i in range(text.n):
            take = text.gamma_left[i] * value_scale(text, buffers.z, i, first)
            fade_row(text.mass, value_row(text, buffers.v, i, first), width, 0, take, left + i * width)
            memcpy(right + i * width, left + i * width, width * sizeof(real))
        window_side(text, buffers, first, 1, False, left)
        window_side(text, buffers, first, 1, True, right)
    normalise_contexts(text, left)
    normalise_contexts(text, right)
