# Loops over rows of topics, and over what else is learned row by row. One translation by Cython, compiled for every
# instruction-set level and precision (setup.py).
#
# The half step of the EM algorithm, for X (rows x columns), row parameters theta, column parameters phi, both (n, T):
#     z_dw = sum_t theta_dt phi_wt,  ratio_dw = x_dw / z_dw,  n_dt = theta_dt sum_w ratio_dw phi_wt
# Rows are independent on both sides, so results do not depend on the number of threads.
#
# Matrices of topics are padded: width = topics rounded up to 64 bytes, zeros in the pad (see skartm.em._padded).

from cython.parallel cimport parallel, prange, threadid
from libc.math cimport exp, fabs, log, sqrt
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memcpy, memmove, memset

include "loops/team.pxi"
include "loops/rows_real.pxi"
include "loops/documents.pxi"
include "loops/dirichlet.pxi"
include "loops/words.pxi"
include "loops/leave_out.pxi"
include "loops/columns.pxi"
include "loops/groups.pxi"
include "loops/sides.pxi"
include "loops/contexts.pxi"
include "loops/edges.pxi"
include "loops/least_squares.pxi"
include "loops/observed.pxi"
include "loops/tables.pxi"
include "loops/products.pxi"
