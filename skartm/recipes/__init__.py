"""Recipes: configured models for common purposes, with relative strengths that hold for corpora of any size.

A recipe returns an :class:`skartm.ARTMTransformer`, nothing else: read its regularizers, change them by
``set_params(decorrelation__tau=...)``, search over them, put it into a pipeline.
"""

from skartm.base import publish
from skartm.recipes._embedded import embedded
from skartm.recipes._exploratory_search import exploratory_search
from skartm.recipes._interpretable import interpretable
from skartm.recipes._multimodal import multimodal
from skartm.recipes._predictive import predictive
from skartm.recipes._seeded import seeded
from skartm.recipes._sparse import sparse

__all__ = ["embedded", "exploratory_search", "interpretable", "multimodal", "predictive", "seeded", "sparse"]

publish(globals())
