"""Topic models that are learned by gradients."""

from skartm.neural._ntm import NeuralTopicModel

__all__ = ["NeuralTopicModel"]
