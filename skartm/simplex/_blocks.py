"""Blocks of simplices as one flat vector, whatever the structure they came in."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skartm.base import shown

_SUMS = {np.dtype(np.float32): 1e-4, np.dtype(np.float64): 1e-6}  # by how much the sum of a start may differ from 1


class Blocks:
    """The shape of a point: an array, or a list or dict of arrays, whose lines along an axis are distributions.

    Parameters
    ----------
    start : array, list of arrays or dict of arrays
    axis : int
        Direction of the distributions in each array.
    """

    def __init__(self, start: Any, axis: int) -> None:
        self.axis = axis
        # a list of numbers or of lists is an array
        listed = isinstance(start, (list, tuple)) and all(
            isinstance(block, np.ndarray) and block.ndim for block in start
        )
        self.kind = "dict" if isinstance(start, Mapping) else "list" if listed else "array"
        self.keys = list(start) if self.kind == "dict" else list(range(len(start))) if self.kind == "list" else [None]
        arrays = [np.asarray(array) for array in self._arrays(start)]
        if not arrays:
            msg = "ascend: start must have at least one block. Got none."
            raise ValueError(msg)
        for key, array in zip(self.keys, arrays):
            self._check(key, array)
        self.shapes = [array.shape for array in arrays]
        self.dtypes = [array.dtype if array.dtype == np.float32 else np.dtype(np.float64) for array in arrays]
        self.sizes = [array.size for array in arrays]
        lengths = [np.full(array.size // array.shape[axis], array.shape[axis]) for array in arrays]
        self.lengths = np.concatenate(lengths)  # of the simplices
        self.counts = [len(part) for part in lengths]
        self.starts = np.concatenate([[0], np.cumsum(self.lengths)[:-1]])
        self.eps = max(np.finfo(dtype).eps for dtype in self.dtypes)

    def _arrays(self, structure: Any) -> list[Any]:
        if self.kind == "array":
            return [structure]
        return [structure[key] for key in self.keys]

    def _check(self, key: Any, array: NDArray) -> None:
        name = "start" if key is None else f"start[{shown(key)}]"
        problem = ""
        if array.dtype.kind not in "fiu":
            problem = f"numbers. Got the dtype {array.dtype}"
        elif not -array.ndim <= self.axis < array.ndim or array.size == 0:
            problem = f"a non-empty array with an axis {self.axis}. Got the shape {array.shape}"
        elif not (np.isfinite(array).all() and (array >= 0).all()):
            problem = "finite and non-negative. Got other entries; skartm.simplex.project makes distributions of them"
        else:
            sums = array.sum(axis=self.axis, dtype=np.float64)
            furthest = sums.ravel()[np.argmax(np.abs(sums - 1))]
            if abs(furthest - 1) > _SUMS.get(array.dtype, 1e-6):
                problem = f"distributions along the axis {self.axis}. Got one that sums to {furthest:.6g}; divide by it"
        if problem:
            msg = f"ascend: {name} must be {problem}."
            raise ValueError(msg)

    def flatten(self, structure: Any, what: str) -> NDArray[np.float64]:
        """One vector, simplex after simplex; what does not have the shape of the start is an error."""
        matches = self.kind == "array" or (
            isinstance(structure, Mapping) and set(structure) == set(self.keys)
            if self.kind == "dict"
            else isinstance(structure, (list, tuple)) and len(structure) == len(self.keys)
        )
        arrays = [np.asarray(array) for array in self._arrays(structure)] if matches else []
        if [array.shape for array in arrays] != self.shapes:
            msg = (
                f"ascend: {what} must have the structure of start, {self.kind} of the shapes {self.shapes}. "
                f"Got {type(structure).__name__}, {[array.shape for array in arrays] if arrays else 'other blocks'}."
            )
            raise ValueError(msg)
        lines = [np.moveaxis(array, self.axis, -1).ravel() for array in arrays]
        return np.concatenate(lines).astype(np.float64)

    def unflatten(self, flat: NDArray) -> Any:
        """The structure of the start, in new arrays of its types."""
        arrays = []
        for part, shape, dtype in zip(np.split(flat, np.cumsum(self.sizes)[:-1]), self.shapes, self.dtypes):
            moved = np.moveaxis(np.empty(shape), self.axis, -1).shape
            arrays.append(np.ascontiguousarray(np.moveaxis(part.reshape(moved), -1, self.axis), dtype=dtype))
        return self._structured(arrays)

    def per_simplex(self, values: NDArray) -> Any:
        """Values of the simplices in the structure of the start, the axis of the simplices left out."""
        arrays = []
        for part, shape in zip(np.split(values, np.cumsum(self.counts)[:-1]), self.shapes):
            arrays.append(part.reshape(np.delete(shape, self.axis)))
        return self._structured(arrays)

    def _structured(self, arrays: list[NDArray]) -> Any:
        # arrays of arrays that own their memory: what a caller changes is no one else's
        arrays = [array.copy() for array in arrays]
        if self.kind == "array":
            return arrays[0]
        return dict(zip(self.keys, arrays)) if self.kind == "dict" else arrays

    def rounded(self, flat: NDArray) -> NDArray[np.float64]:
        """The vector in the digits that the types of the start have."""
        parts = np.split(flat, np.cumsum(self.sizes)[:-1])
        return np.concatenate([part.astype(dtype).astype(np.float64) for part, dtype in zip(parts, self.dtypes)])

    def sums(self, flat: NDArray) -> NDArray:
        """Sum over each simplex."""
        return np.add.reduceat(flat, self.starts)

    def maxima(self, flat: NDArray) -> NDArray:
        """Maximum over each simplex."""
        return np.maximum.reduceat(flat, self.starts)

    def spread(self, values: NDArray) -> NDArray:
        """A value of each simplex, for each of its coordinates."""
        return np.repeat(values, self.lengths)

    def normalized(self, flat: NDArray) -> NDArray:
        """Divided by the sums of the simplices, which must be positive."""
        return flat / self.spread(self.sums(flat))
