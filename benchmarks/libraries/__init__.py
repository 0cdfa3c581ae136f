"""One adapter a library.

An adapter is a module ``bench_<library>`` that imports its library only inside functions (the runner reads `VARIANTS`
without having it) and has

``VARIANTS``
    Variant name -> parameters. ``passes`` bounds the training, ``chunk`` is the number of passes between snapshots; the
    rest is for the library.
``version()``
    Name and version of the library.
``convert(counts, job)``
    What `train` needs, made of the training counts (CSR, int32). Timed apart from the training.
``train(data, job, recorder)``
    Trains and calls ``recorder.snapshot(get_phi, step)`` after each chunk; `get_phi` returns (n_topics, n_tokens).
``USES_PROCESSES``
    True when the library starts ``threads`` worker processes.

`job` has ``topics``, ``threads``, ``seed``, ``folder`` (scratch) and ``parameters``.
"""


def words(n: int) -> list[str]:
    """Return n artificial words, in the order of the columns, that no tokenizer of any library changes."""
    return [f"w{i:07d}" for i in range(n)]


def token_lists(counts) -> list[list[str]]:
    """Return the documents as lists of artificial words, each repeated as often as it occurs."""
    names = words(counts.shape[1])
    documents = []
    for start, stop in zip(counts.indptr[:-1], counts.indptr[1:], strict=True):
        document = []
        for j, count in zip(counts.indices[start:stop], counts.data[start:stop], strict=True):
            document += [names[j]] * int(count)
        documents.append(document)
    return documents


def in_column_order(phi, vocabulary, n_tokens: int):
    """Return phi with its columns in the order of the counts; words the library dropped get probability 0."""
    import numpy as np

    out = np.zeros((len(phi), n_tokens), dtype=np.float32)
    out[:, [int(word[1:]) for word in vocabulary]] = np.asarray(phi)
    return out
