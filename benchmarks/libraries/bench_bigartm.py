"""BigARTM (PyPI ``bigartm10``): PLSA, ARTM with smoothing, and its LDA class.

The corpus goes in as a UCI bag-of-words file, which its C++ core reads; the matrix input (``bow_n_wd``) is a slow loop
in Python. It keeps its batches on disk and reads them in every pass: that is how it works, so it is counted.
"""

from pathlib import Path

from . import in_column_order, words

VARIANTS = {
    "plsa": {"passes": 40, "chunk": 2, "inner": 10},
    "artm": {"passes": 40, "chunk": 2, "inner": 10, "phi": 0.1, "theta": 0.1},
    "lda": {"passes": 40, "chunk": 2, "inner": 10, "lda": True, "alpha": 0.01, "beta": 0.01},
}


def version():
    """Return name and version."""
    import artm

    return f"bigartm {artm.version()}"


def convert(counts, job):
    """Write docword and vocab files and let BigARTM make batches of them."""
    import artm
    import numpy as np

    folder = Path(job["folder"]) / "uci"
    folder.mkdir()
    coo = counts.tocoo()
    with open(folder / "docword.c.txt", "w") as file:
        file.write(f"{counts.shape[0]}\n{counts.shape[1]}\n{counts.nnz}\n")
        np.savetxt(file, np.column_stack([coo.row + 1, coo.col + 1, coo.data]), fmt="%d")
    (folder / "vocab.c.txt").write_text("\n".join(words(counts.shape[1])) + "\n")
    vectorizer = artm.BatchVectorizer(
        data_path=str(folder), data_format="bow_uci", collection_name="c", target_folder=str(folder / "batches")
    )
    return counts, vectorizer


def build(vectorizer, job):
    """Return the initialised model of one variant."""
    import artm

    options = job["parameters"]
    common = {
        "num_topics": job["topics"],
        "num_processors": job["threads"],
        "num_document_passes": options["inner"],
        "seed": job["seed"] + 1,  # 0 and -1 are the same start
        "dictionary": vectorizer.dictionary,
    }
    if options.get("lda"):
        return artm.LDA(alpha=options["alpha"], beta=options["beta"], **common)
    model = artm.ARTM(reuse_theta=options.get("reuse", False), cache_theta=options.get("reuse", False), **common)
    if options.get("phi"):
        model.regularizers.add(artm.SmoothSparsePhiRegularizer(name="phi", tau=options["phi"]))
    if options.get("theta"):
        model.regularizers.add(artm.SmoothSparseThetaRegularizer(name="theta", tau=options["theta"]))
    if options.get("report"):
        model.scores.add(artm.PerplexityScore(name="perplexity", dictionary=vectorizer.dictionary))
    start = Path(job["folder"]) / "init.npy"
    if start.exists():
        overwrite_phi(model, start)
    return model


def overwrite_phi(model, path):
    """Replace phi in place by a given (n_topics, n_tokens) matrix; the counters n_wt are rebuilt by a pass anyway."""
    import numpy as np

    info, phi_wt = model.master.attach_model("pwt")
    model.start = phi_wt  # from here on this array is the model's memory: it must not be freed
    phi_wt[:] = np.load(path).T[[int(word[1:]) for word in info.token]]


def get_phi(model, n_tokens):
    """Return phi (n_topics, n_tokens), a copy.

    Not through `attach_model`: it makes the model compute on the memory of the array that it returns.
    """
    model = getattr(model, "_internal_model", model)
    phi_wt, tokens, _ = model.get_phi_dense()
    return in_column_order(phi_wt.T, [token for _, token in tokens], n_tokens)


def train(data, job, recorder):
    """Train by offline passes; the random start (`initialize`) is part of building the model and counted."""
    counts, vectorizer = data
    options = job["parameters"]
    model = build(vectorizer, job)
    for step in range(options["chunk"], options["passes"] + 1, options["chunk"]):
        model.fit_offline(vectorizer, num_collection_passes=options["chunk"])
        reported = model.score_tracker["perplexity"].last_value if options.get("report") else 0.0
        recorder.snapshot(lambda: get_phi(model, counts.shape[1]), step, reported)
