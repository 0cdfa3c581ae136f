"""What the engine asks of its parts; it never asks what class they are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from numpy.typing import NDArray

from skartm.em._batches import Batch, Batches
from skartm.em._counters import Counters
from skartm.em._terms import ThetaTerm

Term = TypeVar("Term")


Trajectory = Callable[[float, int | None], float]


@dataclass
class Strength:
    """How strongly a term acts.

    Parameters
    ----------
    tau : float, or callable (step, n_steps) -> float
        ``step`` counts passes over the documents from 0 and is fractional online; ``n_steps`` is the number of passes
        planned, None if nobody knows.
    relative : float in [0, 1] or None
        None is absolute; see :func:`skartm.em.relative_scale`.
    """

    tau: float | Trajectory
    relative: float | None = None

    def at(self, step: float, n_steps: int | None) -> float:
        """Tau at a step."""
        return float(self.tau(step, n_steps)) if callable(self.tau) else self.tau


class Bound(Generic[Term]):
    """A term with its name and strength.

    Attributes
    ----------
    tau : float
        The present strength; ``advance`` changes it.
    """

    def __init__(self, name: str, term: Term, strength: Strength) -> None:
        self.name, self.term, self.strength = name, term, strength
        self.tau = 0.0 if callable(strength.tau) else strength.tau

    def advance(self, step: float, n_steps: int | None, *, regularized: bool = True) -> None:
        """Set tau to the strength at a step, or to 0."""
        self.tau = self.strength.at(step, n_steps) if regularized else 0.0

    def settled(self, step: int, n_steps: int) -> bool:
        """Whether tau stays as it is until the end."""
        if not callable(self.strength.tau):
            return True
        return all(self.strength.at(later, n_steps) == self.tau for later in range(step + 1, n_steps))

    @property
    def may_act(self) -> bool:
        """Whether tau can be other than 0 at any step."""
        return callable(self.strength.tau) or self.strength.tau != 0


@dataclass
class Expectation:
    """What the document side of the E-step learned about a batch."""

    theta_dt: NDArray  # (n_docs, width): the multiplier of ratio on the token side
    ratio: NDArray  # (nnz of the batch,)
    totals: NDArray  # (n_docs, 2): log-likelihood and left-out mass of every document
    n_wt: NDArray | None = None  # (tokens of the batch's index, width): weighted counts, in place of ratio
    add_to: Callable[[NDArray, float], None] | None = None  # adds counts times a scale to stored ones, in place of n_wt


class TopicMass(Protocol):
    """Whoever knows the tokens of the topics, such as a posterior."""

    @property
    def topic_mass(self) -> NDArray:
        """n_t, of shape (n_topics,)."""


@dataclass(frozen=True)
class KnownMass:
    """Tokens of the topics of a fitted model."""

    topic_mass: NDArray


class Mixture(Protocol):
    """Where theta comes from.

    The E-step of a batch is a function of the batch, of phi and of what the mixture was at the beginning of the pass:
    made twice, or after other batches, it gives the same bits.
    """

    @property
    def terms(self) -> Sequence[Bound[Any]]:
        """All terms whose strength the engine sets."""

    @property
    def theta_terms(self) -> Sequence[Bound[ThetaTerm]]:
        """Terms that look at the final theta of every batch."""

    def expect(self, batch: Batch, phi_wt: NDArray) -> Expectation:
        """Inner passes over the documents of a batch."""


class MovingMixture(Mixture, Protocol):
    """A mixture whose E-steps start from something else in every pass: from the last theta, or from new draws."""

    def end_pass(self, n_docs: int) -> None:
        """All ``n_docs`` documents had their E-steps: what the next ones start from moves on."""


class SharedMixture(Mixture, Protocol):
    """A mixture with parameters that documents share, such as psi of their groups.

    Its theta terms act on those parameters, so it shows them itself, not the engine the theta of documents.

    Attributes
    ----------
    whole : object
        A copy of the parameters as they were at the end of the last pass.
    """

    whole: Any

    def prepare(self, batches: Batches, phi_wt: NDArray, batch: Batch | None = None) -> None:
        """Bring the parameters up to date before the counters of phi: from all batches, or, online, from one."""

    def observe(self) -> dict[str, Any]:
        """At the end of a pass: the statistics of the terms; the parameters belong to the phi that comes now."""


class Posterior(Protocol):
    """From expected counts to the parameters that the E-step uses."""

    local: bool
    block_mass: NDArray
    values: dict[str, float]
    coefficients: dict[str, float]

    @property
    def terms(self) -> Sequence[Bound[Any]]:
        """All terms whose strength the engine sets."""

    @property
    def topic_mass(self) -> NDArray:
        """Tokens of the topics, of all modalities."""

    def measure(self, phi_wt: NDArray, n_wt: NDArray) -> None:
        """Bring ``values`` of the regularizers up to date."""

    def update(self, phi_wt: NDArray, counters: Counters, out: NDArray) -> None:
        """Write the phi that belongs to the counters to ``out``, which may be the old one, ``phi_wt``."""

    def refresh(self, phi_wt: NDArray, counters: Counters, tokens: NDArray) -> None:
        """The same for some rows; only if ``local``."""
