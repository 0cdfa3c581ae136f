"""Markdown tables and a figure of the lines that ``topic_quality.py`` writes."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from quality.systems import PEERS

# header, key, format
COLUMNS = (
    ("perplexity", "perplexity", "{:.0f}"),
    ("/ best peer", "ratio", "{:.3f}"),
    ("smoothed", "smoothed", "{:.0f}"),
    ("plain", "plain", "{:.0f}"),
    ("NPMI, held out", "npmi_held_out", "{:.3f}"),
    ("smoothed NPMI", "npmi_smoothed", "{:.3f}"),
    ("NPMI, all", "npmi_all", "{:.3f}"),
    ("diversity", "diversity", "{:.3f}"),
    ("df", "df_median", "{:.0f}"),
    ("purity", "purity", "{:.3f}"),
    ("accuracy", "accuracy", "{:.3f}"),
    ("zeros", "zeros", "{:.2f}"),
    ("CPU s", "cpu", "{:.2f}"),
    ("CPU s, near", "cpu_near", "{:.2f}"),
)
STABILITY = (
    ("seeds", "stability_seeds", "{:.3f}"),
    ("subsamples", "stability_subsamples", "{:.3f}"),
    ("smaller", "stability", "{:.3f}"),
)
SUMMARY = (
    ("corpora", "n_corpora", "{:.0f}"),
    ("perplexity / best peer", "ratio", "{:.3f}"),
    ("worst", "worst", "{:.3f}"),
    ("NPMI, held out", "npmi_held_out", "{:.3f}"),
    ("smoothed NPMI", "npmi_smoothed", "{:.3f}"),
    ("NPMI, all", "npmi_all", "{:.3f}"),
    ("diversity", "diversity", "{:.3f}"),
    ("purity", "purity", "{:.3f}"),
    ("accuracy", "accuracy", "{:.3f}"),
    ("CPU / CVB0", "cpu_ratio", "{:.2f}"),
)
REFERENCE = "cvb0"


def is_peer(system: str) -> bool:
    """Return whether a system, given with its replaced parameters, is a peer."""
    return system.split("@")[0] in PEERS


def with_labels(row: dict) -> dict:
    """Return the row with its labels as columns: ``purity``, and ``purity author`` for the second kind of labels."""
    flat = dict(row)
    for i, (name, scores) in enumerate(row.get("labels", {}).items()):
        flat |= {(key if i == 0 else f"{key} {name}"): value for key, value in scores.items()}
    return flat


def means_of_displays(group: list[dict]) -> dict[str, dict]:
    """Return the scores of the other ways to choose words, means over seeds."""
    found = [row.get("displays", {}) for row in group]
    return {
        name: {key: float(np.mean([displays[name][key] for displays in found])) for key in found[0][name]}
        for name in found[0]
        if all(name in displays for displays in found)
    }


def means(rows: list[dict]) -> dict[tuple[str, str], dict]:
    """Return (corpus, system) -> means over seeds, standard deviations as ``sd <key>``, in the order of the lines."""
    groups = defaultdict(list)
    for row in rows:
        groups[row["corpus"], row["system"]].append(with_labels(row))
    result = {}
    for key, group in groups.items():
        numbers = [name for name, value in group[0].items() if isinstance(value, (int, float))]
        columns = {name: [row[name] for row in group if row.get(name) is not None] for name in numbers}
        result[key] = {name: float(np.mean(values)) for name, values in columns.items() if values}
        result[key] |= {f"sd {name}": float(np.std(values)) for name, values in columns.items() if len(values) > 1}
        result[key] |= {"n_seeds": len(group), "displays": means_of_displays(group)}
    best = {}
    for (corpus, system), scores in result.items():
        if is_peer(system) and "perplexity" in scores:
            best[corpus] = min(best.get(corpus, np.inf), scores["perplexity"])
    for (corpus, _), scores in result.items():
        if corpus in best:
            scores["ratio"] = scores["perplexity"] / best[corpus]
    return result


def cell(scores: dict, key: str, form: str) -> str:
    """Return one figure, with its standard deviation over seeds where there are several."""
    if key not in scores:
        return "-"
    text = form.format(scores[key])
    return f"{text} ± {form.format(scores[f'sd {key}'])}" if f"sd {key}" in scores else text


def table(header: list[str], lines: list[list[str]]) -> str:
    """Return a table in markdown."""
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, ["---"] * len(header), *lines])


def corpus_table(corpus: str, results: dict) -> str:
    """Return the table of one corpus: systems, and below each one its other ways to choose words."""
    found = {system: scores for (name, system), scores in results.items() if name == corpus}
    extra = sorted({key for scores in found.values() for key in scores if key.startswith(("purity ", "accuracy "))})
    columns = [*COLUMNS, *((key, key, "{:.3f}") for key in extra)]
    columns = [column for column in columns if any(column[1] in scores for scores in found.values())]
    lines = []
    for system, scores in found.items():
        lines.append([system, *(cell(scores, key, form) for _, key, form in columns)])
        for display, words in scores["displays"].items():
            lines.append([f"{system}, words: {display}", *(cell(words, key, form) for _, key, form in columns)])
    return f"### {corpus}\n\n" + table(["system", *(name for name, _, _ in columns)], lines)


def summary_table(results: dict) -> str:
    """Return systems x means over the corpora that all of them have; ratios are geometric means."""
    systems = list(dict.fromkeys(system for _, system in results))
    corpora_of = {system: {corpus for corpus, name in results if name == system} for system in systems}
    common = sorted(set.intersection(*corpora_of.values()))
    lines = []
    for system in systems:
        found = [results[corpus, system] for corpus in common]
        scores = {"n_corpora": len(common)}
        for key in ("npmi_held_out", "npmi_smoothed", "npmi_all", "diversity", "purity", "accuracy"):
            values = [row[key] for row in found if key in row]
            scores |= {key: float(np.mean(values))} if values else {}
        ratios = [row["ratio"] for row in found if "ratio" in row]
        if ratios:
            scores |= {"ratio": float(np.exp(np.log(ratios).mean())), "worst": max(ratios)}
        times = [results[c, system]["cpu"] / results[c, REFERENCE]["cpu"] for c in common if (c, REFERENCE) in results]
        if times:
            scores["cpu_ratio"] = float(np.exp(np.log(times).mean()))
        lines.append([system, *(cell(scores, key, form) for _, key, form in SUMMARY)])
    return f"### Means over {', '.join(common) or 'no corpus'}\n\n" + table(
        ["system", *(name for name, _, _ in SUMMARY)], lines
    )


def stability_table(results: dict) -> str:
    """Return corpora x systems, the two kinds of stability and the smaller one."""
    lines = []
    for (corpus, system), scores in results.items():
        scores["stability"] = min(scores["stability_seeds"], scores["stability_subsamples"])
        lines.append([corpus, system, *(cell(scores, key, form) for _, key, form in STABILITY)])
    return "### Stability\n\n" + table(["corpus", "system", *(name for name, _, _ in STABILITY)], lines)


def markdown(rows: list[dict]) -> str:
    """Return all tables of the lines."""
    parts = []
    if quality := means([row for row in rows if row["kind"] == "quality"]):
        parts += [corpus_table(corpus, quality) for corpus in dict.fromkeys(corpus for corpus, _ in quality)]
        parts.append(summary_table(quality))
    if stable := means([row for row in rows if row["kind"] == "stability"]):
        parts.append(stability_table(stable))
    return "\n\n".join(parts)


def figure(rows: list[dict], path: Path) -> None:
    """Draw perplexity, NPMI, diversity and CPU time of all systems, one row of points a corpus."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    results = means([row for row in rows if row["kind"] == "quality"])
    corpora = list(dict.fromkeys(corpus for corpus, _ in results))
    systems = list(dict.fromkeys(system for _, system in results))
    panels = (
        ("ratio", "perplexity / best peer", "log"),
        ("npmi_held_out", "NPMI, held-out documents", "linear"),
        ("diversity", "diversity", "linear"),
        ("cpu", "CPU s", "log"),
    )
    drawing, axes = plt.subplots(
        1, len(panels), sharey=True, figsize=(14, 1.5 + 0.4 * len(corpora)), layout="constrained"
    )
    markers = "osD^v<>PX*hp"
    for axis, (key, title, scale) in zip(axes, panels, strict=True):
        for i, system in enumerate(systems):
            found = [results.get((corpus, system), {}).get(key) for corpus in corpora]
            points = [(value, y) for y, value in enumerate(found) if value is not None]
            if points:
                filled = {} if is_peer(system) else {"markeredgecolor": "black"}
                axis.plot(*zip(*points, strict=True), markers[i % len(markers)], label=system, alpha=0.8, **filled)
        axis.set(xscale=scale, xlabel=title)
        axis.grid(alpha=0.3)
    axes[0].set_yticks(range(len(corpora)), corpora)
    axes[0].invert_yaxis()
    drawing.legend(*axes[-1].get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False)
    drawing.savefig(path, dpi=120)
