import builtins

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skartm.simplex import _torch, ascend, project, torch_optimizer


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch is not installed", exc_type=ImportError)


def minimise(torch, loss, parameters, n_steps, **options):
    """Losses before each step and after the last."""
    optimizer = torch_optimizer(parameters, **options)
    calls = []

    def closure():
        optimizer.zero_grad()
        value = loss()
        value.backward()
        calls.append(float(value.detach()))
        return value

    losses = [float(optimizer.step(closure)) for _ in range(n_steps)]
    return [*losses, float(loss().detach())], calls, optimizer


@pytest.mark.parametrize("method", ["shifted", "exponentiated"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_projection_is_found(torch, method, dtype, global_random_seed):
    target = np.random.default_rng(global_random_seed).dirichlet(np.ones(5), (2, 3))
    p = torch.nn.Parameter(torch.full((2, 3, 5), 0.2, dtype=getattr(torch, dtype)))
    goal = torch.tensor(target, dtype=p.dtype)
    losses, calls, _ = minimise(torch, lambda: ((p - goal) ** 2).sum(), [p], 200, method=method)
    assert (np.diff(losses) <= 0).all()
    assert len(calls) > 200
    assert p.dtype == getattr(torch, dtype)
    assert_allclose(p.detach().sum(dim=-1), 1, atol=1e-6)
    assert_allclose(p.detach(), project(target), atol=2e-3)


def test_first_step_is_that_of_ascend(torch, global_random_seed):
    rng = np.random.default_rng(global_random_seed)
    matrix = rng.standard_normal((6, 6))
    start = rng.dirichlet(np.ones(6), 1)
    p = torch.nn.Parameter(torch.tensor(start))
    losses, _, _ = minimise(torch, lambda: -((p @ torch.tensor(matrix)) * p).sum(), [p], 1, method="exponentiated")
    found = ascend(
        lambda x: (float(((x @ matrix) * x).sum()), x @ (matrix + matrix.T)),
        start,
        method="exponentiated",
        max_iter=1,
        tol=0,
    )
    assert_allclose(p.detach(), found.x, atol=1e-12)
    assert_allclose(np.negative(losses), found.history, atol=1e-12)


def test_network_of_two_layers_never_gets_worse(torch):
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.uniform(-1, 1, (50, 4)))
    y = torch.tensor(rng.uniform(-1, 1, 50))
    first = torch.nn.Parameter(torch.tensor(rng.dirichlet(np.ones(4), 6)))
    second = torch.nn.Parameter(torch.tensor(rng.dirichlet(np.ones(6))))

    def loss():
        return ((torch.sigmoid(5 * x @ first.T) @ second - y) ** 2).mean()

    losses, _, optimizer = minimise(torch, loss, [{"params": [first]}, {"params": [second], "sigma": 0.3}], 60)
    assert (np.diff(losses) <= 0).all()
    assert losses[-1] < losses[0] - 0.01
    assert all(not parameter.requires_grad or (parameter >= 0).all() for parameter in (first, second))
    again = torch_optimizer([{"params": [first]}, {"params": [second], "sigma": 0.3}])
    again.load_state_dict(optimizer.state_dict())
    assert_array_equal(again.state[first]["eta"], optimizer.state[first]["eta"])


def test_zeros_and_parameters_without_gradient_stay(torch):
    p = torch.nn.Parameter(torch.tensor([0.5, 0.0, 0.5]))
    unused = torch.nn.Parameter(torch.tensor([0.5, 0.5]))
    goal = torch.tensor([0.2, 0.5, 0.3])
    minimise(torch, lambda: ((p - goal) ** 2).sum(), [p, unused], 50)
    assert_allclose(p.detach(), [0.45, 0, 0.55], atol=1e-3)
    assert_array_equal(unused.detach(), [0.5, 0.5])


def test_without_a_step_that_gains_nothing_moves(torch):
    p = torch.nn.Parameter(torch.tensor([0.25, 0.75]))
    # the gradient points the wrong way
    losses, _, _ = minimise(torch, lambda: p[0].detach() * -2 + p[0], [p], 3)
    assert_array_equal(p.detach(), [0.25, 0.75])
    assert len(set(losses)) == 1
    flat = torch.nn.Parameter(torch.tensor([0.25, 0.75]))
    minimise(torch, lambda: flat.sum(), [flat], 2)
    assert_array_equal(flat.detach(), [0.25, 0.75])


@pytest.mark.parametrize(
    ("values", "complaint"),
    [([0.5, 0.6], "Got other sums"), ([1.5, -0.5], "non-negative"), (1.0, "with an axis"), ([], "non-empty")],
)
def test_bad_parameters(torch, values, complaint):
    with pytest.raises(ValueError, match=complaint):
        torch_optimizer([torch.nn.Parameter(torch.tensor(values))])


@pytest.mark.parametrize("options", [{"method": "plain"}, {"sigma": 0.7}, {"sigma": True}])
def test_bad_options(options):
    with pytest.raises(ValueError, match="parameter of torch_optimizer must be"):
        torch_optimizer([], **options)


def test_step_needs_a_closure(torch):
    with pytest.raises(ValueError, match="step needs a closure"):
        torch_optimizer([torch.nn.Parameter(torch.tensor([1.0]))]).step()


def test_without_torch_the_extra_is_named(monkeypatch):
    original = builtins.__import__

    def without_torch(name, *rest, **named):
        if name == "torch":
            raise ImportError(name)
        return original(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_torch)
    _torch._optimizer_class.cache_clear()
    with pytest.raises(ImportError, match=r"pip install skartm\[neural\]"):
        torch_optimizer([])
