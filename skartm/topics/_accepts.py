"""Which regularizers a model can have: declared by the model, refused in one place."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from skartm.regularizers import Regularizer, check_regularizers

_SIDES = {"phi": "phi", "theta": "theta", "posterior": "p(t|d,w)"}


@dataclass(frozen=True)
class Accepts:
    """What regularizers of a model may be.

    Attributes
    ----------
    sides : collection of {"phi", "theta", "posterior"}
        What they may regularise.
    targets, order : bool
        Whether they may read targets of documents, and the order of tokens.
    because : str
        Why others make no sense, for the message.
    """

    sides: Collection[str] = tuple(_SIDES)
    targets: bool = True
    order: bool = True
    because: str = ""

    def check(self, model: Any) -> None:
        """Raise a ValueError that names the first regularizer of a model that is not accepted."""
        for name, regularizer in check_regularizers(model):
            what = self._too_much(regularizer)
            if what:
                msg = (
                    f"{type(model).__name__}: {self.because}, so no regularizer can {what}. Got the regularizer "
                    f"{name!r} ({type(regularizer).__name__}); leave it out or take ARTMTransformer."
                )
                raise ValueError(msg)

    def _too_much(self, regularizer: Regularizer) -> str:
        if regularizer.side not in self.sides:
            return f"act on {_SIDES.get(regularizer.side, regularizer.side)}"
        if not self.targets and getattr(regularizer, "uses_y", False):
            return "read targets"
        if not self.order and getattr(regularizer, "needs_order", False):
            return "read the order of tokens"
        return ""
