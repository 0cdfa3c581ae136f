"""The embedded topic model."""

import sys
import time
from functools import partial
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray
from scipy.special import softmax
from sklearn.utils import check_random_state

from skartm.base._callbacks import FitTask, with_callbacks
from skartm.base._fitting import age_of_best, attributes_of, iterate
from skartm.base._parameters import check_dtype, choice, flag, integer, parameters, precision, real
from skartm.em import FreeMixture, History, Shared, padded, perplexity_of
from skartm.feature_extraction import embedding_matrix, word_embeddings
from skartm.neural._checks import check_parameters, filled_documents
from skartm.neural.embedded._encoder import ACTIVATIONS, encode
from skartm.neural.embedded._start import cluster_directions, encoder_start, unit_rows
from skartm.neural.embedded._torch import device_of, torch_for
from skartm.neural.embedded._training import Options, Training
from skartm.topics import _readable, _scored
from skartm.topics._corpus import Corpus
from skartm.topics._modalities import check_topic_names, names_of_tokens
from skartm.topics._model import TopicModel
from skartm.topics._reader import Inference

_TRANSFORM_BATCH = 2048
_LEARNED = ("components_", "embeddings_", "topic_embeddings_", "encoder_", "_moments", "_free")


@parameters
class EmbeddedTopicModel(TopicModel):
    r"""Embedded topic model (ETM): topics are points in the space of word vectors.

    .. math:: p(w|d) = \sum_k \theta_{dk} \beta_{kw}, \qquad
              \beta_k = \operatorname{softmax}(\rho\, \alpha_k), \qquad
              \theta_d = \operatorname{softmax}(\delta_d), \quad \delta_d \sim N(0, I)

    Each row of :math:`\rho` is the vector of a word, each :math:`\alpha_k` that of a topic [1]_. An encoder, a network
    that reads the frequencies of the words of a document, gives the mean and the variance of an approximation
    :math:`q(\delta_d) = N(\mu_d, \sigma_d^2)` of the posterior. Encoder and topics are learned together by stochastic
    gradients of the bound

    .. math:: \sum_{dw} n_{dw} \operatorname{E}_q \ln p(w|d) -
              \kappa \sum_d KL\bigl(q(\delta_d) \,\|\, N(0, I)\bigr)

    where :math:`\kappa` rises to 1 in the first epochs. Both the encoder and the likelihood look at the non-zeros of X
    alone.

    torch is in the extra ``neural``: ``pip install skartm[neural]``. Only ``fit`` and ``partial_fit`` need it; a fitted
    model is made of numpy arrays.

    Parameters
    ----------
    n_components : int, default=10
        Number of topics.
    embeddings : array of shape (n_tokens, length), mapping of token to vector, gensim's KeyedVectors or None
        Vectors of tokens; default=None makes them from the counts of the fit
        (:func:`skartm.feature_extraction.word_embeddings`). They are scaled to unit length. Tokens without a vector
        (rows of zeros, missing keys) get one that is learned.
    embedding_size : int, default=60
        Length of the vectors that are made with ``embeddings=None``; at most the number of tokens. Longer ones predict
        held-out words better, shorter ones make topics more different.
    train_embeddings : bool, default=False
        Whether the vectors of all tokens are learned on.
    token_names : list of str, default=None
        One name a column of X, for embeddings that are given by name; None takes the columns of a data frame.
    topic_names : list of str, default=None
        One unique name a topic.
    hidden_layer_sizes : sequence of int, default=(200, 200)
        Units of the hidden layers of the encoder, at least one layer.
    activation : {"relu", "softplus", "tanh"}, default="relu"
    dropout : float in [0, 1), default=0.0
        Share of the units of the last hidden layer that are left out of a step.
    batch_norm : bool, default=True
        Whether :math:`\mu` is brought to mean 0 and variance 1 over the documents of a batch, topic by topic. Without
        it documents leave some topics, and these become copies of one another.
    kl_warmup : int, default=10
        Epochs in which :math:`\kappa` rises from 1 / ``kl_warmup`` to 1; 0 is :math:`\kappa = 1` from the start.
    init_length : float, default=10.0
        Length of the vectors of topics at the start, which are the centres of clusters of words. Longer ones make
        topics more different.
    learning_rate : float, default=0.02
        Of Adam.
    batch_size : int, default=500
        Documents of a step.
    max_iter : int, default=60
        Epochs, passes over the documents; at most, with ``validation_fraction``.
    validation_fraction : float in (0, 1), default=None
        Share of the documents held out: training stops when the best perplexity of theirs is ``n_iter_no_change``
        epochs old, and the model is that of the best epoch.
    n_iter_no_change : int, default=5
    inference : {"em", "encoder"}, default="em"
        What ``transform`` does. "em": the theta of a document for the topics of the fit, by the EM algorithm, as in
        the other topic models of the library, which ``doc_topic_prior``, ``max_doc_iter`` and ``doc_tol`` are for.
        "encoder": :math:`\operatorname{softmax}(\mu_d)`, which is what the encoder has learned to guess.
    doc_topic_prior : float, default=0.0
        Tokens added to every topic of a document in EM.
    max_doc_iter : int, default=10
        EM: passes over a document, at most.
    doc_tol : float, default=0.01
        EM: a document stops when its theta moves less (sum of absolute changes).
    evaluation : {"completion", "fold_in"}, default="completion"
        What ``score`` and ``perplexity`` measure, as in :class:`skartm.ARTMTransformer`.
    device : {"auto", "cpu", "cuda", "mps"}, default="auto"
        Where training runs; "auto" takes a GPU if torch finds one.
    dtype : {"float32", "float64"}, default="float32"
    n_jobs : int or None, default=None
        Threads of EM, on which its results do not depend. Those of torch are set by ``torch.set_num_threads``.
    random_state : int, RandomState or None, default=None
        Start, order of documents, and noise. The same state gives the same model on the same machine with as many
        threads of torch; the random numbers of torch itself are not touched.
    verbose : int, default=0
        Print a line an epoch.

    Attributes
    ----------
    components_ : array of shape (n_components, n_tokens)
        beta; rows sum to 1.
    embeddings_ : array of shape (n_tokens, length)
        rho.
    topic_embeddings_ : array of shape (n_components, length)
        alpha.
    encoder_ : dict of arrays
        Weights of the encoder.
    history_ : dict of lists
        One entry an epoch: ``objective`` (the bound per token, with the weight of the divergence in that epoch),
        ``log_likelihood``, ``perplexity``, ``divergence`` (of a document, on average), ``seconds``, and
        ``validation_perplexity`` with ``validation_fraction``. Likelihoods are those of drawn theta, during the epoch.
    n_iter_ : int
        Epochs of the last fit.
    n_features_in_, feature_names_in_
        As everywhere in scikit-learn.

    References
    ----------
    .. [1] A. B. Dieng, F. J. R. Ruiz, D. M. Blei. "Topic modeling in embedding spaces." TACL 8, 2020.

    Examples
    --------
    .. code-block:: python

        from skartm import EmbeddedTopicModel
        from skartm.datasets import load_peps

        peps = load_peps()
        model = EmbeddedTopicModel(20, token_names=peps.feature_names, random_state=0).fit(peps.data)
        theta = model.transform(peps.data)
        for words in model.top_tokens(5):
            print(*words)
    """

    n_components: int = integer(default=10, low=1, kw_only=False)
    embeddings: Any = None
    embedding_size: int = integer(default=60, low=1)
    train_embeddings: bool = flag(default=False)
    token_names: Any = None
    topic_names: Any = None
    hidden_layer_sizes: ArrayLike = (200, 200)
    activation: str = choice(default="relu", among=ACTIVATIONS)
    dropout: float = real(default=0.0, low=0.0, high=0.99)
    batch_norm: bool = flag(default=True)
    kl_warmup: int = integer(default=10, low=0)
    init_length: float = real(default=10.0, low=0.0, open_low=True)
    learning_rate: float = real(default=0.02, low=0.0, open_low=True)
    batch_size: int = integer(default=500, low=1)
    max_iter: int = integer(default=60, low=1)
    validation_fraction: float | None = real(default=None, low=0.0, high=1.0, open_low=True, none=True)
    n_iter_no_change: int = integer(default=5, low=1)
    inference: str = choice(default="em", among=("em", "encoder"))
    doc_topic_prior: float = 0.0
    max_doc_iter: int = integer(default=10, low=1)
    doc_tol: float = real(default=0.01, low=0.0)
    evaluation: str = choice(default="completion", among=("completion", "fold_in"))
    device: str = choice(default="auto", among=("auto", "cpu", "cuda", "mps"))
    dtype: DTypeLike = precision(default="float32")
    n_jobs: int | None = None
    random_state: Any = None
    verbose: int = 0

    _live: ClassVar[frozenset[str]] = frozenset({"evaluation", "inference", "device", "doc_topic_prior"})
    _structural: ClassVar[frozenset[str]] = frozenset({"n_components", "topic_names", "activation"})

    # --- fitting -----------------------------------------------------------------------------------------------------

    score = _scored.score
    perplexity = _scored.perplexity
    top_tokens = _readable.top_tokens
    topic_table = _readable.topic_table

    @with_callbacks
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn topics and encoder. After an interruption the model is that of the last whole epoch.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
            Non-negative counts.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ImportError
            torch is not installed.
        ValueError, TypeError
            Parameters or data that cannot be used; the message says what to do.
        FloatingPointError
            Training diverged.
        """
        self._check_parameters()
        torch_for(type(self).__name__)
        corpus, held_out = self._hold_out(Corpus(self._data(X, reset=True)))
        X = corpus.X
        random = check_random_state(self.random_state)
        documents = filled_documents(X, type(self).__name__)
        training = self._new_training(documents, random)
        history, best = _history(held_out is not None), dict[str, Any]()

        def update(number: int) -> bool:
            self._epoch(training, documents, random, history, number)
            self.n_iter_, self._random = number + 1, random
            if held_out is not None:
                history["validation_perplexity"].append(perplexity_of(self._score_held_out(held_out)))
            self.history_ = History((key, list(track)) for key, track in history.items())
            age = 0 if held_out is None else age_of_best(history["validation_perplexity"])
            if held_out is not None and age == 0:
                best.update({name: getattr(self, name) for name in _LEARNED})
            return age >= self.n_iter_no_change

        task = FitTask(self, X)
        line = partial(self._line, X) if self.verbose else None
        keep, write = attributes_of(self)
        iterate(task, update, int(self.max_iter), keep=keep, write=write, converged=bool, line=line)
        self.__dict__.update(best)
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """One epoch over the documents of X; the first call also starts the model from them.

        With ``embeddings=None`` the vectors of words are made from the documents of the first call.

        Parameters
        ----------
        X : array or sparse matrix of shape (n_docs, n_tokens)
        y : ignored

        Returns
        -------
        self
        """
        self._check_parameters()
        torch_for(type(self).__name__)
        first = not hasattr(self, "components_")
        documents = filled_documents(self._data(X, reset=first), type(self).__name__)
        if first:
            self._random, self.history_, self.n_iter_ = check_random_state(self.random_state), _history(False), 0
            training = self._new_training(documents, self._random)
        else:
            names_of_tokens(self, documents.shape[1])  # changed since, they are an error before anything is learned
            training = self._old_training()
        self._epoch(training, documents, self._random, self.history_, self.n_iter_)
        self.n_iter_ += 1
        if self.verbose:
            sys.stdout.write(self._line(X))
        return self

    def _epoch(self, training: Training, X: Any, random: Any, history: History, n_before: int) -> None:
        start = time.perf_counter()
        kl_weight = min(1.0, (n_before + 1) / self.kl_warmup) if self.kl_warmup else 1.0
        try:
            log_likelihood, divergence = training.epoch(X, random, kl_weight)
        except FloatingPointError as error:
            msg = f"{type(self).__name__}: in epoch {n_before + 1} {error}."
            raise FloatingPointError(msg) from None
        self._publish_arrays(training)
        mass = float(X.sum(dtype=np.float64))
        history["objective"].append((log_likelihood - kl_weight * divergence) / mass)
        history["log_likelihood"].append(log_likelihood)
        history["perplexity"].append(perplexity_of(log_likelihood / mass))
        history["divergence"].append(divergence / X.shape[0])
        history["seconds"].append(time.perf_counter() - start)

    def _line(self, X: Any) -> str:
        """A line about the last epoch."""
        last = {name: track[-1] for name, track in self.history_.items() if track}
        held_out = last.get("validation_perplexity")
        return (
            f"{type(self).__name__}: epoch {self.n_iter_}, perplexity {last['perplexity']:.1f}, divergence "
            f"{last['divergence']:.2f}{'' if held_out is None else f', held out {held_out:.1f}'}, "
            f"{last['seconds']:.2f} s\n"
        )

    def _new_training(self, X: Any, random: Any) -> Training:
        vectors = self._vectors(X, random)
        known = vectors.any(axis=1)
        free = np.logical_or(~known, self.train_embeddings)
        topics = self.init_length * cluster_directions(vectors[known], self.n_components, random)
        dtype, sizes = self._dtype(), [int(size) for size in np.atleast_1d(self.hidden_layer_sizes)]
        arrays = encoder_start(
            X.shape[1], sizes, self.n_components, batch_norm=bool(self.batch_norm), dtype=dtype, random=random
        )
        arrays |= {"embeddings": vectors.astype(dtype), "topic_embeddings": topics.astype(dtype)}
        return Training(torch_for(type(self).__name__), arrays, free, self._options())

    def _old_training(self) -> Training:
        arrays = {**self.encoder_, "embeddings": self.embeddings_, "topic_embeddings": self.topic_embeddings_}
        return Training(torch_for(type(self).__name__), arrays, self._free, self._options(), self._moments)

    def _vectors(self, X: Any, random: Any) -> NDArray:
        """Vectors of tokens, of unit length, or zeros where there is none."""
        n_tokens = X.shape[1]
        names = names_of_tokens(self, n_tokens)
        if self.embeddings is None:
            return unit_rows(word_embeddings(X, min(int(self.embedding_size), n_tokens), random_state=random))
        return unit_rows(embedding_matrix(self.embeddings, n_tokens, names, owner=type(self).__name__))

    def _options(self) -> Options:
        return Options(
            activation=self.activation,
            dropout=float(self.dropout),
            learning_rate=float(self.learning_rate),
            batch_size=int(self.batch_size),
            device=device_of(type(self).__name__, self.device, self._dtype()),
            dtype=self._dtype(),
        )

    def _publish_arrays(self, training: Training) -> None:
        arrays = training.arrays()
        self.embeddings_, self.topic_embeddings_ = arrays.pop("embeddings"), arrays.pop("topic_embeddings")
        self.encoder_, self._moments, self._free = arrays, training.moments(), training.free
        logits = self.topic_embeddings_.astype(np.float64) @ self.embeddings_.T.astype(np.float64)
        self.components_ = softmax(logits, axis=1).astype(self._dtype())

    # --- hooks -------------------------------------------------------------------------------------------------------

    def _dtype(self) -> np.dtype:
        return check_dtype(self)

    def _doc_topic(self, X: Any) -> NDArray:
        if self.inference == "em":
            return super()._doc_topic(X)
        self._reader().read(X)  # raises if X does not fit
        return encode(self.encoder_, X, self.activation)

    def _inference(self) -> Inference:
        n_topics, dtype = self.components_.shape[0], self._dtype()
        mixture = FreeMixture(
            n_topics,
            n_passes=int(self.max_doc_iter),
            tol=float(self.doc_tol),
            n_threads=self._n_threads(),
            prior=np.full(n_topics, float(self.doc_topic_prior)),
        )
        infer = mixture.inference(Shared(self.components_[:0], n_topics))
        return lambda tokens: partial(infer, padded(self.components_[:, tokens].T, dtype))

    def _transform_batch_size(self) -> int:
        return _TRANSFORM_BATCH

    def _check_parameters(self) -> None:
        check_parameters(self)
        self._n_threads()
        check_topic_names(self)


def _history(validated: bool) -> History:
    keys = ["objective", "log_likelihood", "perplexity", "divergence", "seconds"]
    return History((key, []) for key in [*keys, *(["validation_perplexity"] if validated else [])])
