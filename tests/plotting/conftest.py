"""Drawing without a screen."""

import pytest


@pytest.fixture(autouse=True)
def headless():
    """The backend that needs no screen; figures are closed after a test."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield
    plt.close("all")
