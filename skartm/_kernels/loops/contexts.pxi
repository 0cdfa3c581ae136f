# Topics of a token from the tokens around it: one E-step without inner iterations; compiled once per level.
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


# --- values of positions ---------------------------------------------------------------------------------------------
# phi (n_tokens, width), w (n): tokens of the positions, scale (n_tokens): 1 / s_w, 0 for a token that no topic has;
# v (n, width), z (n): in layers after the first the values and whether there is one.

cdef inline const real* value_row(const real* phi, const int32_t* w, const real* v, Py_ssize_t width,
                                      Py_ssize_t i, bint first) noexcept nogil:
    return phi + <Py_ssize_t>w[i] * width if first else v + i * width


cdef inline real value_scale(const int32_t* w, const real* scale, const real* z, Py_ssize_t i, bint first,
                                 Py_ssize_t skip) noexcept nogil:
    if i == skip:
        return 0
    if first:
        return scale[w[i]]
    return 1 if z[i] > Z_MIN else <real>0


cdef inline Py_ssize_t ema_side(const real* phi, const int32_t* w, const real* scale, const real* gamma,
                                const real* v, const real* z, Py_ssize_t n, Py_ssize_t width, bint first,
                                Py_ssize_t skip, bint own, bint reverse, real* rows) noexcept nogil:
    """Moving averages from one end: rows[i] is that of the positions before i, and of i itself if `own`.

    Returns the number of positions before the first one with a value; their rows are zeros.
    """
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
            prefetch_row(phi + <Py_ssize_t>w[ahead] * width, width)
        s = value_scale(w, scale, z, i, first, skip)
        g = gamma[i]
        row = value_row(phi, w, v, width, i, first)
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


cdef inline void window_side(const real* phi, const int32_t* w, const real* scale, const real* gamma,
                             const real* v, const real* z, Py_ssize_t n, Py_ssize_t width, bint first,
                             Py_ssize_t skip, Py_ssize_t h, real of_side, bint reverse, real* rows,
                             real* run, real* tail) noexcept nogil:
    """rows[i] += of_side * the sum of the values of the h positions before i.

    By blocks of h: the end of the block before and the beginning of this one, so that nothing is subtracted.
    """
    cdef Py_ssize_t step = -1 if reverse else 1, end = n - 1 if reverse else 0
    cdef Py_ssize_t p, q, k, i
    cdef real s
    memset(run, 0, width * sizeof(real))
    for p in range(n):
        k = p % h
        if k == 0 and p > 0:
            for q in range(h - 1, -1, -1):
                i = end + step * (p - h + q)
                s = value_scale(w, scale, z, i, first, skip)
                # the first of the sums begins with 0 times a row that is finite
                fade_row(tail + (q + 1) * width if q < h - 1 else run, value_row(phi, w, v, width, i, first), width,
                         1 if q < h - 1 else 0, gamma[i] * s, tail + q * width)
            memset(run, 0, width * sizeof(real))
        i = end + step * p
        fade_row(rows + i * width, run, width, 1, of_side, rows + i * width)
        if p >= h:
            fade_row(rows + i * width, tail + k * width, width, 1, of_side, rows + i * width)
        s = value_scale(w, scale, z, i, first, skip)
        fade_row(run, value_row(phi, w, v, width, i, first), width, 1, gamma[i] * s, run)


cdef inline void normalise_contexts(const real* mass, real constant, Py_ssize_t n, Py_ssize_t width,
                                    real* rows) noexcept nogil:
    """From rows without the factor n_t to distributions; those of nothing are n_t / n."""
    cdef Py_ssize_t i, t
    cdef real total
    for i in range(n):
        total = dot_row(mass, rows + i * width, width)
        if total > Z_MIN:
            product_row(mass, rows + i * width, width, 1 / total, rows + i * width)
        else:
            for t in range(width):
                rows[i * width + t] = constant * mass[t]


cdef inline void sides(const real* phi, const int32_t* w, const real* scale, const real* gamma_left,
                       const real* gamma_right, const real* v, const real* z, Py_ssize_t n,
                       Py_ssize_t width, bint first, Py_ssize_t h, const real* mass, real constant,
                       real* left, real* right, real* run, real* tail) noexcept nogil:
    """Distributions of the contexts of both sides, each with the position itself."""
    cdef Py_ssize_t i
    cdef real take
    if h == 0:
        ema_side(phi, w, scale, gamma_left, v, z, n, width, first, -1, True, False, left)
        ema_side(phi, w, scale, gamma_right, v, z, n, width, first, -1, True, True, right)
    else:
        for i in range(n):
            take = gamma_left[i] * value_scale(w, scale, z, i, first, -1)
            fade_row(mass, value_row(phi, w, v, width, i, first), width, 0, take, left + i * width)
            memcpy(right + i * width, left + i * width, width * sizeof(real))
        window_side(phi, w, scale, gamma_left, v, z, n, width, first, -1, h, 1, False, left, run, tail)
        window_side(phi, w, scale, gamma_left, v, z, n, width, first, -1, h, 1, True, right, run, tail)
    normalise_contexts(mass, constant, n, width, left)
    normalise_contexts(mass, constant, n, width, right)


# --- one document ----------------------------------------------------------------------------------------------------

cdef inline void finish(const real* phi, real x, Py_ssize_t width, bint last, const real* context,
                        real z_new, real* v, real* z, real* ratio, real* counts) noexcept nogil:
    """What a position gives to the next layer, or to the counts."""
    cdef real value = 0
    z[0] = z_new
    if last:
        if z_new > Z_MIN:
            value = x / z_new
        ratio[0] = value
        if value > 0:
            add_product(phi, context, width, value, counts)
    elif z_new > Z_MIN:
        product_row(phi, context, width, 1 / z_new, v)


cdef inline void ema_layer(const real* phi, const int32_t* w, const real* x, const real* scale,
                           const real* gamma_left, const real* gamma_right, const real* mass,
                           real constant, real beta, Py_ssize_t n, Py_ssize_t width, bint first, bint last,
                           bint own, Py_ssize_t skip, real* context, real* v, real* z, real* ratio,
                           real* counts, real* run) noexcept nogil:
    """From the left the averages are written, on the way back they meet those from the right."""
    cdef Py_ssize_t began, i
    cdef real s, g, of_left, of_right, z_new
    cdef bint some = False, is_left
    cdef const real* row
    cdef const real* row_phi
    began = ema_side(phi, w, scale, gamma_left, v, z, n, width, first, skip, own,
                     False, context)
    memset(run, 0, width * sizeof(real))
    for i in range(n - 1, -1, -1):
        if i >= AHEAD:
            prefetch_row(phi + <Py_ssize_t>w[i - AHEAD] * width, width)
        s = value_scale(w, scale, z, i, first, skip)
        g = gamma_right[i]
        row_phi = phi + <Py_ssize_t>w[i] * width
        row = row_phi if first else (v + i * width)
        if own and g * s > 0:
            fade_row(run, row, width, 1 - g if some else 0, g * s if some else s, run)
            some = True
        is_left = began <= i if own else began < i
        of_left = (beta if some else 1) if is_left else <real>0
        of_right = (1 - beta if is_left else 1) if some else <real>0
        z_new = blend_rows((context + i * width), run, mass, row_phi, width, of_left,
                           of_right, 0 if is_left or some else constant, context + i * width)
        if not own and g * s > 0:
            fade_row(run, row, width, 1 - g if some else 0, g * s if some else s, run)
            some = True
        finish(row_phi, x[i], width, last, (context + i * width), z_new, v + i * width, z + i,
               ratio + i, counts)


cdef inline void window_layer(const real* phi, const int32_t* w, const real* x, const real* scale,
                              const real* gamma, const real* mass, real constant, real beta,
                              Py_ssize_t h, Py_ssize_t n, Py_ssize_t width, bint first, bint last, bint own,
                              Py_ssize_t skip, real* context, real* v, real* z, real* ratio,
                              real* counts, real* run, real* tail) noexcept nogil:
    """Both sums, each position with itself once, then the mean."""
    cdef Py_ssize_t i
    cdef real total, z_new
    cdef real* here
    cdef const real* row_phi
    memset(context, 0, n * width * sizeof(real))
    window_side(phi, w, scale, gamma, v, z, n, width, first, skip, h, 2 * beta,
                False, context, run, tail)
    window_side(phi, w, scale, gamma, v, z, n, width, first, skip, h, 2 - 2 * beta,
                True, context, run, tail)
    for i in range(n):
        here = context + i * width
        row_phi = phi + <Py_ssize_t>w[i] * width
        if own:
            fade_row(here, value_row(phi, w, v, width, i, first), width, 1,
                     gamma[i] * value_scale(w, scale, z, i, first, skip), here)
        total = dot_row(mass, here, width)
        if total > Z_MIN:
            z_new = blend_rows(here, here, mass, row_phi, width, 1 / total,
                               0, 0, here)
        else:
            z_new = blend_rows(here, here, mass, row_phi, width, 0,
                               0, constant, here)
        finish(row_phi, x[i], width, last, here, z_new, v + i * width, z + i, ratio + i, counts)


cdef inline void context_layers(const real* phi, const int32_t* w, const real* x, const real* scale,
                                const real* gamma_left, const real* gamma_right, const real* mass,
                                real constant, real beta, Py_ssize_t h, Py_ssize_t n_layers, bint own,
                                Py_ssize_t skip, Py_ssize_t n, Py_ssize_t width, real* context, real* v,
                                real* z, real* ratio, real* left, real* right, real* counts,
                                real* scratch) noexcept nogil:
    """All layers of a document; h = 0 is the moving average. `left` and `right` may be NULL."""
    cdef Py_ssize_t layer
    cdef real* run = scratch
    cdef real* tail = scratch + width
    memset(counts, 0, width * sizeof(real))
    if n == 0:
        return
    for layer in range(n_layers):
        if left != NULL and layer == n_layers - 1:
            sides(phi, w, scale, gamma_left, gamma_right, v, z, n, width, layer == 0,
                  h, mass, constant, left, right, run, tail)
        if h == 0:
            ema_layer(phi, w, x, scale, gamma_left, gamma_right, mass, constant, beta, n, width, layer == 0,
                      layer == n_layers - 1, own, skip, context, v, z, ratio, counts, run)
        else:
            window_layer(phi, w, x, scale, gamma_left, mass, constant, beta, h, n, width, layer == 0,
                         layer == n_layers - 1, own, skip, context, v, z, ratio, counts, run, tail)


# --- documents -------------------------------------------------------------------------------------------------------

def token_scales(
    const real[:, ::1] phi_wt,     # IN   (n_tokens, width)
    const int32_t[::1] tokens,         # IN
    const real[::1] mass,          # IN   (width): n_t on any scale
    real[::1] scale,               # OUT  (n_tokens), at `tokens`
):
    """Equivalent to `s = phi_wt[tokens] @ mass; scale[tokens] = np.where(s > 0, 1 / s, 0)`."""
    cdef Py_ssize_t i, width = phi_wt.shape[1]
    cdef real s
    with nogil:
        for i in range(tokens.shape[0]):
            s = dot_row(&phi_wt[tokens[i], 0], &mass[0], width)
            scale[tokens[i]] = 1 / s if s > Z_MIN else <real>0


def context_documents(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into tokens, x and gammas
    const int32_t[::1] tokens,         # IN   tokens of the positions, in the order of the text
    const real[::1] x,             # IN   their weights
    const real[::1] gamma_left,    # IN   of the moving average, or weights in the window
    const real[::1] gamma_right,   # IN   of the moving average from the right
    const real[:, ::1] phi_wt,     # IN   (n_tokens, width)
    const real[::1] scale,         # IN   (n_tokens), see token_scales
    const real[::1] mass,          # IN   (width): n_t on the scale that token_scales had
    double beta,                       # weight of the left side
    Py_ssize_t window,                 # positions of a window on each side; 0 for the moving average
    Py_ssize_t n_layers,
    bint own,                          # whether a position is in its own context
    real[:, ::1] context,          # OUT  (n_positions, width): theta / mass
    real[:, ::1] values,           # TMP  (n_positions, width), or (0, width) for one layer
    real[::1] z,                   # OUT  (n_positions)
    real[::1] ratio,               # OUT  (n_positions): x / z, 0 without probability
    real[:, ::1] left,             # OUT  (n_positions, width), or (0, width) if nobody asks
    real[:, ::1] right,            # OUT  the same
    real[:, ::1] counts,           # OUT  (n_docs, width): n_td
    double[:, ::1] totals,             # OUT  (n_docs, 2): log-likelihood, mass of tokens without probability
    real[:, ::1] scratch,          # TMP  (n_threads, >= width * (1 + positions of a window))
    int n_threads,
):
    """Contexts of all positions, and what they give to the documents.

    Positions, in the arrays that are written, count from `indptr[0]`. Equivalent to, for a document with values v
    (n, T) and weights g, in one layer with a window h:
        side = [sum(g[j] * v[j] for j in range(max(i - h, 0), i)) for i in range(n)], the other side alike
        theta = norm(2 * beta * side + 2 * (1 - beta) * other + own * g * v)
        z = (phi[w] * theta).sum(axis=1); counts = ((x / z)[:, None] * phi[w] * theta).sum(axis=0)
    and for moving averages to
        side[i] = g[i] * v[i] + (1 - g[i]) * side[i - 1], where the first positive g is 1
        theta = beta * side + (1 - beta) * other, of the neighbours i - 1 and i + 1 if not `own`
    """
    cdef Py_ssize_t n_docs = counts.shape[0], width = phi_wt.shape[1], d, at, n, first, h
    cdef real total = 0
    cdef real* lefts = NULL
    cdef real* rights = NULL
    cdef real* v = NULL
    if n_docs == 0 or phi_wt.shape[0] == 0 or indptr[n_docs] == indptr[0]:
        counts[:, :] = 0
        totals[:, :] = 0
        return
    first = indptr[0]
    for at in range(width):
        total = total + mass[at]
    if left.shape[0]:
        lefts = &left[0, 0]
        rights = &right[0, 0]
    if values.shape[0]:
        v = &values[0, 0]
    for d in prange(n_docs, schedule="dynamic", chunksize=1, num_threads=team(n_threads), nogil=True):
        at = indptr[d] - first
        n = indptr[d + 1] - indptr[d]
        h = min(window, n) if window else 0
        context_layers(
            &phi_wt[0, 0], &tokens[0] + indptr[d], &x[0] + indptr[d], &scale[0], &gamma_left[0] + indptr[d],
            &gamma_right[0] + indptr[d], &mass[0], 1 / total, <real>beta, h, n_layers, own, -1, n, width,
            &context[0, 0] + at * width, v + at * width if v != NULL else NULL, &z[0] + at, &ratio[0] + at,
            lefts + at * width if lefts != NULL else NULL, rights + at * width if rights != NULL else NULL,
            &counts[d, 0], &scratch[threadid(), 0])
        product_row(&counts[d, 0], &mass[0], width, 1, &counts[d, 0])
        totals[d, 0] = log_likelihood(&x[0] + indptr[d], &z[0] + at, n)
        totals[d, 1] = left_out(&x[0] + indptr[d], &z[0] + at, n)


cdef inline double left_out(const real* x, const real* z, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef double total = 0
    for i in range(n):
        if not z[i] > Z_MIN:
            total = total + x[i]
    return total


def context_left_out(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into tokens and gammas
    const int32_t[::1] tokens,         # IN
    const real[::1] gamma_left,    # IN
    const real[::1] gamma_right,   # IN
    const real[:, ::1] phi_wt,     # IN   (n_tokens, width)
    const real[::1] scale,         # IN   (n_tokens)
    const real[::1] mass,          # IN   (width)
    double beta,
    Py_ssize_t window,
    Py_ssize_t n_layers,
    bint own,
    real[::1] z,                   # OUT  (n_positions)
    real[:, ::1] scratch,          # TMP  (n_threads, >= width * (2 + tail + 2 * n) + 3 * n), n the longest
    int n_threads,
):
    """p(w_i | everything but i): for each position all layers are computed without it, time n * n * layers.

    `tail` of the scratch is the window if that is shorter than the longest document, else 0.

    Equivalent to, for every position i, z[i] of context_documents with both gammas of i set to 0.
    """
    cdef Py_ssize_t n_docs = indptr.shape[0] - 1, width = phi_wt.shape[1], d, first, at
    cdef real total = 0
    if n_docs <= 0 or phi_wt.shape[0] == 0 or indptr[n_docs] == indptr[0]:
        return
    first = indptr[0]
    for at in range(width):
        total = total + mass[at]
    for d in prange(n_docs, schedule="dynamic", chunksize=1, num_threads=team(n_threads), nogil=True):
        left_out_document(
            &phi_wt[0, 0], &tokens[0] + indptr[d], &scale[0], &gamma_left[0] + indptr[d], &gamma_right[0] + indptr[d],
            &mass[0], 1 / total, <real>beta, window, n_layers, own, indptr[d + 1] - indptr[d], width,
            &z[0] + (indptr[d] - first), &scratch[threadid(), 0])


cdef inline void left_out_document(const real* phi, const int32_t* w, const real* scale,
                                   const real* gamma_left, const real* gamma_right, const real* mass,
                                   real constant, real beta, Py_ssize_t window, Py_ssize_t n_layers, bint own,
                                   Py_ssize_t n, Py_ssize_t width, real* z, real* scratch) noexcept nogil:
    cdef Py_ssize_t i, h = min(window, n) if window else 0
    cdef real* counts = scratch
    cdef real* context = scratch + (2 + (h if h < n else 0)) * width
    cdef real* v = context + n * width
    cdef real* z_all = v + n * width
    cdef real* ratio = z_all + n
    cdef real* x = ratio + n  # zeros: no counts are asked for
    memset(x, 0, n * sizeof(real))
    for i in range(n):
        context_layers(phi, w, x, scale, gamma_left, gamma_right, mass, constant, beta, h, n_layers,
                       own, i, n, width, context, v, z_all, ratio, <real*>NULL, <real*>NULL, counts,
                       scratch + width)
        z[i] = z_all[i]


def gather_positions(
    const int32_t[::1] slots,          # IN   rows of out, each once
    const int64_t[::1] starts,         # IN   (len(slots) + 1), offsets into places
    const int32_t[::1] places,         # IN   positions of a slot
    const real[::1] ratio,         # IN   (n_positions)
    const real[:, ::1] context,    # IN   (n_positions, width)
    real[:, ::1] out,              # INOUT (n_slots, width)
    int n_threads,
):
    """Add up the contexts of the positions of every slot.

    Equivalent to `out[slots[k]] += ratio[some] @ context[some]` for `some = places[starts[k]:starts[k + 1]]`, all k.
    """
    cdef Py_ssize_t n_slots = slots.shape[0], width = out.shape[1], k
    if n_slots == 0:
        return
    for k in prange(n_slots, schedule="dynamic", chunksize=64, num_threads=team(n_threads), nogil=True):
        gather(&context[0, 0], &places[starts[k]], &places[starts[k]], &ratio[0], starts[k + 1] - starts[k],
                   width, &out[slots[k], 0])
