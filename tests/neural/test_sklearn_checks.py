"""The checks of scikit-learn."""

from importlib.util import find_spec

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm import EmbeddedTopicModel, NeuralTopicModel


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch: pip install torch")
@parametrize_with_checks(
    [
        EmbeddedTopicModel(max_iter=5, n_jobs=1),
        EmbeddedTopicModel(3, inference="encoder", dropout=0.2, max_iter=5, n_jobs=1, random_state=0),
        EmbeddedTopicModel(
            2, train_embeddings=True, hidden_layer_sizes=(4,), batch_norm=False, activation="softplus", kl_warmup=0,
            batch_size=7, max_iter=3, dtype="float64", n_jobs=1, random_state=0,
        ),
    ]
)  # fmt: skip
def test_embedded_topic_model(estimator, check):
    check(estimator)


@parametrize_with_checks(
    [
        NeuralTopicModel(max_iter=2, n_jobs=1, random_state=0),
        NeuralTopicModel(3, init="autoencoder", optimizer="sgd", max_iter=2, n_jobs=1, random_state=0),
    ]
)
def test_neural_topic_model(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks(
    [
        NeuralTopicModel(
            3, loss="logistic", optimizer="adadelta", dtype="float64", max_iter=2, n_jobs=1, random_state=0
        ),
        NeuralTopicModel(3, label_weight=1.0, max_iter=2, n_jobs=1, random_state=0),
    ]
)
def test_other_options(estimator, check):
    check(estimator)
