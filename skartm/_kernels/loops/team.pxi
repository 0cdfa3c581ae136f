# Threads of every parallel loop: none is opened with more than `team` allows.

cdef extern from "team.h" nogil:
    int skartm_in_child
    void skartm_watch_forks()
    int team "skartm_team"(int n_threads)

skartm_watch_forks()
