"""Topic models that are learned by gradients."""

from skartm.neural._ntm import NeuralTopicModel

__all__ = [
    "NeuralTopicModel",
]
"""Topic models that are learned by gradients; torch, of the extra ``neural``, is imported when one is fitted."""

from skartm.neural._embedded_topic_model import EmbeddedTopicModel

__all__ = ["EmbeddedTopicModel"]
