"""The checks of scikit-learn."""

from sklearn.utils.estimator_checks import parametrize_with_checks

from skartm.neural import NeuralTopicModel


@parametrize_with_checks(
    [
        NeuralTopicModel(max_iter=2, n_jobs=1, random_state=0),
        NeuralTopicModel(3, init="autoencoder", optimizer="sgd", max_iter=2, n_jobs=1, random_state=0),
        NeuralTopicModel(
            3, loss="logistic", optimizer="adadelta", dtype="float64", max_iter=2, n_jobs=1, random_state=0
        ),
        NeuralTopicModel(3, label_weight=1.0, max_iter=2, n_jobs=1, random_state=0),
    ]
)
def test_estimator(estimator, check):
    check(estimator)
