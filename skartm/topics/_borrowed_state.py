"""Random states that learning draws from, and gives back when what was learned is published."""

import pickle

from numpy.random import RandomState

from skartm.em import GammaDraws


class BorrowedState:
    """Draws from a copy of a RandomState. The original moves only with the model that is published.

    So a call that fails or is interrupted draws nothing: repeated, it gives what it would have given at once.

    Parameters
    ----------
    source : RandomState
    n_columns : int
        Numbers of a document.
    shared : bool
        Whether others have ``source`` too: the caller who handed it in, or all of numpy.

    Attributes
    ----------
    draws : GammaDraws
        From the copy.
    """

    def __init__(self, source: RandomState, n_columns: int, *, shared: bool) -> None:
        self.source, self.shared = source, shared
        self.draws = GammaDraws(source, n_columns)
        self._left = _words(source)

    def give_back(self) -> RandomState:
        """The random state of the published model: at the beginning of the next pass.

        A shared one is moved there, as if all had been drawn from it, unless somebody else drew from it meanwhile.
        """
        reached = self.draws.random_state()
        if not self.shared:
            return reached
        if _words(self.source) == self._left:
            self.source.set_state(reached.get_state(legacy=False))
            self._left = _words(self.source)
        return self.source


def _words(random_state: RandomState) -> bytes:
    return pickle.dumps(random_state.get_state(legacy=False))
