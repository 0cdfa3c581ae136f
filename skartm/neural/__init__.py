"""Topic models that are learned by gradients; where torch is needed, it is imported when a model is fitted."""

from skartm.base import publish
from skartm.neural.embedded._embedded_topic_model import EmbeddedTopicModel
from skartm.neural.ranking._neural_topic_model import NeuralTopicModel

__all__ = ["EmbeddedTopicModel", "NeuralTopicModel"]

publish(globals())
