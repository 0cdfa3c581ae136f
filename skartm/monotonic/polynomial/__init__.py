"""Polynomials of tables over knots, and how they explain themselves."""
