"""PLSA: the topic model without regularizers."""

from typing import Any

from numpy.typing import DTypeLike

from skartm.topics._artm import ARTMTransformer


class PLSA(ARTMTransformer):
    r"""Probabilistic latent semantic analysis: maximum likelihood by the EM algorithm.

    .. math:: \sum_d \sum_w n_{dw} \ln \sum_t \phi_{wt} \theta_{td} \to \max

    The first topic model of this kind [1]_. :class:`ARTMTransformer` without regularizers; see there for parameters,
    attributes and methods.

    References
    ----------
    .. [1] T. Hofmann. "Probabilistic latent semantic indexing." SIGIR 1999.

    Examples
    --------
    >>> from skartm import PLSA
    >>> from skartm.datasets import load_peps
    >>> model = PLSA(5, random_state=0).fit(load_peps().data)
    >>> model.components_.shape
    (5, 7637)
    """

    regularizers = ()

    def __init__(
        self,
        n_components: int = 10,
        *,
        topic_names: Any = None,
        learning_method: str = "batch",
        max_iter: int = 50,
        tol: float = 1e-3,
        max_doc_iter: int = 10,
        doc_tol: float = 0.01,
        reuse_theta: bool = False,
        batch_size: int = 2048,
        learning_offset: float = 1.0,
        learning_decay: float = 0.7,
        total_samples: float | None = None,
        init: Any = None,
        validation_fraction: float | None = None,
        evaluation: str = "completion",
        warm_start: bool = False,
        dtype: DTypeLike = "float32",
        n_jobs: int | None = None,
        random_state: Any = None,
        verbose: int = 0,
    ) -> None:
        self.n_components = n_components
        self.topic_names = topic_names
        self.learning_method = learning_method
        self.max_iter = max_iter
        self.tol = tol
        self.max_doc_iter = max_doc_iter
        self.doc_tol = doc_tol
        self.reuse_theta = reuse_theta
        self.batch_size = batch_size
        self.learning_offset = learning_offset
        self.learning_decay = learning_decay
        self.total_samples = total_samples
        self.init = init
        self.validation_fraction = validation_fraction
        self.evaluation = evaluation
        self.warm_start = warm_start
        self.dtype = dtype
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
