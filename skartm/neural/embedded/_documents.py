"""Documents of a minibatch as torch reads them, and what is computed at their non-zeros alone."""

from functools import cache
from typing import Any

import numpy as np
from scipy import sparse

from skartm.simplex import FLOOR

_CHUNK = 2**16  # non-zeros at which products of theta and beta are in memory at once
_BAGS = ("cpu", "cuda")  # devices that have sums over bags with weights


class Documents:
    """Non-zeros of a CSR matrix, in the order of rows and in the order of columns.

    Parameters
    ----------
    torch : the module
    X : CSR of shape (n_docs, n_tokens) without repeated entries; every row has tokens
    dtype, device : those of torch

    Attributes
    ----------
    shape : (n_docs, n_tokens)
    rows, columns, x : tensors of shape (nnz,)
    frequencies : tensor of shape (nnz,)
        x divided by the tokens of its document.
    """

    def __init__(self, torch: Any, X: Any, dtype: Any, device: Any) -> None:
        def tensor(array: Any, dtype: Any = torch.int64) -> Any:
            return torch.tensor(array, dtype=dtype, device=device)

        entries = sparse.csr_array((np.arange(X.nnz), X.indices, X.indptr), shape=X.shape).tocsc()
        rows = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
        n_tokens = np.bincount(rows, weights=X.data, minlength=X.shape[0])
        self.torch, self.shape = torch, X.shape
        self.rows, self.columns, self.x = tensor(rows), tensor(X.indices), tensor(X.data, dtype)
        self.frequencies = tensor(X.data / n_tokens[rows], dtype)
        self._row_starts, self._column_starts = tensor(X.indptr[:-1]), tensor(entries.indptr[:-1])
        self._by_column = tensor(entries.data)

    def times(self, values: Any, matrix: Any) -> Any:
        """S M, where S has these values in place of the counts, for M of shape (n_tokens, width)."""
        return _sums(self.torch, self.rows, self.columns, self._row_starts, values, matrix, self.shape[0])

    def transposed_times(self, values: Any, matrix: Any) -> Any:
        """S^T M for M of shape (n_docs, width)."""
        order = self._by_column
        rows, columns = self.rows[order], self.columns[order]
        return _sums(self.torch, columns, rows, self._column_starts, values[order], matrix, self.shape[1])

    def mean_rows(self, matrix: Any) -> Any:
        """Mean of the rows of M over the tokens of each document, differentiable: the first layer of the encoder."""
        return _functions(self.torch)[0].apply(matrix, self)

    def log_likelihood(self, theta: Any, beta: Any) -> Any:
        """sum_dw x_dw ln sum_k theta_dk beta_wk, differentiable.

        Its gradients are S beta and S^T theta, where S has the entries x / z, so that nothing of the size of the
        vocabulary times that of the batch is ever made.
        """
        return _functions(self.torch)[1].apply(theta, beta, self)


def _sums(torch: Any, to: Any, of: Any, starts: Any, values: Any, matrix: Any, n_rows: int) -> Any:
    """Row i of the result is the sum of values times rows ``of`` of the matrix, over the entries that go ``to`` i."""
    if matrix.device.type in _BAGS:
        bag = torch.nn.functional.embedding_bag
        return bag(of, matrix, starts, mode="sum", per_sample_weights=values)
    result = torch.zeros(n_rows, matrix.shape[1], dtype=matrix.dtype, device=matrix.device)
    return result.index_add_(0, to, values[:, None] * matrix[of])


@cache
def _functions(torch: Any) -> tuple[Any, Any]:
    """Classes of torch.autograd, which can be made once torch is there."""

    class MeanRows(torch.autograd.Function):
        """Documents.mean_rows."""

        @staticmethod
        def forward(context: Any, matrix: Any, documents: Documents) -> Any:
            context.documents = documents
            return documents.times(documents.frequencies, matrix)

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            documents = context.documents
            return documents.transposed_times(documents.frequencies, gradient.contiguous()), None

    class LogLikelihood(torch.autograd.Function):
        """Documents.log_likelihood."""

        @staticmethod
        def forward(context: Any, theta: Any, beta: Any, documents: Documents) -> Any:
            rows, columns = documents.rows.split(_CHUNK), documents.columns.split(_CHUNK)
            parts = [(theta[row] * beta[column]).sum(dim=1) for row, column in zip(rows, columns, strict=True)]
            z = torch.cat(parts).clamp_(min=FLOOR)
            context.documents = documents
            context.save_for_backward(theta, beta, documents.x / z)
            return documents.x @ z.log()

        @staticmethod
        def backward(context: Any, gradient: Any) -> Any:
            theta, beta, ratio = context.saved_tensors
            documents = context.documents
            by_theta = documents.times(ratio, beta)
            by_beta = documents.transposed_times(ratio, theta)
            return gradient * by_theta, gradient * by_beta, None

    return MeanRows, LogLikelihood
