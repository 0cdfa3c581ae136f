"""The engine: ascent on simplices by expectation and maximisation over the batches of a CSR matrix."""

from skartm.base import publish
from skartm.em._batches import (
    Batch,
    Batches,
    Rows,
    SomeRows,
    TokenIndex,
    blocks_of,
    filled_rows,
    is_memory_mapped,
    row_lengths,
)
from skartm.em._counters import Counters
from skartm.em._e_step import e_step
from skartm.em._expectation import Counts, Expectation, Seen, Shared, Sums
from skartm.em._given import expected_counts
from skartm.em._history import History
from skartm.em._inner import Posteriors
from skartm.em._kept import GammaDraws, Kept, PositionGamma, StoredTheta
from skartm.em._layout import Layout, TopicSelection
from skartm.em._leave_out import LeaveOneOut, LeftOutCounts, require_no_posterior
from skartm.em._logs import log_sums, perplexity_of
from skartm.em._loop import EM, Decay, Pass, State, passes
from skartm.em._mixture import DirichletMixture, FreeMixture, at_theta
from skartm.em._modalities import Modality, ModalitySelection, resolve_modalities
from skartm.em._new_words import shaken
from skartm.em._padded import padded, padded_width, padded_zeros, unpadded_transpose
from skartm.em._posterior import WEAK, DirichletPosterior, MapPosterior, rows_of
from skartm.em._protocols import Mixture, Posterior
from skartm.em._relative import relative_scale
from skartm.em._row_products import row_products
from skartm.em._strength import NO_TERMS, Acting, Bound, Strength, Terms, Trajectory
from skartm.em._terms import Documents, PhiTerm, PosteriorTerm, RowStatistic, ThetaTerm

__all__ = [
    "EM",
    "NO_TERMS",
    "WEAK",
    "Acting",
    "Batch",
    "Batches",
    "Bound",
    "Counters",
    "Counts",
    "Decay",
    "DirichletMixture",
    "DirichletPosterior",
    "Documents",
    "Expectation",
    "FreeMixture",
    "GammaDraws",
    "History",
    "Kept",
    "Layout",
    "LeaveOneOut",
    "LeftOutCounts",
    "MapPosterior",
    "Mixture",
    "Modality",
    "ModalitySelection",
    "Pass",
    "PhiTerm",
    "PositionGamma",
    "Posterior",
    "PosteriorTerm",
    "Posteriors",
    "RowStatistic",
    "Rows",
    "Seen",
    "Shared",
    "SomeRows",
    "State",
    "StoredTheta",
    "Strength",
    "Sums",
    "Terms",
    "ThetaTerm",
    "TokenIndex",
    "TopicSelection",
    "Trajectory",
    "at_theta",
    "blocks_of",
    "e_step",
    "expected_counts",
    "filled_rows",
    "is_memory_mapped",
    "log_sums",
    "padded",
    "padded_width",
    "padded_zeros",
    "passes",
    "perplexity_of",
    "relative_scale",
    "require_no_posterior",
    "resolve_modalities",
    "row_lengths",
    "row_products",
    "rows_of",
    "shaken",
    "unpadded_transpose",
]

publish(globals())
