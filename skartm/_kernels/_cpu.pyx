# What the processor can run, and how many threads there are.

include "loops/team.pxi"

cdef extern from *:
    """
    #if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__)
    static int skartm_level(void) {
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma"))
            return 4;
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return 3;
        return 1;
    }
    #elif defined(_M_X64)
    #include <intrin.h>
    #include <immintrin.h>
    static int skartm_level(void) {
        int info[4];
        unsigned long long enabled;
        __cpuidex(info, 1, 0);
        if (!(info[2] & (1 << 27)) || !(info[2] & (1 << 12))) return 1; /* OSXSAVE, FMA */
        enabled = _xgetbv(0);
        if ((enabled & 6) != 6) return 1;
        __cpuidex(info, 7, 0);
        if ((enabled & 0xe0) == 0xe0 && (info[1] & (1 << 16)) && (info[1] & (1 << 17)) && (info[1] & (1 << 28))
            && (info[1] & (1 << 30)) && (info[1] & (1u << 31))) return 4;
        return (info[1] & (1 << 5)) && (info[1] & (1 << 8)) ? 3 : 1;
    }
    #else
    static int skartm_level(void) { return 0; }
    #endif
    #ifdef _OPENMP
    #include <omp.h>
    static int skartm_max_threads(void) { return omp_get_max_threads(); }
    #else
    static int skartm_max_threads(void) { return 1; }
    #endif
    """
    int skartm_level() noexcept nogil
    int skartm_max_threads() noexcept nogil


def level() -> int:
    """Highest x86-64 level of the processor and the system (1, 3 or 4), 0 on other architectures."""
    return skartm_level()


def max_threads() -> int:
    """Threads of the OpenMP runtime (OMP_NUM_THREADS, threadpoolctl); 1 without OpenMP and in a child of fork."""
    return team(skartm_max_threads())


def in_forked_child() -> bool:
    """True in a child of fork, where every parallel loop has one thread (see team.h)."""
    return bool(skartm_in_child)
