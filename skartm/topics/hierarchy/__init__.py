"""Levels of topics, tied to one another."""
