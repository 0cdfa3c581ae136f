"""Words and something else: tags, authors, dates."""

from typing import Any

from skartm.regularizers import Decorrelation, SmoothSparsePhi, SmoothSparseTheta, Window
from skartm.topics import ARTMTransformer


def multimodal(
    n_components: int = 50,
    *,
    main_modality: str,
    modalities: Any = None,
    modality_weights: Any = None,
    decorrelation: float = 0.05,
    smoothing: float = 0.1,
    begin: int = 10,
    **parameters: Any,
) -> ARTMTransformer:
    """Topics of words that explain other modalities too.

    The words are decorrelated, the other modalities, which have few tokens a document, are smoothed a little, so that a
    tag that a topic has not seen is not impossible in it. Weights are relative to the main modality.

    Parameters
    ----------
    n_components : int, default=50
        Topics.
    main_modality : str
        Name of the modality of words.
    modalities : dict of name to columns, or labels of columns, default=None
        As in :class:`skartm.ARTMTransformer`; None is for :class:`skartm.TopicPipeline`, which sets it.
    modality_weights : dict of name to float, default=None
        Relative weights: 0.1 gives a modality a tenth of the mass of the main one. Those left out have 1.
    decorrelation : float, default=0.05
        Share of the mass of the words that decorrelation moves.
    smoothing : float, default=0.1
        Tokens added to every topic of every document.
    begin : int, default=10
        Pass from which topics are decorrelated.
    **parameters
        Of :class:`skartm.ARTMTransformer`; by default ``leave_one_out=True, max_iter=40, tol=0``.

    Returns
    -------
    ARTMTransformer
        Regularizers "decorrelation", "phi" and "theta".

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import recipes
    >>> from skartm.datasets import load_peps
    >>> X = load_peps().data
    >>> columns = {"words": slice(0, 7000), "rest": slice(7000, None)}
    >>> model = recipes.multimodal(
    ...     10, main_modality="words", modalities=columns, modality_weights={"rest": 0.1}, random_state=0
    ... ).fit(X)
    >>> model.components_[:, 7000:].sum(axis=1).round(3)
    array([1., 1., 1., 1., 1., 1., 1., 1., 1., 1.], dtype=float32)
    """
    regularizers = [
        ("decorrelation", Decorrelation(Window(decorrelation, begin=begin), relative=0.0, modality=main_modality)),
        ("phi", SmoothSparsePhi(0.02, relative=1.0)),
        ("theta", SmoothSparseTheta(smoothing)),
    ]
    return ARTMTransformer(
        n_components,
        regularizers=regularizers,
        modalities=modalities,
        modality_weights=modality_weights,
        main_modality=main_modality,
        **{"leave_one_out": True, "max_iter": 40, "tol": 0, **parameters},
    )
