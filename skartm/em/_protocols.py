"""What the engine asks of its parts; it never asks what class they are."""

from collections.abc import Sequence
from typing import Protocol

from numpy.typing import NDArray

from skartm.em._batches import Batch
from skartm.em._counters import Counters
from skartm.em._expectation import Expectation, Shared
from skartm.em._strength import Acting, Bound
from skartm.em._terms import PhiTerm


class Mixture(Protocol):
    """Where theta comes from: a function of what is shared in a pass and of a batch, and of nothing else.

    It is made of numbers that do not change, and can be pickled.
    """

    def expect(self, shared: Shared, batch: Batch) -> Expectation:
        """Inner passes over the documents of a batch. Made twice, or elsewhere, it gives the same bits."""


class Posterior(Protocol):
    """From expected counts to the parameters that the E-step uses."""

    local: bool
    block_mass: NDArray
    values: dict[str, float]
    coefficients: dict[str, float]
    moved: dict[str, float]

    @property
    def terms(self) -> Sequence[Bound[PhiTerm]]:
        """All that may act."""

    @property
    def topic_mass(self) -> NDArray:
        """Tokens of the topics, of all modalities."""

    def measure(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        """Bring ``values`` of the regularizers up to date."""

    def update(
        self, phi_wt: NDArray, counters: Counters, out: NDArray, acting: Sequence[Acting[PhiTerm]] = ()
    ) -> None:
        """Write the phi that belongs to the counters to ``out``, which may be the old one, ``phi_wt``.

        ``acting`` are the terms with their strengths at this step; without them nothing is regularised.
        """

    def refresh(
        self, phi_wt: NDArray, counters: Counters, tokens: NDArray, acting: Sequence[Acting[PhiTerm]] = ()
    ) -> None:
        """The same for some rows; only if ``local``."""
