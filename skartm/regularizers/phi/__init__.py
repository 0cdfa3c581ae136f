"""Regularizers of the distributions of tokens in topics."""
