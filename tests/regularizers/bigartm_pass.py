"""One pass of BigARTM from a given phi, in an interpreter that has it: ``python bigartm_pass.py job.json result.npz``.

The job has documents as lines of Vowpal Wabbit, phi of the start by token, and a list of regularizers with their
arguments; every regularizer gets a model of its own. Run by test_bigartm.py; not for import.
"""

import json
import sys
from pathlib import Path

import numpy as np


def vectorizer_of(job, folder):
    text = folder / "documents.vw"
    text.write_text("\n".join(job["documents"]) + "\n")
    return artm.BatchVectorizer(
        data_path=str(text), data_format="vowpal_wabbit", target_folder=str(folder / "batches"), gather_dictionary=False
    )


def dictionary_of(job, folder, values=None, cooccurrence=None):
    """The dictionary of all tokens; ``values`` are token values, ``cooccurrence`` is (u, v, value) by number."""
    dictionary = artm.Dictionary()
    if cooccurrence is None:
        dictionary.gather(data_path=str(folder / "batches"))
    else:
        vocabulary, pairs = folder / "vocab.txt", folder / "pairs.txt"
        vocabulary.write_text("".join(f"{token} {kind}\n" for kind, token in job["tokens"]))
        names = [f"|{kind} {token}" for kind, token in job["tokens"]]
        pairs.write_text("".join(f"{names[u]} {names[v]}:{value}\n" for u, v, value in cooccurrence))
        dictionary.gather(
            data_path=str(folder / "batches"),
            cooc_file_path=str(pairs),
            vocab_file_path=str(vocabulary),
            symmetric_cooc_values=False,
        )
    if values is not None:
        path = folder / "dictionary.txt"
        dictionary.save_text(str(path))
        head, names, *rows = path.read_text().splitlines()
        of = {(kind, token): value for (kind, token), value in zip(map(tuple, job["tokens"]), values)}
        lines = []
        for row in rows:
            fields = [field.strip() for field in row.split(",")]
            fields[2] = repr(of[fields[1], fields[0]])
            lines.append(", ".join(fields))
        path.write_text("\n".join([head, names, *lines]) + "\n")
        dictionary = artm.Dictionary(dictionary_path=None)
        dictionary.load_text(str(path))
    return dictionary


def one_pass(job, case, folder, number):
    vectorizer = (
        vectorizer_of(job, folder)
        if number == 0
        else artm.BatchVectorizer(data_path=str(folder / "batches"), data_format="batches", gather_dictionary=False)
    )
    arguments = dict(case["arguments"])
    if "kl_power" in arguments:
        arguments["kl_function_info"] = artm.KlFunctionInfo("pol", arguments.pop("kl_power"))
    if "topic_pairs" in arguments:
        arguments["topic_pairs"] = {t: dict(row) for t, row in arguments["topic_pairs"].items()}
    if "values" in case or "cooccurrence" in case:
        arguments["dictionary"] = dictionary_of(job, folder, case.get("values"), case.get("cooccurrence"))
    model = artm.ARTM(
        topic_names=job["topics"],
        class_ids=job["class_ids"],
        num_document_passes=10,
        num_processors=1,
        seed=1,
        dictionary=dictionary_of(job, folder),
    )
    if case["regularizer"]:
        model.regularizers.add(getattr(artm, case["regularizer"])(name="r", **arguments))
    info, phi_wt = model.master.attach_model("pwt")
    order = {tuple(token): place for place, token in enumerate(job["tokens"])}
    places = [order[kind, token] for kind, token in zip(info.class_id, info.token)]
    phi_wt[:] = np.array(job["phi"])[places]
    model.fit_offline(vectorizer, num_collection_passes=1)
    result, tokens, _ = model.get_phi_dense()
    phi = np.empty_like(result)
    phi[[order[tuple(token)] for token in tokens]] = result
    return phi, (info, phi_wt, model)  # the model computes on the memory of the array


if __name__ == "__main__":
    import artm

    job_path, result_path = map(Path, sys.argv[1:])
    job = json.loads(job_path.read_text())
    results, alive = {}, []
    for number, case in enumerate(job["cases"]):
        results[str(number)], model = one_pass(job, case, job_path.parent, number)
        alive.append(model)
    np.savez(result_path, **results)
