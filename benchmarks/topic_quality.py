"""Quality of topics: corpora x systems, one evaluation for all.

Perplexity, coherence, diversity, document frequency, purity and accuracy of labels, zeros and CPU time
(``quality/scores.py`` says how each is computed), of skartm and of the strongest peers (``quality/systems.py``). The
corpora are in two lists, ``quality/corpora.py``: whatever is chosen is chosen on the development corpora, and results
are reported on the report corpora.

Each line of ``--out`` is one (corpus, system, seed); those that are there already are not run again, so a run that was
stopped goes on. ``--table`` and ``--figure`` read such files. Everything runs in one thread.

Examples::

    python benchmarks/topic_quality.py --corpora development --systems plsa,cvb0,nmf --out quality.jsonl
    python benchmarks/topic_quality.py --corpora ng20,jss --systems mallet@sweeps=200,interpretable --seeds 0,1,2
    python benchmarks/topic_quality.py --corpora report --systems all --trace --out report.jsonl
    python benchmarks/topic_quality.py --corpora ng20 --systems nmf,interpretable --displays all --out quality.jsonl
    python benchmarks/topic_quality.py --stability --corpora octis_dblp --systems nmf,cvb0 --out quality.jsonl
    python benchmarks/topic_quality.py --table quality.jsonl
    python benchmarks/topic_quality.py --table quality.jsonl --figure quality.png
    python benchmarks/topic_quality.py --shapes report
    python benchmarks/topic_quality.py --self-check
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from pathlib import Path

from problems import data_folder
from quality.checks import self_check
from quality.corpora import DEVELOPMENT, MAX_DOCS, REPORT, load_corpus
from quality.displays import DISPLAYS
from quality.measuring import measure, stability, warm_up
from quality.systems import OURS, PEERS, SYSTEMS, parse_system
from quality.tables import figure, markdown
from threadpoolctl import threadpool_limits

GROUPS = {"development": DEVELOPMENT, "report": REPORT}
SYSTEM_GROUPS = {"all": tuple(SYSTEMS), "peers": tuple(PEERS), "ours": tuple(OURS)}
KEY = ("kind", "corpus", "system", "seed", "topics")


def arguments(argv=None):
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", default="development", help="comma separated; development and report are lists")
    parser.add_argument("--systems", default="all", help=f"of {', '.join(SYSTEMS)}; all, peers and ours are lists; "
                        "name@key=value to change a parameter, sweeps is one of all that iterate")  # fmt: skip
    parser.add_argument("--seeds", default="0", help="comma separated")
    parser.add_argument("--topics", type=int, default=50)
    parser.add_argument("--max-docs", type=int, default=MAX_DOCS)
    parser.add_argument("--out", type=Path, help="JSON lines, appended; lines that are there are not run again")
    parser.add_argument("--displays", default="", help="other ways to choose the words of all systems, semicolons "
                        f"between them: {'; '.join(DISPLAYS)}; all is a list")  # fmt: skip
    parser.add_argument("--trace", action="store_true", help="CPU time to within 0.5 %% of a system's own best, too")
    parser.add_argument("--stability", action="store_true", help="stability of the words in place of the scores")
    parser.add_argument("--runs", type=int, default=5, help="seeds and subsamples of --stability")
    parser.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="print the tables of such files")
    parser.add_argument("--figure", type=Path, help="with --table: draw them")
    parser.add_argument("--shapes", metavar="CORPORA", help="print the sizes of corpora, nothing else")
    parser.add_argument("--self-check", action="store_true", help="compare the scores with slower ways to compute them")
    parser.add_argument("--data", help="folder of corpora (default: $SKARTM_DATA, ../shared/data)")
    return parser.parse_args(argv)


def names(text: str, groups: dict) -> list[str]:
    """Return the comma separated names, names of lists replaced by what is in them; (1, 2) is not separated."""
    return [name for part in re.split(r",(?![^(]*\))", text) for name in groups.get(part, (part,))]


def read_rows(paths) -> list[dict]:
    """Read the lines of files; the last one of the same run counts."""
    rows = {}
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows[tuple(row[key] for key in KEY)] = row
    return list(rows.values())


def load(name: str, options):
    """Return a corpus, or None with a reason where this machine does not have it."""
    try:
        corpus = load_corpus(name, data_folder(options.data), options.max_docs)
    except FileNotFoundError as error:
        print(f"skipped: {error}", file=sys.stderr)
        return None
    print(corpus.summary(), file=sys.stderr, flush=True)
    return corpus


def runnable(labels: list[str]) -> list[str]:
    """Return the systems whose library is here, after a first small fit; say why the others are not run."""
    found = []
    for label in labels:
        system, _ = parse_system(label)
        if reason := system.missing():
            print(f"skipped: {label}: {reason}", file=sys.stderr)
        else:
            warm_up(label)
            found.append(label)
    return found


def run(options) -> None:
    """Run what is not in the file yet."""
    done = {tuple(row[key] for key in KEY) for row in read_rows([options.out])} if _exists(options.out) else set()
    displays = [*DISPLAYS] if options.displays == "all" else [d.strip() for d in options.displays.split(";") if d]
    labels = runnable(names(options.systems, SYSTEM_GROUPS))
    for name in names(options.corpora, GROUPS):
        kind = "stability" if options.stability else "quality"
        seeds = [int(seed) for seed in options.seeds.split(",")]
        keys = [(kind, name, label, seed, options.topics) for seed in seeds for label in labels]
        keys = [key for key in keys if key not in done]
        corpus = load(name, options) if keys else None
        if corpus is None:
            continue
        for key in keys:
            row = dict(zip(KEY, key, strict=True)) | {"version": parse_system(key[2])[0].version()}
            row["parameters"] = parse_system(key[2])[1]
            if options.stability:
                row |= stability(key[2], corpus, options.topics, options.runs, key[3])
            else:
                row |= measure(key[2], corpus, options.topics, key[3], options.trace, displays)
            report(row, options.out)


def report(row: dict, out: Path | None) -> None:
    """Print the main figures of one run and append it to the file."""
    shown = {k: v for k, v in row.items() if isinstance(v, float)}
    figures = "  ".join(f"{key} {value:.4g}" for key, value in shown.items())
    print(f"  {row['system']}, seed {row['seed']}: {figures}", file=sys.stderr, flush=True)
    if out is not None:
        with open(out, "a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _exists(path: Path | None) -> bool:
    return path is not None and path.exists()


def main() -> None:
    """Run, or print what earlier runs found."""
    options = arguments()
    if options.self_check:
        self_check(data_folder(options.data))
    elif options.shapes:
        for name in names(options.shapes, GROUPS):
            load(name, options)
    elif options.table:
        rows = read_rows(options.table)
        print(markdown(rows))
        if options.figure:
            figure(rows, options.figure)
    else:
        os.environ["RAYON_NUM_THREADS"] = "1"  # of the libraries in Rust, which are not imported yet
        with threadpool_limits(1):
            run(options)


if __name__ == "__main__":
    main()
