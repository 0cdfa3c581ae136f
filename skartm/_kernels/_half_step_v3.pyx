include "_half_step.pxi"
