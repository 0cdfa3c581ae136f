"""Displays: pictures of models, by the conventions of scikit-learn. Drawing needs matplotlib, ``skartm[plot]``.

A display is made by ``from_estimator``, holds what it draws as arrays, and draws by ``plot(ax=None)``, which sets
``ax_`` and ``figure_``. Importing this module does not import matplotlib.
"""

from skartm.base import publish
from skartm.plotting._topic_tree import TopicTreeDisplay

__all__ = ["TopicTreeDisplay"]

publish(globals())
