"""What every display has to do."""

import inspect
import subprocess
import sys

import pytest

from skartm import plotting

every_display = pytest.mark.parametrize("name", plotting.__all__)


@every_display
def test_conventions(name):
    display = getattr(plotting, name)
    assert name.endswith("Display")
    assert "estimator" in inspect.signature(display.from_estimator).parameters
    for method in (display.from_estimator, display.plot):
        assert inspect.signature(method).parameters["ax"].default is None
    stored = list(inspect.signature(display).parameters.values())
    made = display(**{parameter.name: object() for parameter in stored})
    assert all(parameter.name in vars(made) for parameter in stored)


def test_matplotlib_is_imported_when_drawing():
    code = "import sys, skartm.plotting; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "False"
