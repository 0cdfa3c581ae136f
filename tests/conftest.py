"""Fixtures and settings of all tests."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# the whole suite has one process for each processor, and no more than these
PROCESSES = 8
# the speed of a shared machine says nothing about the code
settings.register_profile("skartm", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("skartm")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Run the whole suite in parallel, where pytest-xdist is installed and nothing else is asked for.

    Tests that are named on the command line run in this process, where workers would take longer to start. ``-n``
    overrides both, and ``--pdb`` has one process.
    """
    whole = config.args_source == pytest.Config.ArgsSource.TESTPATHS
    if "PYTEST_XDIST_WORKER" in os.environ:
        return  # or every worker would have workers
    if whole and config.pluginmanager.hasplugin("xdist") and config.option.numprocesses is None:
        config.option.numprocesses = "logical"  # which xdist makes 0 for --pdb
        config.option.maxprocesses = config.option.maxprocesses or PROCESSES
        if config.option.dist == "no":
            config.option.dist = "worksteal"  # neighbours, which share fixtures, mostly stay together


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
