"""Regularizers: declarations that bind to a model and give a value and a term."""

from skartm.base import publish
from skartm.em import Terms as Terms  # where it was up to version 0.2
from skartm.regularizers._base import Regularizer, bind_all
from skartm.regularizers._checks import check_regularizer
from skartm.regularizers._collection import NamedRegularizers, check_regularizers, make_regularizers
from skartm.regularizers._cooccurrence import Biterm, CoherencePhi
from skartm.regularizers._decorrelation import Decorrelation
from skartm.regularizers._document_links import DocumentLinks
from skartm.regularizers._embedding_phi import EmbeddingPhi
from skartm.regularizers._embedding_theta import EmbeddingTheta
from skartm.regularizers._function import FunctionRegularizer
from skartm.regularizers._graph import GeospatialSmoothing, NetPLSA
from skartm.regularizers._labels import LabelRegularization
from skartm.regularizers._parent_topics import ParentTopics
from skartm.regularizers._posterior import PosteriorFunction, SparsePosterior
from skartm.regularizers._schedules import Constant, Geometric, Linear, Piecewise, Schedule, Window
from skartm.regularizers._seed_words import SeedWords
from skartm.regularizers._shares import share_from_tau, tau_from_share
from skartm.regularizers._smooth_sparse import SmoothSparsePhi, SmoothSparseTheta
from skartm.regularizers._supervised import ThetaClassification, ThetaRegression
from skartm.regularizers._temporal import TemporalSmoothing
from skartm.regularizers._token_order import SegmentPosterior, SmoothPosterior
from skartm.regularizers._top_k import TopKSparse
from skartm.regularizers._topic_prior import TopicPrior
from skartm.regularizers._topic_selection import TopicSelection
from skartm.regularizers._translation import Translation

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
