"""Strengths: how strongly a term acts, from step to step, and what acts at a step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

Term = TypeVar("Term")
Trajectory = Callable[[float, int | None], float]


@dataclass(frozen=True)
class Strength:
    """How strongly a term acts.

    Parameters
    ----------
    tau : float, or callable (step, n_steps) -> float
        ``step`` counts passes over the documents from 0 and is fractional online; ``n_steps`` is the number of passes
        planned, None if nobody knows.
    relative : float in [0, 1] or None
        None is absolute; see :func:`skartm.em.relative_scale`.
    limit : float or None
        How many tokens a relative term moves at most, for each token and topic on average. None is without limit.
    """

    tau: float | Trajectory
    relative: float | None = None
    limit: float | None = None

    def at(self, step: float, n_steps: int | None) -> float:
        """Tau at a step."""
        return float(self.tau(step, n_steps)) if callable(self.tau) else self.tau


@dataclass(frozen=True)
class Bound(Generic[Term]):
    """A term with its name and its strength at every step."""

    name: str
    term: Term
    strength: Strength

    @property
    def may_act(self) -> bool:
        """Whether tau can be other than 0 at any step."""
        return callable(self.strength.tau) or self.strength.tau != 0

    def at(self, tau: float) -> "Acting[Term]":
        """The term with its strength at one step."""
        return Acting(self.name, self.term, self.strength, tau)


@dataclass(frozen=True)
class Acting(Bound[Term]):
    """A term at one step, where its strength is the number ``tau``."""

    tau: float


class Terms(NamedTuple):
    """Terms by the side on which they act: all of a model, or, as :class:`Acting`, those of one step."""

    phi: Sequence[Any] = ()
    theta: Sequence[Any] = ()
    posterior: Sequence[Any] = ()

    @property
    def all(self) -> tuple[Any, ...]:
        """Terms of theta and of p(t|d,w), then those of phi."""
        return (*self.theta, *self.posterior, *self.phi)

    def at(self, step: float, n_steps: int | None, *, regularized: bool = True) -> "Terms":
        """The terms with their strengths at a step; 0 where nothing shall be regularised."""
        return Terms(*(
            tuple(bound.at(bound.strength.at(step, n_steps) if regularized else 0.0) for bound in side) for side in self
        ))

    def settled(self, step: int, n_steps: int, *, regularized: bool = True) -> bool:
        """Whether all strengths stay as they are at this step until the last one."""
        return all(
            bound.strength.at(later, n_steps) == acting.tau
            for bound, acting in zip(self.all, self.at(step, n_steps, regularized=regularized).all, strict=True)
            if callable(bound.strength.tau)
            for later in range(step + 1, n_steps)
        )


NO_TERMS = Terms()
