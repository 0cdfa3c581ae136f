"""Monotone nets: their protocol, their losses, and those that there are."""
