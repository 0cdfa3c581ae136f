# Which tokens occur together: for every token its closest ones, without the matrix of all pairs.

from cython.parallel cimport parallel, prange, threadid
from libc.stdint cimport int32_t, int64_t

include "loops/team.pxi"


cdef inline bint weaker(double value, int32_t column, double than, int32_t than_column) noexcept nogil:
    """Whether a neighbour ranks below another: smaller, or equal and further right."""
    return value < than or (value == than and column > than_column)


cdef inline void sift(double* values, int32_t* columns, Py_ssize_t n) noexcept nogil:
    """Restore the heap after its root, the weakest, was replaced."""
    cdef Py_ssize_t parent = 0, child
    cdef double value = values[0]
    cdef int32_t column = columns[0]
    while True:
        child = 2 * parent + 1
        if child >= n:
            break
        if child + 1 < n and weaker(values[child + 1], columns[child + 1], values[child], columns[child]):
            child = child + 1
        if not weaker(values[child], columns[child], value, column):
            break
        values[parent] = values[child]
        columns[parent] = columns[child]
        parent = child
    values[parent] = value
    columns[parent] = column


cdef inline void raise_last(double* values, int32_t* columns, Py_ssize_t last) noexcept nogil:
    """Restore the heap after one was added at its end."""
    cdef Py_ssize_t child = last, parent
    cdef double value = values[last]
    cdef int32_t column = columns[last]
    while child > 0:
        parent = (child - 1) // 2
        if not weaker(value, column, values[parent], columns[parent]):
            break
        values[child] = values[parent]
        columns[child] = columns[parent]
        child = parent
    values[child] = value
    columns[child] = column


cdef struct Corpus:               # documents and tokens, and how pairs of tokens are measured: see nearest_neighbours
    const int64_t* indptr
    const int32_t* indices
    const int64_t* ends
    const int32_t* docs
    const double* single
    const double* joint
    const double* scale
    int32_t min_count
    Py_ssize_t n_top


cdef int32_t nearest(Py_ssize_t u, const Corpus* of, int32_t* counts, int32_t* touched, double* values,
                     int32_t* columns) noexcept nogil:
    cdef Py_ssize_t k, j, d, n_touched = 0, n = 0
    cdef int32_t v, count
    cdef double value
    for k in range(of.ends[u - 1] if u > 0 else 0, of.ends[u]):
        d = of.docs[k]
        for j in range(of.indptr[d], of.indptr[d + 1]):
            v = of.indices[j]
            if counts[v] == 0:
                touched[n_touched] = v
                n_touched = n_touched + 1
            counts[v] += 1
    for k in range(n_touched):
        v = touched[k]
        count = counts[v]
        counts[v] = 0
        if v == u or count < of.min_count:
            continue
        value = (of.joint[count] - of.single[u] - of.single[v]) * of.scale[count]
        if value <= 0:
            continue
        if n < of.n_top:
            values[n] = value
            columns[n] = v
            raise_last(values, columns, n)
            n = n + 1
        elif weaker(values[0], columns[0], value, v):
            values[0] = value
            columns[0] = v
            sift(values, columns, n)
    return <int32_t>n


def nearest_neighbours(
    const int64_t[::1] indptr,    # IN   (n_docs + 1)
    const int32_t[::1] indices,   # IN   tokens of the documents, each once in a document
    const int64_t[::1] ends,      # IN   (n_tokens): where the documents of a token end in docs
    const int32_t[::1] docs,      # IN   (nnz)
    tuple measure not None,       # IN   single (n_tokens); joint and scale (n_docs + 1), by the common documents
    int32_t min_count,
    Py_ssize_t start,             # the token of the first of the rows below
    double[:, ::1] values,        # OUT  (n_rows, n_top), in no order
    int32_t[:, ::1] columns,      # OUT  (n_rows, n_top)
    int32_t[::1] found,           # OUT  (n_rows): how many neighbours there are, at most n_top
    int32_t[:, ::1] scratch,      # TMP  (n_threads, 2 * n_tokens), zeros
    int n_threads,
):
    """The n_top tokens v of the largest positive (joint[n_uv] - single[u] - single[v]) * scale[n_uv] of every token u.

    n_uv counts documents with both; pairs with n_uv < min_count are left out; of equal values the smaller column is
    taken. Equivalent to
        B = X > 0; n = B.T @ B; value = (joint[n] - single[:, None] - single) * scale[n]; the n_top largest of each row
    """
    cdef const double[::1] single = measure[0]
    cdef const double[::1] joint = measure[1]
    cdef const double[::1] scale = measure[2]
    cdef Py_ssize_t n_tokens = ends.shape[0], n_rows = values.shape[0], n_top = values.shape[1], u
    cdef Corpus corpus
    if n_rows == 0 or docs.shape[0] == 0 or n_top == 0:
        return
    corpus.indptr, corpus.indices, corpus.ends, corpus.docs = &indptr[0], &indices[0], &ends[0], &docs[0]
    corpus.single, corpus.joint, corpus.scale = &single[0], &joint[0], &scale[0]
    corpus.min_count, corpus.n_top = min_count, n_top
    with nogil, parallel(num_threads=team(n_threads)):
        for u in prange(n_rows, schedule="dynamic", chunksize=16):
            found[u] = nearest(start + u, &corpus, &scratch[threadid(), 0], &scratch[threadid(), n_tokens],
                               &values[u, 0], &columns[u, 0])
