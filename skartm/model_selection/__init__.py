"""Searches: over strengths of regularizers, stage by stage, and over the number of topics."""

from skartm.base import publish
from skartm.model_selection._tau_path import TauPath
from skartm.model_selection._topic_number import TopicNumberSearch

__all__ = ["TauPath", "TopicNumberSearch"]

publish(globals())
