"""Ways to choose the words shown that any system can be given, beside its own: they change no phi.

``lift`` orders by ``weight * (weight / p_w) ** 0.3`` with ``p_w`` the share of the word among all tokens. ``re-ranked``
takes the 40 words of the largest weights, and ``lift, re-ranked`` the first 40 by lift, and orders them three times by
the logarithm of that and 6 times the mean NPMI with the ten that are first now, counted in training documents: see
``skartm.metrics.WordChoice``, which does all of it.
"""

from __future__ import annotations

import importlib
from functools import partial

from quality.scores import N_DIVERSE

STRENGTH, LIFT = 6.0, 0.3


def choose(weights, train, lift: float, strength: float) -> list[list[int]]:
    """Return 25 columns of each topic."""
    choice = importlib.import_module("skartm.metrics").WordChoice(lift, coherence=strength)
    chosen = choice.choose(weights, train, token_mass=train.sum(axis=0))
    return [row[row >= 0].tolist() for row in chosen[:, :N_DIVERSE]]


DISPLAYS = {
    "lift": partial(choose, lift=LIFT, strength=0.0),
    "re-ranked": partial(choose, lift=0.0, strength=STRENGTH),
    "lift, re-ranked": partial(choose, lift=LIFT, strength=STRENGTH),
}
