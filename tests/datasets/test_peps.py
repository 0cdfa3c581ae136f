"""The bundled Python Enhancement Proposals."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn import config_context

from skartm import datasets
from skartm.datasets import load_folder, load_peps

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def peps():
    return load_peps()


def test_sizes(peps):
    assert peps.data.shape == (736, 7637)
    assert peps.data.nnz == 803_706
    assert peps.data.dtype == np.float32
    assert peps.data.indices.dtype == peps.data.indptr.dtype == np.int32
    assert set(peps.data.data) == {1}
    for key in ("authors", "year", "created", "titles", "numbers", "type", "status", "topics"):
        assert len(peps[key]) == 736, key
    assert len({author for authors in peps.authors for author in authors}) == 366
    assert peps.feature_names.tolist() == sorted(peps.feature_names)


def test_rows_are_in_the_order_of_the_text(peps):
    assert not peps.data.has_sorted_indices
    zen = peps.data[peps.numbers.tolist().index(20)]
    text = " ".join(peps.feature_names[zen.indices])
    assert "simple better complex complex better complicated flat better nested sparse better dense" in text


def test_side_information(peps):
    row = peps.numbers.tolist().index(8)
    assert peps.titles[row] == "Style Guide for Python Code"
    assert peps.authors[row] == ["Guido van Rossum", "Barry Warsaw", "Alyssa Coghlan"]
    assert (peps.year[row], peps.created[row]) == (2001, np.datetime64("2001-07-05"))
    assert (peps.type[row], peps.status[row], peps.topics[row]) == ("Process", "Active", [])
    assert set(peps.type) == {"Standards Track", "Informational", "Process"}
    assert {topic for topics in peps.topics for topic in topics} == {"Governance", "Packaging", "Release", "Typing"}
    assert (peps.year.min(), peps.year.max()) == (1996, 2026)


def test_links(peps):
    row = {number: i for i, number in enumerate(peps.numbers)}
    assert peps.links.shape == (736, 736)
    assert peps.links.has_canonical_format
    assert peps.links.diagonal().sum() == 0
    assert (peps.links.nnz, peps.links.sum()) == (1681, 3910)
    assert peps.links[row[8], row[257]] > 0  # the style guide refers to the docstring conventions


def test_description(peps):
    for number in (f"{peps.data.nnz:,}", f"{peps.links.nnz:,}", f"{int(peps.links.sum()):,}", "public domain"):
        assert number in peps.DESCR


def test_calls_do_not_share_arrays(peps):
    again = load_peps()
    again.data.sum_duplicates()
    assert not np.shares_memory(again.data.data, peps.data.data)
    assert peps.data.nnz == 803_706


def test_class_follows_the_configuration(peps):
    assert isinstance(peps.data, csr_matrix)
    with config_context(sparse_interface="sparray"):
        assert isinstance(load_peps().data, csr_array)


def test_package_data_is_small():
    folder = Path(datasets.__file__).parent / "data"
    assert sum(file.stat().st_size for file in folder.glob("peps.*")) < 1_500_000


def test_counts_are_those_of_the_source(peps, real_folder):
    source = load_folder(real_folder("peps"))
    counts = peps.data.copy()
    counts.sum_duplicates()
    assert (counts != source.data).nnz == 0
    assert_array_equal(peps.feature_names, source.feature_names)
    assert peps.authors == source.authors


def test_package_data_is_reproducible(tmp_path, real_folder, monkeypatch):
    monkeypatch.setattr("sys.argv", ["build_peps.py", str(real_folder("peps")), str(tmp_path)])
    runpy.run_path(str(ROOT / "tools" / "build_peps.py"), run_name="__main__")
    bundled = Path(datasets.__file__).parent / "data"
    with np.load(tmp_path / "peps.npz") as built, np.load(bundled / "peps.npz") as expected:
        assert set(built) == set(expected)
        for name in built:
            assert_array_equal(built[name], expected[name])
