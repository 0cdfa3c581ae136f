# The transpose of a batch as an index into it, by counting sort.

from libc.stdint cimport int32_t, int64_t


def transpose_index(
    const int64_t[::1] indptr,   # IN   (n_docs + 1), offsets into indices
    const int32_t[::1] indices,  # IN
    int64_t[::1] ends,           # OUT  (n_tokens): where the documents of a token end in docs and order
    int32_t[::1] docs,           # OUT  (nnz of the batch)
    int32_t[::1] order,          # OUT  (nnz of the batch)
):
    """Documents of every token and the positions of the non-zeros, tokens ascending, documents ascending in a token.

    Equivalent to
        order = np.argsort(indices, kind="stable"); docs = row[order]; ends = np.cumsum(np.bincount(indices))
    """
    cdef Py_ssize_t n_docs = indptr.shape[0] - 1, n_tokens = ends.shape[0], d, k, w, position
    cdef Py_ssize_t first = indptr[0] if n_docs > 0 else 0, nnz = docs.shape[0]
    cdef int64_t total = 0, count
    with nogil:
        for w in range(n_tokens):
            ends[w] = 0
        for k in range(first, first + nnz):
            ends[indices[k]] += 1
        for w in range(n_tokens):
            count = ends[w]
            ends[w] = total
            total += count
        for d in range(n_docs):
            for k in range(indptr[d], indptr[d + 1]):
                w = indices[k]
                position = ends[w]
                docs[position] = d
                order[position] = k - first
                ends[w] += 1
