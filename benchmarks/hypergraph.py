"""Transactions of MovieLens: a vertex of a transaction predicted from the others; and what a pass costs.

HypergraphARTM learns transactions (user; film, ...), users are containers. A tenth of the ratings is held out, and one
vertex of each is predicted from its user and another vertex. The pairwise models are PLSA from the user to the vertex
and from the other vertex to it, of the same number of topics, passes and smoothing; "product" is p(v|a) p(v|b) / p(v).
Where a cell has several names (genres) one of them, drawn at random, is asked for or given. Mean logarithm of the
probability of the held-out vertex, and how often it is the first and among the first ten.

The second table is the CPU time of a pass, on generated edges, beside PLSA on a matrix with as many non-zeros.

Example::

    python benchmarks/hypergraph.py --topics 20,50
"""

from __future__ import annotations

import argparse
import csv
import time
import warnings

import numpy as np
import scipy.sparse as sp
from problems import data_folder

from skartm import PLSA, ARTMTransformer, HypergraphARTM, SentenceTopicModel
from skartm.regularizers import SmoothSparsePhi, SmoothSparseTheta

# vertices of a transaction, the one to predict, the one that is given beside the user
QUESTIONS = [
    (("film", "decade"), "film", "decade"),
    (("film", "genre", "decade"), "decade", "genre"),
    (("film", "genre", "decade"), "genre", "decade"),
    (("film", "stars"), "stars", "film"),
]


def load(folder):
    """Return the ratings, dicts of lists of names: user, film, genre, decade, stars."""
    ratings = np.load(folder / "matrices" / "movielens100k.npz")
    ratings = sp.csr_matrix((ratings["data"], ratings["indices"], ratings["indptr"]), shape=ratings["shape"]).tocoo()
    with open(folder / "matrices" / "movielens100k_movies.csv", encoding="utf-8") as file:
        films = list(csv.DictReader(file))
    names = [name for name in films[0] if name not in ("title", "year")]
    genres = [[name for name in names if film[name] == "1"] for film in films]
    decades = [[f"{film['year'][:3]}0s"] if film["year"][:4].isdigit() else [] for film in films]
    return [
        {"user": [user], "film": [film], "genre": genres[film], "decade": decades[film], "stars": [stars]}
        for user, film, stars in zip(ratings.row.tolist(), ratings.col.tolist(), ratings.data.tolist(), strict=True)
    ]


def table(ratings, columns):
    """Rows as HypergraphARTM takes them; columns that are not asked for are empty."""
    return [(rating["user"][0], *(rating[column] if column else None for column in columns)) for rating in ratings]


def pairwise(train, given, target, places, asked, settings):
    """Return p(target | given) of PLSA; an unknown name gets the mean."""
    pairs = [(a, places[b]) for rating in train for a in rating[given] for b in rating[target]]
    names = {name: number for number, name in enumerate(sorted({a for a, _ in pairs}))}
    rows, columns = np.array([(names[a], b) for a, b in pairs]).T
    X = sp.csr_matrix((np.ones(rows.size), (rows, columns)), shape=(len(names), len(places)))
    model = ARTMTransformer(**settings).fit(X)
    proba = model.transform(X) @ model.components_
    share = np.bincount(columns, minlength=len(places)) / columns.size
    return np.stack([proba[names[name]] if name in names else share for name in asked]), share


def judge(proba, truth):
    """Return mean ln p of the truth, and the shares of it being the first and among the first 10."""
    proba = proba / proba.sum(axis=1, keepdims=True, dtype=np.float64)
    p = proba[np.arange(truth.size), truth]
    rank = (proba > p[:, None]).sum(axis=1)
    return np.log(np.maximum(p, 1e-16)).mean(), (rank < 1).mean(), (rank < 10).mean()


def answers(train, test, question, settings, rng):
    """Return the measures of all models for a question."""
    vertices, target, given = question
    columns = dict(enumerate(vertices, start=1))
    model = HypergraphARTM(container=0, vertices=columns, **settings).fit(table(train, vertices))
    places = {name: number for number, name in enumerate(model.vertex_names_[target].tolist())}
    test = [rating for rating in test if rating[given] and rating[target] and rating[target][0] in places]
    one = [{**rating, given: [str_or_int(rng.choice(rating[given]))]} for rating in test]
    truth = np.array([places[str_or_int(rng.choice(rating[target]))] for rating in test])
    edges = table(one, [column if column == given else None for column in vertices])
    first, share = pairwise(train, "user", target, places, [rating["user"][0] for rating in one], settings)
    second, _ = pairwise(train, given, target, places, [rating[given][0] for rating in one], settings)
    return {
        "hypergraph": judge(model.vertex_proba(edges, target), truth),
        f"(user, {target})": judge(first, truth),
        f"({given}, {target})": judge(second, truth),
        "product": judge(first * second / share, truth),
        "popularity": judge(np.tile(share, (truth.size, 1)), truth),
    }


def str_or_int(name):
    """Return a name that numpy has drawn as what it was."""
    return name.item()


def predictions(options) -> None:
    """Print the first table: means over the splits."""
    ratings = load(data_folder(options.data))
    print(f"{'topics':>6} {'predict':8} {'given user and':14} {'model':18} {'ln p':>7} {'first':>7} {'in 10':>7}")
    for n_topics in options.topics:
        for question in QUESTIONS:
            results: dict[str, list] = {}
            for seed in range(options.seeds):
                rng = np.random.default_rng(seed)
                order = rng.permutation(len(ratings))
                test, train = ([ratings[i] for i in part] for part in np.split(order, [len(order) // 10]))
                settings = {
                    "n_components": n_topics,
                    "max_iter": options.passes,
                    "tol": 0,
                    "random_state": seed,
                    "regularizers": [("phi", SmoothSparsePhi(options.tau)), ("theta", SmoothSparseTheta(options.tau))],
                }
                for name, values in answers(train, test, question, settings, rng).items():
                    results.setdefault(name, []).append(values)
            for name, values in results.items():
                mean = np.mean(values, axis=0)
                print(f"{n_topics:6} {question[1]:8} {question[2]:14} {name:18}", *(f"{value:7.3f}" for value in mean))


def pass_seconds(model, data, n_passes, **metadata) -> float:
    """CPU time of a pass, without what is made once a fit."""
    seconds = []
    for passes in (1, 1 + n_passes):
        start = time.process_time()
        model.set_params(max_iter=passes).fit(data, **metadata)
        seconds.append(time.process_time() - start)
    return (seconds[1] - seconds[0]) / n_passes


def costs(options) -> None:
    """Print the second table: medians of the rounds."""
    rng = np.random.default_rng(0)
    heads = ("nnz edges", "nnz PLSA", "edges, s", "PLSA, s", "ratio")
    print(f"\n{'topics':>6} {'edges of':>8} " + " ".join(f"{head:>9}" for head in heads))
    for size in (1, 3, 20):
        n_edges = options.nnz // size
        containers = np.sort(rng.integers(0, n_edges // (90 // min(size, 3)), n_edges))
        tokens = (20000 * rng.random(n_edges * size) ** 2).astype(np.int32)
        starts = np.arange(0, tokens.size + 1, size)
        edges = sp.csr_matrix((np.ones(tokens.size), tokens, starts), shape=(n_edges, 20000))
        merged = sp.csr_matrix((np.ones(n_edges), (containers, np.arange(n_edges))))
        X = sp.csr_matrix(merged @ edges)
        for n_topics in (20, 100):
            settings = {"tol": 0, "random_state": 0, "n_jobs": 1, "doc_tol": 0, "max_doc_iter": 5}
            rounds = []
            for _ in range(options.rounds):
                of_edges = pass_seconds(SentenceTopicModel(n_topics, **settings), edges, 4, groups=containers)
                rounds.append((of_edges, pass_seconds(PLSA(n_topics, **settings), X, 4)))
            of_edges, plsa = np.median(rounds, axis=0)
            ratio = np.median([a / b for a, b in rounds])
            print(f"{n_topics:6} {size:8} {edges.nnz:9} {X.nnz:9} {of_edges:9.3f} {plsa:9.3f} {ratio:9.2f}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="folder of corpora")
    parser.add_argument("--topics", type=lambda text: [int(part) for part in text.split(",")], default=[20, 50])
    parser.add_argument("--passes", type=int, default=40)
    parser.add_argument("--tau", type=float, default=0.1, help="smoothing of phi and theta, of all models")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--nnz", type=int, default=600000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["predictions", "costs"])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    if options.only != "costs":
        predictions(options)
    if options.only != "predictions":
        costs(options)


if __name__ == "__main__":
    main()
