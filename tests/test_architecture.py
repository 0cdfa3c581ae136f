"""Who imports whom: the import direction of the architecture, read from the source without running it."""

import ast
import importlib
import re
from pathlib import Path

import pytest

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
    "topics": {"regularizers", "metrics", "em", "simplex", "_kernels"},
    "nmf": {"regularizers", "em", "simplex", "_kernels"},
    "monotonic": {"em", "simplex", "_kernels"},
    "model_selection": {"topics", "regularizers", "metrics", "em", "simplex", "_kernels"},
    "recipes": {"topics", "regularizers"},
    "plotting": {"topics", "regularizers", "metrics", "em", "simplex", "_kernels"},
    "neural": {"topics", "regularizers", "metrics", "feature_extraction", "em", "simplex", "_kernels"},
    "datasets": set(),
    # the kernels: what token order is has to be said once, also for metrics, which must not import this part
    "feature_extraction": {"datasets", "_kernels"},
}
ESTIMATORS = {"topics", "nmf", "monotonic", "neural", "model_selection", "plotting"}
# the folders that may use the shared files beside them
SHARING = ESTIMATORS | {"callbacks", "regularizers"}
# files beside the folders: what the estimators share; below them there is nothing of ours but the kernels
TOP_LEVEL = {
    "__init__": {"topics", "nmf", "monotonic", "neural", "base", "_saved", "_version", "exceptions"},
    # the list of what saved models contain
    "_saved": (ESTIMATORS - {"plotting"}) | {"em", "feature_extraction", "regularizers", "base"},
    "_version": set(),
    "exceptions": set(),
    "_threads": {"_kernels", "base"},
    "_named": {"base"},
    "_topic_tree": {"base"},
}
SHARED = {"exceptions", "_threads", "_named", "_topic_tree"}
ONLY_IN = {"matplotlib": {"plotting"}, "torch": {"neural", "simplex"}, "gensim": {"metrics"}}
# modules that are imported by a name known only when running: variants of the kernel, and the library of autodiff that
# a user has, which is imported when a function without gradient is bound and by nothing else
BY_NAME = {"skartm._kernels": set(), "skartm.regularizers._autodiff": {"torch", "jax", "autograd"}}
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc", "tools"}

every_file = pytest.mark.parametrize("path", FILES, ids=[MODULES[path] for path in FILES])


def part_of(path):
    """The folder below skartm, or the stem of a file beside the folders."""
    first = path.relative_to(ROOT).parts[0]
    return first if first in ALLOWED or not first.endswith(".py") else first.removesuffix(".py")


def imports_of(path):
    """Absolute names of all modules that a file imports, inside functions too."""
    package = MODULES[path].split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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
    assert {part_of(path) for path in FILES} <= set(ALLOWED) | set(TOP_LEVEL)


@every_file
def test_import_direction(path):
    part = part_of(path)
    shared = (SHARED if part in SHARING else {"exceptions"}) | {"base"}
    allowed = TOP_LEVEL[part] if part in TOP_LEVEL else ALLOWED[part] | shared | {part}
    assert own_parts(path) <= allowed, f"{MODULES[path]} must import nothing above {part!r}"


@every_file
def test_package_root_is_not_imported_from_within(path):
    assert "skartm" not in set(imports_of(path)), "import the part that is meant, not skartm"


@every_file
def test_corpora_know_no_estimators(path):
    if part_of(path) in ("datasets", "feature_extraction"):
        assert not own_parts(path) & ESTIMATORS


@every_file
def test_extras_stay_where_they_belong(path):
    names = {name.split(".")[0] for name in imports_of(path)}
    for library, parts in ONLY_IN.items():
        assert library not in names or part_of(path) in parts, f"{library} belongs to {sorted(parts)}"


@every_file
def test_one_file_touches_the_callbacks_of_sklearn(path):
    allowed = MODULES[path] == "skartm.base._callbacks"
    assert allowed or not any(name.startswith("sklearn.callback") for name in imports_of(path))


@every_file
def test_imports_by_name_are_declared(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {ast.unparse(node.func).split(".")[-1] for node in ast.walk(tree) if isinstance(node, ast.Call)}
    name = MODULES[path].removesuffix(".__init__")
    if not called & {"import_module", "__import__", "find_spec"}:
        assert name not in BY_NAME
        return
    assert name in BY_NAME, "import by statement, which the tests can read"
    assert set(getattr(importlib.import_module(name), "LIBRARIES", ())) == BY_NAME[name]
    # an optional library is imported inside of functions: not when the module is
    top = ast.Module([node for node in tree.body if not isinstance(node, (ast.FunctionDef, ast.ClassDef))], [])
    assert not BY_NAME[name] or not any(isinstance(node, ast.Call) for node in ast.walk(top))


@every_file
def test_names_say_what_is_inside(path):
    for name in path.relative_to(ROOT).with_suffix("").parts:
        assert name.strip("_") not in NAMELESS


@every_file
def test_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 420


@every_file
def test_no_star_imports(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    stars = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
    assert not stars


@every_file
def test_public_names_are_sorted_and_exist(path):
    name = MODULES[path].removesuffix(".__init__")
    module = importlib.import_module(name)
    if path.name == "__init__.py" and name not in ("skartm._kernels", "skartm.simplex"):
        assert hasattr(module, "__all__"), f"{name} must say what is public"
    public = getattr(module, "__all__", [])
    assert all(isinstance(entry, str) for entry in public)
    assert len(set(public)) == len(public)
    for entry in public:
        assert hasattr(module, entry), f"{name}.__all__ names {entry}, which does not exist"
    assert list(public) == sorted(public, key=lambda entry: (not entry.isupper(), not entry[0].isupper(), entry))


@pytest.mark.parametrize("path", [path for path in FILES if part_of(path) == "em"], ids=lambda path: path.stem)
def test_engine_never_asks_for_a_class(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("isinstance", "issubclass")
        ):
            asked = {name.id for name in ast.walk(node.args[1]) if isinstance(name, ast.Name)}
            # of values: numbers and containers, of which a protocol cannot speak
            assert asked <= {"str", "slice", "Integral", "Mapping", "bool", "np"}, ast.unparse(node)


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
    tests = Path(__file__).parent
    for folder in tests.iterdir():
        if folder.is_dir() and not folder.name.startswith(("__", ".")):
            assert folder.name in ("oracle", "reliability") or folder.name in ALLOWED


@every_file
def test_no_constructor_only_assigns(path):
    """Parameters are declared: see skartm/base/_parameters.py."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            names = {argument.arg for argument in (*node.args.args[1:], *node.args.kwonlyargs)}
            found = {ast.unparse(statement) for statement in node.body}
            assert found != {f"self.{name} = {name}" for name in names}, f"line {node.lineno}"
