"""Scorers of topic models for searches and cross-validation."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

from skartm.base import shown
from skartm.metrics._corpus import Corpus
from skartm.metrics.scoring._fitted import FittedTopics
from skartm.metrics.scoring._scores import TOPIC_SCORES, TopicScore


class TopicScorer:
    """A score of a fitted topic model, callable as ``scorer(estimator, X, y=None)``; made by `make_topic_scorer`.

    The result is greater when the model is better; ``value`` is the score as it is.
    """

    def __init__(
        self,
        score: str | Callable[..., float],
        *,
        greater_is_better: bool | None = None,
        reference: Any = None,
        tokens: Any = None,
        **options: Any,
    ) -> None:
        self.score, self.reference, self.tokens, self.options = score, reference, tokens, options
        known = self._known()
        self.greater_is_better = known.greater_is_better if greater_is_better is None else greater_is_better
        unknown = sorted(set(options) - known.options) if isinstance(score, str) else []
        if unknown:
            allowed = sorted(known.options) or "no options"
            raise TypeError(f"make_topic_scorer: the score {shown(score)} takes {allowed}. Got {unknown}.")
        if reference is not None and not known.has_reference:
            raise ValueError(
                f"make_topic_scorer: a reference is for scores that count in a corpus. Got one for {shown(self.score)}."
            )

    def _known(self) -> TopicScore:
        if callable(self.score):
            compute = self.score
            return TopicScore(lambda fitted, corpus, **options: compute(fitted.model, fitted.counts, **options), True)
        if self.score not in TOPIC_SCORES:
            close = get_close_matches(str(self.score), TOPIC_SCORES, n=1)
            hint = f"did you mean {shown(close[0])}?" if close else f"the names are {', '.join(sorted(TOPIC_SCORES))}."
            raise ValueError(
                f"make_topic_scorer: score must be a known name or a callable. Got {shown(self.score)}; {hint}"
            )
        return TOPIC_SCORES[self.score]

    def value(self, estimator: Any, X: Any = None, y: Any = None) -> float:
        """Return the score as it is, perplexity for instance, whichever way is better."""
        return self.value_of(FittedTopics(estimator, X))

    def value_of(self, fitted: FittedTopics) -> float:
        """Return the score as it is, of a model and data that several scores share."""
        known, part = self._known(), fitted.part(self.tokens)
        corpus = Corpus(part, self.reference) if known.has_reference else None
        return float(known.compute(part, corpus, **self.options))

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        """Return the score, negated if smaller is better."""
        return self.signed(self.value(estimator, X, y))

    def signed(self, value: float) -> float:
        """Return the value so that greater is better."""
        if self.greater_is_better is None:
            raise ValueError(f"The score {shown(self.score)} is better neither way; set greater_is_better.")
        return value if self.greater_is_better else -value

    def __repr__(self) -> str:
        parts = [repr(self.score) if isinstance(self.score, str) else getattr(self.score, "__name__", repr(self.score))]
        if self.greater_is_better is not self._known().greater_is_better:
            parts.append(f"greater_is_better={self.greater_is_better}")
        if self.reference is not None:
            shape = getattr(self.reference, "shape", None) or (len(self.reference),)
            parts.append(f"reference=<{type(self.reference).__name__} of shape {tuple(shape)}>")
        if self.tokens is not None:
            parts.append(f"tokens={self.tokens!r}")
        parts += [f"{name}={value!r}" for name, value in self.options.items()]
        return f"make_topic_scorer({', '.join(parts)})"


def make_topic_scorer(
    score: str | Callable[..., float],
    *,
    greater_is_better: bool | None = None,
    reference: Any = None,
    tokens: Any = None,
    **options: Any,
) -> TopicScorer:
    """Make a scorer of topic models, for the ``scoring`` of a search or of a cross-validation.

    It is called with the estimator and the validation data of a fold. The estimator may be a topic model, or a
    pipeline with one among its steps: the steps in front of it turn ``X``, raw text for instance, into the counts that
    the model sees. Greater is better always, so perplexity is negated.

    Parameters
    ----------
    score : str or callable
        One of `topic_scorer_names`, or a function ``(model, counts, **options) -> float`` of the fitted topic model and
        of the data as it sees them.
    greater_is_better : bool, default=None
        None takes what is known of the name, and True for a function. Names that are better neither way, such as
        "kernel_size", need it.
    reference : {sparse matrix, array-like} of shape (n_docs, n_tokens), lists of tokens, or texts, default=None
        Corpus in which coherence is counted. None takes the data that are scored. Lists of tokens are taken as they
        are, and need names of the columns: of a vectorizer in front of the model, its ``token_names``, or those of a
        data frame. (If the data that are scored are lists of tokens too, they go the same way as these.) Texts, or
        whatever else the pipeline takes, go through its steps, so that they fit the vocabulary of each fold; they need
        a vectorizer in front of the model, whose analyzer says what is a token. A matrix must have the columns of the
        model.
    tokens : slice, array of int or array of bool, default=None
        Columns to score, those of a modality for instance. None scores all.
    **options
        Keywords of the function behind the name, such as ``n_top`` of the coherences or ``threshold`` of the kernels.

    Returns
    -------
    scorer : TopicScorer
        Callable as ``scorer(estimator, X, y=None)``; it can be pickled, if ``score`` and ``reference`` can. Its method
        ``value(estimator, X)`` gives the score as it is.

    Raises
    ------
    ValueError
        If the name is unknown, if the score is better neither way, or if it counts in no corpus and has a reference.
        When it is called: if "c_v", "c_npmi" or "c_uci" are given counts in place of texts.
    TypeError
        If the score takes no such option.

    See Also
    --------
    get_topic_scorer : By name alone.

    Notes
    -----
    The coherences "c_v", "c_npmi" and "c_uci" count windows of text, as published. In a pipeline whose vectorizer sees
    texts these are the texts, cut into tokens by the analyzer of the vectorizer; tokens that the model does not have
    take up room in a window, as in gensim. Given counts, they are an error, unless the rows are in the order of the
    text, no document is longer than the window, or ``window="document"`` asks for whole documents. "npmi" and "u_mass"
    count documents.

    Examples
    --------
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skartm import PLSA
    >>> from skartm.datasets import load_peps
    >>> from skartm.metrics import make_topic_scorer
    >>> make_topic_scorer("npmi", n_top=5)
    make_topic_scorer('npmi', n_top=5)
    >>> scoring = {"coherence": make_topic_scorer("npmi", n_top=5), "fit": make_topic_scorer("completion")}
    >>> X = load_peps().data[:200]
    >>> model = PLSA(max_iter=5, tol=0, random_state=0)
    >>> search = GridSearchCV(model, {"n_components": [2, 5]}, scoring=scoring, refit="coherence", cv=2).fit(X)
    >>> search.cv_results_["mean_test_fit"].shape
    (2,)
    """
    scorer = TopicScorer(score, greater_is_better=greater_is_better, reference=reference, tokens=tokens, **options)
    if scorer.greater_is_better is None:
        raise ValueError(
            f"make_topic_scorer: the score {shown(score)} is better neither way. Got greater_is_better=None; "
            "say which way you mean."
        )
    return scorer


def get_topic_scorer(name: str) -> TopicScorer:
    """Scorer of a name with its default options, as :func:`sklearn.metrics.get_scorer`.

    Parameters
    ----------
    name : str
        One of `topic_scorer_names` that is better one way.

    Returns
    -------
    scorer : TopicScorer

    Examples
    --------
    >>> from skartm.metrics import get_topic_scorer
    >>> get_topic_scorer("diversity")
    make_topic_scorer('diversity')
    """
    return make_topic_scorer(name)


def topic_scorer_names() -> list[str]:
    """Names of scores that `make_topic_scorer` knows.

    Returns
    -------
    names : list of str

    Examples
    --------
    >>> from skartm.metrics import topic_scorer_names
    >>> "npmi" in topic_scorer_names()
    True
    """
    return sorted(TOPIC_SCORES)
