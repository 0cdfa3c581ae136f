"""Who imports whom: the import direction of the architecture, read from the source without running it."""

import ast
import importlib
import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1] / "skartm"
FILES = sorted(ROOT.rglob("*.py"))
MODULES = {path: ".".join(("skartm", *path.relative_to(ROOT).with_suffix("").parts)) for path in FILES}

# part: the parts that it may import; every other folder of the package is an error
ALLOWED = {
    "_kernels": set(),
    "base": {"_kernels", "_version"},
    "simplex": {"_kernels"},
    "em": {"_kernels", "simplex"},
    "regularizers": {"em", "simplex", "_kernels", "feature_extraction"},
    "metrics": {"em", "simplex", "_kernels"},
    "callbacks": {"metrics", "em", "simplex", "_kernels"},
    "topics": {"nmf", "regularizers", "metrics", "em", "simplex", "_kernels"},
    "nmf": {"regularizers", "em", "simplex", "_kernels"},
    "monotonic": {"em", "simplex", "_kernels"},
    "model_selection": {"topics", "regularizers", "metrics", "em", "simplex", "_kernels"},
    "recipes": {"topics", "regularizers", "metrics"},
    "plotting": {"topics", "regularizers", "metrics", "em", "simplex", "_kernels"},
    "neural": {"topics", "regularizers", "metrics", "feature_extraction", "em", "simplex", "_kernels"},
    "datasets": set(),
    # the kernels: what token order is has to be said once, also for metrics, which must not import this part
    "feature_extraction": {"datasets", "_kernels"},
}
ESTIMATORS = {"topics", "nmf", "monotonic", "neural", "model_selection", "plotting"}
# files beside the folders
TOP_LEVEL = {
    "__init__": {"topics", "nmf", "monotonic", "neural", "base", "_saved", "_version", "exceptions"},
    # the list of what saved models contain
    "_saved": (ESTIMATORS - {"plotting"}) | {"em", "feature_extraction", "metrics", "regularizers", "base"},
    "_version": set(),
    "exceptions": set(),
}
ONLY_IN = {"matplotlib": {"plotting"}, "torch": {"neural", "simplex"}, "gensim": {"metrics"}}
# modules that are imported by a name known only when running: variants of the kernel, and the library of autodiff that
# a user has, which is imported when a function without gradient is bound and by nothing else
BY_NAME = {"skartm._kernels": set(), "skartm.regularizers.functions._autodiff": {"torch", "jax", "autograd"}}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "tools"}

# tests of a folder as a whole, or of what several of its files do together
OF_MANY = {
    ".": "architecture import",
    "_kernels": "dense_products levels map_documents row_means word_side",
    "callbacks": "every_estimator",
    "datasets": "public",
    "model_selection": "grid_search",
    "plotting": "displays",
    "recipes": "recipes",
    "regularizers": "all bigartm embeddings oracle oracle_of_phi smoothing theta",
    "topics": "bad_input bad_regularizers bigartm changes containers invariance lda_drop_in packages sums "
    "leave_one_out",
}
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


def part_of(path):
    """The folder below skartm, or the stem of a file beside the folders."""
    first = path.relative_to(ROOT).parts[0]
    return first if first in ALLOWED or not first.endswith(".py") else first.removesuffix(".py")


def imports_of(path):
    """Absolute names of all modules that a file imports, inside functions too."""
    package = MODULES[path].split(".")[:-1]
    for node in ast.walk(TREES[path]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def own_parts(path):
    """Parts of skartm that a file imports."""
    names = {name.split(".")[1] for name in imports_of(path) if name.startswith("skartm.")}
    known = set(ALLOWED) | set(TOP_LEVEL)
    return {name for name in names if name in known}


def test_every_part_has_a_place():
    assert {part_of(path) for path in FILES} == set(ALLOWED) | set(TOP_LEVEL)


def test_import_direction():
    for path in FILES:
        part = part_of(path)
        allowed = TOP_LEVEL[part] if part in TOP_LEVEL else ALLOWED[part] | {"base", "exceptions", part}
        assert own_parts(path) <= allowed, f"{MODULES[path]} must import nothing above {part!r}"


def test_package_root_is_not_imported_from_within():
    importing = [MODULES[path] for path in FILES if "skartm" in set(imports_of(path))]
    assert not importing, "import the part that is meant, not skartm"


def test_corpora_know_no_estimators():
    corpora = [path for path in FILES if part_of(path) in ("datasets", "feature_extraction")]
    assert corpora
    assert not [path for path in corpora if own_parts(path) & ESTIMATORS]


def test_extras_stay_where_they_belong():
    for library, parts in ONLY_IN.items():
        importing = {part_of(path) for path in FILES if library in {name.split(".")[0] for name in imports_of(path)}}
        assert importing <= parts, f"{library} belongs to {sorted(parts)}"
        assert importing, f"nothing imports {library}: the entry can go"


def test_one_file_touches_the_callbacks_of_sklearn():
    touching = {MODULES[path] for path in FILES for name in imports_of(path) if name.startswith("sklearn.callback")}
    assert touching == {"skartm.base._callbacks"}


def test_imports_by_name_are_declared():
    found = set()
    for path, tree in TREES.items():
        called = {ast.unparse(node.func).split(".")[-1] for node in ast.walk(tree) if isinstance(node, ast.Call)}
        if not called & {"import_module", "__import__", "find_spec"}:
            continue
        name = MODULES[path].removesuffix(".__init__")
        found.add(name)
        assert name in BY_NAME, f"{name}: import by statement, which the tests can read"
        assert set(getattr(importlib.import_module(name), "LIBRARIES", ())) == BY_NAME[name]
        # an optional library is imported inside of functions: not when the module is
        top = ast.Module([node for node in tree.body if not isinstance(node, (ast.FunctionDef, ast.ClassDef))], [])
        assert not BY_NAME[name] or not any(isinstance(node, ast.Call) for node in ast.walk(top)), name
    assert found == set(BY_NAME)


def test_names_say_what_is_inside():
    names = {name.strip("_") for path in FILES for name in path.relative_to(ROOT).with_suffix("").parts}
    assert not names & NAMELESS


def test_files_are_short():
    lengths = {MODULES[path]: len(path.read_text(encoding="utf-8").splitlines()) for path in FILES}
    assert not {name: length for name, length in lengths.items() if length > 420}


def test_no_star_imports():
    for path, tree in TREES.items():
        imported = [node.names[0].name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        assert "*" not in imported, MODULES[path]


def test_public_names_are_sorted_and_exist():
    for path in FILES:
        name = MODULES[path].removesuffix(".__init__")
        module = importlib.import_module(name)
        whole = len(path.relative_to(ROOT).parts) == 2  # a room of a folder has nothing of its own to say
        if path.name == "__init__.py" and whole and name not in ("skartm._kernels", "skartm.simplex"):
            assert hasattr(module, "__all__"), f"{name} must say what is public"
        public = getattr(module, "__all__", [])
        assert all(isinstance(entry, str) for entry in public), name
        assert len(set(public)) == len(public), name
        missing = [entry for entry in public if not hasattr(module, entry)]
        assert not missing, f"{name}.__all__ names {missing}, which do not exist"
        in_order = sorted(public, key=lambda entry: (not entry.isupper(), not entry[0].isupper(), entry))
        assert list(public) == in_order, name


def test_engine_never_asks_for_a_class():
    calls = [
        node
        for path in FILES
        if part_of(path) == "em"
        for node in ast.walk(TREES[path])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    assert calls
    for call in calls:
        if call.func.id in ("isinstance", "issubclass"):
            asked = {name.id for name in ast.walk(call.args[1]) if isinstance(name, ast.Name)}
            # of values: numbers and containers, of which a protocol cannot speak
            assert asked <= {"str", "slice", "Integral", "Mapping", "bool", "np"}, ast.unparse(call)


COMPILED = [path for pattern in ("*.pyx", "*.pxi", "*.h") for path in ROOT.rglob(pattern)]
# the beginnings of functions: Cython's and those of the C headers
HEAD = re.compile(r"^ *(?:def|cdef [^=\n(]*?|(?:ROWS_LOCAL|ROWS_INLINE|static)[^=\n(;]*?)\s\*?([\w#]+)\(", re.MULTILINE)


def arguments_of(source, start):
    """How many arguments stand between a parenthesis, after which the number ``start`` is, and its end."""
    depth, count, inside = 1, 0, False
    for character in re.sub(r"#(?!#).*|/\*.*?\*/", "", source[start:]):
        depth += (character in "([") - (character in ")]")
        if depth == 0:
            return count + inside
        if character == "," and depth == 1:
            count, inside = count + 1, False
        else:
            inside = inside or not character.isspace()
    raise AssertionError("a parenthesis is not closed")


def test_kernels_are_the_only_compiled_code():
    assert COMPILED
    assert {path.relative_to(ROOT).parts[0] for path in COMPILED} == {"_kernels"}


def test_files_of_kernels_are_short():
    assert not [path.name for path in COMPILED if len(path.read_text(encoding="utf-8").splitlines()) > 400]


def test_kernels_take_few_arguments():
    """At most twelve; a struct, or a tuple of what belongs together, counts as one."""
    found = {}
    for path in COMPILED:
        source = path.read_text(encoding="utf-8")
        found |= {(path.name, head[1]): arguments_of(source, head.end()) for head in HEAD.finditer(source)}
    assert found["documents.pxi", "map_documents"] == 12
    assert found["rows_mix.h", "mix"] == 7
    assert not {name: count for name, count in found.items() if count > 12}


def test_tests_mirror_the_package():
    """A folder of tests is a folder of the package, and a file tests the file of its name, but for what is of many."""
    tests = Path(__file__).parent
    folders = {path.name for path in tests.iterdir() if path.is_dir() and not path.name.startswith(("__", "."))}
    assert folders == {"oracle", "reliability", *ALLOWED}
    modules = {f"{path.parent.relative_to(ROOT)}/{path.stem.lstrip('_')}" for path in ROOT.rglob("*.p[yx]*")}
    modules |= {name.replace("/loops/", "/") for name in modules}
    found = {
        f"{path.parent.relative_to(tests)}/{path.stem.removeprefix('test_')}"
        for path in tests.rglob("test_*.py")
        if path.parent.name != "reliability"
    }
    across = {f"{folder}/{name}" for folder, names in OF_MANY.items() for name in names.split()}
    checks = {name for name in found if name.endswith("/sklearn_checks")}
    assert found - modules - checks == across


def test_no_constructor_only_assigns():
    """Parameters are declared: see skartm/base/_parameters.py."""
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                names = {argument.arg for argument in (*node.args.args[1:], *node.args.kwonlyargs)}
                found = {ast.unparse(statement) for statement in node.body}
                assert found != {f"self.{name} = {name}" for name in names}, f"{MODULES[path]}, line {node.lineno}"


# what tools/house.py finds at most: numbers here may fall, and must not rise
MOST_REPEATED = 392
MOST_CLASSES, MOST_HOOKS = 3, {"AuthorTopic": 8, "ContextARTM": 6, "HypergraphARTM": 6, "SentenceTopicModel": 5}
MOST_FILES = {"ARTMTransformer": 14, "PLSA": 14, "LDA": 15, "ThetalessARTM": 15, "ContextARTM": 25, "SimplexNMF": 24}
MOST_CALLS = {"ARTMTransformer": 66, "PLSA": 66, "LDA": 88, "ThetalessARTM": 70, "ContextARTM": 190, "SimplexNMF": 180}


def test_the_house_does_not_grow():
    path = Path(__file__).parents[1] / "tools" / "house.py"
    spec = importlib.util.spec_from_file_location("house", path)
    house = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(house)
    assert 0 < len(house.repeated_places()) <= MOST_REPEATED
    for name, cls in house.kinds().items():
        assert len(house.own_classes(cls)) <= MOST_CLASSES, name
        assert len(house.hooks(cls)) <= MOST_HOOKS.get(name, 4), name
    found = house.table()  # of transform; versions of others move it a little
    assert {row[0] for row in found} == set(MOST_FILES)
    for name, _, _, _, (files, calls) in found:
        assert 0 < files <= MOST_FILES[name], name
        assert 0 < calls <= MOST_CALLS[name], name
