"""PLSA: the topic model without regularizers."""



from skartm.base._parameters import parameters
from skartm.topics._artm import ARTMTransformer


@parameters(
    without=("regularizers", "token_names", "modalities", "modality_weights", "main_modality", "unregularized_iter")
)
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
