"""Regularizers from functions, with derivatives by hand or by autodiff."""
