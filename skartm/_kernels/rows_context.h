/* Rows of topics along a text: what the context of a position is made of. rows_context_real.h holds the loops, once for
 * float and once for double; see rows.h about the vectors. Without vector types a vector is one number.
 */
#ifndef SKARTM_ROWS_CONTEXT_H
#define SKARTM_ROWS_CONTEXT_H

#include "rows.h"

#define REAL float
#define NAME(x) ROWS_CAT(x, _f32)
#include "rows_context_real.h"
#undef REAL
#undef NAME

#define REAL double
#define NAME(x) ROWS_CAT(x, _f64)
#include "rows_context_real.h"
#undef REAL
#undef NAME

#endif
