"""
A regularizer of your own
=========================

How can a topic be told what it shall be about? By a few words that belong to it. This example writes that wish as a
regularizer, checks it and uses it; the user guide goes through it line by line.
"""

import numpy as np
from sklearn.utils.validation import check_scalar

from skartm import ARTMTransformer
from skartm.datasets import load_peps
from skartm.em import PhiTerm
from skartm.metrics import top_tokens
from skartm.regularizers import Decorrelation, Regularizer, check_regularizer


# %%
# The declaration: parameters, and what to check once the model is known.
class SeedTokens(Regularizer):
    r"""Draw given tokens into given topics.

    .. math:: R(\Phi) = \sum_{t \in S} \ln \sum_{w \in K} \phi_{wt}, \qquad
              r_{wt} = \frac{\phi_{wt} [w \in K]}{\sum_{u \in K} \phi_{ut}}

    Every regularised topic gets ``tau`` tokens, divided among the seeds by their present probabilities.

    Parameters
    ----------
    tokens : array-like of int
        Columns of X: the seeds K.
    tau : float, default=1.0
        Strength.
    relative : None or float in [0, 1], default=None
        None: ``tau`` is in tokens a topic. A number: in shares of the mass of the counters.
    topics : None, slice, names or indices, default=None
        Regularised topics S; None is all.
    """

    side = "phi"

    def __init__(self, tokens=(0,), tau=1.0, *, relative=None, topics=None):
        self.tokens = tokens
        self.tau = tau
        self.relative = relative
        self.topics = topics

    def bind(self, layout):
        tokens = np.unique(np.asarray(self.tokens, dtype=np.intp))
        check_scalar(int(tokens.min()), "tokens", int, min_val=0)
        check_scalar(int(tokens.max()), "tokens", int, max_val=layout.n_tokens - 1)
        return SeedTokensTerm(tokens, layout.topics(self.topics, "SeedTokens"))


# %%
# The term: the value, and phi times its derivative. Both for tau = 1; the engine does the rest.
class SeedTokensTerm(PhiTerm):
    def __init__(self, tokens, topics):
        self.topics = topics
        self._cells = np.ix_(tokens, topics)

    def value(self, phi_wt, n_wt):
        mass = phi_wt[self._cells].sum(axis=0, dtype=np.float64)
        return float(np.log(np.maximum(mass, 1e-16)).sum())

    def add_term(self, phi_wt, n_wt, out):
        seeds = phi_wt[self._cells]
        mass = seeds.sum(axis=0)
        out[self._cells] += np.divide(seeds, mass, out=np.zeros_like(seeds), where=mass > 0)


# %%
# The contract of the engine, among it that the term is phi times the derivative of the value:
check_regularizer(SeedTokens([1, 4], topics=[0, 2]))

# %%
# The names of a topic and of the words that shall be in it. Everything else is as for the regularizers of the library:
# relative strength, ``set_params(gil__tau=...)``, grid search, pickling.
peps = load_peps()
column = {word: j for j, word in enumerate(peps.feature_names)}
names = ["gil", *(f"topic {t}" for t in range(1, 15))]
seeds = [column[word] for word in ("gil", "thread", "threads", "lock", "locks")]
model = ARTMTransformer(
    15,
    topic_names=names,
    regularizers=[
        ("gil", SeedTokens(seeds, tau=0.3, relative=1.0, topics=["gil"])),
        ("decorrelation", Decorrelation(tau=0.03, relative=0.0)),
    ],
    random_state=0,
)

for tau in (0.0, 0.3):
    model.set_params(gil__tau=tau).fit(peps.data)
    print(f"tau={tau}:", " ".join(top_tokens(model.components_[:1], peps.feature_names, n_top=12)[0]))
