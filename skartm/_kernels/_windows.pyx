# In how many sliding windows of the text tokens and pairs of tokens occur.
#
# A window is named by its first position, so the windows that have a token are intervals of integers. The windows of a
# pair are the intersection of the intervals of two tokens: the cost is that of the occurrences of the tokens that are
# asked for, whatever the window, and windows are never looked at one by one.

from libc.stdint cimport int32_t, int64_t


cdef Py_ssize_t exact_intervals(
    const int32_t[::1] indices,     # IN
    Py_ssize_t first,               # IN   of the document in indices
    Py_ssize_t last,                # IN   one past its end
    const int32_t[::1] slot_of,     # IN
    Py_ssize_t window,              # IN
    int64_t[:, ::1] intervals,      # OUT  slot, start, end of each interval, by ascending start
    int64_t[:, ::1] by_slot,        # INOUT -1 in row 0; there the latest interval of each slot
) noexcept nogil:
    # The windows that contain a position, joined where those of two occurrences meet.
    cdef Py_ssize_t k, n_intervals = 0, start, end
    cdef Py_ssize_t n_windows = max(last - first - window + 1, 1)
    cdef int64_t slot, latest
    for k in range(last - first):
        slot = slot_of[indices[first + k]]
        if slot < 0:
            continue
        start, end = max(k - window + 1, 0), min(k, n_windows - 1)
        latest = by_slot[0, slot]
        if latest >= 0 and intervals[latest, 2] >= start - 1:
            intervals[latest, 2] = end
            continue
        by_slot[0, slot] = n_intervals
        intervals[n_intervals, 0] = slot
        intervals[n_intervals, 1] = start
        intervals[n_intervals, 2] = end
        n_intervals += 1
    return n_intervals


cdef Py_ssize_t gensim_intervals(
    const int32_t[::1] indices,     # IN
    Py_ssize_t first,               # IN   of the document in indices
    Py_ssize_t last,                # IN   one past its end
    const int32_t[::1] slot_of,     # IN
    Py_ssize_t window,              # IN
    int64_t[:, ::1] intervals,      # OUT  slot, start, end of each interval, by ascending start; 3: next occurrence
    int64_t[:, ::1] by_slot,        # INOUT -1 in rows 0 and 1: earliest occurrence that counts, latest occurrence
) noexcept nogil:
    # gensim marks a token as present when it enters the window and as absent when one of its occurrences leaves, even
    # if another is still inside. So an occurrence that enters at window s is present in the windows s, ..., p, with p
    # the first occurrence at or after s. Intervals of the same p have the same end; the first of them is the longest.
    cdef Py_ssize_t k, n_intervals = 0, start
    cdef Py_ssize_t n_windows = max(last - first - window + 1, 1)
    cdef int64_t slot, leaver
    for k in range(last - first):
        slot = slot_of[indices[first + k]]
        if slot < 0:
            continue
        start = max(k - window + 1, 0)
        leaver = by_slot[0, slot]
        if leaver >= 0:
            intervals[by_slot[1, slot], 3] = k
        by_slot[1, slot] = k
        if leaver >= start:
            continue
        if leaver < 0:
            leaver = k
        while leaver < start:
            leaver = intervals[leaver, 3]
        by_slot[0, slot] = leaver
        intervals[n_intervals, 0] = slot
        intervals[n_intervals, 1] = start
        intervals[n_intervals, 2] = min(leaver, n_windows - 1)
        n_intervals += 1
    return n_intervals


cdef void count_intervals(
    const int64_t[:, ::1] intervals,       # IN   slot, start, end, by ascending start
    Py_ssize_t n_intervals,                # IN
    const int64_t[::1] partner_indptr,     # IN
    const int32_t[::1] partners,           # IN
    int64_t[::1] single,                   # INOUT
    int64_t[::1] joint,                    # INOUT
    int64_t[:, ::1] by_slot,               # INOUT -1 in row 2: the end of the latest interval of each slot
) noexcept nogil:
    # The intervals of a slot are disjoint: of those that began earlier only the latest can reach this one.
    cdef Py_ssize_t i, q
    cdef int64_t slot, start, end, until
    for i in range(n_intervals):
        slot, start, end = intervals[i, 0], intervals[i, 1], intervals[i, 2]
        single[slot] += end - start + 1
        for q in range(partner_indptr[slot], partner_indptr[slot + 1]):
            until = by_slot[2, partners[q]]
            if until >= start:
                joint[q] += min(end, until) - start + 1
        by_slot[2, slot] = end
    for i in range(n_intervals):
        slot = intervals[i, 0]
        by_slot[0, slot] = by_slot[1, slot] = by_slot[2, slot] = -1


def count_windows(
    const int64_t[::1] indptr,          # IN   (n_docs + 1), offsets into indices
    const int32_t[::1] indices,         # IN   tokens in the order of the text
    const int32_t[::1] slot_of,         # IN   (n_tokens): slot of a token, -1 where it is not asked for
    const int64_t[::1] partner_indptr,  # IN   (n_slots + 1), offsets into partners
    const int32_t[::1] partners,        # IN   (n_pairs): slots asked for together with a slot, in both directions
    Py_ssize_t window,                  # IN   positions of a window, at least 1
    int64_t[:, ::1] intervals,          # TMP  (longest document, 4)
    int64_t[:, ::1] by_slot,            # TMP  (3, n_slots), -1
    int64_t[::1] single,                # INOUT (n_slots)
    int64_t[::1] joint,                 # INOUT (n_pairs): the share of a direction; the sum of both is the count
):
    """Add the number of windows that contain a slot, and a slot and its partner.

    Equivalent to
        B = np.array([[slot in slot_of[window] for slot in slots] for window in windows], dtype=int)
        single += B.sum(axis=0); joint + joint of the other direction += (B.T @ B)[slot, partner]
    """
    cdef Py_ssize_t n_docs = indptr.shape[0] - 1, d, n_intervals
    with nogil:
        for d in range(n_docs):
            n_intervals = exact_intervals(indices, indptr[d], indptr[d + 1], slot_of, window, intervals, by_slot)
            count_intervals(intervals, n_intervals, partner_indptr, partners, single, joint, by_slot)


def count_gensim_windows(
    const int64_t[::1] indptr,          # IN   (n_docs + 1), offsets into indices
    const int32_t[::1] indices,         # IN   tokens in the order of the text
    const int32_t[::1] slot_of,         # IN   (n_tokens): slot of a token, -1 where it is not asked for
    const int64_t[::1] partner_indptr,  # IN   (n_slots + 1), offsets into partners
    const int32_t[::1] partners,        # IN   (n_pairs): slots asked for together with a slot, in both directions
    Py_ssize_t window,                  # IN   positions of a window, at least 1
    int64_t[:, ::1] intervals,          # TMP  (longest document, 4)
    int64_t[:, ::1] by_slot,            # TMP  (3, n_slots), -1
    int64_t[::1] single,                # INOUT (n_slots)
    int64_t[::1] joint,                 # INOUT (n_pairs): the share of a direction; the sum of both is the count
):
    """Add the number of windows in which gensim 4 sees a slot, and a slot and its partner.

    Equivalent to `count_windows` with B by the rule of gensim: present[t[s + window - 1]] = True when the window moves
    to s, after present[t[s - 1]] = False, even where t[s - 1] is in the window once more.
    """
    cdef Py_ssize_t n_docs = indptr.shape[0] - 1, d, n_intervals
    with nogil:
        for d in range(n_docs):
            n_intervals = gensim_intervals(indices, indptr[d], indptr[d + 1], slot_of, window, intervals, by_slot)
            count_intervals(intervals, n_intervals, partner_indptr, partners, single, joint, by_slot)
