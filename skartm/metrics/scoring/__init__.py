"""Scorers for searches and monitors: from a name to a number of a fitted model."""
