"""Boundaries in a text: where what is on the left differs from what is on the right."""

from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from skartm.base import shown
from skartm.base._data import check_counts


def divergence(model: Any, X: Any, position_gamma: Any = None) -> Iterator[NDArray]:
    r"""How much the topics on the left of every gap between tokens differ from those on the right.

    .. math:: h_i = \sqrt{1 - \sum_t \sqrt{\overrightarrow{\theta}_{ti} \overleftarrow{\theta}_{t,i+1}}}

    the Hellinger distance of the left context of a token and the right context of the next one.

    Parameters
    ----------
    X : CSR matrix of shape (n_docs, n_tokens)
        Rows are texts.
    position_gamma : list of arrays or CSR matrix, default=None
        As in :meth:`fit`.

    Returns
    -------
    iterator of arrays of shape (n_positions - 1,)
        One a document, in [0, 1].
    """
    check_is_fitted(model, "components_")
    X = check_counts(model, X, model._dtype(), reset=False)
    return _divergence(model, model._read(X, position_gamma))


def _divergence(model: Any, read: Iterator[Any]) -> Iterator[NDArray]:
    for batch, mixture, shared in read:
        for some in mixture.positions(shared, batch, sides=True):
            common = np.zeros(some.tokens.size)
            np.sum(np.sqrt(some.left[:-1] * some.right[1:]), axis=1, dtype=np.float64, out=common[:-1])
            distance = np.sqrt(np.clip(1 - common, 0, None))
            for start, stop in zip(some.indptr[:-1], some.indptr[1:], strict=True):
                yield distance[start : max(stop - 1, start)]


def segment(
    model: Any,
    X: Any,
    n_segments: Any = None,
    *,
    threshold: float = 0.0,
    min_depth: float = 0.0,
    min_length: int = 10,
    candidates: Any = None,
    position_gamma: Any = None,
) -> list[NDArray]:
    r"""Cut texts where the topics of the left and of the right differ most.

    Gaps whose :meth:`divergence` is the largest within ``min_length`` are peaks. The depth of a peak is how far it
    stands above the lowest divergence between it and the next higher gap, on the left plus on the right (or the
    end of the text), as in TextTiling [1]_. Peaks are taken whose depth is at least ``min_depth``, and at least
    the mean plus ``threshold`` standard deviations of all peaks of the document; or the deepest ones, if their
    number is known.

    Parameters
    ----------
    X : CSR matrix of shape (n_docs, n_tokens)
        Rows are texts.
    n_segments : int, array of int of shape (n_docs,), or None, default=None
        Number of segments of the documents; None finds it by ``threshold`` and ``min_depth``. There are fewer where
        so many do not fit into a text, none shorter than ``min_length``.
    threshold : float, default=0.0
        More cuts less. It compares the peaks of a text with each other, so the deepest one is a cut.
    min_depth : float, default=0.0
        In [0, 2], the same for all texts: one without a peak so deep stays whole. Depths grow with gamma and with
        the sharpness of the topics: a good value is the least that leaves texts of one subject whole.
    min_length : int, default=10
        Segments are not shorter; of two peaks that are nearer to each other the higher one stays.
    candidates : list of arrays of int, default=None
        Positions at which segments may begin, for every document: the first tokens of sentences, say. None is
        everywhere.
    position_gamma : list of arrays or CSR matrix, default=None
        As in :meth:`fit`.

    Returns
    -------
    list of arrays of int
        For every document the positions at which segments begin, without 0, ascending.

    Notes
    -----
    Contexts may be of another length than in training: ``model.set_params(gamma=0.02)``. Near the ends of a text a
    context is few words, and looks like a boundary by chance: ``min_length`` keeps them out. Without ``min_depth``
    a text of a single topic is cut as well, where it is least even.

    References
    ----------
    .. [1] M. Hearst. "TextTiling: segmenting text into multi-paragraph subtopic passages." Computational
       Linguistics 23(1), 1997.
    """
    check_is_fitted(model, "components_")
    X = check_counts(model, X, model._dtype(), reset=False)
    lengths = np.diff(X.indptr)
    numbers = _check_numbers(n_segments, lengths.size)
    if not isinstance(threshold, Real) or isinstance(threshold, bool) or not np.isfinite(threshold):
        msg = f"The 'threshold' parameter of segment must be a finite number. Got {shown(threshold)}."
        raise ValueError(msg)
    if not isinstance(min_depth, Real) or isinstance(min_depth, bool) or not 0 <= min_depth <= 2:
        msg = f"The 'min_depth' parameter of segment must be a number in [0, 2]. Got {shown(min_depth)}."
        raise ValueError(msg)
    if not isinstance(min_length, Integral) or isinstance(min_length, bool) or min_length < 1:
        msg = f"The 'min_length' parameter of segment must be an integer of at least 1. Got {shown(min_length)}."
        raise ValueError(msg)
    allowed = _check_candidates(candidates, lengths)
    found = []
    for d, heights in enumerate(_divergence(model, model._read(X, position_gamma))):
        places = np.arange(1, lengths[d]) if allowed is None else allowed[d]
        places = places[(places >= min_length) & (places <= lengths[d] - min_length)]
        depth = _depths(heights[places - 1], places, int(min_length))
        if numbers is None:
            peaks = depth > 0
            least = depth[peaks].mean() + threshold * depth[peaks].std() if peaks.any() else 0.0
            found.append(places[peaks & (depth >= max(least - 1e-12, min_depth))])
        else:
            order = np.lexsort((-heights[places - 1], -depth))
            found.append(_first_apart(places[order], int(numbers[d]) - 1, int(min_length)))
    return found


def _first_apart(places: NDArray, n_places: int, min_length: int) -> NDArray:
    """The first places, as many as asked for, that are not nearer to each other than ``min_length``; ascending."""
    chosen: list[int] = []
    while places.size and len(chosen) < n_places:
        chosen.append(int(places[0]))
        places = places[np.abs(places - chosen[-1]) >= min_length]
    return np.array(sorted(chosen), dtype=np.int64)


def _depths(heights: NDArray, places: NDArray, min_length: int) -> NDArray:
    """How far every peak stands above the valleys on its sides, both added up; 0 for the others."""
    above = np.zeros(heights.size)
    for reverse in (False, True):
        row = heights[::-1] if reverse else heights
        side = np.zeros(row.size)
        stack: list[tuple[float, float]] = []  # heights not yet exceeded, and the lowest up to the next of them
        for i, height in enumerate(row):
            low = height
            while stack and stack[-1][0] <= height:
                low = min(low, stack.pop()[1])
            side[i] = height - low
            if stack:
                stack[-1] = (stack[-1][0], min(stack[-1][1], low))
            stack.append((height, low))
        above += side[::-1] if reverse else side
    return np.where(_is_peak(heights, places, min_length), above, 0.0)


def _is_peak(heights: NDArray, places: NDArray, reach: int) -> NDArray:
    """Whether a height is the first of the largest among those less than ``reach`` places away."""
    peak = np.ones(heights.size, dtype=bool)
    for before in range(1, heights.size):
        near = places[before:] - places[:-before] < max(reach, 1)
        if before == 1:
            near[:] = True
        if not near.any():
            break
        lower = heights[before:] > heights[:-before]
        peak[:-before] &= ~(near & lower)
        peak[before:] &= ~(near & ~lower)
    return peak


def _check_numbers(n_segments: Any, n_docs: int) -> NDArray | None:
    if n_segments is None:
        return None
    numbers = np.full(n_docs, n_segments) if isinstance(n_segments, Integral) else np.asarray(n_segments)
    if numbers.shape != (n_docs,) or numbers.dtype.kind not in "iu" or (numbers < 1).any():
        msg = (
            f"The 'n_segments' parameter of segment must be an integer of at least 1, or one for each of the {n_docs} "
            f"documents. Got {shown(n_segments)}."
        )
        raise ValueError(msg)
    return numbers


def _check_candidates(candidates: Any, lengths: NDArray) -> list[NDArray] | None:
    if candidates is None:
        return None
    places = [np.unique(np.asarray(some)) for some in candidates]
    if any(some.size and some.dtype.kind not in "iu" for some in places):
        msg = "segment: candidates must be positions, integers from 0. Got others; of a mask give np.flatnonzero."
        raise ValueError(msg)
    if len(places) != lengths.size:
        msg = f"segment: candidates must have an array for each of the {lengths.size} documents. Got {len(places)}."
        raise ValueError(msg)
    for d, (some, length) in enumerate(zip(places, lengths, strict=True)):
        if some.size and (some[0] < 0 or some[-1] > length):
            msg = f"segment: candidates of document {d} must be in [0, {length}]. Got {some[0]} to {some[-1]}."
            raise ValueError(msg)
    return [some[(some > 0) & (some < length)].astype(np.int64) for some, length in zip(places, lengths, strict=True)]
