/* Arithmetic on rows of topics: the innermost loops of the library.
 *
 * A row is `n_vec` vectors of ROWS_BYTES; rows are padded with zeros to 64 bytes by the caller, at every
 * instruction-set level alike. Precision is the macro ROWS_DOUBLE (0 or 1), with which the whole is compiled: `real` is
 * float or double, and constants that depend on it stand below.
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
#define ROWS_UNROLL
#define restrict __restrict
#endif

#if ROWS_DOUBLE
typedef double real;
#define Z_MIN 1e-290 /* at or below it a token has no probability: it contributes nothing */
#define LEAST_MEAN 1e-30 /* at or below it exp(E[log theta]) is zero */
#define LEAST_PHI 0.0 /* below it exp(E[log phi]) is zero */
#define ROUNDING 2.2e-16
#define LARGEST_EXPONENT 700.0 /* of which exp is finite */
#else
typedef float real;
#define Z_MIN 1e-30f
#define LEAST_MEAN 1e-18f
#define LEAST_PHI 1e-18f
#define ROUNDING 1.2e-7
#define LARGEST_EXPONENT 87.0
#endif

#include "rows_mix.h"
#include "rows_pack.h"
#include "rows_leave_out.h"
#include "rows_steps.h"
#if ROWS_DOUBLE
#include "rows_special_f64.h"
#else
#include "rows_special_f32.h"
#endif
#include "rows_products.h"
#include "rows_dense.h"

#endif
