"""How large the house is, and how far a call walks through it.

Usage::

    python tools/house.py lines      # logical lines of the library
    python tools/house.py repeated   # pairs of places that share six or more lines
    python tools/house.py classes    # own classes, hooks, and files and calls of fit and transform, per estimator

The first two read the checkout that it lies in, the third runs the library that is imported.
"""

import ast
import io
import itertools
import sys
import tokenize
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "skartm"
KERNELS = (".pyx", ".pxi", ".h")
LEAST = 6  # lines that two places share
_NAMES = {tokenize.NAME: "n", tokenize.NUMBER: "0", tokenize.STRING: "s"}


# --- lines -----------------------------------------------------------------------------------------------------------


def logical_lines() -> dict[str, int]:
    """Statements of Python without docstrings, and lines of kernels that are not empty, by folder."""
    found: dict[str, int] = defaultdict(int)
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix == ".py":
            found[_folder(path)] += _statements(path)
        elif path.suffix in KERNELS:
            found[_folder(path)] += sum(bool(line.strip()) for line in path.read_text(encoding="utf-8").splitlines())
    return dict(found)


def _statements(path: Path) -> int:
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.stmt)]
    return sum(not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) for node in nodes)


def _folder(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else "."


# --- repeated places -------------------------------------------------------------------------------------------------


def repeated_places() -> list[tuple[str, str, int]]:
    """Pairs of places that share at least six lines but for names, strings and numbers, and how many they share."""
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    shapes = {path: _shapes(path) for path in sorted(PACKAGE.rglob("*.py"))}
    for path, lines in shapes.items():
        for start in range(len(lines) - LEAST + 1):
            places[tuple(shape for _, shape in lines[start : start + LEAST])].append((str(path), start))
    pairs = set()
    for found in places.values():
        pairs |= set(itertools.combinations(sorted(found), 2))
    longest = []
    for (first, i), (second, j) in sorted(pairs):
        if ((first, i - 1), (second, j - 1)) in pairs or (first == second and abs(i - j) < LEAST):
            continue
        length = LEAST
        while ((first, i + length - LEAST + 1), (second, j + length - LEAST + 1)) in pairs:
            length += 1
        one, two = (shapes[Path(path)][start][0] for path, start in ((first, i), (second, j)))
        longest.append((f"{_shown(first)}:{one}", f"{_shown(second)}:{two}", length))
    return longest


def _shapes(path: Path) -> list[tuple[int, str]]:
    """Lines of code: their numbers, and their tokens where names, strings and numbers are all alike.

    Imports, docstrings, comments and lines that are a bracket are left out.
    """
    source = path.read_text(encoding="utf-8")
    left_out = set()
    for node in ast.walk(ast.parse(source)):
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if text or isinstance(node, (ast.Import, ast.ImportFrom)):
            left_out |= set(range(node.lineno, node.end_lineno + 1))
    lines: dict[int, list[str]] = defaultdict(list)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in (tokenize.NAME, tokenize.NUMBER, tokenize.STRING, tokenize.OP):
            keyword = token.type == tokenize.NAME and token.string in ("def", "class", "if", "for", "return", "raise")
            shape = token.string if keyword or token.type == tokenize.OP else _NAMES[token.type]
            lines[token.start[0]].append(shape)
    found = [(number, "".join(shape)) for number, shape in sorted(lines.items()) if number not in left_out]
    return [(number, shape) for number, shape in found if len(shape) > 2]


def _shown(path: str) -> str:
    return str(Path(path).relative_to(ROOT))


# --- classes and calls -----------------------------------------------------------------------------------------------


def own_classes(cls: type) -> list[type]:
    """Classes of the library in an MRO, but for what all estimators share (``skartm.base``)."""
    return [base for base in cls.__mro__ if base.__module__.startswith("skartm") and ".base" not in base.__module__]


def hooks(cls: type) -> list[str]:
    """Methods of bases of the library that a class overrides, but for those of scikit-learn."""
    own = {name for name, value in vars(cls).items() if callable(value) and name.startswith("_")}
    bases = {name for base in own_classes(cls)[1:] for name in vars(base)}
    return sorted(name for name in own & bases if not name.startswith("__"))


def walk(function, *arguments) -> tuple[int, int]:
    """Distinct files of the library that a call enters, and its calls of functions of the library."""
    folder = str(Path(sys.modules["skartm"].__file__).parent)  # where it runs, which may be an installed one
    files: set[str] = set()
    count = 0

    def seen(frame, event, argument):
        nonlocal count
        if event == "call" and frame.f_code.co_filename.startswith(folder):
            files.add(frame.f_code.co_filename)
            count += 1

    sys.setprofile(seen)
    try:
        function(*arguments)
    finally:
        sys.setprofile(None)
    return len(files), count


def kinds() -> dict[str, type]:
    """All public estimators, by name."""
    import skartm

    found = {name: getattr(skartm, name) for name in skartm.__all__}
    return {name: cls for name, cls in found.items() if isinstance(cls, type) and hasattr(cls, "get_params")}


def table() -> list[tuple[str, int, int, tuple[int, int], tuple[int, int]]]:
    """For every estimator that learns topics from counts: own classes, hooks, walks of fit and of a row's transform."""
    import warnings

    import skartm
    from skartm.datasets import load_peps

    X = load_peps().data
    rows = []
    for name in ("ARTMTransformer", "PLSA", "LDA", "ThetalessARTM", "ContextARTM", "SimplexNMF"):
        cls = getattr(skartm, name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = cls(5, max_iter=2, random_state=0)
            model.fit(X).transform(X[:1])  # what is made once is made now
            of_fit = walk(model.fit, X)
            model.transform(X[:1])
            walks = of_fit, walk(model.transform, X[:1])
            rows.append((name, len(own_classes(cls)), len(hooks(cls)), *walks))
    return rows


def main() -> None:
    """Print what is asked for."""
    what = sys.argv[1] if len(sys.argv) == 2 else ""
    if what == "lines":
        found = logical_lines()
        for folder, number in found.items():
            print(f"{number:6d}  {folder}")
        print(f"{sum(found.values()):6d}  in all")
    elif what == "repeated":
        pairs = repeated_places()
        for one, two, length in pairs:
            print(f"{length:3d}  {one}  {two}")
        print(f"{len(pairs)} pairs of places share {LEAST} or more lines")
    elif what == "classes":
        sys.path.insert(0, str(ROOT))
        print("estimator           classes  hooks")
        for name, cls in kinds().items():
            print(f"{name:20s} {len(own_classes(cls)):6d} {len(hooks(cls)):6d}")
        print("estimator          classes  hooks   fit: files, calls   transform of a row: files, calls")
        for name, classes, n_hooks, fit, transform in table():
            print(f"{name:18s} {classes:7d} {n_hooks:6d} {fit[0]:12d} {fit[1]:7d} {transform[0]:20d} {transform[1]:8d}")
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
