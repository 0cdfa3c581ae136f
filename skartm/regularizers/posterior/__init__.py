"""Regularizers of p(t|d,w), the topics of tokens."""
