"""Scores of phi and theta, one in a file."""
