"""ThetalessARTM: topics of documents as an explicit function of the topics of words."""

from collections.abc import Callable
from typing import Any, ClassVar

from numpy.typing import NDArray

from skartm.base._parameters import choice, parameters
from skartm.em import EM, Batch, Layout, MapPosterior, Shared
from skartm.regularizers import bind_all, check_regularizers
from skartm.topics._accepts import Accepts
from skartm.topics._artm import ARTMTransformer
from skartm.topics._corpus import Corpus
from skartm.topics._published import learned_before
from skartm.topics._reader import Inference
from skartm.topics.thetaless._mixture import LinearMixture

_VARIANTS = ("exact", "simplified", "naive")


@parameters(without=("max_doc_iter", "doc_tol", "reuse_theta", "leave_one_out"))
class ThetalessARTM(ARTMTransformer):
    r"""Topic model whose theta is not learned but computed from phi in one pass over a document.

    The topics of a document are the mean of the topics of its words, "linear thematization" [1]_:

    .. math:: \phi'_{tw} = p(t \mid w) = \operatorname{norm}_t(\phi_{wt} n_t), \qquad
              \theta_{td} = \sum_w \frac{n_{dw}}{n_d}\, \phi'_{tw}, \qquad
              p_{tdw} = \operatorname{norm}_t(\phi_{wt} \theta_{td})

    .. math:: \phi_{wt} = \operatorname{norm}_w \Bigl(\sum_d n_{dw}\, p'_{tdw} + \sum_i \tau_i \phi_{wt}
              \frac{\partial R_i}{\partial \phi_{wt}}\Bigr)_+ , \qquad
              p'_{tdw} = p_{tdw} + \frac{\phi'_{tw}}{n_d} \Bigl(\frac{n_{td}}{\theta_{td}} -
              \sum_s \phi'_{sw} \frac{n_{sd}}{\theta_{sd}}\Bigr)

    Nothing is iterated in a document, so ``transform`` is a sparse product. Against :class:`ARTMTransformer` topics
    differ more, and perplexity is higher. There is no free theta and no p(t|d,w) to regularise: regularizers of phi
    only.

    Parameters
    ----------
    n_components : int, default=10
        Number of topics.
    variant : {"exact", "simplified", "naive"}, default="exact"
        "exact": p' above, the gradient of the log-likelihood through theta(phi), with n_t taken as a constant.
        "simplified": p in place of p', an ordinary EM step at the theta above.
        "naive": as "simplified" with :math:`\phi'_{tw} = \operatorname{norm}_t(\phi_{wt})`: theta after a single
        ordinary inner pass from uniform.
    regularizers : list of (str, Regularizer), default=()
        Named regularizers of phi. Those of theta and of p(t|d,w) are an error.
    topic_names : list of str, default=None
    token_names : list of str, default=None
    modalities : dict of name to slice, indices or mask; or n_tokens labels; default=None
        Kinds of tokens. Theta is the mean over the tokens of all of them, by their weights.
    modality_weights : dict of name to float, default=None
    main_modality : str, default=None
    learning_method : {"batch", "online"}, default="batch"
    max_iter : int, default=50
        Passes over the documents, at most; exactly, when ``tol=0``.
    unregularized_iter : int, default=0
    tol : float, default=1e-3
    batch_size : int, default=2048
    learning_offset : float, default=1.0
    learning_decay : float, default=0.7
    total_samples : float, default=None
    init : array of shape (n_components, n_tokens), default=None
    validation_fraction : float in (0, 1), default=None
    evaluation : {"completion", "fold_in"}, default="completion"
    shown_words : WordChoice, default=None
    warm_start : bool, default=False
    dtype : {"float32", "float64"}, default="float32"
    n_jobs : int, default=None
    random_state : int, RandomState or None, default=None
    verbose : int, default=0
        All of these as in :class:`ARTMTransformer`.

    Attributes
    ----------
    components_ : array of shape (n_components, n_tokens)
        phi: token distributions of the topics. Rows sum to 1, or are all zeros for a dead topic.
    topic_mass_ : array of shape (n_components,)
        n_t: counts of the topics after regularization, of all modalities. ``transform`` needs them beside phi.
    history_ : dict of lists
        One entry an iteration, as in :class:`ARTMTransformer`.
    dead_topics_, learned_, modality_weights_, n_iter_, n_features_in_, feature_names_in_
        As in :class:`ARTMTransformer`.

    Notes
    -----
    n_t are the sums of the counters that phi is the norm of, clipped and regularised, before the first of them uniform.
    Tokens that no topic has do not count in n_d. Counters of "exact" may be negative; clipped, they are zeros of phi
    without any regularizer.

    References
    ----------
    .. [1] I. Irkhin, V. Bulatov, K. Vorontsov. "Additive regularization of topic models with fast text vectorization."
       Computer Research and Modeling 12(6), 2020.

    Examples
    --------
    >>> from skartm import ThetalessARTM
    >>> from skartm.datasets import load_peps
    >>> X = load_peps().data
    >>> model = ThetalessARTM(8, max_iter=20, tol=0, random_state=0).fit(X)
    >>> model.transform(X).shape
    (736, 8)
    """

    variant: str = choice(default="exact", among=_VARIANTS)

    _accepts: ClassVar[Accepts] = Accepts(sides=("phi",), because="theta is a function of phi")

    max_doc_iter = 1
    doc_tol = 0.0
    reuse_theta = False

    _structural: ClassVar[frozenset[str]] = frozenset({"n_components", "topic_names", "modalities", "variant"})

    def _engine(self, layout: Layout, corpus: Corpus, *, warm: bool) -> EM:
        regularizers, n_threads = check_regularizers(self), self._n_threads()
        terms = bind_all(regularizers, layout, learned=learned_before(self) if warm else None)
        posterior = MapPosterior(layout.n_topics, terms.phi, n_threads=n_threads)
        if warm:
            posterior.block_mass = self._block_mass.copy()
        return EM(self._linear(layout.n_topics), posterior, layout.n_topics, n_threads=n_threads)

    def _adds_up(self) -> bool:
        return False  # a mean does not change when tokens repeat

    def _linear(self, n_topics: int) -> LinearMixture:
        exact, by_mass = self.variant == "exact", self.variant != "naive"
        return LinearMixture(n_topics, exact=exact, by_mass=by_mass, n_threads=self._n_threads())

    def _inference(self) -> Inference:
        mixture = self._linear(self.components_.shape[0])

        def of_tokens(tokens: Any) -> Callable[[Batch], NDArray]:
            phi = self._phi_of(tokens)
            p_wt = mixture.topics_of(phi, self.topic_mass_, out=phi)
            return lambda batch: mixture.theta(batch, p_wt)

        return of_tokens

    def _shared_by_all(self) -> Shared:
        """n_t; nothing regularises new documents."""
        return Shared(self.components_[:0], self.components_.shape[0], topic_mass=self.topic_mass_)
