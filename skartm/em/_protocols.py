"""What the engine asks of its parts; it never asks what class they are."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from numpy.typing import NDArray

from skartm.em._batches import Batch
from skartm.em._counters import Counters

Term = TypeVar("Term")


class PhiTerm(Protocol):
    """A regularizer R(phi), bound to a layout; tau, schedule and relative strength are the engine's."""

    topics: NDArray

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        """R at tau = 1, for phi and counters of shape (n_tokens, n_topics)."""

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        """Add phi * dR/dphi at tau = 1 to ``out`` of shape (n_tokens, n_topics)."""


class ThetaTerm(Protocol):
    """A regularizer R(theta) whose term theta * dR/dtheta does not depend on theta."""

    topics: NDArray

    def value(self, theta_dt: NDArray, sample_weight: NDArray | None = None) -> float:
        """R at tau = 1, for theta of shape (n_docs, n_topics) and weights of the documents."""

    def constant(self) -> NDArray:
        """theta * dR/dtheta at tau = 1, of shape (n_topics,)."""


@dataclass
class Strength:
    """How strongly a term acts."""

    tau: float
    relative: float | None = None


@dataclass
class Bound(Generic[Term]):
    """A term with its name and strength."""

    name: str
    term: Term
    strength: Strength


@dataclass
class Expectation:
    """What the document side of the E-step learned about a batch."""

    theta_dt: NDArray  # (n_docs, width): the multiplier of ratio on the token side
    ratio: NDArray  # (nnz of the batch,)
    totals: NDArray  # (n_docs, 2): log-likelihood and left-out mass of every document


class Mixture(Protocol):
    """Where theta comes from."""

    def expect(self, batch: Batch, phi_wt: NDArray) -> Expectation:
        """Inner passes over the documents of a batch."""


class Posterior(Protocol):
    """From expected counts to the parameters that the E-step uses."""

    local: bool
    topic_mass: NDArray
    values: dict[str, float]
    coefficients: dict[str, float]

    def measure(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        """Bring ``values`` of the regularizers up to date."""

    def update(self, phi_wt: NDArray, counters: Counters) -> None:
        """Overwrite phi by the one that belongs to the counters."""

    def refresh(self, phi_wt: NDArray, counters: Counters, tokens: NDArray) -> None:
        """The same for some rows; only if ``local``."""
