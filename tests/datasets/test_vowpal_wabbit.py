"""Vowpal Wabbit text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skartm.datasets import _vowpal_wabbit as vowpal_wabbit
from skartm.datasets import dump_vowpal_wabbit, load_peps, load_vowpal_wabbit
from tests.datasets.matrices import sequences, tokens, weights

fields = tokens.filter(
    lambda name: len(name.encode().split()) == 1 and name == name.strip(" \t\n\r\v\f") and name[0] != "|"
)
hard = st.sampled_from(
    ["https://a.b", "12:30", "a:1e3", ":3", "::", "a:", "a:nan", "a:-1", "no\u00a0break", "a|b", "#", "0"]
)


@pytest.fixture
def read(tmp_path):
    def read(text, **options):
        path = tmp_path / "corpus.vw"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_vowpal_wabbit(path, **options)

    return read


@given(X=sequences(weights=weights), data=st.data())
def test_round_trip_with_the_vocabulary_keeps_the_stored_entries(tmp_path_factory, X, data):
    path = tmp_path_factory.mktemp("vw") / "corpus.vw"
    n_docs, n_tokens = X.shape
    names = data.draw(st.lists(fields | hard, min_size=n_tokens, max_size=n_tokens, unique=True))
    n_words = data.draw(st.integers(0, n_tokens))
    modalities = ["@word"] * n_words + ["tag"] * (n_tokens - n_words)
    titles = data.draw(st.lists(fields, min_size=n_docs, max_size=n_docs))
    dump_vowpal_wabbit(X, path, feature_names=names, modalities=modalities, titles=titles)
    corpus = load_vowpal_wabbit(path, vocabulary={"@word": names[:n_words], "tag": names[n_words:]})
    for name in ("data", "indices", "indptr"):
        assert_array_equal(getattr(corpus.data, name), getattr(X, name))
    assert corpus.data.shape == X.shape
    assert corpus.feature_names.tolist() == names
    assert corpus.modalities.tolist() == modalities
    assert corpus.titles.tolist() == titles
    assert corpus.n_dropped == 0


@given(X=sequences(), n_entries=st.integers(1, 5), on_disk=st.booleans())
def test_learned_vocabulary_is_the_sorted_part_that_occurs(tmp_path_factory, X, n_entries, on_disk):
    folder = tmp_path_factory.mktemp("vw")
    dump_vowpal_wabbit(X, folder / "corpus.vw", feature_names=list("edcba")[: X.shape[1]])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vowpal_wabbit, "_ENTRIES", n_entries)
        corpus = load_vowpal_wabbit(folder / "corpus.vw", memmap=folder / "csr" if on_disk else None)
    used = np.unique(X.indices)[::-1]
    assert_array_equal(corpus.data.toarray(), X.toarray()[:, used])
    assert corpus.feature_names.tolist() == ["edcba"[column] for column in used]
    assert_array_equal(np.diff(corpus.data.indptr), np.diff(X.indptr))
    assert isinstance(corpus.data.data, np.memmap) == on_disk
    assert set(corpus.modalities) <= {"@default_class"}


def test_modalities_are_blocks_of_columns(read):
    corpus = read("d1 |@word b a b |author zoe\nd2 |author ann |@word c c\n")
    assert corpus.feature_names.tolist() == ["a", "b", "c", "ann", "zoe"]
    assert corpus.modalities.tolist() == ["@word"] * 3 + ["author"] * 2
    assert list(corpus.vocabulary) == ["@word", "author"]
    assert corpus.data.indices.tolist() == [1, 0, 1, 4, 3, 2, 2]
    assert corpus.data[:, corpus.modalities == "author"].toarray().tolist() == [[0, 1], [1, 0]]


def test_tokens_before_a_bar_or_after_a_bare_bar_are_of_the_default_modality(read):
    corpus = read("d1 a |@word b | c\n")
    assert corpus.vocabulary["@default_class"].tolist() == ["a", "c"]
    assert corpus.modalities.tolist() == ["@default_class"] * 2 + ["@word"]
    assert read("d1 |@word b\nd2 a\n").modalities.tolist() == ["@word", "@default_class"]


def test_same_token_in_two_modalities_is_two_columns(read):
    corpus = read("d |@word apple |@tag apple:2")
    assert corpus.feature_names.tolist() == ["apple", "apple"]
    assert corpus.data.toarray().tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("field", "token", "weight"),
    [
        ("cat:2", "cat", 2),
        ("cat:.5", "cat", 0.5),
        ("cat:1e2", "cat", 100),
        ("cat:+3.", "cat", 3),
        ("https://python.org", "https://python.org", 1),
        ("https://python.org:2", "https://python.org", 2),
        ("12:30:1", "12:30", 1),
        ("std::nan", "std::nan", 1),
        ("to:inf", "to:inf", 1),
        ("cat:", "cat:", 1),
        (":3", ":3", 1),
        ("cat:1_0", "cat:1_0", 1),
        ("cat:\u0663", "cat:\u0663", 1),
        ("naïve\u00a0café:2", "naïve\u00a0café", 2),
    ],
)
def test_weight_is_a_number_after_the_last_colon(read, field, token, weight):
    corpus = read(f"d {field}\n")
    assert corpus.feature_names.tolist() == [token]
    assert corpus.data.toarray().tolist() == [[weight]]


def test_empty_documents_are_rows_and_blank_lines_are_not(read):
    corpus = read("d1\n\n  \t\nd2 |@word\n|@word a\nd4 a\r\n")
    assert corpus.titles.tolist() == ["d1", "d2", "", "d4"]
    assert corpus.data.getnnz(axis=1).tolist() == [0, 0, 1, 1]
    assert read("").data.shape == (0, 0)


def test_given_vocabulary_drops_and_counts_the_others(read):
    corpus = read("d |@word a x b x |@tag t\ne |@word x\n", vocabulary={"@word": ["b", "a"], "@none": ["z"]})
    assert corpus.data.toarray().tolist() == [[1, 1, 0], [0, 0, 0]]
    assert corpus.data.indices.tolist() == [1, 0]
    assert corpus.modalities.tolist() == ["@word", "@word", "@none"]
    assert corpus.n_dropped == 4
    assert read("f |@word a", vocabulary=corpus.vocabulary).data.toarray().tolist() == [[0, 1, 0]]


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz"])
def test_compressed_files(tmp_path, suffix):
    dump_vowpal_wabbit([[1, 2]], tmp_path / f"x.vw{suffix}", feature_names=["é", "b"])
    assert load_vowpal_wabbit(tmp_path / f"x.vw{suffix}").data.toarray().tolist() == [[2, 1]]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"d a:-1", "a non-negative finite weight after the colon. Got 'a:-1'"),
        (b"d a:1e999", "a non-negative finite weight after the colon. Got 'a:1e999'"),
        (b"d ||edge a b", "modalities, not transactions.*Got '||edge'".replace("||", r"\|\|")),
        (b"d \xff", r"text in UTF-8. Got b'\\xff'"),
    ],
)
def test_malformed_line_is_named(tmp_path, read, line, complaint):
    with pytest.raises(ValueError, match=rf"corpus\.vw, line 3: expected {complaint}; correct"):
        read(b"d a\n\n" + line + b"\nd a\n", memmap=tmp_path / "csr")
    assert not (tmp_path / "csr").exists()


def test_vocabulary_is_checked(read):
    with pytest.raises(TypeError, match="must be a mapping of modality to tokens. Got list; pass {'@default_class'"):
        read("d a", vocabulary=["a"])
    with pytest.raises(ValueError, match=r"vocabulary\['@word'\] must not repeat a token"):
        read("d a", vocabulary={"@word": ["a", "a"]})


@pytest.mark.parametrize("value", [np.nan, np.inf, -1])
def test_bad_counts_are_not_written(tmp_path, value):
    with pytest.raises(ValueError, match="X contains|Negative values in data passed to dump_vowpal_wabbit"):
        dump_vowpal_wabbit([[value, 1.0]], tmp_path / "x.vw", feature_names=["a", "b"])
    assert not (tmp_path / "x.vw").exists()


@pytest.mark.parametrize("name", ["", " ", "a b", "a\tb", "a\n", "|a"])
@pytest.mark.parametrize("parameter", ["feature_names", "modalities", "titles"])
def test_bad_names_are_not_written(tmp_path, name, parameter):
    names = {"feature_names": ["a"], "modalities": ["@m"], "titles": ["t"]} | {parameter: [name]}
    with pytest.raises(ValueError, match=rf"{parameter} must be non-empty, without blanks"):
        dump_vowpal_wabbit([[1]], tmp_path / "x.vw", **names)


def test_written_lines(tmp_path):
    modalities = ["@w", "@t", "@w", "@w"]
    names = ["a", "t", "c", "9:5"]
    dump_vowpal_wabbit([[1, 2.5, 3, 1], [0, 0, 0, 0]], tmp_path / "x", feature_names=names, modalities=modalities)
    assert (tmp_path / "x").read_text() == "0 |@w a |@t t:2.5 |@w c:3 9:5:1\n1\n"


def test_bundled_corpus_keeps_its_order(tmp_path):
    peps = load_peps()
    titles = [f"PEP_{number}" for number in peps.numbers]
    dump_vowpal_wabbit(peps.data, tmp_path / "peps.vw.gz", feature_names=peps.feature_names, titles=titles)
    corpus = load_vowpal_wabbit(tmp_path / "peps.vw.gz")
    assert_array_equal(corpus.data.indices, peps.data.indices)
    assert_array_equal(corpus.feature_names, peps.feature_names)
    assert corpus.titles.tolist() == titles
