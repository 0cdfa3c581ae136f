"""TopicPipeline: from columns of a data frame to topics."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn import config_context, get_config
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import Bunch, Tags, get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skartm.base import texts_of
from skartm.base._callbacks import SILENT, CallbackSupportMixin, FitTask, with_callbacks
from skartm.base._order import is_known, keep_order, reads_order, restore_order
from skartm.base._parameters import declared, parameters
from skartm.base._sparse import csr_of, own_csr
from skartm.base._state import Stateful

_METHODS = ("fit", "partial_fit", "score", "predict", "predict_proba")


def _model_has(name: str) -> Any:
    """Whether the model has a method; raises its AttributeError."""

    def check(self: "TopicPipeline") -> bool:
        getattr(getattr(self, "model_", self.model), name)
        return True

    return check


@parameters
class TopicPipeline(Stateful, CallbackSupportMixin, TransformerMixin, BaseEstimator):
    """A vectorizer, or a ColumnTransformer of several, and the topic model of what it counts.

    As :class:`sklearn.pipeline.Pipeline` of the two, but the model learns the names: the blocks of a
    :class:`sklearn.compose.ColumnTransformer` become its modalities, under the names of their transformers, and the
    features its tokens.

    Parameters
    ----------
    transformer : transformer
        Gives non-negative counts, best a sparse matrix: ``CountVectorizer``, ``OneHotEncoder``, or a
        ``ColumnTransformer`` of such. A pipeline that ends in one of these will do.
    model : estimator
        :class:`ARTMTransformer` or another model of skartm. Its ``modalities`` and ``token_names`` are filled in unless
        they are given; ``modality_weights`` and ``main_modality`` are in the names of the transformers.

    Attributes
    ----------
    transformer_ : transformer
        Fitted.
    model_ : estimator
        Fitted.
    classes_ : array
        When the model is a classifier.
    n_features_in_, feature_names_in_
        Those of the transformer, if it has them.

    See Also
    --------
    ARTMTransformer, ARTMClassifier

    Notes
    -----
    Columns of texts are given to a ColumnTransformer by a name, not by a list of one: ``("words", CountVectorizer(),
    "text")``. A column of lists is counted by ``CountVectorizer(analyzer=lambda tags: tags)``, or a function with a
    name, if the model is to be pickled. Without metadata routing, arguments of ``fit``, ``partial_fit`` and ``score``
    such as ``sample_weight`` go to the model.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.compose import ColumnTransformer
    >>> from sklearn.feature_extraction.text import CountVectorizer
    >>> from skartm import ARTMTransformer, TopicPipeline
    >>> texts = ["goal match goal", "vote law", "match team"]
    >>> frame = pd.DataFrame({"text": texts, "tags": ["sport", "state", "sport"]})
    >>> columns = ColumnTransformer([("words", CountVectorizer(), "text"), ("tags", CountVectorizer(), "tags")])
    >>> model = ARTMTransformer(2, modality_weights={"tags": 2.0}, random_state=0)
    >>> pipe = TopicPipeline(columns, model).fit(frame)
    >>> pipe.model_.modalities
    {'words': slice(0, 5, None), 'tags': slice(5, 7, None)}
    >>> sorted(tokens[0] for tokens in pipe.top_tokens(1, modality="tags"))
    ['sport', 'state']
    >>> pipe.set_params(model__modality_weights__tags=1.0, transformer__words__min_df=2).fit_transform(frame).shape
    (3, 2)
    """

    transformer: Any = declared(kw_only=False)
    model: Any = declared(kw_only=False)

    def __sklearn_tags__(self) -> Tags:
        tags, own = get_tags(self.model), super().__sklearn_tags__()
        own.estimator_type, own.classifier_tags = tags.estimator_type, tags.classifier_tags
        own.target_tags, own.transformer_tags = tags.target_tags, tags.transformer_tags
        own.input_tags = get_tags(self.transformer).input_tags
        own.input_tags.positive_only = tags.input_tags.positive_only
        own.input_tags.allow_nan = own.input_tags.allow_nan and tags.input_tags.allow_nan
        return own

    def get_metadata_routing(self) -> MetadataRouter:
        """Which metadata go where; see scikit-learn's user guide on metadata routing."""
        to_model, to_transformer = MethodMapping(), MethodMapping()
        for name in _METHODS:
            to_model.add(caller=name, callee=name)
        to_transformer.add(caller="fit", callee="fit")
        return (
            MetadataRouter(owner=self)
            .add(transformer=self.transformer, method_mapping=to_transformer)
            .add(model=self.model, method_mapping=to_model)
        )

    # --- fitting -----------------------------------------------------------------------------------------------------

    @with_callbacks
    def fit(self, X: Any, y: Any = None, **params: Any) -> "TopicPipeline":
        """Fit the transformer, hand its names to the model, and fit that.

        Parameters
        ----------
        X : data frame, or what else the transformer takes
        y : array, default=None
            For models that read targets.
        **params : sample_weight and other metadata

        Returns
        -------
        self
        """
        self._learn(X, y, params)
        return self

    @available_if(_model_has("partial_fit"))
    def partial_fit(self, X: Any, y: Any = None, **params: Any) -> "TopicPipeline":
        """Update the model; the first call fits the transformer, whose vocabulary stays.

        Parameters
        ----------
        X : data frame, or what else the transformer takes
        y : array, default=None
        **params : sample_weight and other metadata

        Returns
        -------
        self
        """
        routed = self._routed("partial_fit", params)
        counts = self._counts(X) if hasattr(self, "model_") else self._begin(X, y, {})
        self.model_.partial_fit(counts, y, **routed["model"].partial_fit)
        return self

    @with_callbacks
    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit, and the topics of the documents of the fit; X is vectorized once."""
        counts = self._learn(X, y, params)
        return self.model_.transform(counts)

    # --- use ---------------------------------------------------------------------------------------------------------

    def transform(self, X: Any) -> Any:
        """Topic distributions of documents, of shape (n_docs, n_components)."""
        counts = self._counts(X)
        return self.model_.transform(counts)

    @available_if(_model_has("predict_topics"))
    def predict_topics(self, X: Any, *, without: Any = None) -> NDArray:
        """The topic with the largest share of each document, but for those ``without``."""
        counts = self._counts(X)
        return self.model_.predict_topics(counts, without=without)

    @available_if(_model_has("predict"))
    def predict(self, X: Any) -> NDArray:
        """The classes of documents."""
        counts = self._counts(X)
        return self.model_.predict(counts)

    @available_if(_model_has("predict_proba"))
    def predict_proba(self, X: Any) -> NDArray:
        """Probabilities of the classes of documents."""
        counts = self._counts(X)
        return self.model_.predict_proba(counts)

    @available_if(_model_has("score"))
    def score(self, X: Any, y: Any = None, **params: Any) -> float:
        """The score of the model: held-out log-likelihood, or accuracy of a classifier."""
        routed = self._routed("score", params)
        counts = self._counts(X)
        return self.model_.score(counts, y, **routed["model"].score)

    @available_if(_model_has("perplexity"))
    def perplexity(self, X: Any, **params: Any) -> float:
        """Perplexity of documents; ``modality=`` and ``sample_weight=`` as in the model."""
        counts = self._counts(X)
        return self.model_.perplexity(counts, **params)

    @available_if(_model_has("top_tokens"))
    def top_tokens(self, n_top: int = 10, **params: Any) -> list[list[Any]]:
        """Tokens of each topic to read; ``modality=`` and ``relevance=`` as in the model."""
        check_is_fitted(self, "model_")
        return self.model_.top_tokens(n_top, **params)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray:
        """Names of the topics."""
        check_is_fitted(self, "model_")
        return self.model_.get_feature_names_out()

    @property
    def named_steps(self) -> Bunch:
        """Transformer and model by name; fitted ones once there are."""
        steps = ("transformer", "model")
        return Bunch(**{name: getattr(self, f"{name}_", getattr(self, name)) for name in steps})

    @property
    def classes_(self) -> NDArray:
        """Classes of the model."""
        return self.model_.classes_

    @property
    def n_features_in_(self) -> int:
        """Columns that the transformer has seen."""
        return self.transformer_.n_features_in_

    @property
    def feature_names_in_(self) -> NDArray:
        """Names of the columns that the transformer has seen."""
        return self.transformer_.feature_names_in_

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    # --- hooks -------------------------------------------------------------------------------------------------------

    def _routed(self, method: str, params: dict[str, Any]) -> Bunch:
        if get_config()["enable_metadata_routing"]:
            return process_routing(self, method, **params)
        return Bunch(transformer=Bunch(fit={}), model=Bunch(**{method: params}))

    def _begin(self, X: Any, y: Any, params: dict[str, Any], task: FitTask = SILENT) -> Any:
        """Fit the transformer, which is a part of the fit, and prepare the model; returns the counts."""
        transformer = clone(self.transformer)
        blocks = _last(transformer)
        if hasattr(blocks, "sparse_threshold"):
            blocks.set_params(sparse_threshold=1.0)
        # counts are sparse, which data frames are not
        with config_context(transform_output="default"), task.around(transformer):
            output = transformer.fit_transform(self._documents(X), y, **params)
        task.end()
        counts = self._checked(output)
        model = clone(self.model)
        model.set_params(**self._names(_last(transformer), transformer, model, counts.shape[1]))
        self.transformer_, self.model_ = transformer, model
        return counts

    def _learn(self, X: Any, y: Any, params: dict[str, Any]) -> Any:
        """Fit both, and return the counts; after an interruption the model is as of its last whole pass."""
        routed, task = self._routed("fit", params), FitTask(self, X, y).begin(2)
        counts = self._begin(X, y, routed["transformer"].fit, task.part("fit-transformer"))
        part = task.part("fit-model")
        try:
            with part.around(self.model_):
                self.model_.fit(counts, y, **routed["model"].fit)
        except BaseException:
            if hasattr(self.model_, "components_"):
                self._mark_whole()
            raise
        part.end()
        task.end()
        return counts

    def _counts(self, X: Any) -> Any:
        check_is_fitted(self, "model_")
        with config_context(transform_output="default"):
            counts = restore_order(self._checked(self.transformer_.transform(self._documents(X))))
        # what the transformer gave in fit had an order that could be seen; of a few short texts it cannot
        return keep_order(counts) if reads_order(self.model_) and not is_known(counts) else counts

    def _documents(self, X: Any) -> Any:
        """What the transformer reads; a vectorizer of texts iterates over it, so of a table it would get the names."""
        return texts_of(X, type(self).__name__) if _reads_texts(self.transformer) else X

    def _checked(self, output: Any) -> Any:
        """Counts as CSR, which is not copied."""
        if not sparse.issparse(output):
            dense = np.asarray(output)
            if dense.dtype.kind not in "fiub":
                msg = (
                    f"{type(self).__name__}: transformer must give counts. Got {dense.dtype}; count what is in words "
                    "(CountVectorizer, OneHotEncoder) and drop other columns."
                )
                raise ValueError(msg)
            output = csr_of(dense)
        output = own_csr(output)
        if output.nnz and output.data.min() < 0:
            msg = (
                f"Negative values in data passed to {type(self).__name__}: transformer must give counts. Got "
                f"{output.data.min():g}; count (CountVectorizer, OneHotEncoder, KBinsDiscretizer) in place of scaling."
            )
            raise ValueError(msg)
        return output

    def _names(self, blocks: Any, transformer: Any, model: Any, n_tokens: int) -> dict[str, Any]:
        """Parameters of the model that the fitted transformer knows, unless the user has given them."""
        taken = model.get_params(deep=False)
        places = {
            name: place for name, place in getattr(blocks, "output_indices_", {}).items() if place.stop > place.start
        }
        if len(places) > 1 and "modalities" not in taken:
            msg = (
                f"{type(self).__name__}: {type(model).__name__} has no modalities, and the transformer gives "
                f"{list(places)}. Take ARTMTransformer, or transform one column."
            )
            raise ValueError(msg)
        params: dict[str, Any] = {}
        if places and taken.get("modalities", "") is None:
            params["modalities"] = places
        if taken.get("token_names", "") is None:
            names = _names_out(blocks if places else transformer)
            params["token_names"] = None if names is None else _short(names, places)
        return params


def _last(transformer: Any) -> Any:
    return transformer[-1] if isinstance(transformer, Pipeline) else transformer


def _reads_texts(transformer: Any) -> bool:
    """Whether a transformer iterates over documents, as the vectorizers of texts do, alone or first in a pipeline."""
    if isinstance(transformer, Pipeline):
        return _reads_texts(transformer[0])
    if hasattr(transformer, "transformer_list"):
        return any(_reads_texts(item[1]) for item in transformer.transformer_list)
    return hasattr(transformer, "build_analyzer")


def _names_out(transformer: Any) -> list[str] | None:
    """Names of the features; None if a part of the transformer does not tell."""
    try:
        return [str(name) for name in transformer.get_feature_names_out()]
    except AttributeError:
        return None


def _short(names: list[str], places: dict[str, slice]) -> list[str]:
    """Names without the prefix of their block, except those that blocks would share."""
    short = list(names)
    for block, place in places.items():
        short[place] = [name.removeprefix(f"{block}__") for name in names[place]]
    times: dict[str, int] = {}
    for name in short:
        times[name] = times.get(name, 0) + 1
    return [brief if times[brief] == 1 else name for brief, name in zip(short, names, strict=True)]
