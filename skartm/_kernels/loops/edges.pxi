# Hyperedges: sets of vertices that have one topic. Part of the half step, compiled with it.
#
# With phi fixed, the products of an edge are to its container what the row of a token is to a document:
#     p(d, e) = sum_t theta_dt S_et,  S_et = prod_v phi_vt ** m_v
# so the document side is that of the half step; here are S and the counts of the edges.

cdef double LN2 = 0.6931471805599453


def edge_products(
    const int64_t[::1] starts,         # IN   (n_edges + 1), offsets into vertices and powers
    const int32_t[::1] vertices,       # IN   rows of phi
    const real[::1] powers,            # IN   how often an edge has the vertex
    const real[:, ::1] phi_wt,         # IN   (n_vertices, width)
    Py_ssize_t n_topics,
    real[:, ::1] products,             # OUT  (n_edges, width): the largest of a row is in [1, 2), or all are 0
    double[::1] log_scale,             # OUT  (n_edges): logarithm of what the products were divided by
    real[:, ::1] scratch,              # TMP  (n_threads, width)
    int n_threads,
):
    """Products of the rows of phi over the vertices of every edge, safe for edges of any length.

    Equivalent to, for every edge with its vertices v and powers m:
        product = np.prod(phi[v] ** m[:, None], axis=0);  scale = 2 ** floor(log2(product.max()))
        products = product / scale;  log_scale = log(scale)
    An edge without vertices has ones.
    """
    cdef Py_ssize_t n_edges = products.shape[0], width = phi_wt.shape[1], e, start, n, ahead
    cdef const int32_t* index = &vertices[0] if vertices.shape[0] else NULL
    cdef const real* power = &powers[0] if powers.shape[0] else NULL
    cdef void* exponents
    if n_edges == 0 or phi_wt.shape[0] == 0:
        return
    with nogil, parallel(num_threads=team(n_threads)):
        for e in prange(n_edges, schedule="static", chunksize=64):
            start = starts[e]
            n = starts[e + 1] - start
            ahead = starts[n_edges] - start
            exponents = &scratch[threadid(), 0]
            log_scale[e] = LN2 * product(&phi_wt[0, 0], index + start, power + start, n, ahead, width, n_topics,
                                         exponents, &products[e, 0])


def edge_counts(
    const int32_t[::1] docs,           # IN   (n_edges): the container of every edge
    const real[::1] ratio,             # IN   (n_edges)
    const real[:, ::1] theta_dt,       # IN   (n_docs, width)
    real[:, ::1] products,             # INOUT (n_edges, width); expected counts of topics afterwards
    int n_threads,
):
    """Equivalent to `products *= ratio[:, None] * theta_dt[docs]`."""
    cdef Py_ssize_t n_edges = products.shape[0], width = products.shape[1], e, t
    cdef real* row
    cdef const real* theta
    for e in prange(n_edges, schedule="static", num_threads=team(n_threads), nogil=True):
        row = &products[e, 0]
        theta = &theta_dt[docs[e], 0]
        for t in range(width):
            row[t] = row[t] * (ratio[e] * theta[t])
