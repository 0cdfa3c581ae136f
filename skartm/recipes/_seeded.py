"""Topics about given words."""

from collections.abc import Mapping
from typing import Any

from skartm.base import shown
from skartm.recipes._groups import check_groups
from skartm.regularizers import Decorrelation, SeedWords, SmoothSparsePhi, SmoothSparseTheta, Window
from skartm.topics import ARTMTransformer, topic_groups


def seeded(
    themes: Mapping[str, Any],
    n_components: int = 50,
    *,
    topics_per_theme: int = 1,
    n_background: int = 1,
    seeds: float = 0.1,
    decorrelation: float = 0.05,
    smoothing: float = 0.1,
    **parameters: Any,
) -> ARTMTransformer:
    """Find what a corpus says about themes that are given by a few words each.

    Every theme has topics of its own, drawn to its words (:class:`SeedWords`) and kept from each other's; the other
    topics take what the themes do not explain, and background topics the words of every document, so that what is left
    in the topics of a theme is about the theme.

    Parameters
    ----------
    themes : mapping of name to words
        Words by column or, if the model knows ``token_names``, by name; a dict of word to weight, or a list.
    n_components : int, default=50
        Topics in all.
    topics_per_theme : int, default=1
        Topics of every theme; with several, they are different sides of it.
    n_background : int, default=1
        Background topics; 0 is none.
    seeds : float, default=0.1
        Share of the mass of the themes' topics that is added to their words.
    decorrelation : float, default=0.05
        Share of the mass that decorrelation moves, from pass 10 on.
    smoothing : float, default=0.1
        Tokens added to every topic of every document.
    **parameters
        Of :class:`skartm.ARTMTransformer`; by default ``leave_one_out=True, max_iter=30, tol=0``.

    Returns
    -------
    ARTMTransformer
        Topics of the names of the themes with a number, "other0", ..., "background0", ...; regularizers "seeds",
        "decorrelation", "theta", "background_phi" and "background_theta".

    Examples
    --------
    >>> from skartm import recipes
    >>> from skartm.datasets import load_peps
    >>> peps = load_peps()
    >>> themes = {"typing": ["annotations", "hints"], "packaging": ["wheel", "distribution"]}
    >>> model = recipes.seeded(themes, 12, token_names=peps.feature_names, random_state=0).fit(peps.data)
    >>> model.get_feature_names_out()[:3].tolist()
    ['typing0', 'packaging0', 'other0']
    >>> "annotations" in model.top_tokens(10)[0]
    True
    """
    if not isinstance(themes, Mapping) or not themes:
        msg = f"The 'themes' parameter of seeded must be a dict of name to words. Got {shown(themes)}."
        raise ValueError(msg)
    check_groups(topics_per_theme, 0)
    n_other = check_groups(n_components, n_background + topics_per_theme * len(themes))
    groups = {**{str(name): topics_per_theme for name in themes}, "other": n_other}
    regularizers: list[tuple[str, Any]] = [
        ("seeds", SeedWords({f"{name}*": words for name, words in themes.items()}, seeds, relative=0.0, others=0.5)),
        ("decorrelation", Decorrelation(Window(decorrelation, begin=10), relative=0.0)),
        ("theta", SmoothSparseTheta(smoothing)),
    ]
    if n_background:
        groups["background"] = n_background
        regularizers += [
            ("background_phi", SmoothSparsePhi(0.05, relative=0.0, topics="background*")),
            ("background_theta", SmoothSparseTheta(1.0, topics="background*")),
        ]
    defaults = {"leave_one_out": True, "max_iter": 30, "tol": 0, "topic_names": topic_groups(**groups)}
    return ARTMTransformer(n_components, regularizers=regularizers, **{**defaults, **parameters})
