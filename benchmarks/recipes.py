"""Recipes against plain PLSA: 70/30 split of the documents, the same passes, mean over seeds.

Held-out perplexity by document completion, NPMI of the 10 top tokens counted in the held-out documents, diversity of
the 25 top tokens, sparsity of phi, dead topics. The recipes' strengths come from ``--search``: a random search over the
same scores, schedules among the parameters, on splits of its own.

python benchmarks/recipes.py
python benchmarks/recipes.py --problem gitlog --max-docs 15000
python benchmarks/recipes.py --search interpretable --candidates 30
python benchmarks/recipes.py --documents     # exploratory search: neighbours with the same label
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from problems import data_folder, read_counts
from scipy import stats
from sklearn.model_selection import ParameterSampler

from skartm import PLSA, recipes
from skartm.metrics import coherence, topic_diversity

SCORES = ("perplexity", "NPMI", "diversity", "sparsity", "dead", "CPU s")
SPACE = {
    "coherence": stats.uniform(0, 0.3),
    "decorrelation": stats.loguniform(0.01, 0.2),
    "smoothing": stats.loguniform(0.01, 1.0),
    "begin": stats.randint(0, 30),
}
SPACES = {
    "interpretable": {**SPACE, "n_background": [0, 1, 3]},
    "sparse": {**SPACE, "sparsity": stats.loguniform(0.02, 0.3)},
}


def split(X, seed: int):
    """70 % and 30 % of the documents."""
    order = np.random.RandomState(seed).permutation(X.shape[0])
    cut = int(0.7 * X.shape[0])
    return X[np.sort(order[:cut])], X[np.sort(order[cut:])]


def measure(model, train, test) -> dict[str, float]:
    """Scores of one model."""
    start = time.process_time()
    model.fit(train)
    seconds = time.process_time() - start
    phi = model.components_
    values = (
        model.perplexity(test),
        coherence(phi, test, measure="npmi", n_top=10),
        topic_diversity(phi, n_top=25),
        float((phi == 0).mean()),
        float(model.dead_topics_.size),
        seconds,
    )
    return dict(zip(SCORES, values, strict=True))


def mean(make, X, seeds) -> dict[str, tuple[float, float]]:
    """Mean and spread of the scores over seeds, which also choose the split."""
    runs = [measure(make(seed), *split(X, seed)) for seed in seeds]
    return {score: (np.mean([r[score] for r in runs]), np.std([r[score] for r in runs])) for score in SCORES}


def compare(X, n_topics: int, seeds) -> None:
    """PLSA and the recipes."""
    models = {
        "PLSA": lambda seed: PLSA(n_topics, max_iter=40, tol=0, random_state=seed),
        "interpretable": lambda seed: recipes.interpretable(n_topics, random_state=seed),
        "sparse": lambda seed: recipes.sparse(n_topics, random_state=seed),
    }
    print("| model | " + " | ".join(SCORES) + " |\n|---|" + "---|" * len(SCORES))
    for name, make in models.items():
        scores = mean(make, X, seeds)
        print(f"| {name} | " + " | ".join(f"{m:.4g} +- {s:.2g}" for m, s in scores.values()) + " |", flush=True)


def search(X, name: str, n_topics: int, n_candidates: int) -> None:
    """Random candidates beside PLSA, on splits that the comparison does not use."""
    seeds = (100, 101)
    plain = mean(lambda seed: PLSA(n_topics, max_iter=40, tol=0, random_state=seed), X, seeds)
    make = getattr(recipes, name)
    print("| perplexity / PLSA | NPMI - PLSA | diversity | sparsity | parameters |\n|---|---|---|---|---|")
    for parameters in ParameterSampler(SPACES[name], n_candidates, random_state=0):
        scores = mean(lambda seed, chosen=parameters: make(n_topics, random_state=seed, **chosen), X, seeds)
        row = (
            scores["perplexity"][0] / plain["perplexity"][0],
            scores["NPMI"][0] - plain["NPMI"][0],
            scores["diversity"][0],
            scores["sparsity"][0],
        )
        given = {key: round(float(value), 3) for key, value in parameters.items()}
        print("| " + " | ".join(f"{value:.4f}" for value in row) + f" | {given} |", flush=True)


def documents(X, labels, n_topics: int, seeds) -> None:
    """Share of the 10 nearest documents (Hellinger) that have the label of the query."""
    models = {
        "PLSA": lambda seed: PLSA(n_topics, max_iter=20, tol=0, random_state=seed),
        "exploratory_search": lambda seed: recipes.exploratory_search(n_topics, random_state=seed),
    }
    print("| model | precision of 10 neighbours |\n|---|---|")
    for name, make in models.items():
        values = []
        for seed in seeds:
            order = np.random.RandomState(seed).permutation(X.shape[0])
            train, queries = np.sort(order[:14000]), np.sort(order[14000:16000])
            model = make(seed).fit(X[train])
            near = np.sqrt(model.transform(X[queries])) @ np.sqrt(model.transform(X[train])).T
            places = np.argpartition(-near, 10, axis=1)[:, :10]
            values.append(float((labels[train][places] == labels[queries][:, None]).mean()))
        print(f"| {name} | {np.mean(values):.4f} +- {np.std(values):.2g} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", default="ng20")
    parser.add_argument("--topics", type=int, default=None, help="50; 200 with --documents")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--max-docs", type=int, default=None, help="a random part of the corpus")
    parser.add_argument("--search", choices=SPACES)
    parser.add_argument("--candidates", type=int, default=20)
    parser.add_argument("--documents", action="store_true")
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # tokens of held-out words
    folder = data_folder(options.data)
    X = read_counts(options.problem, folder).astype(np.float32)
    if options.max_docs:
        X = X[np.sort(np.random.RandomState(0).permutation(X.shape[0])[: options.max_docs])]
    if options.documents:
        labels = np.array((folder / options.problem / "labels.txt").read_text().split("\n")[: X.shape[0]])
        documents(X, labels, options.topics or 200, range(options.seeds))
    elif options.search:
        search(X, options.search, options.topics or 50, options.candidates)
    else:
        compare(X, options.topics or 50, range(options.seeds))


if __name__ == "__main__":
    main()
