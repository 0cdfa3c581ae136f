"""A matrix on disk is read in parts by every option of every model: memory does not grow with documents."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from skartm import PLSA
from skartm.datasets import open_memmap, save_memmap
from tests.reliability.memory_worker import OPTIONS

N_DOCS, TIMES, LENGTH, N_TOKENS = 20_000, 4, 50, 400
MEGABYTES = 4  # of growth where the matrix grows by 36
GROW = {  # what is asked for is as long as the documents, 4 numbers each; or is an index of them
    "transform": "theta of all documents is returned",
    "AuthorTopic": "authors of all documents are held, and the results have their shares",
    "AuthorTopic, validation": "as without",
    "ARTMClassifier": "labels of all documents, and their theta",
}
SLOW = pytest.mark.slow
ONLY_LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    rng, made = np.random.default_rng(0), []
    for number, n_docs in enumerate((N_DOCS, TIMES * N_DOCS)):
        words = rng.integers(0, N_TOKENS, n_docs * LENGTH).astype(np.int32)
        rows = np.arange(0, words.size + 1, LENGTH, dtype=np.int64)
        X = sparse.csr_matrix((np.ones(words.size, dtype=np.float32), words, rows), shape=(n_docs, N_TOKENS))
        made.append(tmp_path_factory.mktemp("corpus") / str(number))
        save_memmap(made[-1], X)
    return made


@ONLY_LINUX
@pytest.mark.parametrize(
    "names",
    [["fit", "partial_fit"], pytest.param([name for name in OPTIONS if "fit" != name != "partial_fit"], marks=SLOW)],
    ids=["learning", "others"],
)
def test_bounded(names, folders):
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([os.environ.get("PYTHONPATH", root), root])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "MALLOC_TRIM_THRESHOLD_": "100000"}
    command = [sys.executable, "-m", "tests.reliability.memory_worker", *map(str, folders), *names]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=root, timeout=1200)
    assert result.returncode == 0, result.stderr
    for name, line in zip(names, result.stdout.splitlines(), strict=True):
        small, large = (int(value) / 1024 for value in line.split())
        allowed = MEGABYTES + ((TIMES - 1) * N_DOCS * 500 / 2**20 if name in GROW else 0)  # 500 bytes a document
        assert large - small < allowed, f"{name}: {small:.1f} MB, {large:.1f} MB of {TIMES} times the documents"


class TestChangedFiles:
    def learn_and(self, change, folders, tmp_path):
        """A fit of a copy of the small corpus whose file is changed before the third batch."""
        save_memmap(tmp_path / "corpus", open_memmap(folders[0])[:3000])
        X = open_memmap(tmp_path / "corpus")
        model = PLSA(4, max_iter=1, tol=0, random_state=0, learning_method="online", batch_size=500)
        step, place = type(model)._engine, tmp_path / "corpus" / "data.npy"

        def engine(self, layout, corpus, *, warm):
            made = step(self, layout, corpus, warm=warm)
            e_step, calls = made.e_step, []

            def counted(*args):
                calls.append(args)
                if len(calls) == 3:
                    change(place)
                return e_step(*args)

            made.e_step = counted
            return made

        model._engine = engine.__get__(model)
        return model.fit(X)

    def test_shorter(self, folders, tmp_path):
        def cut(place):
            os.truncate(place, place.stat().st_size - 400)

        with pytest.raises(ValueError, match=r"X must not change while .*'data.npy'.* was written to meanwhile"):
            self.learn_and(cut, folders, tmp_path)

    def test_written_to(self, folders, tmp_path):
        def write(place):
            with place.open("r+b") as file:
                file.seek(-4, os.SEEK_END)
                file.write(b"abcd")

        with pytest.raises(ValueError, match=r"'data.npy'.* was written to meanwhile; open it again"):
            self.learn_and(write, folders, tmp_path)

    def test_replaced_or_deleted_it_lives_on(self, folders, tmp_path):
        assert self.learn_and(Path.unlink, folders, tmp_path).n_iter_ == 1

    def test_otherwise_nothing_is_said(self, folders, tmp_path):
        assert self.learn_and(lambda place: None, folders, tmp_path).n_iter_ == 1
