"""Saved models: their places, versions, what skops must trust, and files that were written before."""

import ast
import importlib
import inspect
import io
import pickle
import pkgutil
import warnings
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator, clone

import skartm
from skartm import _saved, trusted_types
from skartm.base import Versioned, _versioned
from skartm.exceptions import OtherVersionWarning
from tests.regularizers.declarations import ALL_REGULARIZERS
from tests.reliability.saved_models import COUNTS, EDGES, EXCEPT, LABELS, MAKERS, NUMBERS, TEXT, WORDS, X, saved
from tests.reliability.saved_models import _frame as frame

PUBLIC = [
    importlib.import_module(name)
    for name in ["skartm", *(f"skartm.{part.name}" for part in pkgutil.iter_modules(skartm.__path__))]
    if not name.rpartition(".")[2].startswith("_") and name not in ("skartm.base",)
]
FILES = Path(__file__).parent / "files"


def input_of(name):
    """What the model of that name reads."""
    for start, data in (("TopicPipeline", frame()), ("Sequence", WORDS), ("Context", TEXT), ("Hyper", EDGES)):
        if name.startswith(start):
            return data
    if name.startswith("PLSA of a frame"):
        import pandas as pd

        return pd.DataFrame(X, columns=list("abcdefghij"))
    return NUMBERS if name.startswith("Monoton") else X if "NMF" in name else COUNTS


def result_of(name, model):
    """What a fitted model computes, as an array."""
    options = {"authors": [["b"]] * 24} if name == "AuthorTopic" else {}
    options = {"groups": LABELS} if name == "SentenceTopicModel" else options
    method = next(m for m in ("transform", "predict_proba", "predict", "cdf", "score_samples") if hasattr(model, m))
    result = getattr(model, method)(input_of(name), **options)
    return np.asarray(result.toarray() if hasattr(result, "toarray") else result)


class Classes(pickle.Unpickler):
    """Which classes a pickle names."""

    def __init__(self, file):
        super().__init__(file)
        self.found = set()

    def find_class(self, module, name):
        self.found.add((module, name))
        return super().find_class(module, name)


def test_every_estimator_is_saved():
    estimators = {
        item.__name__
        for module in PUBLIC
        for item in (getattr(module, name) for name in module.__all__)
        if inspect.isclass(item) and issubclass(item, BaseEstimator) and hasattr(item, "fit")
    }
    nets = {"Constrained", "Linear", "MinMax", "Polynomial", "Smooth"}  # inside of MonotonicRegressor
    assert estimators - nets == {name.split(" ")[0] for name in MAKERS} | set(EXCEPT)


def test_public_things_are_found_at_their_public_place():
    n_tried = 0
    for module in PUBLIC:
        for name in module.__all__:
            item = getattr(module, name)
            if inspect.isclass(item) or inspect.isfunction(item):
                assert item.__module__ in (module.__name__, "skartm"), f"{module.__name__}.{name} must be published"
                assert getattr(importlib.import_module(item.__module__), name) is item
                n_tried += 1
    assert n_tried > 150
    assert skartm.PLSA.__module__ == "skartm"


def test_source_of_methods_and_functions_is_found():
    assert "def fit" in inspect.getsource(skartm.PLSA.fit)
    assert "def topic_groups" in inspect.getsource(skartm.topic_groups)


@pytest.mark.parametrize("name", MAKERS)
def test_pickle(name):
    model = saved(name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unpickler = Classes(io.BytesIO(pickle.dumps(model)))
        copy = unpickler.load()
    assert type(copy) is type(model)
    assert np.array_equal(result_of(name, copy), result_of(name, model), equal_nan=True)
    for module, cls in unpickler.found:
        if module.startswith("skartm"):
            place = importlib.import_module(module)
            assert cls in place.__all__, f"{module}.{cls} must be public, or in skartm._saved"
            assert module == "skartm._saved" or "._" not in module
    assert not any(attribute.startswith("_skartm") for attribute in vars(copy))


@pytest.mark.parametrize("name", MAKERS)
def test_skops(name):
    model = saved(name)
    dumped = skops.io.dumps(model)
    assert set(skops.io.get_untrusted_types(data=dumped)) <= set(trusted_types())
    copy = skops.io.loads(dumped, trusted=trusted_types())
    assert np.array_equal(result_of(name, copy), result_of(name, model), equal_nan=True)


def test_skops_reads_every_regularizer_and_schedule():
    n_tried = 0
    for regularizer in ALL_REGULARIZERS:
        dumped = skops.io.dumps(regularizer)
        unknown = set(skops.io.get_untrusted_types(data=dumped)) - set(trusted_types())
        assert not {name for name in unknown if name.startswith("skartm")}
        copy = skops.io.loads(dumped, trusted=[*trusted_types(), *unknown])  # functions of the user
        assert repr(copy) == repr(regularizer)
        n_tried += not unknown
    assert n_tried > 300
    schedules = [skartm.regularizers.Constant(), skartm.regularizers.Piecewise({0: 1.0}), skartm.regularizers.Window()]
    for schedule in schedules:
        assert repr(skops.io.loads(skops.io.dumps(schedule), trusted=trusted_types())) == repr(schedule)


def test_the_list_names_classes_that_exist():
    for name in trusted_types():
        module, _, cls = name.rpartition(".")
        assert inspect.isclass(getattr(importlib.import_module(module), cls))
    assert trusted_types() == sorted(set(trusted_types()))


def test_private_classes_have_one_place():
    assert {getattr(_saved, name).__module__ for name in _saved.__all__} == {"skartm._saved"}


# --- other versions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MAKERS)
def test_another_minor_version_warns(name, monkeypatch):
    dumped = pickle.dumps(saved(name))
    for version in ("0.2.9", "0.2.0.dev1"):
        monkeypatch.setattr(_versioned, "__version__", version)
        pickle.loads(dumped)  # a warning would be an error
    for version in ("0.3.0", "1.2.0"):
        monkeypatch.setattr(_versioned, "__version__", version)
        with pytest.warns(OtherVersionWarning, match=rf"was saved by skartm 0\.2\.0 and is read by {version}; if its"):
            copy = pickle.loads(dumped)
        assert np.array_equal(result_of(name, copy), result_of(name, saved(name)), equal_nan=True)


ESTIMATORS = sorted(
    {
        item
        for module in PUBLIC
        for item in (getattr(module, name) for name in module.__all__)
        if inspect.isclass(item) and issubclass(item, BaseEstimator)
    },
    key=lambda cls: cls.__name__,
)


def blank(cls):
    """An object as its constructor leaves it, with None for what has no default."""
    needed = [p.name for p in inspect.signature(cls).parameters.values() if p.default is inspect.Parameter.empty]
    return cls(**dict.fromkeys(needed))


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_parameters_of_other_versions(cls):
    assert issubclass(cls, Versioned)
    state = blank(cls).__getstate__()
    assert state["_skartm_version"] == skartm.__version__
    parameters = state["_skartm_parameters"]

    removed = {**state, "old": 1, "_skartm_parameters": (*parameters, "old")}
    with pytest.raises(ValueError, match=f"{cls.__name__} of skartm .* must not have the parameters 'old', which were"):
        cls.__new__(cls).__setstate__(removed)

    defaults = {p.name: p.default for p in inspect.signature(cls).parameters.values()}
    known = [name for name in parameters if defaults[name] is not inspect.Parameter.empty]
    older = {name: value for name, value in state.items() if name not in known} | {"_skartm_version": "0.1.3"}
    older["_skartm_parameters"] = tuple(name for name in parameters if name not in known)
    copy = cls.__new__(cls)
    with pytest.warns(OtherVersionWarning, match=r"saved by skartm 0\.1\.3"):
        copy.__setstate__(older)
    assert copy.get_params(deep=False).keys() == blank(cls).get_params(deep=False).keys()
    assert all(getattr(copy, name) is defaults[name] or getattr(copy, name) == defaults[name] for name in known)

    unversioned = {name: value for name, value in state.items() if not name.startswith("_skartm")}
    with pytest.warns(OtherVersionWarning, match=r"saved by skartm 0\.1\.0"):
        cls.__new__(cls).__setstate__(unversioned)


def test_a_renamed_parameter_warns_for_one_minor_version(monkeypatch):
    state = skartm.PLSA(3, max_iter=7).__getstate__()
    state["iterations"] = state.pop("max_iter")
    state["_skartm_parameters"] = tuple(
        "iterations" if name == "max_iter" else name for name in state["_skartm_parameters"]
    )
    monkeypatch.setattr(skartm.PLSA, "_renamed_parameters", {"iterations": ("max_iter", "0.2.0")})
    model = skartm.PLSA.__new__(skartm.PLSA)
    with pytest.warns(FutureWarning, match=r"the parameter 'iterations' of the saved model is 'max_iter' since skartm"):
        model.__setstate__(state)
    assert model.max_iter == 7
    monkeypatch.setattr(_versioned, "__version__", "0.3.0")
    with pytest.raises(ValueError, match=r"must have the parameter 'max_iter', which was 'iterations' before skartm"):
        skartm.PLSA.__new__(skartm.PLSA).__setstate__(state)


def test_the_hook_of_a_class_migrates(monkeypatch):
    def migrate(self, state, version):
        return {**state, "max_iter": state["max_iter"] + (version == "0.1.0")}

    monkeypatch.setattr(skartm.PLSA, "_migrate", migrate, raising=False)
    model = skartm.PLSA.__new__(skartm.PLSA)
    with pytest.warns(OtherVersionWarning):
        model.__setstate__({**skartm.PLSA(3, max_iter=7).__getstate__(), "_skartm_version": "0.1.0"})
    assert model.max_iter == 8


class Own(skartm.PLSA):
    """A model that a user derived."""


def test_models_that_users_derive_have_versions_of_their_own():
    model = Own(2, max_iter=3, tol=0, random_state=0).fit(COUNTS)
    model.note = "mine"
    copy = pickle.loads(pickle.dumps(model))
    assert copy.note == "mine"
    assert np.array_equal(copy.components_, model.components_)
    noted = clone(saved("PLSA"))
    noted.note = "mine"
    assert pickle.loads(pickle.dumps(noted)).note == "mine"


# --- files that were written before -----------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted(FILES.glob("*/*.*")), ids=lambda file: f"{file.parent.name}-{file.name}")
def test_files_that_were_written_before(file):
    name, version = file.stem, file.parent.name
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if not skartm.__version__.startswith(f"{version}."):
            warnings.simplefilter("ignore", OtherVersionWarning)
        if file.suffix == ".skops":
            model = skops.io.load(file, trusted=trusted_types())
        else:
            model = pickle.loads(file.read_bytes())
    fresh = saved(name)
    assert model.get_params().keys() == fresh.get_params().keys()
    # the two were computed by other processors, perhaps
    np.testing.assert_allclose(result_of(name, model), result_of(name, fresh), rtol=1e-2, atol=1e-3)


def test_there_are_such_files():
    assert {file.suffix for file in FILES.glob("*/*.*")} == {".pickle", ".skops"}
    assert len(list(FILES.glob("0.2/*.pickle"))) == len(list(FILES.glob("0.2/*.skops"))) > 15


# --- no reader unpickles ----------------------------------------------------------------------------------------------


def test_no_code_of_the_library_unpickles():
    allowed = {"skartm/regularizers/_checks.py"}  # check_regularizer copies the caller's own object
    for path in sorted(Path(skartm.__file__).parent.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        names = {
            ast.unparse(node) for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.Attribute, ast.keyword))
        }
        if not any(str(path).endswith(name) for name in allowed):
            assert not names & {"pickle.load", "pickle.loads", "joblib.load", "allow_pickle=True", "marshal.loads"}


class Evil:
    """What would run code when it is unpickled."""

    ran = False

    def __reduce__(self):
        return (setattr, (Evil, "ran", True))


def test_objects_in_corpora_are_refused(tmp_path):
    from scipy.sparse import csr_matrix, save_npz

    from skartm.datasets import load_folder, open_memmap, save_memmap

    objects = np.array([Evil()], dtype=object)
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "vocab.txt").write_text("a\n")
    np.savez(folder / "counts.npz", data=objects, indices=[0], indptr=[0, 1], shape=[1, 1], format=b"csr")
    with pytest.raises(ValueError, match="must be a sparse matrix"):
        load_folder(folder)
    save_npz(folder / "counts.npz", csr_matrix([[1.0]]))
    assert load_folder(folder).data.nnz == 1
    save_memmap(tmp_path / "map", [[1.0]])
    np.save(tmp_path / "map" / "data.npy", objects)
    with pytest.raises(ValueError, match="An on-disk CSR must have"):
        open_memmap(tmp_path / "map")
    assert not Evil.ran
