"""Searches: over strengths of regularizers, stage by stage, and over the number of topics."""

from skartm.model_selection._tau_path import TauPath

__all__ = ["TauPath"]
