"""The engine: ascent on simplices by expectation and maximisation over the batches of a CSR matrix."""

from skartm.em._batches import Batch, Batches, TokenIndex, is_memory_mapped
from skartm.em._counters import Counters
from skartm.em._history import History
from skartm.em._layout import Layout, TopicSelection
from skartm.em._loop import EM, Decay, Pass, State, passes
from skartm.em._mixture import DirichletMixture, FreeMixture
from skartm.em._padded import padded, padded_width, padded_zeros, unpadded_transpose
from skartm.em._posterior import DirichletPosterior, MapPosterior
from skartm.em._protocols import Bound, Expectation, Mixture, PhiTerm, Posterior, Strength, ThetaTerm
from skartm.em._relative import relative_scale

__all__ = [
    "EM",
    "Batch",
    "Batches",
    "Bound",
    "Counters",
    "Decay",
    "DirichletMixture",
    "DirichletPosterior",
    "Expectation",
    "FreeMixture",
    "History",
    "Layout",
    "MapPosterior",
    "Mixture",
    "Pass",
    "PhiTerm",
    "Posterior",
    "State",
    "Strength",
    "ThetaTerm",
    "TokenIndex",
    "TopicSelection",
    "is_memory_mapped",
    "padded",
    "padded_width",
    "padded_zeros",
    "passes",
    "relative_scale",
    "unpadded_transpose",
]
