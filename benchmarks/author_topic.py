"""AuthorTopic and gensim's AuthorTopicModel: held-out perplexity and CPU time, in one process.

Held out are documents all of whose authors have others in training. Theta of such a document is the mean of the
topics of its authors, its tokens are not looked at, and all of them are scored; phi is floored as in evaluation.py.
AuthorTopic is trained from scratch to several numbers of passes, with several settings. gensim is judged by the best
perplexity that any of them reaches, and AuthorTopic by the CPU time after which it is at least as good.

Then whole fits with the defaults of both libraries, which is what a user compares who sets nothing but the number of
topics. Then two threads (wall time; needs two processors that are idle), and a toy corpus of authors who write about
two topics each, where the true psi is known.

python benchmarks/author_topic.py
python benchmarks/author_topic.py --problems eips --topics 20 --rounds 5
python benchmarks/author_topic.py --only-defaults --problems eips,peps,gitlog,poetry_zh --documents 15000
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
import warnings
from itertools import product

import numpy as np
from evaluation import floored
from gensim.models import AuthorTopicModel
from problems import data_folder, read_counts
from scipy import sparse

from skartm import AuthorTopic
from skartm.datasets import load_peps

OURS = {
    "defaults": {},
    "smooth (5, 0.05)": {"author_topic_prior": 5.0, "topic_word_prior": 0.05},
    "free, smooth": {"author_topic_prior": 5.0, "topic_word_prior": 0.05, "mixing": "free"},
    "auto": {"author_topic_prior": "auto", "topic_word_prior": "auto"},
    "no priors": {"author_topic_prior": None, "topic_word_prior": None},
}
THEIRS = {
    f"alpha {alpha}, eta {eta}, chunk {chunk}": {"alpha": alpha, "eta": eta, "chunksize": chunk}
    for alpha, eta, chunk in product(("symmetric", "auto"), ("symmetric", "auto"), (2000, 100))
}
OUR_PASSES = (1, 2, 3, 4, 5, 6, 8, 12, 20, 40)
THEIR_PASSES = (1, 2, 3, 5, 10, 20)


def corpus(name, folder, seed, share=0.1, n_docs=None):
    """Training counts and authors, and held-out ones of authors who have others; of ``n_docs`` documents, at most."""
    X = read_counts(name, folder).astype(np.float32)
    path, single = folder / name / "authors.jsonl", folder / name / "authors.txt.gz"
    if single.exists():
        lines = gzip.decompress(single.read_bytes()).decode().splitlines()
        authors = [[line] if line else [] for line in lines]
    else:
        authors = [json.loads(line) for line in path.open()] if path.exists() else load_peps().authors
    authors = [list(dict.fromkeys(names)) for names in authors]
    if n_docs is not None and n_docs < len(authors):
        rows = np.sort(np.random.default_rng(seed).permutation(len(authors))[:n_docs])
        X, authors = X[rows], [authors[d] for d in rows]
    left, held_out = {}, []
    for names in authors:
        for author in names:
            left[author] = left.get(author, 0) + 1
    for d in np.random.default_rng(seed).permutation(len(authors)):
        if authors[d] and all(left[author] > 1 for author in authors[d]) and len(held_out) < share * len(authors):
            held_out.append(int(d))
            for author in authors[d]:
                left[author] -= 1
    train = sorted(set(range(len(authors))) - set(held_out) - {d for d, names in enumerate(authors) if not names})
    held_out.sort()
    seen = np.flatnonzero(np.asarray(X[train].sum(axis=0)).ravel() > 0)
    parts = [(sparse.csr_matrix(X[rows][:, seen]), [authors[d] for d in rows]) for rows in (train, held_out)]
    return parts[0], parts[1]


def perplexity(phi, psi, names, X, authors):
    """Of all tokens, theta the mean of psi."""
    place, phi, log_likelihood = {name: c for c, name in enumerate(names)}, floored(phi), 0.0
    for d, wrote in enumerate(authors):
        theta = np.mean([psi[place[author]] for author in wrote], axis=0)
        entries = slice(X.indptr[d], X.indptr[d + 1])
        log_likelihood += X.data[entries] @ np.log(theta @ phi[:, X.indices[entries]])
    return float(np.exp(-log_likelihood / X.sum()))


def ours(train, test, n_topics, settings, rounds):
    """(CPU s, perplexity, passes) of fits from scratch, medians of rounds of different seeds."""
    track = []
    for passes in OUR_PASSES:
        seconds, values = [], []
        for seed in range(rounds):
            model = AuthorTopic(n_topics, max_iter=passes, tol=0, random_state=seed, n_jobs=1, **settings)
            start = time.process_time()
            model.fit(train[0], authors=train[1])
            seconds.append(time.process_time() - start)
            values.append(perplexity(model.components_, model.author_topics_, model.authors_, *test))
        track.append((float(np.median(seconds)), float(np.median(values)), passes))
    return track


def whole_fits(name, train, test, n_topics):
    """A fit of each library with its defaults."""
    start = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AuthorTopic(n_topics, random_state=0, n_jobs=1).fit(train[0], authors=train[1])
    seconds = time.process_time() - start
    value = perplexity(model.components_, model.author_topics_, model.authors_, *test)
    print(f"{name}, {n_topics} topics: skartm {value:.0f} ({model.n_iter_} passes, {seconds:.2f} CPU s)", end="")
    seconds, value, passes = theirs(train, test, n_topics, {}, passes_until=1)[0]
    print(f", gensim {value:.0f} ({passes} pass, {seconds:.2f} CPU s)", flush=True)


def theirs(train, test, n_topics, settings, seed=0, passes_until=THEIR_PASSES[-1]):
    """The same of one gensim model; each update goes on."""
    X, authors = train
    documents = [
        list(zip(X.indices[a:b].tolist(), X.data[a:b].astype(int).tolist(), strict=True))
        for a, b in zip(X.indptr[:-1], X.indptr[1:], strict=True)
    ]
    id2word = {w: str(w) for w in range(X.shape[1])}
    model = AuthorTopicModel(
        num_topics=n_topics, id2word=id2word, passes=1, eval_every=None, random_state=seed, **settings
    )
    seconds, done, track = 0.0, 0, []
    for passes in [passes for passes in THEIR_PASSES if passes <= passes_until]:
        start = time.process_time()
        if done:
            model.update(passes=passes - done)
        else:
            model.update(documents, doc2author=dict(enumerate(authors)), passes=passes)
        seconds += time.process_time() - start
        done = passes
        psi = model.state.gamma / model.state.gamma.sum(axis=1, keepdims=True)
        names = [model.id2author[c] for c in range(len(model.id2author))]
        track.append((seconds, perplexity(model.get_topics(), psi, names, *test), passes))
    return track


def report(name, train, test, n_topics, rounds):
    """Tables of both, and the ratio."""
    print(f"\n{name}: {train[0].shape[0]} documents to learn from, {test[0].shape[0]} held out, {n_topics} topics")
    print(f"{'':48} {'best perplexity':>16} {'passes':>7} {'CPU s':>8} {'after 40 (20)':>14}")
    tracks = {}
    for kind, settings, run in (("gensim", THEIRS, theirs), ("skartm", OURS, lambda *a: ours(*a, rounds))):
        for label, options in settings.items():
            track = tracks[kind, label] = run(train, test, n_topics, options)
            seconds, best, passes = min(track, key=lambda entry: entry[1])
            print(f"{kind + ': ' + label:48} {best:16.0f} {passes:7} {seconds:8.3f} {track[-1][1]:14.0f}", flush=True)
    gensim = [entry for (kind, _), track in tracks.items() if kind == "gensim" for entry in track]
    needed, target, _ = min(gensim, key=lambda entry: (round(entry[1]), entry[0]))
    print(f"gensim's best {target:.0f} takes {needed:.2f} CPU s. At least as good:")
    for label in OURS:
        reached = [entry for entry in tracks["skartm", label] if entry[1] <= target]
        if reached:
            seconds, value, passes = reached[0]
            ratio = needed / seconds
            print(f"  skartm: {label:20} {seconds:.3f} CPU s ({passes} passes, {value:.0f}): {ratio:.0f} x less")
        else:
            print(f"  skartm: {label:20} never")


def threads(name, train, n_topics, rounds=10):
    """Wall time of 40 passes with one thread and two, by turns, the best of some rounds."""
    times = {1: [], 2: []}
    for _ in range(rounds):
        for n_jobs in times:
            start = time.perf_counter()
            AuthorTopic(n_topics, max_iter=40, tol=0, random_state=0, n_jobs=n_jobs).fit(train[0], authors=train[1])
            times[n_jobs].append(time.perf_counter() - start)
    one, two = (min(times[n]) for n in (1, 2))
    print(f"{name}, {n_topics} topics, 40 passes: one thread {one:.3f} s, two {two:.3f} s, {one / two:.2f} x")


def toy(seeds=3):
    """Authors of two topics each, who write alone and in pairs: largest error of psi, and perplexity of the corpus."""
    print("\nfive authors of two topics each, 240 documents, the best of 20 starts: perplexity (largest error of psi)")
    truth = np.array([[0.5, 0.5, 0, 0], [0, 0.7, 0.3, 0], [0, 0, 0.5, 0.5], [0.4, 0, 0, 0.6], [0.7, 0, 0.3, 0]])
    phi = np.kron(np.eye(4), np.full(10, 0.09)) + 0.1 / 40
    phi /= phi.sum(axis=1, keepdims=True)
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        authors = [sorted(rng.choice(5, rng.integers(1, 3), replace=False).tolist()) for _ in range(240)]
        X = sparse.csr_matrix(np.array([rng.multinomial(60, truth[a].mean(axis=0) @ phi) for a in authors]).astype("f"))
        found = {"skartm": [], "gensim": []}
        for start in range(20):
            model = AuthorTopic(4, random_state=start, max_iter=200).fit(X, authors=authors)
            found["skartm"].append((model.components_, model.author_topics_, list(model.authors_)))
        documents = [list(zip(row.indices.tolist(), row.data.astype(int).tolist())) for row in X]
        for start in range(20):
            model = AuthorTopicModel(
                documents, num_topics=4, id2word={w: str(w) for w in range(40)}, doc2author=dict(enumerate(authors)),
                alpha=0.1, eta=0.05, passes=50, eval_every=None, random_state=start,
            )  # fmt: skip
            psi = model.state.gamma / model.state.gamma.sum(axis=1, keepdims=True)
            found["gensim"].append((model.get_topics(), psi, [model.id2author[c] for c in range(5)]))
        print(f"  corpus {seed}: true {perplexity(phi, truth, range(5), X, authors):.2f}", end="")
        for library, fits in found.items():
            value, fit = min(((perplexity(*fit, X, authors), fit) for fit in fits), key=lambda pair: pair[0])
            order = [int(np.argmax(fit[0][:, 10 * t : 10 * t + 10].sum(axis=1))) for t in range(4)]
            psi = fit[1][np.argsort(fit[2])][:, order]
            largest = fit[1].max(axis=1).mean()
            print(f", {library} {value:.2f} ({abs(psi - truth).max():.2f}, largest topic {largest:.2f})", end="")
        print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", default="eips,peps")
    parser.add_argument("--topics", default="20,50")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1, help="of the split")
    parser.add_argument("--documents", type=int, default=None, help="of a corpus, at most")
    parser.add_argument("--only-threads", action="store_true")
    parser.add_argument("--only-defaults", action="store_true")
    parser.add_argument("--data", default=None)
    options = parser.parse_args()
    folder = data_folder(options.data)
    problems = options.problems.split(",")
    corpora = {name: corpus(name, folder, options.seed, n_docs=options.documents) for name in problems}
    warm = next(iter(corpora.values()))[0]
    AuthorTopic(3, max_iter=1, tol=0).fit(warm[0], authors=warm[1])
    cases = [] if options.only_threads else list(product(corpora.items(), map(int, options.topics.split(","))))
    for (name, (train, test)), n_topics in [] if options.only_defaults else cases:
        report(name, train, test, n_topics, options.rounds)
    print()
    for (name, (train, test)), n_topics in cases:
        whole_fits(name, train, test, n_topics)
    if options.only_defaults:
        return
    print()
    for name, (train, _) in corpora.items():
        threads(name, train, max(map(int, options.topics.split(","))))
    if not options.only_threads:
        toy()


if __name__ == "__main__":
    main()
