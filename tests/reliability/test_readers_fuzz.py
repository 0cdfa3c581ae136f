# ruff: noqa: PT017 (what is raised is one of several things, and is looked at)
"""Readers of files on damaged input: an answer that is whole, or an error in words of the library.

Small files of every format are the corpus. An example takes one, damages it (bytes flipped, cut, inserted, repeated,
pieces of other files, words of the format) and reads it. The slow run reads 50,000.
"""

import json
import os
import re
import shutil
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from scipy.sparse import csc_matrix, csr_matrix, save_npz

from skartm.datasets import (
    from_bow,
    from_token2id,
    load_folder,
    load_uci,
    load_vowpal_wabbit,
    open_memmap,
    save_memmap,
)

X = csr_matrix(np.array([[0, 2, 1, 0], [1, 0, 0, 3], [0, 0, 0, 0]], dtype=np.float32))
BOM = b"\xef\xbb\xbf"
UCI = b"3\n4\n4\n1 2 2\n1 3 1\n2 1 1\n2 4 3\n"
VOWPAL = "d1 |@word see https://python.org see:2 caf\u00e9:0.5 |@author ann\n\nd2\n |x y:1e3\n".encode()
LIMITS = {"max_line": 2**16, "max_bytes": 2**20}

# words that parsers treat in ways of their own
WORDS = [
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\0",
        b" ",
        b"\t",
        b"|",
        b"||",
        b":",
        b"-",
        b"1e999",
        b"nan",
        b"inf",
        b"-1",
        b"1_0",
        b"0x1",
    ),
    *(b"2147483648", b"9223372036854775808", b"1" * 5000, b"1e39", b"\xff\xfe", b"\xed\xa0\x80", b"\xc2\xa0", BOM),
    *(
        b"[",
        b"{",
        b'"',
        b"null",
        b"[" * 2000,
        b"\\ud800",
        b"NaN",
        "\u0661".encode(),
        b"'O'",
        b"|O",
        b"True",
        b"#",
        b"1j",
    ),
]


def packed(folder):
    """Bytes of every file of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Files of every format by name of the reader: the files of a folder, and which of them may be damaged."""
    import bz2
    import gzip
    import lzma

    tmp = tmp_path_factory.mktemp("corpus")
    save_memmap(tmp / "map", X)
    folders = {}
    for name, matrix in (
        ("csr", X),
        ("csc", csc_matrix(X)),
        ("coo", X.tocoo()),
        ("bsr", X.tobsr()),
        ("dia", X.todia()),
    ):
        folder = folders[name] = tmp / name
        folder.mkdir()
        save_npz(folder / "counts.npz", matrix, compressed=name != "csr")
        (folder / "vocab.txt").write_bytes(BOM + "a\nb\ncaf\u00e9\nd\n".encode())
        (folder / "labels.txt").write_bytes(b"one\r\ntwo\nthree\n")
        (folder / "tags.jsonl").write_bytes(b'["a", 1]\n{"b": null}\n3.5\n')
        (folder / "docs.jsonl").write_bytes(b'{"text": "a"}\n{"text": "b"}\n{}\n')
        (folder / "info.json").write_bytes(json.dumps({"name": "x"}).encode())
        (folder / "README.md").write_bytes("Caf\u00e9.\r\n".encode())
    packers = {"": lambda b: b, ".gz": lambda b: gzip.compress(b, mtime=0), ".bz2": bz2.compress, ".xz": lzma.compress}
    return {
        **{f"folder {name}": (packed(folder), read_folder) for name, folder in folders.items()},
        **{
            f"uci{suffix}": ({f"docword{suffix}": pack(UCI), "vocab": b"a\nb\nc\nd\n"}, read_uci)
            for suffix, pack in packers.items()
        },
        **{f"vowpal{suffix}": ({f"vw{suffix}": pack(VOWPAL)}, read_vowpal) for suffix, pack in packers.items()},
        "map": (packed(tmp / "map"), read_map),
    }


def read_folder(folder):
    corpus = load_folder(folder, records=True, **LIMITS)
    assert corpus.data.shape[1] == corpus.feature_names.size
    return corpus.data


def read_uci(folder):
    docword = next(path for path in folder.iterdir() if path.name.startswith("docword"))
    corpus = load_uci(docword, folder / "vocab", **LIMITS)
    on_disk = load_uci(docword, folder / "vocab", memmap=folder / "map", **LIMITS).data
    assert np.array_equal(corpus.data.indices, on_disk.indices)
    assert corpus.data.shape[1] == corpus.feature_names.size
    return corpus.data


def read_vowpal(folder):
    path = next(path for path in folder.iterdir() if path.name.startswith("vw"))
    corpus = load_vowpal_wabbit(path, **LIMITS)
    assert corpus.data.shape == (corpus.titles.size, corpus.feature_names.size)
    return corpus.data


def read_map(folder):
    data = open_memmap(folder)
    assert (data.data.size, data.indptr.size) == (data.indices.size, data.shape[0] + 1)
    return  # its entries are read, and checked, when it is used


def check_whole(data):
    """A matrix that a reader has made is one: every later use may trust it."""
    if data is None:
        return
    data.check_format(full_check=True)
    assert data.data.dtype == np.float32
    assert data.indices.size == 0 or 0 <= data.indices.min() <= data.indices.max() < data.shape[1]


@st.composite
def damages(draw):
    """Which file, and what happens to it: a list of (kind, place, length, bytes)."""
    kinds = st.sampled_from(["flip", "cut", "insert", "repeat", "word", "word", "word", "delete", "byte"])
    place = st.floats(0, 1, width=32)
    steps = st.tuples(kinds, place, st.integers(1, 12), st.binary(min_size=1, max_size=4), st.sampled_from(WORDS))
    return draw(st.integers(0, 9)), draw(st.lists(steps, min_size=1, max_size=4))


def damaged(content, steps):
    """The bytes after all of it."""
    for kind, place, length, some, word in steps:
        at = int(place * len(content))
        if kind == "flip" and content:
            at = min(at, len(content) - 1)
            content = content[:at] + bytes([content[at] ^ (1 << length % 8)]) + content[at + 1 :]
        elif kind == "byte":
            content = content[:at] + some[:1] + content[at + 1 :]
        elif kind == "cut":
            content = content[:at]
        elif kind == "insert":
            content = content[:at] + some + content[at:]
        elif kind == "word":
            content = content[:at] + word + content[at + length % 3 :]
        elif kind == "repeat":
            content = content[:at] + content[at : at + length] * 3 + content[at + length :]
        elif kind == "delete":
            content = content[:at] + content[at + length :]
    return content


# sentences of the library; what comes from elsewhere is quoted inside of one
SENTENCE = re.compile(r"must|expected|different|no vocabulary|not repeat", re.DOTALL)


def read_damaged(files, read, target, steps, folder):
    """Read what is left of the files; anything but an answer or an error in our words fails."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(damaged(content, steps) if name == target else content)
    try:
        data = read(folder)
    except ValueError as error:
        assert type(error) is ValueError, f"raw {type(error).__name__}: {error}"
        assert SENTENCE.search(str(error)), f"not a sentence of ours: {error}"
        assert len(str(error)) < 900
    except FileNotFoundError as error:
        assert "must" in str(error)
    else:
        check_whole(data)


def fuzz(corpus, name, n_examples, folder):
    files, read = corpus[name]
    repaired = [n for n in files if n.endswith((".gz", ".npz"))]

    @settings(
        max_examples=n_examples,
        database=None,
        derandomize=n_examples < 1000,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(damages())
    def run(damage):
        which, steps = damage
        target = sorted(files)[which % len(files)]
        if target in repaired and which % 2:  # a checksum that fits lets the damage go deeper
            inner = {**files, target: repacked(files[target], steps)}
            read_damaged(inner, read, None, [], folder)
        else:
            read_damaged(files, read, target, steps, folder)

    run()


def repacked(content, steps):
    """A compressed file or an archive with its content damaged, and its checksums right."""
    import gzip
    import io
    import zipfile

    if content[:2] == b"\x1f\x8b":
        return gzip.compress(damaged(gzip.decompress(content), steps), mtime=0)
    old, buffer = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    names = old.namelist()
    hit = names[zlib.crc32(repr(steps).encode()) % len(names)]
    with zipfile.ZipFile(buffer, "w") as new:
        for name in names:
            new.writestr(name, damaged(old.read(name), steps) if name == hit else old.read(name))
    return buffer.getvalue()


READERS = [
    *(f"folder {kind}" for kind in ("csr", "csc", "coo", "bsr", "dia")),
    *(f"{kind}{suffix}" for kind in ("uci", "vowpal") for suffix in ("", ".gz", ".bz2", ".xz")),
    "map",
]


@pytest.mark.parametrize("name", READERS)
def test_damaged_files(corpus, name, tmp_path):
    fuzz(corpus, name, 25, tmp_path / "x")


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_fifty_thousand_damaged_files(corpus, name, tmp_path):
    n_examples = int(os.environ.get("SKARTM_FUZZ_READERS", "50000")) // len(READERS) + 1
    fuzz(corpus, name, n_examples, tmp_path / "x")


def test_files_that_are_not_damaged_are_read(corpus, tmp_path):
    assert set(READERS) == set(corpus)
    for name, (files, read) in corpus.items():
        read_damaged(files, read, None, [], tmp_path / "x")
        data = read(tmp_path / "x")
        assert data is None or data.nnz, name


PAIRS = st.lists(
    st.lists(
        st.one_of(
            st.tuples(
                st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.none(), st.text(max_size=3), st.booleans()),
                st.one_of(
                    st.integers(-(2**70), 2**70), st.floats(), st.none(), st.complex_numbers(), st.lists(st.just(1))
                ),
            ),
            st.tuples(st.integers(0, 5), st.integers(0, 300)),
            st.integers(),
            st.text(max_size=2),
        ),
        max_size=4,
    ),
    max_size=4,
)


@settings(max_examples=200, derandomize=True)
@given(
    PAIRS,
    st.sampled_from([None, 0, 3, 2**31 - 1, 2**31, 2**40, -1, 1.5, "3"]),
    st.sampled_from(["f4", "i1", "f8", "u8", "?"]),
)
def test_lists_of_pairs(docs, n_features, dtype):
    try:
        data = from_bow(docs, n_features, dtype=dtype)
    except ValueError as error:
        assert type(error) is ValueError
        assert "must" in str(error)
        assert len(str(error)) < 600
        return
    data.check_format(full_check=True)
    expected = [[(int(token), count) for token, count in doc] for doc in docs]
    assert data.shape[0] == len(docs)
    assert data.nnz == sum(map(len, expected))
    for row, doc in zip(range(len(docs)), expected, strict=True):
        entries = slice(data.indptr[row], data.indptr[row + 1])
        assert data.indices[entries].tolist() == [token for token, _ in doc]
        np.testing.assert_allclose(data.data[entries].astype(float), [float(count) for _, count in doc], rtol=1e-6)


@settings(max_examples=200, derandomize=True)
@given(
    st.dictionaries(
        st.one_of(st.text(max_size=3), st.integers(-2, 5)), st.one_of(st.integers(-2, 5), st.text(max_size=3))
    )
)
def test_vocabularies(token2id):
    try:
        names = from_token2id(token2id)
    except (ValueError, TypeError) as error:
        assert "must" in str(error)
        return
    numbers = {name: number for number, name in enumerate(names)}
    assert token2id in (numbers, dict(enumerate(names)))


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_byte_order_mark_is_left_out(tmp_path, suffix):
    import gzip

    pack = gzip.compress if suffix else bytes
    (tmp_path / f"a{suffix}").write_bytes(pack(BOM + UCI))
    (tmp_path / f"v{suffix}").write_bytes(pack(BOM + b"a\r\nb\r\nc\r\nd\r\n"))
    (tmp_path / f"w{suffix}").write_bytes(pack(BOM + b"d1 a\n"))
    corpus = load_uci(tmp_path / f"a{suffix}", tmp_path / f"v{suffix}")
    assert corpus.feature_names.tolist() == ["a", "b", "c", "d"]
    assert corpus.data.nnz == 4
    assert load_vowpal_wabbit(tmp_path / f"w{suffix}").titles.tolist() == ["d1"]


def test_a_byte_order_mark_in_a_folder(corpus, tmp_path):
    files = dict(corpus["folder csr"][0])
    for name in ("vocab.txt", "labels.txt", "tags.jsonl", "docs.jsonl", "info.json", "README.md"):
        files[name] = BOM + files[name].removeprefix(BOM)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    loaded = load_folder(tmp_path, records=True)
    assert loaded.feature_names[0] == "a"
    assert loaded.labels.tolist() == ["one", "two", "three"]
    assert loaded.tags[0] == ["a", 1]
    assert loaded.info == {"name": "x"}
    assert loaded.DESCR == "Caf\u00e9.\n"
