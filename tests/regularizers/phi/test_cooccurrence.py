"""The limit of a relative strength, by the coherence that it limits."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skartm import ARTMTransformer
from skartm.datasets import make_topics
from skartm.regularizers import CoherencePhi


class TestLimit:
    """At most so many tokens for each token and topic."""

    X = make_topics(60, 40, 4, random_state=0).data

    def added(self, **parameters):
        """The mass that coherence adds to that of the corpus."""
        regularizers = [("c", CoherencePhi(min_count=1, **parameters))]
        model = ARTMTransformer(4, regularizers=regularizers, max_iter=3, tol=0, random_state=0, dtype="float64")
        return model.fit(self.X).topic_mass_.sum() - self.X.sum()

    def test_it_caps_what_is_moved(self):
        whole = self.added(tau=0.1, relative=1.0)
        assert_allclose(whole, 0.1 * self.X.sum())
        assert_allclose(self.added(tau=0.1, relative=1.0, limit=1e6), whole)
        assert_allclose(self.added(tau=0.1, relative=1.0, limit=0.05), 0.05 * 4 * 40)
        assert_allclose(self.added(limit=0.05), 0.05 * 4 * 40)

    @pytest.mark.parametrize("limit", [0, -1.0, np.inf, np.nan, "much", True])
    def test_bad_limits(self, limit):
        with pytest.raises(ValueError, match="'limit' parameter of CoherencePhi must be"):
            self.added(tau=0.1, relative=1.0, limit=limit)

    def test_it_is_of_a_relative_strength(self):
        with pytest.raises(ValueError, match=r"limits a relative strength. Got relative=None"):
            self.added(tau=0.1, limit=0.1)
