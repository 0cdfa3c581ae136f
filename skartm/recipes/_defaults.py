"""What the recipes have in common."""

from typing import Any

from skartm.topics import ARTMTransformer

# chosen together, by held-out perplexity of 10 development corpora (benchmarks/README.md)
PHI, THETA = 0.05, 0.02  # tokens added to every cell of phi, and to every topic of a document
PASSES = {
    "leave_one_out": True,
    "init": "nmf",
    "max_doc_iter": (2, 3),
    "doc_tol": 0.0,
    "max_iter": 60,
    "tol": 0.0,
}


def model_of(n_components: int, regularizers: Any, parameters: dict[str, Any], **defaults: Any) -> ARTMTransformer:
    """A model that leaves tokens out; ``parameters`` of the user come before all defaults."""
    return ARTMTransformer(n_components, regularizers=list(regularizers), **{**PASSES, **defaults, **parameters})
