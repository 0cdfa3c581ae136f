"""Files that the library writes: whole or not at all, whatever ends the process; files that it reads: bounded."""

import bz2
import gzip
import inspect
import json
import lzma
import os
import shutil
import sys
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse import csr_matrix, save_npz

from skartm import datasets
from skartm.base import MappedFiles, whole_file
from skartm.datasets import (
    dump_uci,
    dump_vowpal_wabbit,
    fetch_corpus,
    from_bow,
    load_folder,
    load_uci,
    load_vowpal_wabbit,
    open_memmap,
    save_memmap,
)
from tests.reliability.processes import in_child, killed_at, with_limit

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of resources and fork as on Linux")
MATRICES = [
    csr_matrix(np.random.default_rng(seed).poisson(0.3, (40 + 10 * seed, 8)).astype(np.float32)) for seed in (0, 1)
]
NAMES = [[f"{'old' if seed == 0 else 'new'}{k}" for k in range(8)] for seed in (0, 1)]
BOWS = [list(datasets.to_bow(X)) for X in MATRICES]


def uci(suffix):
    return (
        lambda place, which: dump_uci(MATRICES[which], f"{place}{suffix}"),
        lambda place: load_uci(f"{place}{suffix}").data.toarray().tolist(),
    )


def vowpal(suffix):
    return (
        lambda place, which: dump_vowpal_wabbit(MATRICES[which], f"{place}{suffix}", feature_names=NAMES[which]),
        lambda place: (
            load_vowpal_wabbit(f"{place}{suffix}").titles.tolist()
            + load_vowpal_wabbit(f"{place}{suffix}").data.toarray().tolist()
        ),
    )


def sources(folder):
    """Text files of both matrices, which readers turn into on-disk ones."""
    for which in (0, 1):
        dump_uci(MATRICES[which], folder / f"docword{which}")
        dump_vowpal_wabbit(MATRICES[which], folder / f"vw{which}", feature_names=NAMES[which])


def stored(place):
    X = open_memmap(place)
    return [np.array(part).tolist() for part in (X.data, X.indices, X.indptr)] + [X.shape]


# name: writes one of two matrices to a place, reads what is there
WRITERS = {
    "save_memmap": (lambda place, which: save_memmap(place, MATRICES[which]), stored),
    "save_memmap of blocks": (
        lambda place, which: save_memmap(place, (MATRICES[which][k : k + 9] for k in range(0, 40, 9))),
        stored,
    ),
    "from_bow": (lambda place, which: from_bow(BOWS[which], memmap=place), stored),
    "load_uci": (lambda place, which: load_uci(place.parent / f"docword{which}", memmap=place), stored),
    "load_vowpal_wabbit": (lambda place, which: load_vowpal_wabbit(place.parent / f"vw{which}", memmap=place), stored),
    "dump_uci": uci(""),
    "dump_uci.gz": uci(".gz"),
    "dump_vowpal_wabbit": vowpal(""),
    "dump_vowpal_wabbit.gz": vowpal(".gz"),
}
every_writer = pytest.mark.parametrize("name", WRITERS)


def some_writers(*chosen):
    """All writers, of which the others are slow: a kill at every step is some forty processes."""
    others = [pytest.param(name, marks=pytest.mark.slow) for name in WRITERS if name not in chosen]
    return pytest.mark.parametrize("name", [*chosen, *others])


def test_every_writer_is_tried():
    writers = {
        name
        for name in datasets.__all__
        if name.startswith(("dump_", "save_")) or "memmap" in inspect.signature(getattr(datasets, name)).parameters
    }
    assert writers == {name.split(".")[0].split(" ")[0] for name in WRITERS}


def test_nothing_else_opens_files_to_write():
    """All writing goes through base/_files.py, but for the scratch files of on-disk matrices."""
    import ast

    found = set()
    for path in sorted(Path(datasets.__file__).parents[1].rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func).split(".")[-1]
            modes = [a.value for a in (*node.args, *(k.value for k in node.keywords)) if isinstance(a, ast.Constant)]
            writes = called == "open" and any(isinstance(m, str) and set(m) & set("wax+") and len(m) < 4 for m in modes)
            if writes or called in ("write_text", "write_bytes", "savez", "savefig", "save_npz", "to_csv", "dump"):
                found.add("/".join(path.parts[-2:]))
    assert found == {"base/_files.py", "datasets/_memmap.py", "datasets/_text_file.py"}


def killed_everywhere(name, tmp_path, prepare):
    """Kill the writing of the new matrix at each step; yields the place as it is afterwards."""
    write, _ = WRITERS[name]
    model = tmp_path / "model"
    model.mkdir()
    sources(model)
    prepare(model / "place")
    step, how = 0, "killed"
    while how == "killed":
        folder = tmp_path / f"at{step}"
        shutil.copytree(model, folder)
        place = folder / "place"
        how, _ = killed_at(step, partial(write, place, 1))
        yield place
        shutil.rmtree(folder)
        step += 1
    assert how == "returned"
    assert step > 6


@linux
@some_writers("save_memmap", "dump_uci")
def test_killed_at_any_step_the_old_or_the_new_is_there(name, tmp_path):
    write, read = WRITERS[name]
    sources(tmp_path)
    write(tmp_path / "first", 0)
    write(tmp_path / "second", 1)
    old, new = read(tmp_path / "first"), read(tmp_path / "second")
    assert old != new
    seen = []
    for place in killed_everywhere(name, tmp_path, lambda place: write(place, 0)):
        found = read(place)
        assert found in (old, new), f"killed at step {len(seen)}"
        seen.append(found == new)
        if len(seen) % 5 == 0:
            write(place, 1)  # what was left over is in nobody's way
            assert read(place) == new
    assert seen == sorted(seen)  # first the old one, from some step on the new one
    assert seen[0] is False
    assert seen[-1] is True


@linux
@some_writers("dump_uci")
def test_killed_while_the_first_is_written(name, tmp_path):
    write, read = WRITERS[name]
    sources(tmp_path)
    write(tmp_path / "second", 1)
    new = read(tmp_path / "second")
    for place in killed_everywhere(name, tmp_path, lambda place: None):
        if any(path.name.startswith("place") for path in place.parent.iterdir()):
            assert read(place) == new
        else:
            write(place, 1)
            assert read(place) == new


@linux
@every_writer
def test_a_full_disk_leaves_the_old_one_and_nothing_else(name, tmp_path):
    write, read = WRITERS[name]
    sources(tmp_path)
    write(tmp_path / "place", 0)
    before, old = sorted(path for path in tmp_path.rglob("*")), read(tmp_path / "place")
    n_failed = 0
    for size in (0, 1, 50, 127, 128, 129, 200, 400):
        how, message = with_limit("RLIMIT_FSIZE", size, lambda: write(tmp_path / "place", 1))
        if how == "returned":
            continue
        assert how == "raised", message
        assert message.startswith("OSError"), message
        assert "File too large" in message
        assert sorted(tmp_path.rglob("*")) == before
        assert read(tmp_path / "place") == old
        n_failed += 1
    assert n_failed > 2


@linux
def test_both_files_of_uci_are_complete_before_one_is_replaced(tmp_path):
    place = tmp_path / "docword", tmp_path / "vocab"
    dump_uci(MATRICES[0], *place, feature_names=NAMES[0])
    big = ["w" * 3000 + str(k) for k in range(8)]
    how, _ = with_limit("RLIMIT_FSIZE", 2000, lambda: dump_uci(MATRICES[1], *place, feature_names=big))
    assert how == "raised"
    corpus = load_uci(*place)
    assert corpus.feature_names.tolist() == NAMES[0]
    assert (corpus.data != MATRICES[0]).nnz == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_an_error_of_the_caller_leaves_the_old_file(tmp_path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(ZeroDivisionError), whole_file(tmp_path / "a") as scratch:
        scratch.write_text(f"new {1 / 0}")
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@linux
def test_links_modes_and_devices_stay_what_they_are(tmp_path):
    target = tmp_path / "target"
    target.write_text("old")
    target.chmod(0o640)
    (tmp_path / "link").symlink_to(target)
    dump_uci(MATRICES[0], tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert target.read_text().startswith("40\n8\n")
    assert target.stat().st_mode & 0o777 == 0o640
    dump_uci(MATRICES[0], "/dev/null")
    assert Path("/dev/null").is_char_device()


def test_a_matrix_that_is_open_keeps_its_files(tmp_path):
    X = save_memmap(tmp_path / "x", MATRICES[0])
    for _ in range(3):
        Y = save_memmap(tmp_path / "x", MATRICES[1])
    assert (csr_matrix(X) != MATRICES[0]).nnz == 0
    assert (csr_matrix(Y) != MATRICES[1]).nnz == 0
    assert len(list((tmp_path / "x").iterdir())) == 4  # the replaced ones are gone
    (tmp_path / "x" / "vocab.txt").write_text("a\n" * 8)
    save_memmap(tmp_path / "x", MATRICES[0])
    assert (tmp_path / "x" / "vocab.txt").exists()
    assert load_folder(tmp_path / "x").data.shape == (40, 8)


def test_leftovers_are_removed_when_they_are_old(tmp_path):
    save_memmap(tmp_path, MATRICES[0])
    for name, age in (("data.0123abcd.npy", 2e5), ("indptr.0123abcd.npy", 10), ("mine.npy", 2e5)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (1, (tmp_path / "csr.json").stat().st_mtime - age))
    save_memmap(tmp_path, MATRICES[1])
    names = {path.name for path in tmp_path.iterdir()}
    assert "data.0123abcd.npy" not in names
    assert {"indptr.0123abcd.npy", "mine.npy"} <= names


# --- maps whose files change ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["data", "indices", "indptr"])
@pytest.mark.parametrize("change", ["shrink", "grow", "write", "touch"])
def test_a_changed_file_is_noticed(tmp_path, part, change):
    X = save_memmap(tmp_path / "x", MATRICES[0])
    files = MappedFiles(X)
    assert files
    assert files.changed() is None
    files.check("PLSA")
    path = tmp_path / "x" / f"{part}.npy"
    if change == "shrink":
        os.truncate(path, path.stat().st_size - 1)
    elif change == "touch":
        os.utime(path, ns=(1, 1))
    else:
        with open(path, "r+b") as file:
            file.seek(0, 2 if change == "grow" else 0)
            file.write(b"abc")
        os.utime(path, ns=(1, path.stat().st_mtime_ns + 10**9))  # clocks of file systems are coarse
    assert files.changed() == str(path)
    assert MappedFiles(X).changed() == str(path)  # it was another one when it was opened
    with pytest.raises(OSError, match=r"PLSA: the files of a memory-mapped X must stay .* open it again"):
        files.check("PLSA")


def test_a_replaced_matrix_is_no_change(tmp_path):
    files = MappedFiles(save_memmap(tmp_path, MATRICES[0]))
    save_memmap(tmp_path, MATRICES[1])
    assert files.changed() is None
    for path in tmp_path.glob("*.npy"):
        path.unlink()
    assert files.changed() is None


def test_maps_of_any_kind(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(12.0).reshape(3, 4))
    dense = np.load(tmp_path / "a.npy", mmap_mode="r")
    files = MappedFiles(np.asarray(dense)[1:])
    assert files
    os.truncate(tmp_path / "a.npy", 140)
    assert files.changed() is not None
    for X in (MATRICES[0], np.eye(3), [[1, 2]]):
        assert not MappedFiles(X)
        assert MappedFiles(X).changed() is None
    Y = open_memmap(save_at(tmp_path / "w"), mode="r+")
    Y.data[0] = 7  # own changes before the map is looked at are none
    assert MappedFiles(Y).changed() is None


def save_at(path):
    save_memmap(path, MATRICES[0])
    return path


@pytest.mark.parametrize(
    "damage",
    [
        lambda f: os.truncate(f / "data.npy", 100),
        lambda f: os.truncate(f / "indices.npy", (f / "indices.npy").stat().st_size - 4),
        lambda f: (f / "indptr.npy").write_bytes(b""),
        lambda f: np.save(f / "indptr.npy", np.zeros(41, dtype=np.int32)),
        lambda f: np.save(f / "indices.npy", np.zeros((2, 2))),
        lambda f: np.save(f / "indices.npy", np.zeros(np.load(f / "indices.npy").size)),
        lambda f: (f / "csr.json").write_text("{}"),
        lambda f: (f / "csr.json").write_text("[" * 10**5),
        lambda f: (f / "csr.json").write_bytes(b"\xff\xfe"),
        lambda f: rewrite(f, shape=[10**9, 8]),
        lambda f: rewrite(f, shape=[-1, 8]),
        lambda f: rewrite(f, shape=[40, 1e300]),
        lambda f: rewrite(f, nnz="all"),
        lambda f: rewrite(f, files={"data.npy": "../data.npy"}),
        lambda f: rewrite(f, files={"data.npy": "/etc/passwd"}),
        lambda f: rewrite(f, files=3),
    ],
)
def test_a_damaged_matrix_is_refused_when_it_is_opened(tmp_path, damage):
    folder = save_at(tmp_path / "x")
    damage(folder)
    with pytest.raises(ValueError, match=r"An on-disk CSR must have the arrays .* write it again with save_memmap"):
        open_memmap(folder)


def rewrite(folder, **entries):
    header = json.loads((folder / "csr.json").read_text())
    (folder / "csr.json").write_text(json.dumps(header | entries))


# --- bombs ------------------------------------------------------------------------------------------------------------


def repeated(opener, block, times):
    """A compressed file of a block of text again and again, made of members that follow each other."""
    return opener.compress(block) * times


def npz(path, **arrays):
    """An archive whose headers say what they like: name to (header, bytes)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (shape, dtype, content) in arrays.items():
            with archive.open(f"{name}.npy", "w") as file:
                header = {"descr": dtype, "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(file, header)
                file.write(content)


def folder_of(tmp, counts=None):
    folder = tmp / "corpus"
    folder.mkdir()
    save_npz(folder / "counts.npz", csr_matrix([[1.0, 2.0]]))
    (folder / "vocab.txt").write_text("a\nb\n")
    return folder


BLOCK = 2**24


def bomb_folder(name, content):
    def load(tmp):
        folder = folder_of(tmp)
        (folder / name).write_bytes(content())
        load_folder(folder, records=True)

    return load


def bomb_file(name, content, load):
    def explode(tmp):
        (tmp / name).write_bytes(content())
        load(tmp / name)

    return explode


def small(load):
    """A reader with a limit that is soon reached."""
    return partial(load, max_bytes=2**22)


def bomb_npz(**arrays):
    def load(tmp):
        folder = folder_of(tmp)
        npz(folder / "counts.npz", format=((), "|S3", b"csr"), **arrays)
        load_folder(folder)

    return load


ONE = ((1,), "<i4", b"\0\0\0\0")
BOMBS = {
    "documents of a header": bomb_file("a", lambda: b"1000000000\n10\n0\n", load_uci),
    "documents beyond 64 bits": bomb_file("a", lambda: b"9" * 4000 + b"\n10\n0\n", load_uci),
    "columns of a header": bomb_file("a", lambda: b"1\n99999999999\n0\n", load_uci),
    "entries of a header": bomb_file("a", lambda: b"1\n1\n99999999999999999999999\n", load_uci),
    "id beyond 31 bits": bomb_file("a", lambda: b"1\n9\n1\n1 2147483649 1\n", load_uci),
    "line of uci": bomb_file("a.gz", lambda: repeated(gzip, b"1" * BLOCK, 64), load_uci),
    "line after the header": bomb_file(
        "a.gz", lambda: gzip.compress(b"1\n1\n1\n") + repeated(gzip, b" " * BLOCK, 64), load_uci
    ),
    "lines of uci": bomb_file(
        "a.gz", lambda: gzip.compress(b"1\n1\n1\n") + repeated(gzip, b"\n" * BLOCK, 64), small(load_uci)
    ),
    "line of vowpal wabbit": bomb_file("a.bz2", lambda: repeated(bz2, b"a" * BLOCK, 64), load_vowpal_wabbit),
    "lines of vowpal wabbit": bomb_file("a.xz", lambda: repeated(lzma, b"\n" * BLOCK, 64), small(load_vowpal_wabbit)),
    "tokens of vowpal wabbit": bomb_file(
        "a.gz",
        lambda: repeated(gzip, b"ab a:1 " * (BLOCK // 8), 8),
        lambda path: load_vowpal_wabbit(path, max_line=2**20),
    ),
    "titles of vowpal wabbit": bomb_file(
        "a.gz",
        lambda: repeated(gzip, b"ab\n" * (BLOCK // 4), 8),
        lambda path: load_vowpal_wabbit(path, max_bytes=2**20),
    ),
    "vocabulary": bomb_folder("vocab.txt", lambda: b"a\nb\n" + b"c" * (2 * BLOCK)),
    "line of labels": bomb_folder("labels.txt.gz", lambda: repeated(gzip, b"a" * BLOCK, 64)),
    "line of json": bomb_folder("tags.jsonl.xz", lambda: repeated(lzma, b"[" * BLOCK, 64)),
    "depth of json": bomb_folder("tags.jsonl", lambda: b"[" * 10**6),
    "number of json": bomb_folder("tags.jsonl", lambda: b"9" * 10**5),
    "information": bomb_folder("info.json", lambda: b"[" * 10**6),
    "member of an archive": bomb_npz(data=((2**31,), "<f4", b"\0" * 64), indices=ONE, indptr=ONE, shape=ONE),
    "negative member": bomb_npz(data=((-(2**31),), "<f4", b"\0" * 64), indices=ONE, indptr=ONE, shape=ONE),
    "zeros of an archive": bomb_npz(data=((2**24,), "<f8", b"\0" * 2**27), indices=ONE, indptr=ONE, shape=ONE),
}


SLOW_BOMBS = ("vocabulary", "line of json", "line of labels", "line of vowpal wabbit")  # 1.4 to 3 seconds


@linux
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW_BOMBS else name for name in BOMBS]
)
def test_bombs_are_refused_with_little_memory(name, tmp_path):
    how, message = with_limit("RLIMIT_AS", 2**29, lambda: BOMBS[name](tmp_path))
    assert how == "raised", (how, message)
    assert message.startswith("ValueError"), message
    assert len(message) < 700
    assert any(word in message for word in ("expected", "must"))


@linux
def test_a_pipe_among_the_files_is_not_waited_for(tmp_path):
    folder = folder_of(tmp_path)
    os.mkfifo(folder / "labels.txt")
    assert in_child(lambda: load_folder(folder).data.shape, timeout=20) == ("returned", (1, 2))


def test_limits_are_parameters(tmp_path):
    (tmp_path / "a").write_text("d " + "a " * 100)
    assert load_vowpal_wabbit(tmp_path / "a", max_line=300).data.nnz == 100
    with pytest.raises(ValueError, match=r"line 1: expected at most 200 bytes. Got more; .* larger max_line"):
        load_vowpal_wabbit(tmp_path / "a", max_line=200)
    with pytest.raises(ValueError, match=r"at most 201 bytes of text. Got more; .* larger max_bytes"):
        load_vowpal_wabbit(tmp_path / "a", max_bytes=201)
    for name in ("max_line", "max_bytes"):
        for wrong in (0, -1, 1.5, "1", True):
            with pytest.raises(ValueError, match=f"{name} must be a positive int"):
                load_vowpal_wabbit(tmp_path / "a", **{name: wrong})


# --- names that lead elsewhere ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../x", "..", ".", "", "a/b", "a\\b", "/etc", "c:x", "a\0b", 3, None, Path("x")])
def test_names_stay_inside(tmp_path, name):
    (tmp_path / "home").mkdir()
    shutil.move(folder_of(tmp_path), tmp_path / "x")
    shutil.copytree(tmp_path / "x", tmp_path / "home" / "a" / "b")
    with pytest.raises(ValueError, match="name must be the name of a folder"):
        fetch_corpus(name, data_home=tmp_path / "home")
    if name is not None:
        with pytest.raises(ValueError, match="part must be a piece of a name"):
            load_folder(tmp_path / "x", part=name)


# --- arguments in another order ---------------------------------------------------------------------------------------


def test_swapped_arguments(tmp_path):
    X = MATRICES[0]
    place = tmp_path / "x"
    with pytest.raises(TypeError, match="save_memmap takes the folder first, then the matrix"):
        save_memmap(X, place)
    with pytest.raises(TypeError, match=r"path must be a path.* check the order of the arguments"):
        save_memmap(X, X)
    with pytest.raises(TypeError, match=r"docword must be a path.* check the order of the arguments"):
        dump_uci(place, X)
    with pytest.raises(TypeError, match=r"path must be a path.* check the order of the arguments"):
        dump_vowpal_wabbit(place, X, feature_names=NAMES[0])
    for read in (open_memmap, load_uci, load_vowpal_wabbit, load_folder):
        for wrong in (X, 0, None, b"x", "a\0b"):
            with pytest.raises(TypeError, match="must be a path"):
                read(wrong)
    assert not place.exists()
