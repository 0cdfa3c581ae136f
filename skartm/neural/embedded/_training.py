"""Training of an embedded topic model: the variational bound of minibatches, and steps of Adam."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import RandomState
from numpy.typing import DTypeLike, NDArray

from skartm.neural.embedded._documents import Documents
from skartm.neural.embedded._encoder import EPSILON, n_hidden

_MOMENTUM = 0.1  # of the running mean and variance of the batch norm
_BUFFERS = ("batch_mean", "batch_variance")


@dataclass(frozen=True)
class Options:
    """What does not change during training."""

    activation: str
    dropout: float
    learning_rate: float
    batch_size: int
    device: Any
    dtype: DTypeLike


class Training:
    """Parameters of encoder and decoder as tensors, with their optimizer.

    Parameters
    ----------
    torch : the module
    arrays : dict of arrays
        Those of the encoder, ``embeddings`` and ``topic_embeddings``; copied.
    free : array of bool of shape (n_tokens,)
        Tokens whose vectors are learned.
    moments : dict or None
        What ``moments`` returned when this was interrupted.
    """

    def __init__(
        self, torch: Any, arrays: Mapping[str, NDArray], free: NDArray, options: Options, moments: dict | None = None
    ) -> None:
        self.torch, self.options = torch, options
        self.tensors = {name: self._tensor(array) for name, array in arrays.items()}
        self.free, self._free = free, self._tensor(free[:, None])
        self.learned = [name for name in arrays if name not in _BUFFERS and (name != "embeddings" or free.any())]
        for name in self.learned:
            self.tensors[name].requires_grad_()
        # no first step is larger than the learning rate, and Adam needs no tuning of the scale of the loss
        self.optimizer = torch.optim.Adam([self.tensors[name] for name in self.learned], lr=options.learning_rate)
        if moments:
            state = {i: {key: torch.tensor(value) for key, value in moments[name].items()}
                     for i, name in enumerate(self.learned)}  # fmt: skip
            self.optimizer.load_state_dict({**self.optimizer.state_dict(), "state": state})

    def epoch(self, X: Any, random: RandomState, kl_weight: float) -> tuple[float, float]:
        """One pass over the documents in a new order.

        Returns
        -------
        log_likelihood, divergence : float
            The sums of both parts of the bound, of a drawn theta, as they were when a batch had its turn.
        """
        order = random.permutation(X.shape[0])
        log_likelihood = divergence = 0.0
        for rows in np.array_split(order, -(-order.size // self.options.batch_size)):
            batch = Documents(self.torch, X[rows], self._dtype(), self.options.device)
            noise = random.standard_normal((rows.size, self.tensors["mean_bias"].shape[0]))
            width = self.tensors["mean_weight"].shape[0]
            keep = random.random_sample((rows.size, width)) >= self.options.dropout if self.options.dropout else None
            parts = self.bound(batch, noise, keep)
            self._step((kl_weight * parts[1] - parts[0]) / rows.size)
            log_likelihood += float(parts[0].detach())
            divergence += float(parts[1].detach())
        if not np.isfinite(log_likelihood + divergence):
            msg = "the bound of the likelihood is not finite any more; take a smaller learning_rate, or batch_norm=True"
            raise FloatingPointError(msg)
        return log_likelihood, divergence

    def bound(self, batch: Documents, noise: NDArray, keep: NDArray | None) -> tuple[Any, Any]:
        r"""The parts of the bound, :math:`\sum x_{dw} \ln \sum_k \theta_{dk} \beta_{wk}` and the divergence.

        .. math:: \theta_d = \operatorname{softmax}(\mu_d + \sigma_d \varepsilon_d), \qquad
                  \tfrac12 \sum_{dk} (\mu_{dk}^2 + \sigma_{dk}^2 - 1 - \ln \sigma_{dk}^2)
        """
        torch = self.torch
        means, log_variances = self._encode(batch, keep)
        theta = torch.softmax(means + torch.exp(log_variances / 2) * self._tensor(noise), dim=1)
        logits = self.tensors["embeddings"] @ self.tensors["topic_embeddings"].T
        divergence = 0.5 * (means**2 + log_variances.exp() - 1 - log_variances).sum()
        return batch.log_likelihood(theta, torch.softmax(logits, dim=0)), divergence

    def _encode(self, batch: Documents, keep: NDArray | None) -> tuple[Any, Any]:
        torch, tensors = self.torch, self.tensors
        activation = {"relu": torch.relu, "softplus": torch.nn.functional.softplus, "tanh": torch.tanh}
        function = activation[self.options.activation]
        h = function(batch.mean_rows(tensors["weight_0"]) + tensors["bias_0"])
        for i in range(1, n_hidden(tensors)):
            h = function(h @ tensors[f"weight_{i}"] + tensors[f"bias_{i}"])
        if keep is not None:
            h = h * self._tensor(keep / (1 - self.options.dropout))
        means = h @ tensors["mean_weight"] + tensors["mean_bias"]
        log_variances = h @ tensors["variance_weight"] + tensors["variance_bias"]
        return self._normalised(means) if "batch_mean" in tensors else means, log_variances

    def _normalised(self, means: Any) -> Any:
        """Mean 0 and variance 1 over the batch, topic by topic; a batch of one document is taken as the earlier ones.

        No topic can then be left by all documents, which is how topics die.
        """
        running_mean, running_variance = (self.tensors[name] for name in _BUFFERS)
        if means.shape[0] == 1:
            return (means - running_mean) / (running_variance + EPSILON).sqrt()
        mean, variance = means.mean(dim=0), means.var(dim=0, correction=0)
        with self.torch.no_grad():
            running_mean.lerp_(mean, _MOMENTUM)
            running_variance.lerp_(variance, _MOMENTUM)
        return (means - mean) / (variance + EPSILON).sqrt()

    def _step(self, loss: Any) -> None:
        self.optimizer.zero_grad()
        loss.backward()
        if "embeddings" in self.learned:
            self.tensors["embeddings"].grad *= self._free
        self.optimizer.step()

    def arrays(self) -> dict[str, NDArray]:
        """Copies of all tensors."""
        return {name: _array(tensor) for name, tensor in self.tensors.items()}

    def moments(self) -> dict[str, dict[str, NDArray]]:
        """State of the optimizer, by name of the parameter."""
        state = self.optimizer.state_dict()["state"]
        return {
            name: {key: _array(value) for key, value in state[i].items()}
            for i, name in enumerate(self.learned)
            if i in state
        }

    def _dtype(self) -> Any:
        return getattr(self.torch, np.dtype(self.options.dtype).name)

    def _tensor(self, array: NDArray) -> Any:
        return self.torch.tensor(array, dtype=self._dtype(), device=self.options.device)


def _array(tensor: Any) -> NDArray:
    return tensor.detach().cpu().numpy().copy()
