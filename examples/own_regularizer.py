"""
A regularizer of your own
=========================

How can a topic be told what it shall be about? By a few words that belong to it. This example writes that wish as a
function, then as a regularizer that learns how good each word is, checks both and uses them; the user guide goes
through it line by line.
"""

import numpy as np

from skartm import ARTMTransformer
from skartm.datasets import load_peps
from skartm.em import PhiTerm
from skartm.metrics import top_tokens
from skartm.regularizers import Decorrelation, FunctionRegularizer, Regularizer, check_regularizer

# %%
# A function of phi and its gradient. Phi has a row for each token and a column for each chosen topic.
SEEDS = [1, 4]  # columns of X, for now


def seeded(phi):
    return np.log(phi[SEEDS].sum(axis=0)).sum()


def seeded_gradient(phi):
    gradient = np.zeros(phi.shape)
    gradient[SEEDS] = 1 / phi[SEEDS].sum(axis=0)
    return gradient


check_regularizer(FunctionRegularizer(seeded, gradient=seeded_gradient, topics=[0, 2]))


# %%
# Without a gradient the function is differentiated by torch, jax or autograd, if one of them is installed.
def seeded_anywhere(phi):
    mass = phi[1] + phi[4]
    return -((1 - mass) ** 2).sum()  # operators and methods: the same in all libraries


try:
    check_regularizer(FunctionRegularizer(seeded_anywhere, topics=[0, 2]))
except ImportError as error:
    print(error)


# %%
# The declaration: parameters, and what to check once the model is known.
class SeedTokens(Regularizer):
    r"""Draw given tokens into given topics, less those that are mostly used elsewhere.

    .. math:: R(\Phi) = \sum_{t \in S} \ln \sum_{w \in K} \pi_w \phi_{wt}, \qquad
              r_{wt} = \frac{\pi_w \phi_{wt}}{\sum_{u \in K} \pi_u \phi_{ut}}, \qquad
              \pi_w = \frac{\sum_{t \in S} n_{wt}}{\sum_t n_{wt}}

    Every regularised topic gets ``tau`` tokens, divided among the seeds.

    Parameters
    ----------
    tokens : sequence of names or columns
        The seeds K.
    tau : float or Schedule, default=1.0
        Strength.
    relative : None or float in [0, 1], default=None
        None: ``tau`` is in tokens a topic. A number: in shares of the mass of the counters.
    topics : None, slice, names or indices, default=None
        Regularised topics S; None is all.
    modality : None, name or names, default=None
        Where the seeds are looked up; None is all columns.
    """

    side = "phi"

    def __init__(self, tokens=(0,), tau=1.0, *, relative=None, topics=None, modality=None):
        self.tokens = tokens
        self.tau = tau
        self.relative = relative
        self.topics = topics
        self.modality = modality

    def bind(self, layout):
        tokens = np.unique(layout.columns(self.tokens, "SeedTokens"))
        outside = np.setdiff1d(tokens, layout.tokens(self.modality, "SeedTokens"))
        if outside.size:
            raise ValueError(f"SeedTokens: tokens must be of the modality {self.modality!r}. Got {outside.tolist()}.")
        return SeedTokensTerm(tokens, layout.topics(self.topics, "SeedTokens"))


# %%
# The term: the value, and phi times its derivative, both for tau = 1; and what is learned. The engine does the rest.
class SeedTokensTerm(PhiTerm):
    def __init__(self, tokens, topics):
        self.topics = topics
        self._tokens, self._cells = tokens, np.ix_(tokens, topics)
        self.learned = {"pi": np.ones(tokens.size)}

    def _shares(self, phi_wt):
        weighted = self.learned["pi"][:, None] * phi_wt[self._cells]  # (K, S)
        mass = weighted.sum(axis=0)
        return np.divide(weighted, mass, out=np.zeros_like(weighted), where=mass > 0), mass

    def learn(self, phi_wt, n_wt):
        everywhere = n_wt[self._tokens].sum(axis=1, dtype=np.float64)
        here = n_wt[self._cells].sum(axis=1, dtype=np.float64)
        self.learned = {"pi": np.divide(here, everywhere, out=np.zeros_like(here), where=everywhere > 0)}

    def value(self, phi_wt, n_wt):
        _, mass = self._shares(phi_wt)
        return float(np.log(np.maximum(mass, 1e-16)).sum())

    def add_term(self, phi_wt, n_wt, out):
        shares, _ = self._shares(phi_wt)
        out[self._cells] += shares.astype(out.dtype)


# %%
# The contract of the engine, among it that the term is phi times the derivative of the value:
check_regularizer(SeedTokens([1, "token4"], topics=[0, 2], modality="words"))

# %%
# The names of a topic and of the words that shall be in it. Everything else is as for the regularizers of the library:
# relative strength, schedules, ``set_params(gil__tau=...)``, grid search, pickling.
SEED_WORDS = ["gil", "thread", "threads", "lock", "locks", "objects"]
peps = load_peps()
model = ARTMTransformer(
    15,
    topic_names=["gil", *(f"topic {t}" for t in range(1, 15))],
    token_names=peps.feature_names,
    regularizers=[
        ("gil", SeedTokens(SEED_WORDS, tau=0.3, relative=1.0, topics=["gil"])),
        ("decorrelation", Decorrelation(tau=0.03, relative=0.0)),
    ],
    random_state=0,
)

for tau in (0.0, 0.3):
    model.set_params(gil__tau=tau).fit(peps.data)
    print(f"tau={tau}:", " ".join(top_tokens(model.components_[:1], peps.feature_names, n_top=12)[0]))
columns = np.sort([peps.feature_names.tolist().index(word) for word in SEED_WORDS])
print("learned:", dict(zip(peps.feature_names[columns], model.learned_["gil"]["pi"].round(2).tolist())))
