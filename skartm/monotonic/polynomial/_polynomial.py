"""The positive-polynomial net: sums of products of monotone functions of one feature."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import Any, ClassVar, Self

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from skartm.base import Versioned, shown
from skartm.base._callbacks import SILENT, FitTask
from skartm.base._fitting import iterate
from skartm.base._parameters import check_declared, integer, parameters, real
from skartm.monotonic.nets._losses import Loss
from skartm.monotonic.polynomial._knots import Knots
from skartm.monotonic.polynomial._tables import Tables, predictions

_FEW = 64  # rows, by weight, up to which nothing is held out and all rows make one batch
_FEW_ITERATIONS = 30
_ENOUGH_ROWS = 20000  # rows times members, and at most _MOST_MEMBERS
_MOST_MEMBERS = 16
_MAX_KNOTS = 32
_CURVE = {"n_members": 8, "max_knots": 128, "margin": 0.05}  # defaults with one feature
_BATCHES, _SMALLEST_BATCH, _LARGEST_BATCH = 8, 32, 512
_DECAY = 0.3  # share of the newest batch in the counts
_CEILING = 2.0  # upper end of the scale of counts ("poisson"), in largest targets
_IMPROVED = 1e-5


_MARGINS = {"squared_error": (0.3, 0.05, 0.05, 0.05), "log_loss": 0.35}
_ACTIVE = 1.0  # features that a product asks from the start


@dataclass(frozen=True)
class Scale:
    """The probability of a target y is margin + slope (y - low); it stays a fraction where y ends."""

    low: float
    slope: float
    margin: float

    def probabilities(self, y: NDArray) -> NDArray:
        return self.margin + self.slope * (y - self.low)


@dataclass(frozen=True)
class Member:
    """What is kept of a polynomial that has been learned."""

    entries: NDArray
    pi: NDArray
    n_and: int
    n_iter: int


@parameters
class Polynomial(Versioned, BaseEstimator):
    r"""Products of monotone functions of one feature, mixed.

    .. math::

       P(x) = \sum_{k \in \text{and}} \pi_k \prod_j u_{kj}(x_j) +
              \sum_{k \in \text{or}} \pi_k \Bigl(1 - \prod_j v_{kj}(x_j)\Bigr), \qquad
       u_{kj}(x_j) = \sum_h p_{kjh} [x_j \ge t_{jh}], \qquad \pi, p_{kj} \in \Delta

    u rises in a feature of sign 1 and falls in one of sign -1, v the other way round, and both are free in [0, 1] at
    the knots of a feature of sign 0; between knots they are linear, outside of them constant. P and 1 - P are
    polynomials with non-negative coefficients of all distributions, so p <- norm(p df/dp), the lemma, never decreases
    the likelihood y ln P + (1 - y) ln(1 - P) of a target in [0, 1], and needs no step size. Other targets are brought
    to [0, 1] by a line; with a margin of 0.25 their likelihood is close to the squared error.

    Several members with other starts and other rows held out are averaged, which is a polynomial again. A row costs
    features times components, whatever the number of knots.

    Parameters
    ----------
    n_components : int, default=32
        Products of a member, half of them of either kind.
    n_members : int or None, default=None
        None is as many as make 20,000 rows of training together, from 1 to 16; at most 8 with one feature.
    max_knots : int or None, default=None
        Knots of a feature, at its quantiles. None is 32, and 128 with one feature.
    margin : float, tuple of floats in [0, 0.49] or None, default=None
        Of the scale of the target at both ends. Members take the values of a tuple in turn. None is 0.35 for classes
        and (0.3, 0.05, 0.05, 0.05) for numbers, 0.05 with one feature. Counts ("poisson") have no margin.
    idle : float or tuple of floats, default=(0.0, 0.0, 1.0, 1.0)
        Pseudo-count for features that are not asked: the larger, the fewer features a product has. Members take turns.
    smoothing : float, default=1.0
        Pseudo-count that brings neighbouring entries of features without sign together.
    power : int, default=2
        1 is the plain lemma, 2 goes twice as far in logarithms.
    batch_size : int or None, default=None
        Rows between two updates. None is an eighth of them, from 32 to 512. With as many as there are rows and
        ``power=1`` the likelihood never decreases.
    max_iter : int, default=60
        Passes over the rows.
    validation_fraction : float in [0, 1), default=0.15
        Rows that a member holds out and stops by; 0 makes all passes. Nothing is held out of less than 64 rows, of
        which there are 30 passes at most.
    n_iter_no_change : int, default=8
        Passes without a better likelihood of the rows held out, after which a member stops.

    Attributes
    ----------
    knots_ : Knots
    tables_ : array of shape (n_rows, n_products)
        Entries u and v, features below each other, products of all members side by side.
    weights_ : array of shape (n_products,)
        pi on the scale of the target.
    n_and_ : int
        The first so many products are of the kind "and".
    offset_ : float
        The prediction without any product.
    n_iter_ : list of int
        Passes of the members.

    References
    ----------
    L. E. Baum and J. A. Eagon, An inequality with applications to statistical estimation for probabilistic functions
    of Markov processes and to a model for ecology, Bulletin of the AMS 73, 1967.

    Examples
    --------
    >>> import numpy as np
    >>> from skartm import MonotonicRegressor
    >>> from skartm.monotonic import Polynomial
    >>> X = np.random.default_rng(0).random((100, 2))
    >>> net = Polynomial(n_components=8, n_members=2)
    >>> model = MonotonicRegressor(net, monotonic_cst=[1, 1], random_state=0).fit(X, X.prod(axis=1))
    >>> model.net_.weights_.shape
    (16,)
    """

    n_components: int = integer(default=32, low=2, kw_only=False)
    n_members: int | None = integer(default=None, low=1, none=True)
    max_knots: int | None = integer(default=None, low=2, none=True)
    margin: Any = None
    idle: Any = (0.0, 0.0, 1.0, 1.0)
    smoothing: float = real(default=1.0, low=0)
    power: int = integer(default=2, low=1)
    batch_size: int | None = integer(default=None, low=1, none=True)
    max_iter: int = integer(default=60, low=1)
    validation_fraction: float = real(default=0.15, low=0, high=0.9)
    n_iter_no_change: int = integer(default=8, low=1)

    losses: ClassVar[tuple[str, ...]] = ("squared_error", "log_loss", "poisson")
    handles_missing: ClassVar[bool] = True

    def fit(
        self,
        X: NDArray,
        y: NDArray,
        sample_weight: NDArray,
        signs: NDArray,
        loss: Loss,
        rng: Generator,
        n_threads: int,
        task: FitTask = SILENT,
    ) -> Self:
        """See Net; after an interruption the members are those that were whole."""
        self._check()
        few = sample_weight.sum() <= _FEW
        dtype = np.float64 if few else np.float32
        curve = X.shape[1] == 1
        max_knots = self.max_knots or (_CURVE["max_knots"] if curve else _MAX_KNOTS)
        self.knots_ = Knots(int(max_knots)).fit(X)
        self.knots_.features[:, 2] = signs
        index, share = self.knots_.locate(X, dtype)
        n_members = self._n_members(*X.shape)
        scales = [_scale(y, loss, margin) for margin in _turns(self._margin(loss, curve=curve), n_members)]

        idles, own_rngs = _turns(self.idle, n_members), rng.spawn(n_members)
        learned: dict[int, Member] = {}
        ended = Event()

        def train(number: int) -> None:
            if ended.is_set():
                return
            z = scales[number].probabilities(y)
            target = np.column_stack([sample_weight * z, sample_weight * (1 - z)])
            part = task.part("member", number)
            member = self._train(index, share, target, idles[number], own_rngs[number], few, part, ended)
            if not ended.is_set():
                learned[number] = member
                if part.stopped:
                    ended.set()

        def write() -> None:
            numbers = sorted(learned)
            self._merge([learned[number] for number in numbers], [scales[number] for number in numbers])
            self._fill_missing(index, share, sample_weight)
            self.range_ = _range(y, loss, sample_weight)
            if np.ptp(y) == 0:  # there is nothing to learn
                self.weights_[:] = 0
                self.offset_, self.range_ = float(y[0]), (float(y[0]), float(y[0]))
            self.n_threads_ = n_threads

        task.begin(n_members, ordered=False)
        try:
            _do_all(train, n_members, n_threads, ended)
        except BaseException as error:
            if learned and not isinstance(error, Exception):
                write()
                task.mark_whole()
            raise
        write()
        task.end()
        return self

    def predict(self, X: NDArray) -> NDArray:
        """See Net."""
        index, share = self.knots_.locate(X, np.float64)
        mixture = predictions(index, share, self.tables_, self.weights_, self.n_and_, self.n_threads_)
        return np.clip(self.offset_ + mixture, *self.range_)

    def _merge(self, members: list[Member], scales: list[Scale]) -> None:
        """The mean of the members on the scale of the target; all "and" products come first."""
        parts = [(member, slice(0, member.n_and)) for member in members]
        parts += [(member, slice(member.n_and, None)) for member in members]
        self.n_and_ = sum(member.n_and for member in members)
        slopes = [scale.slope * len(members) for scale in scales] * 2
        # float64 before the scale, which float32 may not hold
        pi = [member.pi[part].astype(np.float64) / slope for (member, part), slope in zip(parts, slopes, strict=True)]
        self.weights_ = np.concatenate(pi)
        self.tables_ = np.hstack([member.entries[:, part] for member, part in parts]).astype(np.float64)
        self.offset_ = float(np.mean([scale.low - scale.margin / scale.slope for scale in scales]))
        self.n_iter_ = [member.n_iter for member in members]

    def _fill_missing(self, index: NDArray, share: NDArray, sample_weight: NDArray) -> None:
        """Without a missing value in training, its entry is the mean of those of the training rows."""
        n_rows = self.knots_.n_rows
        mass = np.bincount(index.ravel(), (sample_weight[:, None] * (1 - share)).ravel(), n_rows + 1)
        mass[1:] += np.bincount(index.ravel(), (sample_weight[:, None] * share).ravel(), n_rows + 1)[:-1]
        for first, n, _ in self.knots_.features:
            if mass[first + n] == 0:
                knots = slice(first, first + n)
                self.tables_[first + n] = mass[knots] @ self.tables_[knots] / mass[knots].sum()

    def _check(self) -> None:
        check_declared(self)
        for name, high in (("margin", 0.49), ("idle", np.inf)):
            for value in _turns(getattr(self, name), 0):
                if name == "margin" and value is None:
                    continue
                if not isinstance(value, (int, float)) or not 0 <= value <= high:
                    msg = (
                        f"must be a number in [0, {high}] or a tuple of them. Got {shown(getattr(self, name))} instead."
                    )
                    raise ValueError(f"The {name!r} parameter of Polynomial {msg}")

    def _margin(self, loss: Loss, *, curve: bool) -> Any:
        if self.margin is not None:
            return self.margin
        return _CURVE["margin"] if curve and loss.name == "squared_error" else _MARGINS.get(loss.name, 0.0)

    def _n_members(self, n_rows: int, n_features: int) -> int:
        if self.n_members is not None:
            return self.n_members
        return int(np.clip(_ENOUGH_ROWS // n_rows, 1, _CURVE["n_members"] if n_features == 1 else _MOST_MEMBERS))

    def _train(
        self,
        index: NDArray,
        share: NDArray,
        target: NDArray,
        idle: float,
        rng: Generator,
        few: bool,
        task: FitTask,
        ended: Event,
    ) -> Member:
        """One member, as it was when the rows held out were likeliest, unless the fit has ended meanwhile."""
        n = index.shape[0]
        tables = Tables(
            self.knots_,
            self.n_components,
            n_active=_ACTIVE,
            priors=(0.0, self.smoothing, 0.0, idle),
            power=self.power,
            rng=rng,
            dtype=share.dtype,
        )
        shuffled = np.arange(n, dtype=np.int32) if few else rng.permutation(n).astype(np.int32)
        n_held = 0 if few else int(self.validation_fraction * n)
        held, rows = shuffled[:n_held], shuffled[n_held:]
        held_index, held_share, held_target = index[held], share[held], target[held]
        batches = np.array_split(rows, 1 if few else self._n_batches(rows.size))
        best, best_state, waited, n_iter = np.inf, (tables.entries, tables.pi), 0, 0

        def update(number: int) -> bool:
            nonlocal best, best_state, waited, n_iter
            n_iter = number + 1
            self._pass(tables, index, share, target, batches, rng, first=number == 0)
            if not n_held:
                return ended.is_set()
            P = np.clip(tables.probabilities(held_index, held_share), 1e-6, 1 - 1e-6)
            loss = -(held_target[:, 0] @ np.log(P) + held_target[:, 1] @ np.log(1 - P)) / held_target.sum()
            waited += 1
            if loss < best - _IMPROVED:
                best, best_state, waited = loss, (tables.entries.copy(), tables.pi.copy()), 0
                return ended.is_set()
            return waited > self.n_iter_no_change or ended.is_set()

        max_iter = min(self.max_iter, _FEW_ITERATIONS) if few else self.max_iter
        iterate(task, update, max_iter, converged=bool)
        return Member(*best_state, tables.n_and, n_iter)

    def _n_batches(self, n_rows: int) -> int:
        if self.batch_size is not None:
            return max(1, n_rows // self.batch_size)
        return max(1, n_rows // int(np.clip(n_rows // _BATCHES, _SMALLEST_BATCH, _LARGEST_BATCH)))

    def _pass(
        self,
        tables: Tables,
        index: NDArray,
        share: NDArray,
        target: NDArray,
        batches: list[NDArray],
        rng: Generator,
        *,
        first: bool,
    ) -> None:
        """Updates from all batches; the counts forget older ones."""
        n_rows = sum(batch.size for batch in batches)
        for i in rng.permutation(len(batches)):
            new = 1.0 if first or len(batches) == 1 else _DECAY
            first = False
            tables.counts *= 1 - new
            batch = batches[i]
            scaled = (target[batch] * (new * n_rows / batch.size)).astype(share.dtype)
            tables.count(index[batch], share[batch], scaled, rng.permutation(tables.order))
            tables.update()


def _do_all(job: Callable[[int], None], n_jobs: int, n_threads: int, ended: Event) -> None:
    """Do a number of jobs in threads. After an exception ``ended`` is set, so that those that go on end soon."""
    if n_threads == 1 or n_jobs == 1:
        for number in range(n_jobs):
            job(number)
        return
    with ThreadPoolExecutor(min(n_threads, n_jobs)) as pool:
        try:
            list(pool.map(job, range(n_jobs)))
        except BaseException as error:
            ended.set()
            if isinstance(error, RuntimeError) and "start new thread" in str(error):
                raise MemoryError("Threads cannot start, for want of memory; n_jobs=1 needs none.") from error
            raise


def _turns(value: Any, n: int) -> list[Any]:
    """A value for each of n members; a tuple goes round. All of the tuple with n = 0."""
    values = list(value) if isinstance(value, (tuple, list)) and value else [value]
    return [values[i % len(values)] for i in range(n)] if n else values


def _scale(y: NDArray, loss: Loss, margin: float) -> Scale:
    """From the targets seen and not from declared bounds, which may be far away; counts begin at their least value."""
    low = loss.low if loss.name == "poisson" else float(y.min())
    high = float(y.max())
    width = high - low if high > low else 1.0
    if loss.name == "poisson":
        return Scale(low, 1 / (_CEILING * width), 0.0)
    return Scale(low, (1 - 2 * margin) / width, margin)


def _range(y: NDArray, loss: Loss, sample_weight: NDArray) -> tuple[float, float]:
    """Where predictions end: declared bounds, above zero for means of counts, off certainty for probabilities."""
    if loss.name == "log_loss":
        doubt = 1 / (sample_weight.sum() + 2)
        return doubt, 1 - doubt
    if loss.name == "poisson":
        return max(loss.low, float(np.average(y, weights=sample_weight)) / (sample_weight.sum() + 2)), loss.high
    return loss.low, loss.high
