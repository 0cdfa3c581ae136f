"""Distribution functions that rise in every feature."""
