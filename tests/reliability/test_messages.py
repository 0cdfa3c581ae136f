"""Messages quote what the user has passed, but never a whole document."""

import ast
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix

import skartm
from skartm.base import shown, shown_list

LONG = "word " * 100_000
VALUES = [LONG, [LONG], [LONG] * 1000, {LONG: LONG}, {"a": LONG}, (LONG, 1), LONG.encode(), {1: [LONG] * 100}]
X = csr_matrix(np.random.default_rng(0).poisson(1.0, (12, 5)) + np.eye(12, 5))
# names of our own, which are short
OURS = {"name", "parameter", "other", "LABELS", "PARENTS", "_DEFAULT", "forced", "old", "new", "loss.name", "kind"}


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_quotations_are_short(value):
    assert len(shown(value)) <= 810
    assert len(shown([value, value])) <= 210
    assert shown(value)[:5] == repr(value)[:5]
    assert len(shown_list([value] * 100)) < 1100


@pytest.mark.parametrize("value", ["cat", 3, None, 2.5, ["a", 1], {"a": [1]}, {1}, (1,), b"x", np.arange(3), slice(2)])
def test_short_values_are_quoted_as_they_are(value):
    assert shown(value) == repr(value)


def test_what_cannot_be_shown_is_named():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    assert shown(Broken()) == "<Broken>"
    assert shown(10**5000) == "<int>" or len(shown(10**5000)) <= 210


def test_every_quotation_of_a_message_is_cut():
    """No ``!r`` in a message but of names of our own: the others go through `shown`."""
    found = []
    for path in sorted(Path(skartm.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        reprs = {
            id(node)
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef) and function.name == "__repr__"
            for node in ast.walk(function)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.FormattedValue) and node.conversion == ord("r") and id(node) not in reprs:
                text = ast.unparse(node.value)
                if text not in OURS and path.parent.name not in ("base", "_kernels"):
                    found.append(f"{path.name}:{node.lineno}: {text}")
    assert not found


@pytest.mark.parametrize("cls", [skartm.PLSA, skartm.ARTMTransformer, skartm.SimplexNMF], ids=lambda cls: cls.__name__)
def test_long_parameters_make_short_messages(cls):
    n_raised = 0
    for name in cls(2).get_params(deep=False):
        for value in (LONG, [LONG] * 3, {LONG: LONG}):
            model = cls(2, max_iter=1, tol=0)
            try:
                model.set_params(**{name: value}).fit(X)
            except (ValueError, TypeError) as error:
                n_raised += 1
                place = error.__traceback__
                while place.tb_next:
                    place = place.tb_next
                is_ours = Path(place.tb_frame.f_code.co_filename).is_relative_to(Path(skartm.__file__).parent)
                if is_ours and len(str(error)) > 1500:
                    pytest.fail(f"{name}: {str(error)[:300]}")
    assert n_raised > 20
