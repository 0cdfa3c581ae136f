"""Solvers of the losses: one in a file, and which one is chosen."""
