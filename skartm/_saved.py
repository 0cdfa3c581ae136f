"""What is inside of saved models: private classes with a place of their own, and all types that skops must trust.

A saved model names the module of every class in it. That of a public class is the public one (see
`skartm.base.publish`); that of a private one is this file, wherever its code is or will be. A class that is taken out
of here makes saved models unreadable.
"""

from scipy.sparse import csr_array, csr_matrix

import skartm.em
import skartm.feature_extraction
import skartm.metrics
import skartm.model_selection
import skartm.monotonic
import skartm.neural
import skartm.nmf
import skartm.regularizers
import skartm.topics
from skartm.base import publish
from skartm.base._versioned import Versioned
from skartm.model_selection._stages import Results
from skartm.monotonic._scaling import Scaling
from skartm.monotonic.distribution._normal_bases import NormalBases
from skartm.monotonic.distribution._product_mixture import ProductMixture
from skartm.monotonic.nets._losses import LogLoss, Poisson, Quantile, SquaredError, Standard
from skartm.monotonic.polynomial._knots import Knots
from skartm.nmf.solvers._online import OnlineDivergence, OnlineLeastSquares
from skartm.topics.classes._bayes import TopicBayes
from skartm.topics.edges._names import VertexNames

__all__ = [
    "Knots",
    "LogLoss",
    "NormalBases",
    "OnlineDivergence",
    "OnlineLeastSquares",
    "Poisson",
    "ProductMixture",
    "Quantile",
    "Results",
    "Scaling",
    "SquaredError",
    "Standard",
    "TopicBayes",
    "VertexNames",
]

publish(globals())

_PARTS = (
    skartm.feature_extraction,
    skartm.model_selection,
    skartm.monotonic,
    skartm.neural,
    skartm.nmf,
    skartm.regularizers,
    skartm.topics,
)
# public classes that are no estimators, and matrices: what estimators keep
_KEPT = (
    skartm.em.History,
    skartm.metrics.WordChoice,
    skartm.topics.ContextVectors,
    skartm.topics.TopicEdge,
    skartm.topics.TopicNode,
    skartm.topics.TopicTree,
    csr_array,
    csr_matrix,
)


def trusted_types() -> list[str]:
    """Types that skops must trust to load a model of this library, of any kind and with any of its regularizers.

    skops reads a file only if every type in it is known to it or trusted by the caller. The list has estimators,
    regularizers, schedules and what they keep; none of them runs code that is in the file. Functions that
    you gave to a regularizer, and vectorizers or classes of other libraries, are not in it: look at what
    ``skops.io.get_untrusted_types`` says, and add what you know.

    Returns
    -------
    list of str
        Names such as ``"skartm.PLSA"``, sorted.

    Examples
    --------
    >>> import skops.io
    >>> from skartm import PLSA, trusted_types
    >>> model = PLSA(2, max_iter=5, tol=0, random_state=0).fit([[1, 0, 2], [0, 3, 1]])
    >>> saved = skops.io.dumps(model)
    >>> skops.io.loads(saved, trusted=trusted_types())
    PLSA(max_iter=5, n_components=2, random_state=0, tol=0)
    """
    public = [getattr(part, name) for part in _PARTS for name in part.__all__]
    estimators = [item for item in public if isinstance(item, type) and issubclass(item, Versioned)]
    private = [globals()[name] for name in __all__]
    return sorted({f"{item.__module__}.{item.__qualname__}" for item in (*estimators, *private, *_KEPT)})
