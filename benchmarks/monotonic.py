"""Monotone models beside boosting: errors, CPU time, violations, curves, distribution functions; one thread.

* errors: small data sets of known signs, ``KFold(5, shuffle=True)``; root mean squared error, or the share of wrong
  classes; CPU seconds of the fit of a fold; the geometric mean over data sets of the ratio to the best of three
  monotone boosters (histogram boosting of scikit-learn, XGBoost, LightGBM: 150 trees, learning rate .05, 8 leaves or
  depth 3). With ``--repeats`` the folds are drawn so many times, and differences are paired by repetition;
* california: 20,640 districts, beside histogram boosting of the same signs;
* violations: random ordered pairs, a half of them far outside of the training range, float64 and float32;
  ``cdf`` among the models is MonotoneCDF;
* curves: one feature, six shapes, beside isotonic regression;
* cdf: held-out log-likelihood of MonotoneCDF beside a kernel density estimate and a mixture of Gaussians, the bandwidth
  and the number of components of which are chosen on the training data.

Features and targets are scaled to [0, 1] by the whole data set. XGBoost and LightGBM are left out where they are not
installed.

Examples::

    OMP_NUM_THREADS=1 python benchmarks/monotonic.py --only errors --models default,stacking --repeats 10
    OMP_NUM_THREADS=1 python benchmarks/monotonic.py --only violations,curves --sets auto,esl
"""

from __future__ import annotations

import argparse
import csv
import importlib
import importlib.util
import time
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from problems import data_folder
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.neighbors import KernelDensity
from sklearn.preprocessing import StandardScaler

NETS = ("polynomial", "minmax", "smooth", "constrained")
BOOSTERS = ("hgb", "xgboost", "lightgbm")
BASELINES = ("linear", "hgb-free", "hgb-default", *BOOSTERS)
# files, target, columns that are no features, signs; the signs are those of the literature for the first five
AUTO_SIGNS = {"displacement": -1, "horsepower": -1, "weight": -1}
TABLES = {
    "auto": (["autompg"], "mpg", ["car name"], AUTO_SIGNS),
    # signs of all features, as in some papers
    "auto-all": (
        ["autompg"],
        "mpg",
        ["car name"],
        AUTO_SIGNS | {"cylinders": -1, "acceleration": 1, "model year": 1, "origin": 1},
    ),
    "esl": (["esl"], "class", [], {"in1": 1, "in2": 1, "in3": 1, "in4": 1}),
    "era": (["era"], "class", [], {"in1": 1, "in2": 1, "in3": 1, "in4": 1}),
    "lev": (["lev"], "class", [], {"In1": 1, "In2": 1, "In3": 1, "In4": 1}),
    "heart": (["heart_train", "heart_test"], "target", [], {"trestbps": 1, "chol": 1}),
    # V8, the median income, raises the price; for as many rooms and households, more persons lower it (V6)
    "california": (["californiahousing"], "response", [], {"V8": 1, "V6": -1}),
}
SMALL = ("auto", "esl", "era", "lev", "heart")
BUNDLED = {"diabetes": {"bmi": 1, "bp": 1}, "cancer": {"worst radius": -1, "worst concave points": -1}}


@dataclass
class Table:
    """One data set: features and target in [0, 1], signs of the features."""

    name: str
    X: np.ndarray
    y: np.ndarray
    signs: np.ndarray
    classes: bool


def scaled(X: np.ndarray) -> np.ndarray:
    low, high = X.min(axis=0), X.max(axis=0)
    return (X - low) / np.where(high > low, high - low, 1)


def read(name: str, folder: Path) -> Table:
    if name in BUNDLED:
        bunch = {"diabetes": load_diabetes, "cancer": load_breast_cancer}[name]()
        names, X, y, signs = list(bunch.feature_names), bunch.data, bunch.target, BUNDLED[name]
    else:
        files, target, dropped, signs = TABLES[name]
        rows = [row for file in files for row in rows_of(folder / "tabular" / f"{file}.csv")]
        names = [key for key in rows[0] if key != target and key not in dropped]
        complete = [row for row in rows if all(row[key] != "" for key in [*names, target])]
        X = np.array([[float(row[key]) for key in names] for row in complete])
        y = np.array([float(row[target]) for row in complete])
    classes = name in ("heart", "cancer")
    constraint = np.array([signs.get(key, 0) for key in names])
    return Table(name, scaled(X), y.astype(int) if classes else scaled(y), constraint, classes)


def rows_of(path: Path) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def installed(name: str) -> bool:
    return name not in ("xgboost", "lightgbm") or importlib.util.find_spec(name) is not None


def estimator(name: str, table: Table):
    """An estimator by name, for the task and the signs of a table."""
    signs = [int(sign) for sign in table.signs]
    if name == "linear":
        return LogisticRegression(max_iter=1000) if table.classes else LinearRegression()
    if name.startswith("hgb"):
        make = HistGradientBoostingClassifier if table.classes else HistGradientBoostingRegressor
        small = {"learning_rate": 0.05, "max_iter": 150, "max_leaf_nodes": 8, "early_stopping": False}
        options = small if name == "hgb" else {}
        return make(monotonic_cst=None if name == "hgb-free" else signs, random_state=0, **options)
    if name in ("xgboost", "lightgbm"):
        module = importlib.import_module(name)
        prefix, suffix = {"xgboost": "XGB", "lightgbm": "LGBM"}[name], "Classifier" if table.classes else "Regressor"
        options = {"learning_rate": 0.05, "n_estimators": 150, "n_jobs": 1, "random_state": 0}
        if name == "xgboost":
            constraint = {"max_depth": 3, "monotone_constraints": tuple(signs)}
        else:
            constraint = {"num_leaves": 8, "monotone_constraints": signs, "verbose": -1}
        return getattr(module, prefix + suffix)(**options, **constraint)
    module = importlib.import_module("skartm.monotonic")
    if name == "stacking":
        model = module.MonotonicStacking()
    else:
        make = module.MonotonicClassifier if table.classes else module.MonotonicRegressor
        model = make() if name == "default" else make(model=name)
    known = {"monotonic_cst": signs, "random_state": 0, "n_jobs": 1}
    return model.set_params(**{key: value for key, value in known.items() if key in model.get_params(deep=False)})


def error(table: Table, truth: np.ndarray, predicted: np.ndarray) -> float:
    if table.classes:
        return float(np.mean(truth != predicted))
    return float(np.sqrt(np.mean((truth - predicted) ** 2)))


def fitted(model, X, y):
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)
    return model, time.process_time() - start


def folds(table: Table, name: str, seed: int) -> tuple[float, float]:
    """Mean error and median CPU seconds of a fold."""
    errors, seconds = [], []
    for train, test in KFold(5, shuffle=True, random_state=seed).split(table.X):
        model, took = fitted(estimator(name, table), table.X[train], table.y[train])
        errors.append(error(table, table.y[test], model.predict(table.X[test])))
        seconds.append(took)
    return float(np.mean(errors)), float(np.median(seconds))


def errors(tables: list[Table], models: list[str], repeats: int) -> None:
    names = [name for name in BASELINES if installed(name)] + models
    results = np.zeros((len(names), len(tables), repeats, 2))
    for m, name in enumerate(names):
        for t, table in enumerate(tables):
            results[m, t] = [folds(table, name, seed) for seed in range(repeats)]
        print(f"errors: {name} is done", flush=True)
    if repeats > 1:
        print(f"{repeats} repetitions of five folds: mean error; median CPU seconds of the fit of a fold")
    print("".join([f"{'':12}", *(f"{table.name:>17}" for table in tables)]))
    for name, row in zip(names, results, strict=True):
        cells = (f"{cell[:, 0].mean():.4f} {np.median(cell[:, 1]):6.2f} s" for cell in row)
        print(f"{name:12}" + "".join(f"{cell:>17}" for cell in cells))
    compared([table.name for table in tables], names, results[..., 0])


def compared(sets: list[str], names: list[str], values: np.ndarray) -> None:
    """Ratios to the best booster, and differences from it, paired by repetition."""
    boosters = [m for m, name in enumerate(names) if name in BOOSTERS]
    chosen = np.array(boosters)[values[boosters].mean(axis=2).argmin(axis=0)]
    best = np.stack([values[chosen[t], t] for t in range(len(sets))])  # (sets, repeats)
    print("best booster: " + ", ".join(f"{key} {names[m]}" for key, m in zip(sets, chosen, strict=True)))
    print("geometric mean of the ratios to the best booster of each set: the five small sets, and all that were run")
    parts = {"small": [t for t, key in enumerate(sets) if key in SMALL], "all": list(range(len(sets)))}
    for m, name in enumerate(names):
        texts = [
            f"{part} {spread(np.exp(np.log(values[m] / best)[rows].mean(axis=0)))}" for part, rows in parts.items()
        ]
        print(f"  {name:12}" + ";  ".join(texts))
    if values.shape[2] > 1:
        print("paired difference from the best booster, in units of 1e-4: mean, standard error over repetitions")
        for m, name in enumerate(names):
            cells = (f"{key} {spread(1e4 * (values[m, t] - best[t]), '.1f')}" for t, key in enumerate(sets))
            print(f"  {name:12}" + ";  ".join(cells))


def spread(values: np.ndarray, form: str = ".4f") -> str:
    if values.size == 1:
        return format(values[0], form)
    return f"{format(values.mean(), form)} +- {format(values.std(ddof=1) / np.sqrt(values.size), form)}"


def california(folder: Path, models: list[str]) -> None:
    table = read("california", folder)
    rival = folds(table, "hgb-default", 0)
    for name in [name for name in BASELINES if installed(name)] + models:
        value, seconds = folds(table, name, 0) if name != "hgb-default" else rival
        print(
            f"california: {name:12} error {value:.4f}, {value / rival[0]:.3f} of monotone histogram boosting; "
            f"{seconds:.2f} CPU s a fold, {seconds / rival[1]:.2f} of its time",
            flush=True,
        )


def violations(tables: list[Table], models: list[str], n_pairs: int) -> None:
    """Pairs x <= x' in the order of the signs, equal in the features without one: is f(x) <= f(x')?"""
    for given in tables:
        for name in models:
            table = given
            if name == "cdf":
                table = replace(given, signs=np.ones_like(given.signs))  # a distribution function rises in all features
                output = importlib.import_module("skartm.monotonic").MonotoneCDF(random_state=0).fit(given.X).cdf
            else:
                model, _ = fitted(estimator(name, table), table.X, table.y)
                output = (lambda X, model=model: model.predict_proba(X)[:, 1]) if table.classes else model.predict
            counts = []
            for dtype in (np.float64, np.float32):
                wrong, largest = 0, 0.0
                for part in range(0, n_pairs, 50_000):
                    low, high = pairs(table, min(50_000, n_pairs - part), np.random.default_rng(part), dtype)
                    fall = output(low).astype(np.float64) - output(high).astype(np.float64)
                    wrong, largest = wrong + int((fall > 0).sum()), max(largest, float(fall.max()))
                counts.append(f"{np.dtype(dtype)} {wrong} (largest fall {largest:.1e})")
            print(f"violations: {table.name:10} {name:12} of {n_pairs} pairs: {', '.join(counts)}", flush=True)


def pairs(table: Table, n: int, rng: np.random.Generator, dtype) -> tuple[np.ndarray, np.ndarray]:
    """A half in the range of the data, a half in one five times as wide; steps from huge to tiny, in some features."""
    X = rng.uniform(0, 1, (n, table.signs.size))
    X[n // 2 :] = 5 * X[n // 2 :] - 2
    X[::3] = table.X[rng.integers(0, len(table.X), len(X[::3]))]  # some pairs begin at observations
    steps = rng.exponential(1, X.shape) * 10 ** rng.uniform(-8, 0.5, (n, 1)) * (rng.random(X.shape) < 0.6)
    low = X.astype(dtype)
    high = np.where(table.signs == 0, low, low + (table.signs * steps).astype(dtype)).astype(dtype)
    return low, high


SHAPES = {
    "step": lambda x: (x > 0.5) * 1.0,
    "linear": lambda x: x,
    "quadratic": lambda x: x**2,
    "sigmoid": lambda x: 1 / (1 + np.exp(-10 * (x - 0.5))),
    "exponential": lambda x: np.expm1(3 * x) / np.expm1(3),
    "piecewise": lambda x: np.interp(x, [0, 0.3, 0.6, 1], [0, 0.1, 0.8, 1]),
}


def curves(models: list[str], n: int, n_seeds: int) -> None:
    """Mean squared error against the truth, from n observations with noise .1."""
    grid = np.linspace(0, 1, 1001)
    for name in ["isotonic", "hgb-default", *models]:
        means, seconds = [], []
        for shape in SHAPES.values():
            values = []
            for seed in range(n_seeds):
                rng = np.random.default_rng(seed)
                x = rng.uniform(0, 1, n)
                y = shape(x) + 0.1 * rng.standard_normal(n)
                table = Table("curve", x[:, None], y, np.array([1]), classes=False)
                model = IsotonicRegression(out_of_bounds="clip") if name == "isotonic" else estimator(name, table)
                model, took = fitted(model, x[:, None], y)
                values.append(np.mean((model.predict(grid[:, None]) - shape(grid)) ** 2))
                seconds.append(took)
            means.append(1e3 * np.mean(values))
        cells = ", ".join(f"{key} {value:.2f}" for key, value in zip(SHAPES, means, strict=True))
        print(
            f"curves: {name:12} squared error x 1000: {cells}; mean {np.mean(means):.3f}; "
            f"{1e3 * np.median(seconds):.1f} CPU ms a fit",
            flush=True,
        )


def densities(folder: Path) -> dict[str, np.ndarray]:
    """Features with few ties: a density of a variable on a few points has no likelihood to compare."""
    bunches = {"iris": load_iris(), "wine": load_wine(), "diabetes": load_diabetes(), "cancer": load_breast_cancer()}
    sets = {name: bunch.data for name, bunch in bunches.items()}
    sets["diabetes"] = np.delete(sets["diabetes"], 1, axis=1)  # the sex
    if (folder / "tabular" / "autompg.csv").exists():
        names = ("displacement", "horsepower", "weight", "acceleration")
        rows = [row for row in rows_of(folder / "tabular" / "autompg.csv") if row["horsepower"]]
        sets["auto"] = np.array([[float(row[name]) for name in names] for row in rows])
    return sets


def cdf(sets: dict[str, np.ndarray], repeats: int) -> None:
    module = importlib.import_module("skartm.monotonic")
    grid, inner = {"bandwidth": np.geomspace(0.05, 2, 30)}, KFold(5, shuffle=True, random_state=0)
    for name, X in sets.items():
        values: dict[str, list[float]] = {"MonotoneCDF": [], "kernel density": [], "Gaussian mixture": []}
        seconds = []
        for seed in range(repeats):
            for train, test in KFold(5, shuffle=True, random_state=seed).split(X):
                scaler = StandardScaler().fit(X[train])
                A, B = scaler.transform(X[train]), scaler.transform(X[test])
                model, took = fitted(module.MonotoneCDF(random_state=0, n_jobs=1), A, None)
                seconds.append(took)
                values["MonotoneCDF"].append(model.score_samples(B).mean())
                kernel = GridSearchCV(KernelDensity(), grid, cv=inner).fit(A)
                values["kernel density"].append(kernel.score(B) / len(B))
                values["Gaussian mixture"].append(mixture(A).score(B))
        cells = ", ".join(f"{key} {np.mean(value):.3f}" for key, value in values.items())
        gain = np.subtract(values["MonotoneCDF"], values["kernel density"]).reshape(repeats, 5).mean(axis=1)
        print(
            f"cdf: {name:9} {X.shape}: held-out log-likelihood of a row: {cells}; gain over the kernel estimate "
            f"{spread(gain, '.3f')}; {np.median(seconds):.2f} CPU s a fit",
            flush=True,
        )


def mixture(X: np.ndarray) -> GaussianMixture:
    """The mixture of full covariances of the smallest BIC."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        models = [GaussianMixture(k, random_state=0, reg_covar=1e-4).fit(X) for k in range(1, 9)]
    return min(models, key=lambda model: model.bic(X))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="errors,california,violations,curves,cdf")
    parser.add_argument("--models", default="default,stacking", help="also " + ", ".join(NETS) + "; in violations, cdf")
    parser.add_argument("--sets", default=",".join([*SMALL, "auto-all", *BUNDLED]), help="of errors and violations")
    parser.add_argument(
        "--densities", default="", help="sets of cdf, all by default: iris, wine, diabetes, cancer, auto"
    )
    parser.add_argument("--repeats", type=int, default=1, help="of the five folds, in errors and cdf")
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--seeds", type=int, default=50, help="in curves")
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    folder = data_folder(options.data)
    models, parts = [name for name in options.models.split(",") if name], options.only.split(",")
    tables = [read(name, folder) for name in options.sets.split(",")] if {"errors", "violations"} & set(parts) else []
    if "errors" in parts:
        errors(tables, models, options.repeats)
    if "california" in parts:
        california(folder, models)
    if "violations" in parts:
        violations(tables, models, options.pairs)
    if "curves" in parts:
        curves(models, 100, options.seeds)
    if "cdf" in parts:
        known = densities(folder)
        cdf(
            {name: known[name] for name in (options.densities.split(",") if options.densities else known)},
            options.repeats,
        )


if __name__ == "__main__":
    main()
