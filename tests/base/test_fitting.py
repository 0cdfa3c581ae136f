"""The loop of a fit, with an estimator that counts."""

import numpy as np
import pytest

from skartm.base._callbacks import SILENT, CallbackSupportMixin, FitTask, with_callbacks
from skartm.base._fitting import SmallChange, SmallDecrease, SmallShare, SmallSlope, age_of_best, attributes_of, iterate


class Counter(CallbackSupportMixin):
    """Counts to ``max_iter``, and remembers what it is asked for."""

    def __init__(self, max_iter=5, **options):
        self.max_iter, self.options, self.calls, self.whole = max_iter, options, [], None

    @with_callbacks
    def fit(self):
        self.count = 0

        def update(number):
            assert number == self.count
            self.count += 1
            return self.count

        def write(kept, *, interrupted=False):
            self.calls.append((kept, interrupted))
            self.written = kept

        options = {"keep": lambda: self.count, "write": write} | self.options
        self.ended = iterate(FitTask(self, "X"), update, self.max_iter, **options)
        return self

    def _mark_whole(self):
        self.whole = self.written


class Look:
    """Counts the ends of iterations; may ask for the model, stop the fit, or raise."""

    def __init__(self, stop_at=0, error=None):
        self.stop_at, self.error, self.n, self.tasks = stop_at, error, 0, []

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context, *, X=None):
        self.tasks.append((context.task_name, context.task_id, X))

    def on_fit_task_end(self, estimator, context):
        self.n += 1
        if self.n == self.stop_at and self.error is not None:
            raise self.error
        return self.n == self.stop_at


class Ask(Look):
    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        self.n += 1
        if fitted_estimator is not None:
            assert fitted_estimator.written == self.n


def test_without_callbacks_it_writes_once():
    model = Counter().fit()
    assert model.calls == [(5, False)]
    assert model.whole == 5
    assert not model.ended


def test_tasks():
    look = Look()
    Counter(3).set_callbacks(look).fit()
    assert look.tasks == [("fit", 0, "X"), *[("em-iteration", number, "X") for number in range(3)]]
    assert look.n == 4


def test_it_writes_for_callbacks():
    assert Counter(3).set_callbacks(Look()).fit().calls == [(n, False) for n in (1, 2, 3, 3)]
    assert Counter(3, lazily=True).set_callbacks(Look()).fit().calls == [(3, False)]
    asked = Ask()
    assert Counter(3, lazily=True).set_callbacks(asked).fit().calls == [(n, False) for n in (1, 2, 3, 3)]
    assert asked.n == 4


def test_what_stops_it():
    model = Counter(9).set_callbacks(Look(stop_at=2)).fit()
    assert (model.count, model.ended) == (2, True)
    model = Counter(9, converged=lambda value: value == 4).fit()
    assert (model.count, model.ended) == (4, True)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interruption_keeps_the_last_whole_iteration(error):
    model = Counter(9).set_callbacks(Look(stop_at=3, error=error))
    with pytest.raises(error):
        model.fit()
    assert model.calls[-1] == (3, True)
    assert model.whole == 3


def test_an_error_keeps_nothing():
    model = Counter(9, lazily=True).set_callbacks(Look(stop_at=3, error=ValueError))
    with pytest.raises(ValueError):  # noqa: PT011
        model.fit()
    assert (model.calls, model.whole) == ([], None)


def test_an_interruption_of_the_first_iteration_keeps_nothing():
    def update(number):
        raise KeyboardInterrupt

    model, calls = Counter(), []
    with pytest.raises(KeyboardInterrupt):
        iterate(FitTask(model), update, 3, keep=lambda: 1, write=calls.append)
    assert not calls
    assert model.whole is None


def test_without_keep_nothing_is_written_or_whole():
    model = Counter(3, keep=None).set_callbacks(Look(stop_at=2, error=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        model.fit()
    assert (model.calls, model.whole) == ([], None)


def test_lines(capsys):
    numbers = iter("abc")
    Counter(3, line=lambda: f"{next(numbers)}\n").fit()
    assert capsys.readouterr().out == "a\nb\nc\n"


def test_nobody_is_told_of_a_silent_task():
    found = []
    assert not iterate(SILENT.part("anything"), found.append, 4, keep=lambda: 0, write=lambda *_: None)
    assert found == [0, 1, 2, 3]
    with SILENT.around(object()):
        pass
    assert not SILENT.end()


def test_attributes():
    model = Counter()
    keep, write = attributes_of(model)
    model.a = 1
    kept = keep()
    model.a = 2
    write(kept, interrupted=True)
    assert model.a == 1


def test_age_of_best():
    assert [age_of_best([3, 1, 2, 2][:n]) for n in (1, 2, 3, 4)] == [0, 0, 1, 2]


class Solver:
    """A loss, or an objective, of every iteration."""

    settled, in_parts = True, False

    def __init__(self, values):
        self.values, self.now = values, 0

    def loss(self):
        return self.values[self.now]

    objective = loss


def stops_at(rule, solver):
    """The iteration after which a rule stops; None if it does not."""
    for number in range(1, len(solver.values)):
        solver.now = number
        if rule(solver.values[number]):
            return number
    return None


@pytest.mark.parametrize(
    ("kind", "tol", "expected"),
    [
        (SmallDecrease, 0.05, 20),  # falls of the root: 0.9 of 1 from 1 to 0.01, then less
        (SmallDecrease, 0.0, None),
        (SmallChange, 0.02, 20),
        (SmallChange, 0.0, None),
        (SmallShare, 0.02, 20),
        (SmallShare, 1e-6, None),
        (SmallShare, 0.0, None),
    ],
)
def test_rules_look_every_ten_iterations(kind, tol, expected):
    values = [1.0, *[0.01] * 10, *np.linspace(0.0099, 0.005, 30)]
    solver = Solver(values)
    assert stops_at(kind(solver, tol), solver) == expected


def test_a_rule_waits_for_what_can_be_compared():
    solver = Solver([1.0] * 40)
    solver.in_parts = True
    assert stops_at(SmallDecrease(solver, 0.1), solver) is None
    solver.in_parts, solver.settled, solver.now = False, False, 0
    assert stops_at(SmallChange(solver, 0.1), solver) is None
    solver.settled, solver.now = True, 0
    assert stops_at(SmallChange(solver, 0.1), solver) == 20  # the first look has nothing to compare with
    solver.now = 0
    assert stops_at(SmallDecrease(solver, 0.1), solver) == 10


def test_small_slope():
    rule = SmallSlope(0.1)
    assert [rule((0.0, slope)) for slope in (5.0, 1.0, 0.51, 0.5)] == [False, False, False, True]
