"""What a model is at a moment, to be compared."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import joblib
import numpy as np
from scipy import sparse


@contextmanager
def named(what: str) -> Iterator[None]:
    """Say in a failure which of many cases it is of."""
    try:
        yield
    except BaseException as error:
        error.add_note(what)
        raise


def fingerprint(model: Any) -> str:
    """A hash of everything that an estimator holds."""
    return joblib.hash(vars(model))


def learned(model: Any) -> dict[str, Any]:
    """The fitted attributes that are arrays of numbers."""
    state = {name: value for name, value in vars(model).items() if name.endswith("_") and not name.startswith("_")}
    return {name: value for name, value in state.items() if isinstance(value, np.ndarray) and value.dtype.kind in "fiu"}


def digest(results: Any) -> str:
    """A name of the bits of results."""
    return joblib.hash(as_plain(results))


def same_result(one: Any, other: Any) -> bool:
    """Whether two results of a method are equal, bit for bit."""
    return digest(one) == digest(other)


def as_plain(result: Any) -> Any:
    """A result made of arrays, numbers and containers."""
    if sparse.issparse(result):
        return result.toarray()
    if hasattr(result, "to_dict"):
        return result.to_dict("list")
    if isinstance(result, (list, tuple)):
        return [as_plain(item) for item in result]
    if isinstance(result, dict):
        return {name: as_plain(item) for name, item in result.items()}
    if hasattr(result, "__dict__") and not callable(result):
        return as_plain(list(vars(result).values()))
    return result


def assert_sound(result: Any) -> None:
    """No NaN in a result, and no infinity in its arrays; an open interval has infinite ends."""
    if isinstance(result, np.ndarray) and result.dtype.kind == "f":
        assert np.isfinite(result).all()
    elif isinstance(result, float):
        assert not np.isnan(result)
    elif isinstance(result, (list, tuple)):
        for item in result:
            assert_sound(item)
    elif isinstance(result, dict):
        for item in result.values():
            assert_sound(item)


def bytes_of(value: Any) -> Any:
    """Everything of an input that a call could change: bytes, order, flags and types."""
    if isinstance(value, dict):
        return {key: bytes_of(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [bytes_of(item) for item in value]
    if sparse.issparse(value):
        arrays = [vars(value).get(name) for name in ("data", "indices", "indptr")]
        return [value.format, value.shape, *map(bytes_of, arrays)]
    if isinstance(value, np.ndarray):
        content = value.tolist() if value.dtype.hasobject else value.tobytes()
        return [content, value.dtype.str, value.shape, value.strides, value.flags.writeable]
    return repr(value)
