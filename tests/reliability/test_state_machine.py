"""Sequences of calls: the state is that of the shortest way to it, whatever else was called, and no input changes."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from tests.reliability.conftest import budget
from tests.reliability.estimators import PLAIN, call, changes_of
from tests.reliability.states import as_plain, assert_sound, bytes_of, fingerprint, same_result
from tests.reliability.test_failed_calls import refusals
from tests.reliability.test_interruption import interrupted

pytestmark = pytest.mark.filterwarnings("ignore")
REFUSALS = (ValueError, TypeError, AttributeError)
STEPS = "fit fit partial_fit partial_fit warm read read change clone pickle copy refused interrupted assign read_only"


class Life:
    """A model, the calls that lead to its state by the shortest way, and the steps that are tried on it."""

    def __init__(self, name: str) -> None:
        self.name, self.case = name, PLAIN[name]
        self.model = self.case.new()
        self.way: list[tuple[str, Any]] = []

    def try_step(self, step: str, seed: int) -> None:
        before = fingerprint(self.model)
        learned = getattr(self, f"do_{step}")(seed)
        assert learned or fingerprint(self.model) == before, step

    def learn(self, model: Any, step: str, seed: int) -> None:
        """Make the call of a step."""
        arguments = self.case.data(seed)
        before = bytes_of(arguments)
        try:
            if step == "warm":
                model.set_params(warm_start=True)
                try:
                    call(model, "fit", arguments)
                finally:
                    model.set_params(warm_start=False)
            elif step == "assign":
                self.assigned(model, seed)
            else:
                call(model, step, arguments)
        finally:
            assert bytes_of(arguments) == before, f"{step} changed its input"

    def assigned(self, model: Any, seed: int) -> None:
        own, others = model.components_, np.roll(model.components_, 1 + seed, axis=0)
        mixed = np.where(np.isclose(own.sum(axis=1), others.sum(axis=1))[:, None], 0.5 * (own + others), own)
        model.components_ = mixed  # a topic that is dead is not half of a mixture

    def do_fit(self, seed: int) -> bool:
        self.learn(self.model, "fit", seed)
        self.way = [("fit", seed)]
        return True

    def do_partial_fit(self, seed: int) -> bool:
        if not hasattr(self.model, "partial_fit") or (self.name == "ARTMClassifier" and not self.way):
            return False  # a classifier is told all classes in its first call
        self.learn(self.model, "partial_fit", seed)
        self.way.append(("partial_fit", seed))
        return True

    def do_warm(self, seed: int) -> bool:
        if "warm_start" not in self.model.get_params(deep=False) or not self.way:
            return False
        self.learn(self.model, "warm", seed)
        self.way.append(("warm", seed))
        return True

    def do_assign(self, seed: int) -> bool:
        if not self.way or "components_" not in type(self.model)._assignable:
            return False
        self.learn(self.model, "assign", seed)
        self.way.append(("assign", seed))
        return True

    def do_read(self, seed: int) -> bool:
        arguments = self.case.data(seed)
        before = bytes_of(arguments)
        for method in self.case.readers:
            if not self.way:
                with pytest.raises(NotFittedError):
                    call(self.model, method, arguments)
                continue
            result = call(self.model, method, arguments)
            assert_sound(as_plain(result))
            if method in ("transform", "predict_proba") and "NMF" not in self.name:
                sums = result.sum(axis=1)
                assert ((np.abs(sums - 1) < 1e-4) | (sums == 0)).all()
        assert bytes_of(arguments) == before
        return False

    def do_change(self, seed: int) -> bool:
        changes = sorted(changes_of(self.model).items())
        if not changes:
            return False
        name, value = changes[seed % len(changes)]
        declared, arguments = self.model.get_params(deep=False)[name], self.case.data(0)
        results = [self.case.readings(self.model, arguments) if self.way else None]
        self.model.set_params(**{name: value})
        error = ""
        try:
            results.append(self.case.readings(self.model, arguments) if self.way else None)
        except REFUSALS as raised:
            error = str(raised)
        self.model.set_params(**{name: declared})
        assert name in error or same_result(*results)
        return False

    def do_clone(self, seed: int) -> bool:
        assert not [key for key in vars(clone(self.model)) if key.endswith("_")]
        return False

    def do_pickle(self, seed: int) -> bool:
        self.model = pickle.loads(pickle.dumps(self.model))
        return True  # equal, but of other objects

    def do_copy(self, seed: int) -> bool:
        other = copy.deepcopy(self.model) if seed % 2 else copy.copy(self.model)
        call(other, "fit", self.case.data(seed))
        return False

    def do_refused(self, seed: int) -> bool:
        cases = [arguments for width in (0, -8, 12) for _, arguments in refusals(self.name, width)]
        arguments = cases[seed % len(cases)]
        with pytest.raises(REFUSALS):
            call(self.model, "fit", arguments)
        return False

    def do_interrupted(self, seed: int) -> bool:
        """Before the first pass is complete, so that the state must stay."""
        other = copy.copy(self.model)
        assert interrupted(1 + seed % 4, call, other, "fit", self.case.data(seed))
        self.model = other
        return False

    def do_read_only(self, seed: int) -> bool:
        for value in vars(self.model).values():
            if isinstance(value, np.ndarray) and value.ndim and value.size and not self.is_parameter(value):
                with pytest.raises(ValueError, match="read-only"):
                    value[...] = 0
        return False

    def is_parameter(self, value: Any) -> bool:
        return any(value is parameter for parameter in self.model.get_params(deep=False).values())

    def check_shortest_way(self) -> None:
        if not self.way:
            return
        model = self.case.new()
        for step, seed in self.way:
            self.learn(model, step, seed)
        arguments = self.case.data(17)
        assert same_result(self.case.readings(self.model, arguments), self.case.readings(model, arguments)), self.way


def run(name: str, sequence: list[tuple[str, int]]) -> None:
    life = Life(name)
    for step, seed in sequence:
        life.try_step(step, seed)
    life.check_shortest_way()


FAST = [name for name in PLAIN if name not in ("TauPath", "TopicNumberSearch", "MonotonicStacking")]


@pytest.mark.slow
@pytest.mark.parametrize("name", PLAIN)
def test_sequences(name):
    """At least 20,000 steps in the full run: 100 sequences of 10 steps for each of more than 20 models."""
    sequences = st.lists(st.tuples(st.sampled_from(STEPS.split()), st.integers(0, 5)), min_size=10, max_size=10)

    @settings(max_examples=budget(3, 100), deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(sequences)
    def test(sequence):
        run(name, sequence)

    test()


@pytest.mark.parametrize("name", FAST)
def test_one_sequence(name):
    run(name, [("read", 0), ("refused", 3), ("fit", 0), ("read", 1), ("partial_fit", 1), ("interrupted", 7)])
    run(name, [("fit", 0), ("warm", 1), ("change", 1), ("pickle", 0), ("assign", 2), ("partial_fit", 2), ("copy", 3)])
