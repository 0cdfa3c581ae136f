# Contexts of the positions of texts from those of both sides (sides.pxi), and what they give to the documents.


cdef inline void finish(const Text* text, const Buffers* buffers, Py_ssize_t i, real z, bint last) noexcept nogil:
    """What a position gives to the next layer, or to the counts."""
    cdef Py_ssize_t width = text.width
    cdef const real* phi = text.phi + <Py_ssize_t>text.w[i] * width
    cdef const real* context = buffers.context + i * width
    cdef real value = 0
    buffers.z[i] = z
    if last:
        if z > Z_MIN:
            value = text.x[i] / z
        buffers.ratio[i] = value
        if value > 0:
            add_product(phi, context, width, value, buffers.counts)
    elif z > Z_MIN:
        product_row(phi, context, width, 1 / z, buffers.v + i * width)


cdef inline void ema_layer(const Text* text, const Buffers* buffers, bint first, bint last) noexcept nogil:
    """From the left the averages are written, on the way back they meet those from the right."""
    cdef Py_ssize_t width = text.width, began, i
    cdef real s, g, of_left, of_right, z
    cdef bint own = text.own, some = False, is_left
    cdef real* run = buffers.run
    cdef real* context
    cdef const real* row
    cdef const real* phi
    began = ema_side(text, buffers, text.gamma_left, first, own, False, buffers.context)
    memset(run, 0, width * sizeof(real))
    for i in range(text.n - 1, -1, -1):
        if i >= AHEAD:
            prefetch_row(text.phi + <Py_ssize_t>text.w[i - AHEAD] * width, width)
        s = value_scale(text, buffers.z, i, first)
        g = text.gamma_right[i]
        phi = text.phi + <Py_ssize_t>text.w[i] * width
        row = value_row(text, buffers.v, i, first)
        context = buffers.context + i * width
        if own and g * s > 0:
            fade_row(run, row, width, 1 - g if some else 0, g * s if some else s, run)
            some = True
        is_left = began <= i if own else began < i
        of_left = (text.beta if some else 1) if is_left else <real>0
        of_right = (1 - text.beta if is_left else 1) if some else <real>0
        z = blend_rows(context, run, text.mass, phi, width, of_left, of_right,
                       0 if is_left or some else text.constant, context)
        if not own and g * s > 0:
            fade_row(run, row, width, 1 - g if some else 0, g * s if some else s, run)
            some = True
        finish(text, buffers, i, z, last)


cdef inline void window_layer(const Text* text, const Buffers* buffers, bint first, bint last) noexcept nogil:
    """Both sums, each position with itself once, then the mean."""
    cdef Py_ssize_t width = text.width, i
    cdef real total, z
    cdef real* context
    cdef const real* phi
    memset(buffers.context, 0, text.n * width * sizeof(real))
    window_side(text, buffers, first, 2 * text.beta, False, buffers.context)
    window_side(text, buffers, first, 2 - 2 * text.beta, True, buffers.context)
    for i in range(text.n):
        context = buffers.context + i * width
        phi = text.phi + <Py_ssize_t>text.w[i] * width
        if text.own:
            fade_row(context, value_row(text, buffers.v, i, first), width, 1,
                     text.gamma_left[i] * value_scale(text, buffers.z, i, first), context)
        total = dot_row(text.mass, context, width)
        if total > Z_MIN:
            z = blend_rows(context, context, text.mass, phi, width, 1 / total, 0, 0, context)
        else:
            z = blend_rows(context, context, text.mass, phi, width, 0, 0, text.constant, context)
        finish(text, buffers, i, z, last)


cdef inline void context_layers(const Text* text, const Buffers* buffers) noexcept nogil:
    """All layers of a document."""
    cdef Py_ssize_t layer
    cdef bint first, last
    memset(buffers.counts, 0, text.width * sizeof(real))
    if text.n == 0:
        return
    for layer in range(text.n_layers):
        first = layer == 0
        last = layer == text.n_layers - 1
        if last and buffers.left != NULL:
            sides(text, buffers, first)
        if text.window == 0:
            ema_layer(text, buffers, first, last)
        else:
            window_layer(text, buffers, first, last)


cdef Text read_text(const int32_t[::1] tokens, const real[::1] gamma_left, const real[::1] gamma_right,
                    const real[:, ::1] phi_wt, const real[::1] scale, const real[::1] mass, tuple rule):
    """All positions, of which a document is a part. There is at least one, and a token."""
    cdef Text text
    cdef Py_ssize_t t
    cdef real total = 0
    for t in range(mass.shape[0]):
        total = total + mass[t]
    text.n = tokens.shape[0]
    text.width = phi_wt.shape[1]
    text.w, text.x = &tokens[0], NULL
    text.gamma_left, text.gamma_right = &gamma_left[0], &gamma_right[0]
    text.phi, text.scale, text.mass = &phi_wt[0, 0], &scale[0], &mass[0]
    text.constant = 1 / total
    text.beta = <double>rule[0]
    text.window, text.n_layers, text.own = rule[1], rule[2], rule[3]
    text.skip = -1
    return text


cdef inline void cut(Text* text, Py_ssize_t start, Py_ssize_t n) noexcept nogil:
    """The n positions from `start`."""
    text.n = n
    text.w = text.w + start
    text.gamma_left = text.gamma_left + start
    text.gamma_right = text.gamma_right + start
    if text.window > n:
        text.window = n


cdef inline double left_out(const real* x, const real* z, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    cdef double total = 0
    for i in range(n):
        if not z[i] > Z_MIN:
            total = total + x[i]
    return total


cdef inline void context_document(Text text, Buffers buffers, Py_ssize_t start, Py_ssize_t at, Py_ssize_t n,
                                  real* counts, double* totals, real* scratch) noexcept nogil:
    """The document of the n positions from `start`, whose results begin at the position `at`."""
    cut(&text, start, n)
    text.x = text.x + start
    buffers.context = buffers.context + at * text.width
    buffers.z = buffers.z + at
    buffers.ratio = buffers.ratio + at
    if buffers.v != NULL:
        buffers.v = buffers.v + at * text.width
    if buffers.left != NULL:
        buffers.left = buffers.left + at * text.width
        buffers.right = buffers.right + at * text.width
    buffers.counts = counts
    buffers.run = scratch
    buffers.tail = scratch + text.width
    context_layers(&text, &buffers)
    product_row(counts, text.mass, text.width, 1, counts)
    totals[0] = log_likelihood(text.x, buffers.z, n)
    totals[1] = left_out(text.x, buffers.z, n)


cdef inline void left_out_document(Text text, Py_ssize_t start, Py_ssize_t n, real* z, real* scratch) noexcept nogil:
    """p(w_i | everything but i) of the positions of a document."""
    cdef Py_ssize_t width = text.width, i
    cdef Buffers buffers
    cdef real* x
    cut(&text, start, n)
    buffers.counts = scratch
    buffers.run = scratch + width
    buffers.tail = scratch + 2 * width
    buffers.context = scratch + (2 + (text.window if text.window < n else 0)) * width
    buffers.v = buffers.context + n * width
    buffers.z = buffers.v + n * width
    buffers.ratio = buffers.z + n
    buffers.left = buffers.right = NULL
    x = buffers.ratio + n  # zeros: no counts are asked for
    memset(x, 0, n * sizeof(real))
    text.x = x
    for i in range(n):
        text.skip = i
        context_layers(&text, &buffers)
        z[i] = buffers.z[i]


def token_scales(
    const real[:, ::1] phi_wt,         # IN   (n_tokens, width)
    const int32_t[::1] tokens,         # IN
    const real[::1] mass,              # IN   (width): n_t on any scale
    real[::1] scale,                   # OUT  (n_tokens), at `tokens`
):
    """Equivalent to `s = phi_wt[tokens] @ mass; scale[tokens] = np.where(s > 0, 1 / s, 0)`."""
    cdef Py_ssize_t i, width = phi_wt.shape[1]
    cdef real s
    with nogil:
        for i in range(tokens.shape[0]):
            s = dot_row(&phi_wt[tokens[i], 0], &mass[0], width)
            scale[tokens[i]] = 1 / s if s > Z_MIN else <real>0


def context_documents(
    tuple text not None,               # IN   indptr, tokens, x, gamma_left, gamma_right (see below)
    tuple topics not None,             # IN   phi_wt (n_tokens, width), scale (n_tokens), mass (width): token_scales
    tuple rule not None,               # beta, window (0: moving average), n_layers, own: see Text
    real[:, ::1] context,              # OUT  (n_positions, width): theta / mass
    real[:, ::1] values,               # TMP  (n_positions, width), or (0, width) for one layer
    real[::1] z,                       # OUT  (n_positions)
    real[::1] ratio,                   # OUT  (n_positions): x / z, 0 without probability
    tuple both not None,               # OUT  left and right (n_positions, width), or (0, width) if nobody asks
    real[:, ::1] counts,               # OUT  (n_docs, width): n_td
    double[:, ::1] totals,             # OUT  (n_docs, 2): log-likelihood, mass of tokens without probability
    real[:, ::1] scratch,              # TMP  (n_threads, >= width * (1 + positions of a window))
    int n_threads,
):
    """Contexts of all positions, and what they give to the documents.

    Of the text there are int64 offsets (n_docs + 1), and for each position, in the order of the text, its int32 token,
    its weight, and its gammas of the moving averages from either side, or its weight in the window of others twice.
    Positions, in the arrays that are written, count from `indptr[0]`. Equivalent to, for a document with values v
    (n, T) and weights g, in one layer with a window h:
        side = [sum(g[j] * v[j] for j in range(max(i - h, 0), i)) for i in range(n)], the other side alike
        theta = norm(2 * beta * side + 2 * (1 - beta) * other + own * g * v)
        z = (phi[w] * theta).sum(axis=1); counts = ((x / z)[:, None] * phi[w] * theta).sum(axis=0)
    and for moving averages to
        side[i] = g[i] * v[i] + (1 - g[i]) * side[i - 1], where the first positive g is 1
        theta = beta * side + (1 - beta) * other, of the neighbours i - 1 and i + 1 if not `own`
    """
    cdef const int64_t[::1] indptr = text[0]
    cdef const int32_t[::1] tokens = text[1]
    cdef const real[::1] x = text[2]
    cdef const real[::1] gamma_left = text[3]
    cdef const real[::1] gamma_right = text[4]
    cdef const real[:, ::1] phi_wt = topics[0]
    cdef const real[::1] scale = topics[1]
    cdef const real[::1] mass = topics[2]
    cdef real[:, ::1] left = both[0]
    cdef real[:, ::1] right = both[1]
    cdef Py_ssize_t n_docs = counts.shape[0], first, d
    cdef Text whole
    cdef Buffers buffers
    if n_docs == 0 or phi_wt.shape[0] == 0 or indptr[n_docs] == indptr[0]:
        counts[:, :] = 0
        totals[:, :] = 0
        return
    first = indptr[0]
    whole = read_text(tokens, gamma_left, gamma_right, phi_wt, scale, mass, rule)
    whole.x = &x[0]
    buffers.context, buffers.z, buffers.ratio = &context[0, 0], &z[0], &ratio[0]
    buffers.v = &values[0, 0] if values.shape[0] else NULL
    buffers.left = &left[0, 0] if left.shape[0] else NULL
    buffers.right = &right[0, 0] if left.shape[0] else NULL
    for d in prange(n_docs, schedule="dynamic", chunksize=1, num_threads=team(n_threads), nogil=True):
        context_document(whole, buffers, indptr[d], indptr[d] - first, indptr[d + 1] - indptr[d], &counts[d, 0],
                         &totals[d, 0], &scratch[threadid(), 0])


def context_left_out(
    const int64_t[::1] indptr,         # IN   (n_docs + 1), offsets into tokens and gammas
    const int32_t[::1] tokens,         # IN   as above
    const real[::1] gamma_left,        # IN
    const real[::1] gamma_right,       # IN
    const real[:, ::1] phi_wt,         # IN   (n_tokens, width)
    const real[::1] scale,             # IN   (n_tokens)
    const real[::1] mass,              # IN   (width)
    tuple rule not None,               # beta, window, n_layers, own
    real[::1] z,                       # OUT  (n_positions)
    real[:, ::1] scratch,              # TMP  (n_threads, >= width * (2 + tail + 2 * n) + 3 * n), n the longest
    int n_threads,
):
    """p(w_i | everything but i): for each position all layers are computed without it, time n * n * layers.

    `tail` of the scratch is the window if that is shorter than the longest document, else 0.

    Equivalent to, for every position i, z[i] of context_documents with both gammas of i set to 0.
    """
    cdef Py_ssize_t n_docs = indptr.shape[0] - 1, first, d
    cdef Text whole
    if n_docs <= 0 or phi_wt.shape[0] == 0 or indptr[n_docs] == indptr[0]:
        return
    first = indptr[0]
    whole = read_text(tokens, gamma_left, gamma_right, phi_wt, scale, mass, rule)
    for d in prange(n_docs, schedule="dynamic", chunksize=1, num_threads=team(n_threads), nogil=True):
        left_out_document(whole, indptr[d], indptr[d + 1] - indptr[d], &z[0] + (indptr[d] - first),
                          &scratch[threadid(), 0])


def gather_positions(
    const int32_t[::1] slots,          # IN   rows of out, each once
    const int64_t[::1] starts,         # IN   (len(slots) + 1), offsets into places
    const int32_t[::1] places,         # IN   positions of a slot
    const real[::1] ratio,             # IN   (n_positions)
    const real[:, ::1] context,        # IN   (n_positions, width)
    real[:, ::1] out,                  # INOUT (n_slots, width)
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
