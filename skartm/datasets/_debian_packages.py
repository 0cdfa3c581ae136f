"""Bundled: descriptions of Debian packages."""

from __future__ import annotations

from sklearn.utils import Bunch

from ._bundled import read_bundled
from ._rows import to_names

_ENGLISH = "en"


def load_debian_packages() -> Bunch:
    """Load descriptions of 4,378 Debian packages, bundled: counts in six languages, sections, tags, dependencies.

    =================  =========
    Documents              4,378
    Vocabulary             5,681
    Tokens               153,784
    Sections                  55
    Tags                     522
    Links                 18,406
    =================  =========

    One package of each source package of Debian 12 that has tags and is translated into Italian, French and German.

    Returns
    -------
    corpus : :class:`~sklearn.utils.Bunch`
        data : CSR of shape (4378, 5681), float32
            Counts of the English descriptions.
        feature_names : ndarray of str of shape (5681,)
            The English vocabulary, sorted.
        translations : dict of str to Bunch
            ``"de"``, ``"fr"``, ``"it"`` (all packages), ``"pt_BR"`` (2,456), ``"ru"`` (1,508): the same packages in
            other languages, each with ``data`` and ``feature_names``. A row without entries is not translated.
        names : ndarray of str of shape (4378,)
            Names of the packages, sorted.
        titles : ndarray of str of shape (4378,)
            First lines of the English descriptions.
        sections : ndarray of str of shape (4378,)
            "games", "libs", ...
        tags : list of lists of str
            Facets and values: "game::board:chess", "works-with::audio", ... Packages have 6.5 of them on average.
        links : CSR of shape (4378, 4378), float32
            1 where package i (row) depends on a package of the source of package j (column), i != j.
        DESCR : str
            Origin, licence, choice of packages and tokens.

    Examples
    --------
    >>> from skartm.datasets import load_debian_packages
    >>> corpus = load_debian_packages()
    >>> corpus.data.shape
    (4378, 5681)
    >>> chess = corpus.names.tolist().index("3dchess")
    >>> corpus.titles[chess], corpus.sections[chess]
    ('Play chess across 3 boards!', 'games')
    >>> french = corpus.translations["fr"]
    >>> sorted(french.feature_names[french.data[chess].indices])[:4]
    ['directions', 'défi', 'déplacer', 'expérimentés']
    """
    bundled = read_bundled("debian_packages")
    side = bundled.side
    languages = {}
    for language, words in side["feature_names"].items():
        names = to_names(words, None, "feature_names")
        languages[language] = Bunch(data=bundled.counts(language, names.size), feature_names=names)
    english = languages.pop(_ENGLISH)
    texts = {key: to_names(side[key], english.data.shape[0], key) for key in ("names", "titles", "sections")}
    return Bunch(
        data=english.data,
        feature_names=english.feature_names,
        translations=languages,
        tags=side["tags"],
        links=bundled.counts("links", len(side["names"])),
        DESCR=bundled.description,
        **texts,
    )
