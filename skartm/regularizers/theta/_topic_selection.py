"""Selection of topics: R = -(n / |S|) sum ln p(t)."""

import numpy as np
from numpy.typing import NDArray

from skartm.base._parameters import declared, parameters
from skartm.em import Documents, Layout, ThetaTerm
from skartm.em import TopicSelection as Topics
from skartm.regularizers._base import Regularizer
from skartm.simplex import FLOOR


@parameters
class TopicSelection(Regularizer):
    r"""Remove superfluous topics as a whole, by sparsing the distribution of topics in the collection.

    .. math:: R(\Theta) = -\frac{n}{|S|} \sum_{t \in S} \ln p(t), \quad p(t) = \frac1n \sum_d n_d \theta_{td}, \qquad
              r_{td} = -\frac{n}{|S|\, n_t}\, n_d \theta_{td}, \quad n_t = n p(t)

    Up to a constant, :math:`R/n` is the Kullback-Leibler divergence from the uniform distribution to p(t) [1]_. A topic
    loses the more the smaller it is: the share ``tau`` times the mean topic mass over its own. Topics below ``tau``
    times the mean go first; their tokens go to the others, and those that depend linearly on others go before those
    that do not.

    Parameters
    ----------
    tau : float, default=0.1
        Strength, without a unit, below 1: a topic of ``tau`` times the mean mass loses everything. Negative evens the
        masses out.
    topics : None, slice, names or indices, default=None
        The topics S to select from; n is their mass. None is all.

    Notes
    -----
    n_t is that of the previous pass, and the same for all topics in the first; it is learned with the model
    (``learned_[name]["p_t"]``), and ``transform`` uses it. BigARTM has n_td, which changes with every inner pass, in
    place of :math:`n_d \theta_{td}`; at a fixed point they are the same.

    References
    ----------
    .. [1] K. Vorontsov, A. Potapenko, A. Plavin. "Additive regularization of topic models for topic selection and
       sparse factorization." SLDS 2015.

    Examples
    --------
    >>> import warnings
    >>> from skartm import ARTMTransformer
    >>> from skartm.datasets import make_topics
    >>> from skartm.regularizers import TopicSelection
    >>> X = make_topics(n_docs=300, n_topics=5, random_state=0).data
    >>> model = ARTMTransformer(12, regularizers=[("select", TopicSelection(0.3))], max_iter=100, tol=0, random_state=0)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")  # that topics die is the point
    ...     model = model.fit(X)
    >>> bool(model.dead_topics_.size >= 4)
    True
    """

    tau: float = declared(default=0.1, kw_only=False)
    topics: Topics = None

    side = "theta"

    def bind(self, layout: Layout) -> "_TopicSelectionTerm":
        return _TopicSelectionTerm(layout.topics(self.topics, "TopicSelection"), layout.n_topics)


class _TopicSelectionTerm(ThetaTerm):
    def __init__(self, topics: NDArray, n_topics: int) -> None:
        self.topics, self.n_topics = topics, n_topics

    def value(self, theta_dt: NDArray, documents: Documents) -> float:
        mass = documents.mass if documents.sample_weight is None else documents.mass * documents.sample_weight
        n = float(mass.sum() * self._shares().sum())  # as in the term a constant, whatever theta is
        return self._value(self._masses(theta_dt, documents)[self.topics], n)

    def _shares(self) -> NDArray:
        """p(t) of the topics S, as last learned."""
        known = self.learned.get("p_t")
        return np.full(self.topics.size, 1 / self.n_topics) if known is None else known[self.topics]

    def add_term(self, theta_dt: NDArray, n_dt: NDArray, documents: Documents, inner_pass: int, out: NDArray) -> None:
        shares = self._shares()
        scale = np.zeros(self.n_topics)  # of a dead topic, whose theta is 0, as well
        scale[self.topics] = np.divide(shares.mean(), shares, out=np.zeros_like(shares), where=shares > 0)
        out -= theta_dt * documents.mass[:, None].astype(out.dtype) * scale.astype(out.dtype)

    def observe(self, theta_dt: NDArray, documents: Documents) -> NDArray:
        return self._masses(theta_dt, documents)

    def finish(self, statistic: NDArray, rho: float) -> float:
        mass = statistic
        if mass.sum() > 0:
            share = mass / mass.sum()
            past = self.learned.get("p_t", share)
            self.learned = {"p_t": (1 - rho) * past + rho * share}
        return self._value(mass[self.topics], float(mass[self.topics].sum()))

    @staticmethod
    def _masses(theta_dt: NDArray, documents: Documents) -> NDArray:
        mass = documents.mass if documents.sample_weight is None else documents.mass * documents.sample_weight
        return np.asarray(mass @ theta_dt.astype(np.float64))

    @staticmethod
    def _value(mass: NDArray, n: float) -> float:
        return -n * float(np.log(np.maximum(mass / n, FLOOR)).mean()) if n > 0 else 0.0
