"""Corpora that are folders."""

import gzip
import json
import re

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix, save_npz
from sklearn import config_context

from skartm.datasets import fetch_corpus, load_folder, save_memmap


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "pets"
    path.mkdir()
    save_npz(path / "counts.npz", csr_matrix([[1, 2, 0], [0, 0, 3]]))
    (path / "vocab.txt").write_text("cat\ndog\né\n", encoding="utf-8")
    return path


def test_counts_and_vocabulary(folder):
    corpus = load_folder(folder)
    assert sorted(corpus) == ["DESCR", "data", "feature_names", "info"]
    assert corpus.data.toarray().tolist() == [[1, 2, 0], [0, 0, 3]]
    assert corpus.data.dtype == np.float32
    assert corpus.feature_names.tolist() == ["cat", "dog", "é"]
    assert (corpus.DESCR, corpus.info) == ("", {})
    with config_context(sparse_interface="sparray"):
        assert isinstance(load_folder(folder).data, csr_array)


def test_side_files(folder):
    (folder / "README.md").write_text("Pets.")
    (folder / "info.json").write_text('{"docs": 2}')
    (folder / "labels.txt").write_text("home\n\n")
    (folder / "authors.jsonl").write_text('["ann", "bob"]\n[]\n')
    (folder / "paragraph_doc.txt").write_text("0\n0\n1\n")
    (folder / "vocab_de.txt").write_text("katze\nhund\n")
    (folder / "notes.csv").write_text("a\nb\n")
    with gzip.open(folder / "times.txt.gz", "wt") as file:
        file.write("2000\n2001\n")
    (folder / "docs.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    corpus = load_folder(folder)
    assert corpus.labels.tolist() == ["home", ""]
    assert corpus.authors == [["ann", "bob"], []]
    assert corpus.times.tolist() == ["2000", "2001"]
    assert (corpus.DESCR, corpus.info) == ("Pets.", {"docs": 2})
    assert not {"paragraph_doc", "vocab_de", "notes", "docs"} & set(corpus)
    assert load_folder(folder, records=True).docs == [{"text": "a"}, {"text": "b"}]


def test_part(folder):
    save_npz(folder / "counts_de.npz", csr_matrix([[1], [0]]))
    (folder / "vocab_de.txt").write_text("katze\n")
    assert load_folder(folder, part="de").feature_names.tolist() == ["katze"]
    with pytest.raises(FileNotFoundError, match="must have counts_fr.npz"):
        load_folder(folder, part="fr")


def test_on_disk_counts(folder):
    (folder / "counts.npz").unlink()
    with pytest.raises(FileNotFoundError, match="must have counts.npz.*scipy.sparse.save_npz"):
        load_folder(folder)
    (folder / "vocab.txt").unlink()
    save_memmap(folder, np.eye(3))
    with pytest.raises(FileNotFoundError, match="must have vocab.txt.*one token a line"):
        load_folder(folder)
    (folder / "vocab.txt").write_text("a\nb\nc\n")
    assert isinstance(load_folder(folder).data.data, np.memmap)


def test_what_does_not_fit_together(folder):
    (folder / "tags.jsonl").write_text("[]\n[\n")
    with pytest.raises(ValueError, match=r"tags\.jsonl, line 2: expected a JSON value. Got '\['"):
        load_folder(folder)
    (folder / "vocab.txt").write_text("cat\n")
    with pytest.raises(ValueError, match=r"vocab\.txt must have 3 lines, one a column of the counts. Got 1"):
        load_folder(folder)
    with pytest.raises(FileNotFoundError, match="path must be the folder of a corpus"):
        load_folder(folder / "nothing")


def test_corpora_are_found_by_name(folder, monkeypatch):
    assert fetch_corpus("pets", folder.parent).data.shape == (2, 3)
    monkeypatch.setenv("SKARTM_DATA", str(folder.parent))
    assert fetch_corpus("pets").data.shape == (2, 3)
    with pytest.raises(FileNotFoundError, match=r"Got 'zoo'; put a folder of that name there.*Present: pets\."):
        fetch_corpus("zoo")


def test_folder_of_corpora_is_needed(tmp_path, monkeypatch):
    monkeypatch.delenv("SKARTM_DATA", raising=False)
    with pytest.raises(FileNotFoundError, match="no environment variable SKARTM_DATA; set one of them"):
        fetch_corpus("pets")
    with pytest.raises(FileNotFoundError, match=f"must be a folder. Got {re.escape(repr(str(tmp_path / 'no')))}"):
        fetch_corpus("pets", tmp_path / "no")


@pytest.mark.parametrize("name", ["debian_packages", "eips", "reuters395", "sotu"])
def test_real_corpora(real_folder, name):
    folder = real_folder(name)
    corpus = fetch_corpus(name, folder.parent)
    info = json.loads((folder / "info.json").read_text())
    assert corpus.info == info
    assert corpus.data.shape == (info["docs"], info["vocab"])
    assert (corpus.data.nnz, corpus.data.sum(dtype=np.float64)) == (info["nnz"], info["tokens"])
    for key in ("authors", "labels", "times", "tags"):
        assert len(corpus.get(key, range(info["docs"]))) == info["docs"]


def test_real_part(real_folder):
    folder = real_folder("debian_packages")
    assert load_folder(folder, part="de").data.shape[0] == load_folder(folder).data.shape[0]


def test_real_records(real_folder):
    assert load_folder(real_folder("eips"), records=True).docs[0]["text"]
