"""Corpora: bundled ones, readers and writers of corpus formats, matrices on disk, and generators with known topics.

A corpus is a :class:`~sklearn.utils.Bunch` with ``data``, a CSR matrix of documents by tokens, and ``feature_names``. A
row whose ``indices`` are not sorted is a token sequence: the tokens in the order of the text, with value 1.

Formats that other libraries read well are not read here:

* Matrix Market: ``scipy.io.mmread(path, spmatrix=False).tocsr()``, ``scipy.io.mmwrite(path, X)``;
* svmlight: ``sklearn.datasets.load_svmlight_file(path, dtype=np.float32)``, ``sklearn.datasets.dump_svmlight_file``;
* text: ``sklearn.feature_extraction.text.CountVectorizer(dtype=np.float32)``.

Whatever does not fit into memory goes through the on-disk CSR: give the readers a folder with ``memmap=``, or write one
with `save_memmap`; `open_memmap` opens it, and `iter_chunks` feeds it to ``partial_fit``.
"""

from skartm.base import publish

from ._bow import from_bow, from_token2id, to_bow, to_token2id
from ._debian_packages import load_debian_packages
from ._folder import fetch_corpus, load_folder
from ._make import make_topics
from ._memmap import iter_chunks, open_memmap, save_memmap
from ._peps import load_peps
from ._sotu import load_sotu
from ._uci import dump_uci, load_uci
from ._vowpal_wabbit import dump_vowpal_wabbit, load_vowpal_wabbit

__all__ = [
    "dump_uci",
    "dump_vowpal_wabbit",
    "fetch_corpus",
    "from_bow",
    "from_token2id",
    "iter_chunks",
    "load_debian_packages",
    "load_folder",
    "load_peps",
    "load_sotu",
    "load_uci",
    "load_vowpal_wabbit",
    "make_topics",
    "open_memmap",
    "save_memmap",
    "to_bow",
    "to_token2id",
]

publish(globals())
