"""Words that belong to given topics."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown
from skartm.base._parameters import declared, is_number, parameters
from skartm.em import Layout, ModalitySelection, PhiTerm, TopicSelection
from skartm.regularizers._base import Regularizer
from skartm.simplex import FLOOR

_OWNER = "SeedWords"


@parameters
class SeedWords(Regularizer):
    r"""Draw given words into given topics, so that it is known beforehand what these are about.

    .. math:: R(\Phi) = \sum_t \sum_{w \in W_t} v_{wt} \ln \phi_{wt} - \rho \sum_t \sum_{w \in W \setminus W_t} v_w
              \ln \phi_{wt}, \qquad
              r_{wt} = v_{wt} [w \in W_t] - \rho v_w [w \in W \setminus W_t]

    with seed words :math:`W_t` of topic t, :math:`W = \cup_t W_t`, and :math:`v_w` the largest weight of w in a topic.
    Smoothing by a dictionary of seeds [1]_: every seed gets ``tau`` times its weight tokens in its topic; with
    ``others`` :math:`= \rho > 0` it loses :math:`\rho` times as many in each of the other topics.

    Parameters
    ----------
    words : dict of topic to words, or to dict of word to weight
        Seed words. A topic is a name, a pattern ("background*") or an index, a word is a token, which needs a model
        that knows ``token_names``, or a column of X. Weights are non-negative, 1 if not given.
    tau : float or Schedule, default=1.0
        Strength: with ``relative=None`` the tokens that a seed of weight 1 gets. Less than the word has is a hint.
    relative : None or float in [0, 1], default=None
        None: ``tau`` is in tokens. A number: the share of the mass of the seeded topics that is moved, divided
        among them by the weights of their seeds (0) or to each the share of its own mass (1).
    topics : None, slice, names or indices, default=None
        Regularised topics; seeds of others are left out, and only these lose the seeds of each other. None is all.
    modality : None, str or list of str, default=None
        Modalities in which words are sought; None is all tokens.
    others : float, default=0.0
        :math:`\rho`, non-negative.
    on_unknown : {"error", "ignore"}, default="error"
        What to do with words that are not tokens of the model.

    References
    ----------
    .. [1] S. Nikolenko, S. Koltcov, O. Koltsova. "Topic modelling for qualitative studies." Journal of Information
       Science 43, 2017; M. Apishev et al. "Additive regularization for topic modeling in sociological studies of
       user-generated text content." MICAI 2016.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import load_peps
    >>> from skartm.metrics import top_tokens
    >>> from skartm.regularizers import SeedWords
    >>> peps = load_peps()
    >>> seeds = SeedWords({"gil": ["gil", "thread", "threads", "lock"]}, tau=0.1, relative=1.0)
    >>> names = ["gil", "t1", "t2", "t3", "t4", "t5", "t6", "t7"]
    >>> model = ARTMTransformer(8, topic_names=names, token_names=peps.feature_names, regularizers=[("seeds", seeds)],
    ...                         random_state=0).fit(peps.data)
    >>> sorted(top_tokens(model.components_, peps.feature_names)[0][:4])
    ['gil', 'lock', 'thread', 'threads']
    """

    words: Any = declared(kw_only=False)
    tau: float = declared(default=1.0, kw_only=False)
    relative: float | None = None
    topics: TopicSelection = None
    modality: ModalitySelection = None
    others: float = 0.0
    on_unknown: str = "error"

    side = "phi"

    def bind(self, layout: Layout) -> PhiTerm:
        topics = layout.topics(self.topics, _OWNER)
        tokens = layout.tokens(self.modality, _OWNER)
        self._check()
        seeds = {selection: _weights(words, selection) for selection, words in self.words.items()}
        if layout.token_names is not None:  # without them words are columns, and about a name the layout complains
            seeds = self._known(seeds, {layout.token_names[column] for column in tokens.tolist()})
        cells: dict[tuple[int, int], float] = {}
        for selection, weight_of in seeds.items():
            columns = layout.columns(list(weight_of), _OWNER, modality=self.modality)
            for topic in layout.topics([selection], _OWNER).tolist():
                for column, weight in zip(columns.tolist(), weight_of.values(), strict=True):
                    cells[column, topic] = max(weight, cells.get((column, topic), 0.0))
        return _SeedTerm(cells, topics, float(self.others))

    def _check(self) -> None:
        if not isinstance(self.words, Mapping):
            msg = f"The 'words' parameter of {_OWNER} must be a dict of topic to words. Got {shown(self.words)}."
            raise TypeError(msg)
        if not is_number(self.others) or not (np.isfinite(self.others) and self.others >= 0):
            msg = f"The 'others' parameter of {_OWNER} must be a finite number, at least 0. Got {shown(self.others)}."
            raise ValueError(msg)
        if not isinstance(self.on_unknown, str) or self.on_unknown not in ("error", "ignore"):
            msg = f"The 'on_unknown' parameter of {_OWNER} must be 'error' or 'ignore'. Got {shown(self.on_unknown)}."
            raise ValueError(msg)

    def _known(self, seeds: dict[Any, dict[Any, float]], names: set[str]) -> dict[Any, dict[Any, float]]:
        """Seeds without unknown words, about which there is one error that lists them all."""
        unknown = [word for words in seeds.values() for word in words if isinstance(word, str) and word not in names]
        if unknown and self.on_unknown == "error":
            hints: list[str] = []
            for word in dict.fromkeys(unknown):
                close = get_close_matches(word, names, n=3) if len(hints) < 10 else []
                hints.append(f"{shown(word)}" + (f" (close: {', '.join(map(repr, close))})" if close else ""))
            msg = (
                f"{_OWNER}: words must be tokens of the model. Got {', '.join(hints)}. Correct them, or leave them out "
                "by on_unknown='ignore'."
            )
            raise ValueError(msg)
        left_out = set(unknown)
        return {t: {word: v for word, v in words.items() if word not in left_out} for t, words in seeds.items()}


def _weights(words: Any, selection: Any) -> dict[Any, float]:
    """Weights of the words of a topic."""
    if isinstance(words, (str, bytes)) or not isinstance(words, Iterable):
        msg = (
            f"{_OWNER}: the words of topic {shown(selection)} must be a list, or a dict of word to "
            f"weight. Got {shown(words)}."
        )
        raise TypeError(msg)
    weight_of = dict(words) if isinstance(words, Mapping) else dict.fromkeys(words, 1.0)
    for word, weight in weight_of.items():
        if not is_number(weight) or not (np.isfinite(weight) and weight >= 0):
            msg = f"{_OWNER}: the weight of {shown(word)} must be a finite number, at least 0. Got {shown(weight)}."
            raise ValueError(msg)
    return weight_of


class _SeedTerm(PhiTerm):
    """A constant in few cells, kept as their coordinates."""

    def __init__(self, cells: dict[tuple[int, int], float], topics: NDArray, others: float) -> None:
        seeds = np.unique(np.array([w for w, _ in cells], dtype=np.intp))
        strength = np.zeros((seeds.size, topics.size))
        for (w, t), weight in cells.items():
            strength[np.searchsorted(seeds, w), topics == t] = weight
        if others > 0:
            largest = np.zeros(seeds.size)
            np.maximum.at(largest, np.searchsorted(seeds, [w for w, _ in cells]), list(cells.values()))
            own = np.zeros(strength.shape, dtype=bool)
            for w, t in cells:
                own[np.searchsorted(seeds, w), topics == t] = True
            strength = np.where(own, strength, -others * largest[:, None])
        rows, columns = np.nonzero(strength)
        self._cells, self._strength = (seeds[rows], topics[columns]), strength[rows, columns]
        self.topics = np.unique(self._cells[1]) if rows.size else topics

    def value(self, phi_wt: NDArray, n_wt: NDArray) -> float:
        logs = np.log(np.maximum(phi_wt[self._cells], phi_wt.dtype.type(FLOOR)))
        return float(logs.astype(np.float64) @ self._strength)

    def add_term(self, phi_wt: NDArray, n_wt: NDArray, out: NDArray) -> None:
        out[self._cells] += self._strength.astype(out.dtype)
