"""Monotone combinations of models."""
