include "_half_step.pxi"
include "_grouped.pxi"
include "_context.pxi"
include "_edge_products.pxi"
