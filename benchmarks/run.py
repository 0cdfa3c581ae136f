"""Compare libraries on problems: CPU time, wall time, peak memory and held-out perplexity, one evaluation for all.

Examples::

    python benchmarks/run.py --problem kos --libraries zeros,skartm,sklearn_lda --topics 50
    python benchmarks/run.py --problem ng20 --libraries all --topics 100 --target 1420 --out results.csv \\
        --python bigartm=/path/to/bigartm/env/bin/python

Runs are one after the other, each in its own process, with one thread unless ``--threads`` says otherwise.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from evaluation import N_PASSES, PHI_FLOOR, THETA_MASS, DocumentCompletion
from problems import DESCRIPTIONS, SPLIT_SEED, data_folder, load_problem
from session import Session, available_libraries, interpreter, parse_choices

COLUMNS = ("problem", "library", "version", "topics", "threads", "seed", "step", "cpu", "wall", "peak_mb", "base_mb",
           "convert_cpu", "smoothed", "plain")  # fmt: skip
HEADER = ("library", "version", "best perplexity", "best plain", "CPU s to best", "CPU s to within 0.5 %",
          "CPU s to target", "wall s to best", "passes to best", "peak MB", "of it data MB",
          "conversion CPU s")  # fmt: skip
NEAR = 1.005
FOLD_INS = {"smoothed": THETA_MASS, "plain": 0.0}


def arguments(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problem", default="ng20", help=f"comma separated; known: {', '.join(DESCRIPTIONS)}")
    parser.add_argument("--libraries", default="all", help=f"of {', '.join(available_libraries())}; "
                        "library:variant for one variant, library:variant@key=value to change a parameter")  # fmt: skip
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0, help="of the libraries")
    parser.add_argument("--split-seed", type=int, default=SPLIT_SEED, help="of the held-out documents")
    parser.add_argument(
        "--fold-in", choices=FOLD_INS, default="smoothed", help="which perplexity counts, see evaluation.py"
    )
    parser.add_argument("--target", type=float, help="perplexity to reach")
    parser.add_argument("--max-seconds", type=float, default=150, help="CPU seconds of training a run")
    parser.add_argument("--patience", type=int, default=6, help="stop after so many snapshots without a new best")
    parser.add_argument("--max-test-docs", type=int, default=2000)
    parser.add_argument(
        "--python", action="append", default=[], metavar="LIBRARY=PATH", help="interpreter of a library"
    )
    parser.add_argument("--data", help="folder of corpora (default: $SKARTM_DATA, ../shared/data)")
    parser.add_argument("--out", help="CSV of all snapshots; the table goes beside it as .md")
    return parser.parse_args(argv)


def run_one(choice, problem, evaluations, options, pythons) -> list[dict]:
    """Train one variant; return its snapshots."""
    session = Session(choice, problem.train, options.topics, options.threads, options.seed,
                      interpreter(choice.library, pythons), wall_limit=3 * options.max_seconds + 300)  # fmt: skip
    rows, since_best, best = [], 0, float("inf")
    with session:
        ready = session.start()
        while (record := session.advance()) is not None:
            phi = session.phi()
            figures = {name: evaluation.perplexity(phi) for name, evaluation in evaluations.items()}
            perplexity = figures[options.fold_in]
            rows.append({"problem": problem.name, "library": choice.label, "topics": options.topics,
                         "threads": options.threads, "seed": options.seed, **figures,
                         **{key: ready[key] for key in ("version", "base_mb", "convert_cpu")},
                         **{key: record[key] for key in ("step", "cpu", "wall", "peak_mb")}})  # fmt: skip
            line = f"  {choice.label}  {record['step']:5d} passes  {record['cpu']:8.2f} s  "
            print(line + "  ".join(f"{k} {value:.1f}" for k, value in figures.items()), file=sys.stderr, flush=True)
            since_best = 0 if perplexity < best else since_best + 1
            best = min(best, perplexity)
            if record["cpu"] > options.max_seconds or since_best >= options.patience:
                break
    return rows


def cpu_to(rows, target, key):
    """Return the CPU seconds at which the perplexity crosses `target`, None when it never does.

    Linear between the two snapshots around the crossing, so that libraries with rare snapshots lose nothing.
    """
    previous = None
    for row in rows:
        if row[key] <= target:
            if previous is None or previous[key] <= target or previous["cpu"] > row["cpu"]:
                return row["cpu"]
            share = (previous[key] - target) / (previous[key] - row[key])
            return previous["cpu"] + share * (row["cpu"] - previous["cpu"])
        previous = row
    return None


def table_row(rows, target, key) -> list[str]:
    """Return the cells of one run."""
    best = min(rows, key=lambda row: row[key])
    to_target = cpu_to(rows, target, key) if target else None
    return [best["library"], best["version"], f"{best[key]:.0f}", f"{min(row['plain'] for row in rows):.0f}",
            f"{best['cpu']:.2f}", f"{cpu_to(rows, NEAR * best[key], key):.2f}",
            "-" if to_target is None else f"{to_target:.2f}", f"{best['wall']:.2f}", str(best["step"]),
            f"{max(row['peak_mb'] for row in rows):.0f}", f"{best['base_mb']:.0f}",
            f"{best['convert_cpu']:.1f}"]  # fmt: skip


def markdown(cells) -> str:
    """Return an aligned markdown table."""
    lines = [list(HEADER), *cells]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADER))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) + " |" for line in lines)


def report(problem, runs, options) -> str:
    """Return the text of one problem."""
    target = f" Target: {options.target:g}." if options.target else ""
    mass = FOLD_INS[options.fold_in]
    table = markdown([table_row(rows, options.target, options.fold_in) for rows in runs])
    return (
        f"## {problem.name}, {options.topics} topics, {options.threads} thread(s)\n\n{problem.summary()}.\n\n"
        f"Document-completion perplexity, {options.fold_in} fold-in of {N_PASSES} passes (theta prior of {mass:g} "
        f"tokens a document), phi floor {PHI_FLOOR:g}.{target}\n\n{table}\n"
    )


def write(path, rows) -> None:
    """Write all snapshots so far: an interrupted comparison keeps what it has."""
    if path:
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)


def main(argv=None) -> None:
    """Run what was asked for, print the tables, write the files."""
    options = arguments(argv)
    pythons = dict(item.split("=", 1) for item in options.python)
    choices = parse_choices(options.libraries)
    every_row, texts = [], []
    for name in options.problem.split(","):
        problem = load_problem(name, data_folder(options.data), options.split_seed, options.max_test_docs)
        print(problem.summary(), file=sys.stderr)
        evaluations = {key: DocumentCompletion(problem.test, mass) for key, mass in FOLD_INS.items()}
        runs = []
        for choice in choices:
            try:
                rows = run_one(choice, problem, evaluations, options, pythons)
            except RuntimeError as error:  # a library that is missing or fails must not end the comparison
                print(f"  {error}", file=sys.stderr)
                continue
            runs.append(rows)
            every_row += rows
            write(options.out, every_row)
        texts.append(report(problem, runs, options))
        print(texts[-1])
    if options.out:
        Path(options.out).with_suffix(".md").write_text("\n".join(texts))


if __name__ == "__main__":
    main()
