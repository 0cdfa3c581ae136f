/* Arithmetic on rows of topics: the innermost loops of the library.
 *
 * A row is `n_vec` vectors of ROWS_BYTES; rows are padded with zeros to 64 bytes by the caller, at every
 * instruction-set level alike. rows_real.h holds the loops, once for float and once for double.
 *
 * Why a C header below Cython: the loops need `restrict`, and accumulators that stay in registers over all tokens of
 * a document, which takes a compile-time number of vectors. GCC's vector types say both in portable C (GCC and Clang, every
 * architecture); intrinsics would say it once per instruction set. A compiler without them (MSVC) gets plain loops.
 */
#ifndef SKARTM_ROWS_H
#define SKARTM_ROWS_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define ROWS_BYTES 64
#define ROWS_RESIDENT 14 /* 2 x 14 accumulators + temporaries fit 32 registers */
#define DENSE_ROWS 6 /* rows x vectors that a block of a dense product keeps in registers */
#define DENSE_VECTORS 4
#elif defined(__AVX__)
#define ROWS_BYTES 32
#define ROWS_RESIDENT 6
#define DENSE_ROWS 6
#define DENSE_VECTORS 2
#elif defined(__aarch64__)
#define ROWS_BYTES 16
#define ROWS_RESIDENT 14
#define DENSE_ROWS 6
#define DENSE_VECTORS 4
#else
#define ROWS_BYTES 16
#define ROWS_RESIDENT 6
#define DENSE_ROWS 4
#define DENSE_VECTORS 2
#endif

#if defined(__GNUC__) || defined(__clang__)
#define ROWS_VECTOR_TYPES 1
#define ROWS_INLINE static inline __attribute__((always_inline, unused))
#define ROWS_LOCAL static __attribute__((noinline, unused))
#define ROWS_PREFETCH(p) __builtin_prefetch(p)
#if defined(__clang__)
#define ROWS_UNROLL _Pragma("clang loop unroll(full)")
#else
#define ROWS_UNROLL _Pragma("GCC unroll 16")
#endif
#else
#define ROWS_VECTOR_TYPES 0
#define ROWS_INLINE static __inline
#define ROWS_LOCAL static
#define ROWS_PREFETCH(p) ((void)(p))
#define restrict __restrict
#endif

#define ROWS_CAT_(a, b) a##b
#define ROWS_CAT(a, b) ROWS_CAT_(a, b)

#define REAL float
#define NAME(x) ROWS_CAT(x, _f32)
#define ROWS_DOUBLE 0
#include "rows_real.h"
#include "rows_special_f32.h"
#include "rows_products.h"
#include "rows_dense.h"
#undef ROWS_DOUBLE
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) ROWS_CAT(x, _f64)
#define ROWS_DOUBLE 1
#include "rows_real.h"
#include "rows_special_f64.h"
#include "rows_products.h"
#include "rows_dense.h"
#undef ROWS_DOUBLE
#undef REAL
#undef NAME

#endif
