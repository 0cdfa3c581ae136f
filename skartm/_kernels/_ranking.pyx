# The ranking loss of the neural topic model: scores of examples, and the gradient of what they depend on.

from cython cimport floating
from libc.stdint cimport int32_t


def ranking_differences(
    const int32_t[::1] terms,      # IN   (n_examples)
    const int32_t[::1] positives,  # IN   (n_examples), rows of ld: documents with the term
    const int32_t[::1] negatives,  # IN   (n_examples), rows of ld: documents without it
    const floating[:, ::1] lt,     # IN   (n_terms, n_topics)
    const floating[:, ::1] ld,     # IN   (n_docs, n_topics)
    floating[::1] differences,     # OUT  (n_examples)
):
    """How much better the document with the term scores than the one without.

    Equivalent to
        differences[:] = (lt[terms] * (ld[positives] - ld[negatives])).sum(axis=1)
    """
    cdef Py_ssize_t n_topics = lt.shape[1], i, t
    cdef const floating* term
    cdef const floating* more
    cdef const floating* less
    cdef floating total
    if terms.shape[0] == 0 or n_topics == 0:
        return
    with nogil:
        for i in range(terms.shape[0]):
            term, more, less = &lt[terms[i], 0], &ld[positives[i], 0], &ld[negatives[i], 0]
            total = 0
            for t in range(n_topics):
                total += term[t] * (more[t] - less[t])
            differences[i] = total


def ranking_gradient(
    const int32_t[::1] terms,      # IN   (n_examples)
    const int32_t[::1] positives,  # IN   (n_examples)
    const int32_t[::1] negatives,  # IN   (n_examples)
    const floating[::1] slopes,    # IN   (n_examples): derivative of the loss of an example by its difference
    const floating[:, ::1] lt,     # IN   (n_terms, n_topics)
    const floating[:, ::1] ld,     # IN   (n_docs, n_topics)
    floating[:, ::1] lt_gradient,  # INOUT (n_terms, n_topics)
    floating[:, ::1] ld_gradient,  # INOUT (n_docs, n_topics)
):
    """Add the gradient of the sum of the losses.

    Equivalent to
        np.add.at(lt_gradient, terms, slopes[:, None] * (ld[positives] - ld[negatives]))
        np.add.at(ld_gradient, positives, slopes[:, None] * lt[terms])
        np.add.at(ld_gradient, negatives, -slopes[:, None] * lt[terms])
    """
    cdef Py_ssize_t n_topics = lt.shape[1], i, t
    cdef const floating* term
    cdef const floating* more
    cdef const floating* less
    cdef floating* of_term
    cdef floating* of_more
    cdef floating* of_less
    cdef floating slope
    if terms.shape[0] == 0 or n_topics == 0:
        return
    with nogil:
        for i in range(terms.shape[0]):
            slope = slopes[i]
            if slope == 0:
                continue
            term, more, less = &lt[terms[i], 0], &ld[positives[i], 0], &ld[negatives[i], 0]
            of_term, of_more = &lt_gradient[terms[i], 0], &ld_gradient[positives[i], 0]
            of_less = &ld_gradient[negatives[i], 0]
            for t in range(n_topics):
                of_term[t] += slope * (more[t] - less[t])
            for t in range(n_topics):
                of_more[t] += slope * term[t]
            for t in range(n_topics):
                of_less[t] -= slope * term[t]
