"""Fixtures and settings of all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# the speed of a shared machine says nothing about the code
settings.register_profile("skartm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("skartm")


@pytest.fixture(scope="session")
def global_random_seed():
    """Seed of everything that may be random: the environment variable SKARTM_TESTS_GLOBAL_RANDOM_SEED, 0 without."""
    return int(os.environ.get("SKARTM_TESTS_GLOBAL_RANDOM_SEED", "0"))


@pytest.fixture(scope="session")
def data_folder():
    """Folder of the real corpora, which a checkout of the library alone does not have; skips the test without it."""
    named = os.environ.get("SKARTM_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[1].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs real corpora: set the environment variable SKARTM_DATA to the folder they are in")
    return folder
