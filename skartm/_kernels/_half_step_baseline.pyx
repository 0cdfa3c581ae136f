include "_half_step.pxi"
include "_context.pxi"
