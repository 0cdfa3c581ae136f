"""The embedded topic model."""
