"""Regularizers: declarations that bind to a model and give a value and a term."""

from skartm.base import publish
from skartm.em import Terms as Terms  # where it was up to version 0.2
from skartm.regularizers._base import Regularizer, bind_all
from skartm.regularizers._checks import check_regularizer
from skartm.regularizers._collection import NamedRegularizers, check_regularizers, make_regularizers
from skartm.regularizers._schedules import Constant, Geometric, Linear, Piecewise, Schedule, Window
from skartm.regularizers._shares import share_from_tau, tau_from_share
from skartm.regularizers.functions._function import FunctionRegularizer
from skartm.regularizers.phi._cooccurrence import Biterm, CoherencePhi
from skartm.regularizers.phi._decorrelation import Decorrelation
from skartm.regularizers.phi._embeddings import EmbeddingPhi
from skartm.regularizers.phi._graph import GeospatialSmoothing, NetPLSA
from skartm.regularizers.phi._labels import LabelRegularization
from skartm.regularizers.phi._parent_topics import ParentTopics
from skartm.regularizers.phi._seed_words import SeedWords
from skartm.regularizers.phi._smooth_sparse import SmoothSparsePhi
from skartm.regularizers.phi._temporal import TemporalSmoothing
from skartm.regularizers.phi._top_k import TopKSparse
from skartm.regularizers.phi._topic_prior import TopicPrior
from skartm.regularizers.phi._translation import Translation
from skartm.regularizers.posterior._functions import PosteriorFunction, SparsePosterior
from skartm.regularizers.posterior._token_order import SegmentPosterior, SmoothPosterior
from skartm.regularizers.theta._classification import ThetaClassification
from skartm.regularizers.theta._document_links import DocumentLinks
from skartm.regularizers.theta._embeddings import EmbeddingTheta
from skartm.regularizers.theta._regression import ThetaRegression
from skartm.regularizers.theta._smooth_sparse import SmoothSparseTheta
from skartm.regularizers.theta._topic_selection import TopicSelection

__all__ = [
    "Biterm",
    "CoherencePhi",
    "Constant",
    "Decorrelation",
    "DocumentLinks",
    "EmbeddingPhi",
    "EmbeddingTheta",
    "FunctionRegularizer",
    "Geometric",
    "GeospatialSmoothing",
    "LabelRegularization",
    "Linear",
    "NamedRegularizers",
    "NetPLSA",
    "ParentTopics",
    "Piecewise",
    "PosteriorFunction",
    "Regularizer",
    "Schedule",
    "SeedWords",
    "SegmentPosterior",
    "SmoothPosterior",
    "SmoothSparsePhi",
    "SmoothSparseTheta",
    "SparsePosterior",
    "TemporalSmoothing",
    "ThetaClassification",
    "ThetaRegression",
    "TopKSparse",
    "TopicPrior",
    "TopicSelection",
    "Translation",
    "Window",
    "bind_all",
    "check_regularizer",
    "check_regularizers",
    "make_regularizers",
    "share_from_tau",
    "tau_from_share",
]

publish(globals())
