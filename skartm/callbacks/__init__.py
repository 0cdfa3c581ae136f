"""Callbacks of topic models: look on during a fit, stop it; and the history of a fit as a table."""

from skartm.base import publish
from skartm.callbacks._early_stopping import EarlyStopping
from skartm.callbacks._history_frame import history_frame
from skartm.callbacks._topic_monitor import TopicMonitor

__all__ = ["EarlyStopping", "TopicMonitor", "history_frame"]

publish(globals())
