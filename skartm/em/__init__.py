"""The engine: ascent on simplices by expectation and maximisation over the batches of a CSR matrix."""

from skartm.base import publish
from skartm.em._batches import (
    Batch,
    Batches,
    SomeRows,
    TokenIndex,
    blocks_of,
    filled_rows,
    is_memory_mapped,
    row_lengths,
)
from skartm.em._context import Context, ContextMixture, Positions
from skartm.em._counters import Counters
from skartm.em._edge_mixture import EdgeMixture
from skartm.em._edges import EdgeBatch, EdgeBatches, Hypergraph, offsets
from skartm.em._given import GivenMixture, expected_counts
from skartm.em._grouped import GroupedMixture, Groups
from skartm.em._history import History
from skartm.em._inner import Posteriors
from skartm.em._layout import Layout, TopicSelection
from skartm.em._linear import LinearMixture
from skartm.em._logs import log_sums, perplexity_of
from skartm.em._loop import EM, Decay, Pass, State, passes
from skartm.em._mixture import DirichletMixture, FreeMixture
from skartm.em._modalities import Modality, ModalitySelection, resolve_modalities
from skartm.em._new_words import shaken
from skartm.em._padded import padded, padded_width, padded_zeros, unpadded_transpose
from skartm.em._pass_start import GammaDraws, StoredTheta
from skartm.em._posterior import DirichletPosterior, MapPosterior, rows_of
from skartm.em._protocols import (
    Bound,
    Expectation,
    KnownMass,
    Mixture,
    Posterior,
    SharedMixture,
    Strength,
    TopicMass,
    Trajectory,
)
from skartm.em._relative import relative_scale
from skartm.em._row_products import row_products
from skartm.em._terms import Documents, PhiTerm, PosteriorTerm, RowStatistic, ThetaTerm

__all__ = [
    "EM",
    "Batch",
    "Batches",
    "Bound",
    "Context",
    "ContextMixture",
    "Counters",
    "Decay",
    "DirichletMixture",
    "DirichletPosterior",
    "Documents",
    "EdgeBatch",
    "EdgeBatches",
    "EdgeMixture",
    "Expectation",
    "FreeMixture",
    "GammaDraws",
    "GivenMixture",
    "GroupedMixture",
    "Groups",
    "History",
    "Hypergraph",
    "KnownMass",
    "Layout",
    "LinearMixture",
    "MapPosterior",
    "Mixture",
    "Modality",
    "ModalitySelection",
    "Pass",
    "PhiTerm",
    "Positions",
    "Posterior",
    "PosteriorTerm",
    "Posteriors",
    "RowStatistic",
    "SharedMixture",
    "SomeRows",
    "State",
    "StoredTheta",
    "Strength",
    "ThetaTerm",
    "TokenIndex",
    "TopicMass",
    "TopicSelection",
    "Trajectory",
    "blocks_of",
    "expected_counts",
    "filled_rows",
    "is_memory_mapped",
    "log_sums",
    "offsets",
    "padded",
    "padded_width",
    "padded_zeros",
    "passes",
    "perplexity_of",
    "relative_scale",
    "resolve_modalities",
    "row_lengths",
    "row_products",
    "rows_of",
    "shaken",
    "unpadded_transpose",
]

publish(globals())
