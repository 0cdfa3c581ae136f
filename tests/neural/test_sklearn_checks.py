"""The checks of scikit-learn."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm import EmbeddedTopicModel

pytest.importorskip("torch", reason="needs torch: pip install torch", exc_type=ImportError)


@parametrize_with_checks(
    [
        EmbeddedTopicModel(max_iter=5, n_jobs=1),
        EmbeddedTopicModel(3, inference="encoder", dropout=0.2, max_iter=5, n_jobs=1, random_state=0),
        EmbeddedTopicModel(
            2, train_embeddings=True, hidden_layer_sizes=(4,), batch_norm=False, activation="softplus", kl_warmup=0,
            batch_size=7, max_iter=3, dtype="float64", n_jobs=1, random_state=np.random.RandomState(0),
        ),
    ]
)  # fmt: skip
def test_estimator(estimator, check):
    check(estimator)
