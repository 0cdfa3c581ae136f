"""Regularizers of the E-step that read tokens in the order of the text: smoothing and segmentation of p(t|d,w)."""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from skartm.base import shown
from skartm.base._parameters import declared, is_number, parameters
from skartm.em import Layout, PosteriorTerm, TopicSelection
from skartm.regularizers._base import Regularizer


@parameters
class SmoothPosterior(Regularizer):
    r"""Smooth p(t|d,w) along the text: neighbours are about the same topics.

    .. math:: \tilde p_{t d w_i} = \frac{\sum_j K_{ij}\, p_{t d w_j}}{\sum_j K_{ij}}, \qquad
              K_{ij} = x_j\, \gamma^{|i - j|}\, [\,|i - j| \le h\,]

    over the positions j of the document, or between the same two boundaries, with the weights x of the tokens (1 unless
    X or modalities say otherwise): a mean, so no position gains or loses mass. A regularizer of the E-step [1]_.

    Parameters
    ----------
    tau : float, default=0.5
        0 changes nothing, 1 puts :math:`\tilde p` in place of p. Without a unit. At 1 a token has hardly a say in its
        own topics, which blurs phi as well.
    window : int or None, default=5
        h: neighbours on either side. None is the whole document; only with ``decay`` below 1 does this still look at
        the neighbourhood.
    decay : float in (0, 1], default=1.0
        :math:`\gamma`: 1 is the moving average, less prefers what is near.
    boundaries : sequence of str or int, default=()
        Tokens (names or columns), such as the ends of sentences, after which a new stretch begins.

    Notes
    -----
    Needs a matrix that keeps the order of the text, as :class:`skartm.feature_extraction.SequenceVectorizer` makes it.
    ``SmoothPtdw`` of BigARTM adds the window sum without dividing by its length, which multiplies the mass of the
    corpus, looks one position further to the left than to the right, and its window misses tokens after one it skips.

    References
    ----------
    .. [1] K. Vorontsov. "Rethinking probabilistic topic modeling from the point of view of classical non-Bayesian
       regularization." 2023.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import make_topics
    >>> from skartm.regularizers import SmoothPosterior
    >>> corpus = make_topics(segment_length=20, random_state=0)  # token sequences
    >>> model = ARTMTransformer(10, regularizers=[("smooth", SmoothPosterior(window=3))], random_state=0)
    >>> model.fit_transform(corpus.data).shape
    (200, 10)
    """

    tau: float = declared(default=0.5, kw_only=False)
    window: int | None = 5
    decay: float = 1.0
    boundaries: Sequence[Any] = ()

    side = "posterior"
    needs_order = True

    def bind(self, layout: Layout) -> "_SmoothPosteriorTerm":
        if self.window is not None:
            _check_window(self.window, "SmoothPosterior", minimum=0)
        if not is_number(self.decay) or not 0 < self.decay <= 1:
            msg = f"The 'decay' parameter of SmoothPosterior must be in (0, 1]. Got {shown(self.decay)}."
            raise ValueError(msg)
        if isinstance(self.boundaries, str):
            msg = (
                "The 'boundaries' parameter of SmoothPosterior must be a sequence of tokens. Got "
                f"{shown(self.boundaries)}."
            )
            raise TypeError(msg)
        columns = layout.columns(list(self.boundaries), "SmoothPosterior", parameter="boundaries")
        return _SmoothPosteriorTerm(self.window, float(self.decay), columns)


class _OrderTerm(PosteriorTerm):
    """Terms that see all documents at once and keep them apart."""

    needs_order = True

    def apply(self, p_it: NDArray, tokens: NDArray, counts: NDArray) -> NDArray:
        return self.apply_stacked(p_it, tokens, counts, np.array([tokens.size]))


class _SmoothPosteriorTerm(_OrderTerm):
    def __init__(self, window: int | None, decay: float, boundaries: NDArray) -> None:
        self.window, self.decay, self.boundaries = window, decay, boundaries

    def apply_stacked(self, p_it: NDArray, tokens: NDArray, counts: NDArray, lengths: NDArray) -> NDArray:
        if tokens.size == 0:
            return p_it.copy()
        stretch = np.repeat(np.arange(lengths.size), lengths)
        if self.boundaries.size:
            ends = np.isin(tokens, self.boundaries)
            stretch = stretch + np.cumsum(ends) - ends
        # not the longest of these documents: sums are grouped by the size, for a document the same in any company
        size = 1 << int(lengths.max()).bit_length() if self.window is None else int(self.window) + 1
        seen = p_it.sum(axis=1, keepdims=True) > 0
        x = np.where(seen, counts[:, None], 0).astype(p_it.dtype)
        weights = _neighbourhood(x, stretch, size, self.decay)
        total = _neighbourhood(p_it if (x == 1).all() else p_it * x, stretch, size, self.decay)
        some = seen & (weights > 0)
        total /= np.where(some, weights, 1)
        return total if some.all() else np.where(some, total, p_it)


@parameters
class SegmentPosterior(Regularizer):
    r"""Cut the text into segments of one topic each.

    Of the tokens before and after a position i, h on either side, let :math:`L_i` and :math:`R_i` be the mean topic
    distributions without the background, and l and r their largest topics. A boundary is where

    .. math:: \tfrac12 \bigl(L_{il} - R_{il} + R_{ir} - L_{ir}\bigr)

    is above the threshold and the largest within h positions. A segment gets the topic s that is the largest in its
    sum, and its tokens keep their share of background:

    .. math:: \tilde p_{t d w} = p_{tdw} \text{ for } t \in B, \qquad
              \tilde p_{t d w} = [t = s] \sum_{z \notin B} p_{zdw} \text{ for others}

    A regularizer of the E-step [1]_.

    Parameters
    ----------
    tau : float, default=1.0
        0 changes nothing, 1 puts :math:`\tilde p` in place of p. Without a unit.
    window : int, default=10
        h: positions compared on either side.
    threshold : float in [0, 1], default=0.2
        How different they have to be; higher makes fewer and longer segments.
    background : None, slice, names or indices, default=None
        Background topics B, which neither make segments nor are removed; None is none.

    Notes
    -----
    Needs a matrix that keeps the order of the text, as :class:`skartm.feature_extraction.SequenceVectorizer` makes it.
    ``TopicSegmentationPtdw`` of BigARTM compares the same sums, but switches at the first position above the
    threshold, which is before the boundary, divides by zero in a window of background, and removes the background.

    References
    ----------
    .. [1] K. Vorontsov. "Rethinking probabilistic topic modeling from the point of view of classical non-Bayesian
       regularization." 2023.

    Examples
    --------
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import make_topics
    >>> from skartm.regularizers import SegmentPosterior, Window
    >>> corpus = make_topics(segment_length=20, random_state=0)  # token sequences
    >>> late = Window(0.9, begin=20)  # when the topics are known: one topic a segment is hard to leave
    >>> model = ARTMTransformer(10, regularizers=[("segments", SegmentPosterior(late))], random_state=0)
    >>> model.fit_transform(corpus.data).shape
    (200, 10)
    """

    tau: Any = declared(default=1.0, kw_only=False)
    window: int = 10
    threshold: float = 0.2
    background: TopicSelection = None

    side = "posterior"
    needs_order = True

    def bind(self, layout: Layout) -> "_SegmentPosteriorTerm":
        _check_window(self.window, "SegmentPosterior", minimum=1)
        if not is_number(self.threshold) or not 0 <= self.threshold <= 1:
            msg = f"The 'threshold' parameter of SegmentPosterior must be in [0, 1]. Got {shown(self.threshold)}."
            raise ValueError(msg)
        background = np.zeros(layout.n_topics, dtype=bool)
        if self.background is not None:
            background[layout.topics(self.background, "SegmentPosterior")] = True
        if background.all():
            msg = f"SegmentPosterior: background must leave at least one topic. Got {shown(self.background)}."
            raise ValueError(msg)
        return _SegmentPosteriorTerm(int(self.window), float(self.threshold), background)


class _SegmentPosteriorTerm(_OrderTerm):
    def __init__(self, window: int, threshold: float, background: NDArray) -> None:
        self.window, self.threshold, self.background = window, threshold, background

    def apply_stacked(self, p_it: NDArray, tokens: NDArray, counts: NDArray, lengths: NDArray) -> NDArray:
        if tokens.size == 0:
            return p_it.copy()
        document = np.repeat(np.arange(lengths.size), lengths)
        subjects = np.where(self.background, 0, p_it)
        weighted = subjects * counts[:, None].astype(p_it.dtype)
        new = self._boundaries(weighted, document)
        new |= np.diff(document, prepend=-1) > 0
        starts = np.append(np.flatnonzero(new), tokens.size)
        sums = sparse.csr_matrix(
            (np.ones(tokens.size, dtype=p_it.dtype), np.arange(tokens.size), starts),
            shape=(starts.size - 1, tokens.size),
        )
        topic = np.asarray(sums @ weighted).argmax(axis=1)[np.cumsum(new) - 1]
        result = p_it - subjects
        result[np.arange(tokens.size), topic] += subjects.sum(axis=1)
        return result

    def _boundaries(self, weighted: NDArray, document: NDArray) -> NDArray:
        """Whether a segment begins at a position."""
        after = _shares(_window_sum(weighted, document, self.window, 1.0))
        before = np.zeros_like(after)
        before[1:] = _shares(_window_sum(weighted[::-1], document[::-1], self.window, 1.0)[::-1])[:-1]
        before[1:][np.diff(document) > 0] = 0
        rows = np.arange(document.size)
        left, right = before.argmax(axis=1), after.argmax(axis=1)
        depth = (before[rows, left] - after[rows, left] + after[rows, right] - before[rows, right]) / 2
        known = before.any(axis=1) & after.any(axis=1)  # both sides say something
        new = known & (left != right) & (depth > self.threshold)
        depth = np.where(new, depth.round(5), -1)  # what differs by rounding errors is equal
        for shift in range(1, min(self.window, document.size - 1) + 1):  # the first of equals stays
            same = document[shift:] == document[:-shift]
            new[shift:] &= ~same | (depth[shift:] > depth[:-shift])
            new[:-shift] &= ~same | (depth[:-shift] >= depth[shift:])
        return new


def _check_window(window: Any, owner: str, *, minimum: int) -> None:
    if not isinstance(window, Integral) or isinstance(window, bool) or window < minimum:
        msg = f"The 'window' parameter of {owner} must be an integer of at least {minimum}. Got {shown(window)}."
        raise ValueError(msg)


def _shares(sums: NDArray) -> NDArray:
    """Rows that sum to 1, or zeros."""
    total = sums.sum(axis=1, keepdims=True)
    return np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)


def _window_sum(values: NDArray, stretch: NDArray, size: int, decay: float) -> NDArray:
    """sum_k decay**k values[i + k], k = 0 ... size - 1, within the stretch of i.

    By doubling, S_{2m}[i] = S_m[i] + decay**m S_m[i + m], about 2 log2(size) operations on the whole; a running sum
    would be fewer, but would carry the rounding errors of one document into the next.
    """
    total, done = values, 1
    for digit in bin(size)[3:]:
        total = _shifted_sum(total, total, done, decay**done, stretch)
        done *= 2
        if digit == "1":
            total = _shifted_sum(values, total, 1, decay, stretch)
            done += 1
    return total if total is not values else values.copy()


def _shifted_sum(here: NDArray, there: NDArray, shift: int, factor: float, stretch: NDArray) -> NDArray:
    """here[i] + factor * there[i + shift], the second within the same stretch."""
    if shift >= stretch.size:
        return here.copy()
    total = np.empty_like(here)
    total[-shift:] = here[-shift:]
    further = there[shift:] if factor == 1 else there[shift:] * here.dtype.type(factor)
    np.add(here[:-shift], further, out=total[:-shift])
    beyond = np.flatnonzero(stretch[shift:] != stretch[:-shift])  # few
    total[beyond] = here[beyond]
    return total


def _neighbourhood(values: NDArray, stretch: NDArray, size: int, decay: float) -> NDArray:
    """sum_k decay**abs(k) values[i + k], abs(k) < size, within the stretch of i."""
    total = _window_sum(values, stretch, size, decay)
    total += _window_sum(values[::-1], stretch[::-1], size, decay)[::-1]
    total -= values  # it is in both
    return total
