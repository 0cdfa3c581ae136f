"""Regularizers of the distributions of topics in documents."""
