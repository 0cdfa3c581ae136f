"""The bundled counts: Debian packages and State of the Union addresses."""

import gzip
import runpy
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, csr_matrix
from sklearn import config_context

from skartm import datasets
from skartm.datasets import load_debian_packages, load_folder, load_sotu

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(datasets.__file__).parent / "data"


@pytest.fixture(scope="module")
def packages():
    return load_debian_packages()


@pytest.fixture(scope="module")
def sotu():
    return load_sotu()


@pytest.mark.parametrize("name", ["debian_packages", "sotu"])
def test_package_data_is_small(name):
    assert sum(file.stat().st_size for file in DATA.glob(f"{name}.*")) < 1_500_000
    assert (DATA / f"{name}.rst").exists()


@pytest.mark.parametrize(("load", "other"), [(load_debian_packages, "links"), (load_sotu, "paragraphs")])
def test_matrices(load, other):
    corpus, again = load(), load()
    for name in ("data", other):
        X = corpus[name]
        assert isinstance(X, csr_matrix)
        assert (X.dtype, X.indices.dtype, X.indptr.dtype) == (np.float32, np.int32, np.int32)
        X.check_format(full_check=True)
        assert X.has_canonical_format
        assert (X.data > 0).all()
        assert not np.shares_memory(X.data, again[name].data)
    assert corpus.feature_names.tolist() == sorted(set(corpus.feature_names))
    with config_context(sparse_interface="sparray"):
        assert isinstance(load().data, csr_array)


# --- Debian packages --------------------------------------------------------------------------------------------------


def test_sizes_of_packages(packages):
    assert packages.data.shape == (4378, 5681)
    assert (packages.data.nnz, packages.data.sum()) == (117_355, 153_784)
    for key in ("names", "titles", "sections", "tags"):
        assert len(packages[key]) == 4378, key
    assert packages.names.tolist() == sorted(set(packages.names))
    assert len(set(packages.sections)) == 55
    assert len({tag for tags in packages.tags for tag in tags}) == 522
    assert all(packages.tags)
    assert (np.bincount(packages.data.indices) >= 3).all()


def test_translations(packages):
    translated = {name: np.count_nonzero(np.diff(other.data.indptr)) for name, other in packages.translations.items()}
    assert translated == {"it": 4378, "fr": 4378, "de": 4378, "pt_BR": 2456, "ru": 1508}
    for other in packages.translations.values():
        assert other.data.shape == (4378, len(other.feature_names))
        df = np.bincount(other.data.indices)
        assert df.min() >= 3
        assert df.max() <= 0.1 * np.count_nonzero(np.diff(other.data.indptr))


def test_a_package(packages):
    row = packages.names.tolist().index("3dchess")
    assert (packages.titles[row], packages.sections[row]) == ("Play chess across 3 boards!", "games")
    assert "game::board:chess" in packages.tags[row]
    for language, word in (("fr", "jeu"), ("de", "schach"), ("it", "scacchi")):
        other = packages.translations[language]
        assert word in other.feature_names[other.data[row].indices]
    assert "chess" in packages.feature_names[packages.data[row].indices]


def test_links_of_packages(packages):
    assert packages.links.shape == (4378, 4378)
    assert packages.links.nnz == packages.links.sum() == 18_406
    assert packages.links.diagonal().sum() == 0
    row = {name: i for i, name in enumerate(packages.names)}
    assert packages.links[row["0ad"], row["0ad-data"]] == 1


# --- State of the Union -----------------------------------------------------------------------------------------------


def test_sizes_of_addresses(sotu):
    assert sotu.data.shape == (240, 7758)
    assert sotu.paragraphs.shape == (21_638, 7758)
    assert (sotu.data.nnz, sotu.paragraphs.nnz) == (328_570, 721_275)
    assert sotu.data.sum() == sotu.paragraphs.sum() == 821_799
    for key in ("year", "president", "party", "type"):
        assert len(sotu[key]) == 240, key
    assert (sotu.year.min(), sotu.year.max()) == (1790, 2020)
    assert (np.diff(sotu.year) >= 0).all()
    assert len(set(sotu.president)) == 42
    assert set(sotu.type) == {"speech", "written"}


def test_addresses_are_the_sums_of_their_paragraphs(sotu):
    assert sotu.address.shape == (21_638,)
    assert set(np.diff(sotu.address)) == {0, 1}
    for row in (0, 117, 239):
        expected = np.asarray(sotu.paragraphs[sotu.address == row].sum(axis=0)).ravel()
        assert_array_equal(sotu.data[row].toarray().ravel(), expected)


def test_an_address(sotu):
    row = sotu.president.tolist().index("Abraham Lincoln")
    assert (sotu.year[row], sotu.party[row]) == (1861, "Republican")
    assert sotu.data[row, sotu.feature_names.tolist().index("insurrection")] > 0


# --- where they come from ---------------------------------------------------------------------------------------------


def test_descriptions_have_the_numbers(packages, sotu):
    links = f"{packages.links.nnz:,}"
    for number in (f"{packages.data.nnz:,}", f"{int(packages.data.sum()):,}", links, "bookworm", "licence"):
        assert number in packages.DESCR
    for other in packages.translations.values():
        assert f"{int(other.data.sum()):,}" in packages.DESCR
    for number in (f"{sotu.data.nnz:,}", f"{sotu.paragraphs.nnz:,}", f"{int(sotu.data.sum()):,}", "public domain"):
        assert number in sotu.DESCR


def test_counts_are_those_of_the_source(packages, sotu, real_folder):
    source = load_folder(real_folder("debian_packages"))
    column = {word: i for i, word in enumerate(source.feature_names)}
    theirs = source.data[:, [column[word] for word in packages.feature_names]]
    known = {tuple(sorted(zip(row.indices, row.data))) for row in theirs}
    assert all(tuple(zip(row.indices, row.data)) in known for row in packages.data[::50])
    words = (real_folder("sotu") / "vocab_paragraphs.txt").read_text(encoding="utf-8").split()
    assert sotu.feature_names.tolist() == words


def test_package_data_is_reproducible(tmp_path, real_folder, monkeypatch):
    monkeypatch.setattr("sys.argv", ["build_counts.py", str(real_folder("sotu").parent), str(tmp_path)])
    real_folder("debian_packages")
    runpy.run_path(str(ROOT / "tools" / "build_counts.py"), run_name="__main__")
    for name in ("debian_packages", "sotu"):
        built, expected = (gzip.decompress((folder / f"{name}.json.gz").read_bytes()) for folder in (tmp_path, DATA))
        assert built == expected
        with np.load(tmp_path / f"{name}.npz") as built, np.load(DATA / f"{name}.npz") as expected:
            assert set(built) == set(expected)
            for key in built:
                assert_array_equal(built[key], expected[key])
