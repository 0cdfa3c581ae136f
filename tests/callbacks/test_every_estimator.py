"""Every estimator whose fit has iterations: what callbacks see, how they stop it, and what an interruption leaves."""

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skartm import MonotoneCDF, MonotonicRegressor, SimplexNMF
from skartm.callbacks import EarlyStopping, TopicMonitor
from skartm.metrics import make_topic_scorer
from skartm.monotonic import Constrained, Linear, MinMax, Polynomial, Smooth
from skartm.topics._base import TopicModel
from tests.reliability.estimators import ELSEWHERE, PLAIN, Case, call, labelled, points, public_estimators, table
from tests.reliability.states import as_plain, same_result

pytestmark = pytest.mark.filterwarnings("ignore")
ITERATION = "em-iteration"


def named(name, **fixed):
    """Make an estimator of the table that learns for so many iterations."""

    def make(n, parameter="max_iter"):
        return PLAIN[name].new().set_params(**{fixed.get("parameter", parameter): n})

    return make


@dataclass
class Loop:
    """The iterations of an estimator.

    Attributes
    ----------
    make : callable
        The estimator with so many iterations at most.
    case : Case
        Its data, and what reads it.
    of : str
        Name of the task that the iterations are parts of.
    whole : str
        What an interruption leaves: the last whole "iteration" or "member", or what was there "before" the fit.
    """

    make: Callable[[int], Any]
    case: Case
    of: str = "fit"
    whole: str = "iteration"


def net(kind, **options):
    return Loop(
        lambda n: MonotonicRegressor(kind(max_iter=n, n_members=2, **options), random_state=0, n_jobs=1), _PREDICT
    )


_PREDICT = Case(MonotonicRegressor(), None, table)
LOOPS: dict[str, Loop] = {
    name: Loop(named(name), case)
    for name, case in PLAIN.items()
    if isinstance(case.new(), TopicModel) or "NMF" in name or name in ("NeuralTopicModel", "ARTMClassifier")
}
LOOPS["DeepSimplexNMF"] = Loop(named("DeepSimplexNMF", parameter="joint_iter"), PLAIN["DeepSimplexNMF"], "joint")
LOOPS |= {
    "DeepSimplexNMF, labels": Loop(
        LOOPS["DeepSimplexNMF"].make, Case(PLAIN["DeepSimplexNMF"].estimator, labelled), "joint"
    ),
    "NeuralTopicModel, labels": Loop(
        lambda n: PLAIN["NeuralTopicModel"].new().set_params(max_iter=n, label_weight=1.0),
        Case(PLAIN["NeuralTopicModel"].estimator, labelled),
    ),
    "TopicPipeline": Loop(named("TopicPipeline", parameter="model__max_iter"), PLAIN["TopicPipeline"]),
    "HierarchicalARTM": Loop(
        lambda n: PLAIN["HierarchicalARTM"].new().set_params(levels=[2], estimator__max_iter=n),
        PLAIN["HierarchicalARTM"],
    ),
    "MonotonicRegressor": Loop(
        lambda n: MonotonicRegressor(Polynomial(n_members=n, max_iter=3), random_state=0, n_jobs=1), _PREDICT,
        "member", "member",
    ),
    "MonotonicRegressor, threads": Loop(
        lambda n: MonotonicRegressor(Polynomial(n_members=n, max_iter=3), random_state=0, n_jobs=2), _PREDICT,
        "member", "some members",
    ),
    "Smooth": net(Smooth),
    "MinMax": net(MinMax),
    "Constrained": net(Constrained),
    "MonotoneCDF": Loop(
        lambda n: MonotoneCDF(3, bandwidth=1.0, early_stopping=False, max_iter=n, tol=0, random_state=0, n_jobs=1),
        Case(MonotoneCDF(), None, points),
        "steps",
    ),
    "TauPath": Loop(named("TauPath", parameter="n_iter"), PLAIN["TauPath"], whole="before"),
    "TopicNumberSearch": Loop(
        named("TopicNumberSearch", parameter="estimator__max_iter"), PLAIN["TopicNumberSearch"], whole="before"
    ),
}  # fmt: skip
EDGES = ("SentenceTopicModel", "HypergraphARTM")  # they refuse to transform what callbacks see
# fitted models are promised at iterations that are the estimator's own
SHOWN = [
    name
    for name, loop in LOOPS.items()
    if loop.whole == "iteration" and name not in ("TopicPipeline", "HierarchicalARTM", *EDGES)
]
COMPOSED = {
    "MonotonicStacking": PLAIN["MonotonicStacking"],
    "MonotonicClassifier": PLAIN["MonotonicClassifier"],
    "MonotoneCDF, chosen": PLAIN["MonotoneCDF"],
    "Linear": Case(MonotonicRegressor(Linear()), None, table),
}
EVERY = {name: (lambda loop=loop: loop.make(4), loop.case) for name, loop in LOOPS.items()} | {
    name: (case.new, case) for name, case in COMPOSED.items()
}
every_loop = pytest.mark.parametrize("name", LOOPS)
every_estimator = pytest.mark.parametrize("name", EVERY)


def fit(model, case, callback=None):
    return call(model.set_callbacks(*([] if callback is None else [callback])), "fit", case.data(0))


def readings(model, case):
    if isinstance(model, SimplexNMF):  # which reads with as many iterations as it may make now
        model = copy.copy(model).set_params(max_iter=50)
    readers = [name for name in case.readers if name != "explain"]  # polynomials alone have that
    return case.readings(model, case.data(0), readers)


def path_of(context):
    steps = []
    while context is not None:
        steps.insert(0, (context.source_task_name or context.task_name, context.task_id))
        context = context.parent
    return tuple(steps)


class Onlooker:
    """Writes down what happens to the estimator that it is set on."""

    def __init__(self):
        self.events, self.contexts = [], {}

    def setup(self, estimator, context):
        self.events.append(("setup", path_of(context)))

    def teardown(self, estimator, context):
        self.events.append(("teardown", path_of(context)))

    def on_fit_task_begin(self, estimator, context):
        self.contexts[path_of(context)] = (context.max_subtasks, context.sequential_subtasks)
        self.events.append(("begin", path_of(context)))

    def on_fit_task_end(self, estimator, context):
        self.events.append(("end", path_of(context)))
        return self.ended(context)

    def ended(self, context):
        return False

    @property
    def iterations(self):
        """How many iterations the tasks have that have any."""
        return Counter(path[:-1] for what, path in self.events if what == "end" and path[-1][0] == ITERATION)


class Watcher(Onlooker):
    """Goes down to the models inside."""

    max_propagation_depth = None


class Stop(Watcher):
    """Stops every loop after two iterations."""

    def ended(self, context):
        return context.task_name == ITERATION and context.task_id == 1


class Interrupt(Watcher):
    """Interrupts the third iteration, or the third part, of the tasks of a name."""

    def __init__(self, of, member):
        super().__init__()
        self.of, self.member, self.n = of, member, 0

    def on_fit_task_begin(self, estimator, context):
        super().on_fit_task_begin(estimator, context)
        *_, above, (name, _) = (("", 0), *path_of(context))
        own = name == ITERATION and above[0] in (self.of, "fit-model", "fit-level0")
        self.n += name == self.of if self.member else own
        if self.n == 3:
            raise KeyboardInterrupt


class Models:
    """Keeps what the fitted models of iterations answer; it does not go down to models inside."""

    def __init__(self, case):
        self.case, self.answers, self.n_iter, self.others = case, [], [], 0

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if fitted_estimator is None:
            self.others += 1
            return
        self.answers.append(readings(fitted_estimator, self.case))
        self.n_iter.append(context.task_id + 1)


def test_all_are_here():
    here = {type(make()) for make, _ in EVERY.values()}
    missing = set(public_estimators().values()) - here
    assert {item.__name__ for item in missing} <= {"EmbeddedTopicModel", *ELSEWHERE}  # of the extra neural


@every_estimator
def test_tasks_begin_and_end_in_order(name):
    make, case = EVERY[name]
    watcher = Watcher()
    fit(make(), case, watcher)
    assert [what for what, _ in watcher.events].count("setup") == 1
    assert watcher.events[0][0] == "setup"
    assert watcher.events[-1][0] == "teardown"
    root = watcher.events[1][1]
    assert watcher.events[-2] == ("end", root)
    begun, ended, n_parts = [], set(), Counter()
    for what, path in watcher.events[1:-1]:
        if what == "begin":
            assert path not in begun
            assert path == root or (path[:-1] in begun and path[:-1] not in ended)
            _, ordered = watcher.contexts.get(path[:-1], (None, True))
            assert path == root or not ordered or path[-1][1] == n_parts[path[:-1]]
            n_parts[path[:-1]] += 1
            begun.append(path)
        else:
            assert path in begun
            assert path not in ended
            assert not any(other[:-1] == path and other not in ended for other in begun)
            ended.add(path)
    assert set(begun) == ended
    for path, n in n_parts.items():
        most = watcher.contexts[path][0] if path else None
        assert most is None or n <= most


@every_loop
def test_iterations_are_as_many_as_there_are(name):
    loop, watcher = LOOPS[name], Watcher()
    model = fit(loop.make(4), loop.case, watcher)
    counts = [n for path, n in watcher.iterations.items() if path[-1][0] in (loop.of, "fit-model", "fit-level0")]
    if loop.whole == "member" or "threads" in name:
        assert counts == model.net_.n_iter_
        assert len(counts) == 4
    elif name in ("TauPath", "TopicNumberSearch"):
        assert set(watcher.iterations.values()) == {4}
    else:
        assert counts == [4]
        assert getattr(model, "n_iter_", 4) == 4


@every_estimator
def test_onlookers_change_nothing(name):
    make, case = EVERY[name]
    plain, watched = fit(make(), case), fit(make(), case, Watcher())
    assert same_result(list(readings(watched, case).values()), list(readings(plain, case).values()))


@every_loop
def test_a_callback_stops_every_loop(name):
    loop, stop = LOOPS[name], Stop()
    model = fit(loop.make(4), loop.case, stop)
    counts = {n for path, n in stop.iterations.items() if "labels" not in name or path[-1][0] != "layer-0"}
    assert counts == {2}  # with labels the first layer has one iteration, to start from
    check_is_fitted(model)
    if loop.whole == "iteration" and loop.of != "joint":  # before it other loops are stopped too
        assert_same(readings(model, loop.case), readings(fit(loop.make(2), loop.case), loop.case))


def assert_same(found, expected):
    for method, result in found.items():
        one, other = as_plain(result), as_plain(expected[method])
        if isinstance(one, np.ndarray) and one.dtype.kind == "f":
            assert_allclose(one, other, rtol=1e-4, atol=1e-6, err_msg=method)
        elif isinstance(one, float):
            assert one == pytest.approx(other, rel=1e-4)
        elif isinstance(one, list) and all(isinstance(item, np.ndarray) for item in one):
            assert_same(dict(enumerate(one)), other)


class StopAtPart(Onlooker):
    """Stops what goes over parts of a name at the end of the first of them."""

    def __init__(self, part):
        super().__init__()
        self.part = part

    def ended(self, context):
        return context.task_name == self.part


def test_a_callback_stops_between_parts():
    case = PLAIN["HierarchicalARTM"]
    assert fit(case.new(), case, StopAtPart("fit-level0")).level_names_ == ["level0"]
    case = PLAIN["MonotonicRegressor"]
    assert len(fit(case.new(), case, StopAtPart("member")).net_.n_iter_) == 1
    case = PLAIN["TauPath"]
    path = case.new().set_params(stages=[("smooth__tau", [0.1]), ("smooth__tau", [0.2])])
    assert set(fit(path, case, StopAtPart("smooth__tau")).results_["stage"]) == {0, 1}


def test_scores_of_iterations():
    """Callbacks that score find the model, its data and its targets."""
    case, monitor = PLAIN["ARTMClassifier"], TopicMonitor(["diversity", "perplexity"])
    model = fit(case.new(), case, monitor)
    assert [record["iteration"] for record in monitor.data] == [1, 2, 3]
    expected = make_topic_scorer("perplexity")(model, case.data(0)["X"])
    assert_allclose([record["perplexity"] for record in monitor.data][-1], -expected)
    loop, monitor = LOOPS["Smooth"], ScoringMonitor(scoring="r2")
    model = fit(loop.make(5), loop.case, monitor)
    scores = [record["r2"] for record in monitor.get_logs().data]
    assert len(scores) == 5
    assert scores[-1] == model.score(**loop.case.data(0))


@pytest.mark.parametrize("name", ["ARTMClassifier", "DeepSimplexNMF", "MonotoneCDF", "Smooth"])
def test_early_stopping(name):
    """Also where the iterations are those of a part of the fit."""
    loop = LOOPS[name]
    stopping = EarlyStopping(lambda model, X: 0.0, patience=2)
    watcher = Watcher()
    call(loop.make(9).set_callbacks(stopping, watcher), "fit", loop.case.data(0))
    assert [n for path, n in watcher.iterations.items() if path[-1][0] == loop.of] == [3]
    assert stopping.stopped_


@pytest.mark.parametrize("name", SHOWN)
def test_the_fitted_model_of_an_iteration(name):
    """It answers as the model of a fit with so many iterations; no answer is from another iteration."""
    loop, models = LOOPS[name], Models(LOOPS[name].case)
    fit(loop.make(3), loop.case, models)
    assert models.n_iter == [1, 2, 3]
    for n, answers in zip(models.n_iter, models.answers, strict=True):
        assert_same(answers, readings(fit(loop.make(n), loop.case), loop.case))
    assert any(not same_result(models.answers[0][method], models.answers[2][method]) for method in loop.case.readers)


def test_the_fitted_model_of_a_level():
    case, models = PLAIN["HierarchicalARTM"], Models(PLAIN["HierarchicalARTM"])
    model = fit(case.new(), case, models)
    assert [answers["transform"].shape[1] for answers in models.answers] == [2, 3]
    assert same_result(list(models.answers[1].values()), list(readings(model, case).values()))
    assert models.others == 1  # the whole fit


@pytest.mark.parametrize("before", [False, True], ids=["first", "again"])
@every_loop
def test_an_interruption(name, before):
    """In the third iteration: what two have made is there, or what was there before the fit."""
    loop = LOOPS[name]
    model = loop.make(4)
    if before:
        call(model, "fit", loop.case.data(1))
    earlier = dict(vars(model))
    interrupt = Interrupt(loop.of if loop.whole != "before" else "trial", "member" in loop.whole)
    with pytest.raises(KeyboardInterrupt):
        fit(model, loop.case, interrupt)
    assert interrupt.n >= 3
    if loop.whole == "before":
        check = {key: value for key, value in vars(model).items() if key != "_skl_callbacks"}
        assert same_result(check, earlier)
    elif loop.whole == "some members":  # those that were whole, and nothing if there were none
        kept = vars(model).get("net_") is not earlier.get("net_")
        assert not kept or 1 <= len(model.net_.n_iter_) < 4
        if kept or before:
            readings(model, loop.case)
    else:
        assert_same(readings(model, loop.case), readings(fit(loop.make(2), loop.case), loop.case))
    fit(model, loop.case)
    assert_same(readings(model, loop.case), readings(fit(loop.make(4), loop.case), loop.case))


def test_labels_after_an_interruption():
    """The layer that was trained with the topics is there, of another fit than the final one."""
    loop = LOOPS["NeuralTopicModel, labels"]
    model, whole = loop.make(40), fit(loop.make(2), loop.case)
    with pytest.raises(KeyboardInterrupt):
        fit(model, loop.case, Interrupt("fit", False))
    X = loop.case.data(0)["X"]
    probabilities = model.predict_proba(X)
    assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.ptp(probabilities) > 0
    assert model.label_weights_.shape == whole.label_weights_.shape
    assert not np.allclose(model.label_weights_, whole.label_weights_)


@pytest.mark.parametrize("name", ["MonotonicStacking", "MonotoneCDF, chosen"])
def test_an_interruption_before_there_is_a_model(name):
    make, case = EVERY[name]

    class AtOnce(Watcher):
        def ended(self, context):
            if context.task_name in ("fold", "member", "fit") or context.source_task_name == "member":
                raise KeyboardInterrupt

    model = make()
    with pytest.raises(KeyboardInterrupt):
        fit(model, case, AtOnce())
    with pytest.raises(NotFittedError):
        check_is_fitted(model)


@every_estimator
def test_a_progress_bar(name, capsys):
    pytest.importorskip("rich")
    make, case = EVERY[name]
    model = make()
    fit(model, case, ProgressBar(max_propagation_depth=None))
    out = capsys.readouterr().out
    assert f"{type(model).__name__} - fit" in out
    assert "100%" in out


@pytest.mark.parametrize("name", ["TauPath", "TopicNumberSearch", "MonotonicStacking"])
def test_a_progress_bar_of_processes(name, capsys):
    pytest.importorskip("rich")
    make, case = EVERY[name]
    fit(make().set_params(n_jobs=2), case, ProgressBar())
    out = capsys.readouterr().out
    assert out.count(" | ") >= 3  # fits of models inside: of two numbers of topics, and of the best
    assert "100%" in out


@pytest.mark.parametrize("name", [name for name, loop in LOOPS.items() if "verbose" in loop.make(1).get_params()])
def test_a_line_an_iteration(name, capsys):
    loop = LOOPS[name]
    fit(loop.make(3).set_params(verbose=1), loop.case)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    for number, line in enumerate(lines, start=1):
        assert f" {number}, " in line or f" {number}" in line.split(",")[0]
