"""The steps of ascend for parameters of torch modules."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from skartm.base import shown

METHODS = ("shifted", "exponentiated")
MAX_HALVINGS = 40


def torch_optimizer(params: Iterable[Any], *, method: str = "shifted", sigma: float = 0.1) -> Any:
    r"""An optimizer of torch for parameters whose lines along the last axis are distributions.

    Each ``step(closure)`` minimises the loss by one step, :math:`p_i \leftarrow \operatorname{norm}(p_i \max(1 + \eta
    d_i, 0.1))` or :math:`p_i \leftarrow \operatorname{norm}(p_i \exp(\eta d_i))`, with g the gradient of the loss and
    :math:`d_i = \sum_k p_k g_k - g_i`. The length eta, one for each distribution, is halved until the loss falls by at
    least ``sigma`` times the sum of :math:`\eta \sum_i p_i d_i^2`; then it doubles for the next step. If no length
    does, the parameters stay as they were. Zeros stay zeros, and no step makes any. Other parameters of the module,
    biases for example, need an optimizer of their own.

    torch is in the extra ``neural``: ``pip install skartm[neural]``.

    Parameters
    ----------
    params : iterable of torch parameters, or of dicts as for any optimizer
        Floating-point tensors whose lines along the last axis are distributions.
    method : {"shifted", "exponentiated"}, default="shifted"
    sigma : float, default=0.1
        Least fall of the loss, relative to that of the linear approximation, in (0, 1/2].

    Returns
    -------
    torch.optim.Optimizer
        Its ``step`` needs a closure that clears the gradients, computes the loss, calls ``backward`` and returns the
        loss, as that of ``torch.optim.LBFGS``; it is called once and once more for each length tried. The closure must
        give the same loss for the same parameters: no dropout, the same batch. ``step`` returns the loss before it.

    Raises
    ------
    ImportError
        torch is not installed.
    ValueError
        A parameter is not made of distributions, or an option is out of range.

    See Also
    --------
    ascend : for functions of arrays.

    Examples
    --------
    .. code-block:: python

        import torch
        from skartm.simplex import torch_optimizer

        weights = torch.nn.Parameter(torch.full((3,), 1 / 3))
        optimizer = torch_optimizer([weights])

        def closure():
            optimizer.zero_grad()
            loss = ((weights - torch.tensor([0.7, 0.3, 0.0])) ** 2).sum()
            loss.backward()
            return loss

        for _ in range(50):
            optimizer.step(closure)
    """
    if method not in METHODS:
        msg = f"The 'method' parameter of torch_optimizer must be one of {list(METHODS)}. Got {shown(method)} instead."
        raise ValueError(msg)
    if isinstance(sigma, bool) or not isinstance(sigma, (int, float)) or not 0 < sigma <= 0.5:
        msg = f"The 'sigma' parameter of torch_optimizer must be a number in (0, 0.5]. Got {shown(sigma)} instead."
        raise ValueError(msg)
    return _optimizer_class()(params, {"method": method, "sigma": float(sigma)})


@cache
def _optimizer_class() -> Any:
    """Made when it is first wanted: importing skartm.simplex does not import torch."""
    try:
        import torch
    except ImportError as error:
        msg = "torch_optimizer needs torch, which is in the extra 'neural': pip install skartm[neural]"
        raise ImportError(msg) from error

    class SimplexOptimizer(torch.optim.Optimizer):
        """See torch_optimizer."""

        def add_param_group(self, param_group: dict[str, Any]) -> None:
            """Like that of every optimizer; the parameters must be distributions."""
            super().add_param_group(param_group)
            for parameter in param_group["params"]:
                _check(torch, parameter)

        def step(self, closure: Callable[[], Any] | None = None) -> Any:
            """One step; see torch_optimizer."""
            if closure is None:
                msg = "torch_optimizer: step needs a closure that computes the loss and its gradient. Got None."
                raise ValueError(msg)
            closure = torch.enable_grad()(closure)
            loss = closure()
            with torch.no_grad():
                lines = [
                    _Line(torch, parameter, self.state[parameter], group)
                    for group in self.param_groups
                    for parameter in group["params"]
                    if parameter.grad is not None
                ]
                for _ in range(MAX_HALVINGS):
                    promised = sum(line.move() for line in lines)
                    if not promised > 0:
                        break
                    fall = float(loss.detach()) - float(closure().detach())
                    if fall >= promised:  # False for NaN
                        for line in lines:
                            line.lengthen(2.0)
                        return loss.detach()
                    for line in lines:
                        line.lengthen(0.5)
                for line in lines:
                    line.take_back()
            return loss.detach()

    return SimplexOptimizer


def _check(torch: Any, parameter: Any) -> None:
    values = parameter.detach()
    problem = ""
    if not values.is_floating_point() or values.ndim == 0 or values.numel() == 0:
        problem = (
            f"non-empty floating-point tensors with an axis. Got {values.dtype} of the shape {tuple(values.shape)}"
        )
    elif not bool(torch.isfinite(values).all()) or bool((values < 0).any()):
        problem = "finite and non-negative; use softmax or skartm.simplex.project for the start"
    elif not bool(((values.double().sum(dim=-1) - 1).abs() <= 1e-3).all()):
        problem = "distributions along the last axis. Got other sums; divide by them"
    if problem:
        msg = f"torch_optimizer: parameters must be {problem}."
        raise ValueError(msg)


class _Line:
    """A parameter during one step: where it was, its gradient, the length of its step."""

    def __init__(self, torch: Any, parameter: Any, state: dict[str, Any], group: dict[str, Any]) -> None:
        self.torch, self.parameter, self.state, self.group = torch, parameter, state, group
        self.before = parameter.detach().clone()
        p = self.before.double()
        self.p = p / p.sum(dim=-1, keepdim=True)
        # where p is zero, it stays so, whatever the gradient
        gradient = torch.where(p > 0, parameter.grad.double(), 0.0)
        self.deviation = (self.p * gradient).sum(dim=-1, keepdim=True) - gradient
        self.variance = (self.p * self.deviation**2).sum(dim=-1, keepdim=True)
        if "eta" not in state:
            largest = torch.where(p > 0, self.deviation.abs(), 0.0).amax(dim=-1, keepdim=True)
            top = largest.max()
            if bool(top > 0):
                state["eta"] = 1 / torch.maximum(largest, top / 1000)

    def move(self) -> float:
        """Put the parameter where the step leads; the fall of the loss that is wanted for it."""
        if "eta" not in self.state:  # a gradient that is the same in all coordinates
            return 0.0
        change = self.state["eta"] * self.deviation
        shifted = self.group["method"] == "shifted"
        factors = (1 + change).clamp(min=0.1) if shifted else change.clamp(max=500).exp()
        weights = self.p * factors
        self.parameter.copy_(weights / weights.sum(dim=-1, keepdim=True))
        return self.group["sigma"] * float((self.state["eta"] * self.variance).sum())

    def lengthen(self, factor: float) -> None:
        """Change the length for the next trial or step."""
        if "eta" in self.state:
            self.state["eta"] = self.state["eta"] * factor

    def take_back(self) -> None:
        """Undo the step."""
        self.parameter.copy_(self.before)
