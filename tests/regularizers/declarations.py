"""ALL_REGULARIZERS: every regularizer of the library in the configurations that its code tells apart.

A new regularizer joins this list, and thereby every test of the folder, the oracle aside.
"""

import numpy as np
from scipy.sparse import csr_array, csr_matrix, eye_array

from skartm.regularizers import (
    Biterm,
    CoherencePhi,
    Decorrelation,
    DocumentLinks,
    EmbeddingPhi,
    EmbeddingTheta,
    FunctionRegularizer,
    GeospatialSmoothing,
    LabelRegularization,
    Linear,
    NetPLSA,
    ParentTopics,
    PosteriorFunction,
    SeedWords,
    SegmentPosterior,
    SmoothPosterior,
    SmoothSparsePhi,
    SmoothSparseTheta,
    SparsePosterior,
    TemporalSmoothing,
    ThetaClassification,
    ThetaRegression,
    TopicPrior,
    TopicSelection,
    TopKSparse,
    Translation,
)
from tests.regularizers import entropies as functions

# check_regularizer makes a model of 13 tokens, 4 topics ("topic0", ...) and 7 documents
TOPICS = [None, [0], [1, 3], [-1, 0], ["topic2", "topic0"], slice(1, 3), np.array([2, 3])]
BETA = np.linspace(0, 3, 13)
EDGES = [(0, 1), (1, 2, 0.5), (2, 12), (12, 2, 2.0)]
SPHERE = np.stack([np.linspace(-80, 80, 13), np.linspace(-180, 170, 13)], axis=1)
MODALITIES = ["words", "tags", ["tags", "words"]]  # of 8 and 5 tokens
SEEDS = {"topic1": ["token0", "token9"], 3: {"token2": 0.5, 9: 2.0, "token5": 0.0}}
ANY_MODEL = {0: [0, 3], 1: [0], 2: {4: 0.5}}  # topics and columns of a model of any size


def pairs_of_tokens(n_tokens):
    """Some co-occurrences, not symmetric, with a diagonal and an empty row."""
    rng = np.random.default_rng(0)
    matrix = rng.poisson(0.5, (n_tokens, n_tokens)) * 1.0
    matrix[3] = matrix[:, 3] = 0
    return matrix


PARENTS = np.random.default_rng(2).integers(0, 9, (3, 13)) * np.array([[1], [0], [2]])  # one of them dead
LINKS = np.random.default_rng(0).integers(0, 3, (7, 7))
VECTORS = np.random.default_rng(5).normal(size=(24, 3))
VECTORS[2] = 0  # a token without a vector
BY_NAME = {f"token{w}": VECTORS[w] for w in range(3, 13)}


def squares(p):
    return p**2


ALL_REGULARIZERS = [
    *(SmoothSparsePhi(topics=topics) for topics in TOPICS),
    *(SmoothSparsePhi(-0.1, topics=topics, distribution=BETA) for topics in TOPICS),
    *(SmoothSparsePhi(tau, relative=relative) for tau in (0.0, 2, -0.5) for relative in (None, 0, 0.5, 1.0)),
    SmoothSparsePhi(distribution=list(BETA)),
    SmoothSparsePhi(distribution=np.zeros(13)),
    *(SmoothSparseTheta(topics=topics) for topics in TOPICS),
    SmoothSparseTheta(-0.3, distribution=[0.0, 1.0, 2.0, 3.0]),
    SmoothSparseTheta(topics=["topic3", "topic1"], distribution=(0.5, 2)),
    *(SmoothSparseTheta(topics=topics, documents=np.arange(7) - 2.0) for topics in TOPICS),
    SmoothSparseTheta(documents=np.linspace(-1, 1, 28).reshape(7, 4)),
    SmoothSparseTheta(topics=[1, 3], documents=np.linspace(-1, 1, 14).reshape(7, 2), distribution=[1.0, 0.5]),
    *(SmoothSparseTheta(passes=passes) for passes in ([1.0], [0, 1], np.linspace(0, 2, 5))),
    *(SmoothSparseTheta(0.5, power=power, topics=topics) for power in (0.5, 1, 2.0) for topics in (None, [0, 2])),
    SmoothSparseTheta(
        Linear(0, 1), power=3, passes=[0, 0.5], documents=np.arange(7), distribution=[3.0, 2.0, 1.0, 0.0]
    ),
    *(TopicSelection(topics=topics) for topics in TOPICS),
    TopicSelection(Linear(0, 0.5)),
    *(DocumentLinks(links=LINKS, topics=topics) for topics in TOPICS),
    DocumentLinks(-0.5, links=csr_matrix(LINKS - 1.0)),
    *(ThetaRegression(topics=topics) for topics in TOPICS),
    *(ThetaRegression(Linear(0, 3), alpha=alpha) for alpha in (0, 0.1)),
    *(ThetaClassification(topics=topics) for topics in TOPICS),
    *(ThetaClassification(2, alpha=0.1, classes=classes) for classes in ([2, 1, 0], range(5))),
    *(PosteriorFunction(function=squares, needs_order=needs_order) for needs_order in (False, True)),
    PosteriorFunction(Linear(0, 1), function=np.sqrt),
    SparsePosterior(),
    *(SparsePosterior(0.5, top_k=top_k) for top_k in (1, 2, 9)),
    *(SparsePosterior(top_k=top_k, threshold=0.2) for top_k in (None, 3)),
    *(SmoothPosterior(window=window, decay=decay) for window in (0, 1, 4, None) for decay in (0.5, 1)),
    SmoothPosterior(Linear(0, 1), boundaries=["token3", 5]),
    *(SegmentPosterior(window=window, threshold=threshold) for window in (1, 3, 10) for threshold in (0, 0.3)),
    *(SegmentPosterior(window=2, background=background) for background in ([0], ["topic3", "topic1"], slice(2))),
    *(Decorrelation(topics=topics) for topics in TOPICS),
    *(Decorrelation(0.05, relative=relative, topics=slice(3)) for relative in (0, 0.3, 1.0)),
    Decorrelation(np.float32(3)),
    *(TemporalSmoothing(topics=topics, norm=norm) for topics in TOPICS for norm in ("l1", "l2")),
    TemporalSmoothing(Linear(0, 0.1), order=["token12", "token9", 10], relative=0.5, modality="tags", topics=[0, 2]),
    *(NetPLSA(edges=EDGES, vertex_weights=weights, topics=TOPICS[2]) for weights in (None, "counts", BETA + 1)),
    NetPLSA(Linear(0, 0.1), edges=EDGES, symmetric=True, vertex_weights={"token2": 3.0}, modality=["words", "tags"]),
    NetPLSA(0.1, adjacency=csr_matrix(np.triu(np.outer(BETA[:5], BETA[:5]))), relative=0.0, modality="tags"),
    *(GeospatialSmoothing(coordinates=SPHERE, bandwidth=3000.0, topics=topics) for topics in TOPICS),
    GeospatialSmoothing(coordinates=BETA[:5], metric="euclidean", cutoff=2, relative=1, modality="tags"),
    GeospatialSmoothing(Linear(0, 0.1), similarity=np.ones((5, 5)), modality="tags", topics="topic[12]"),
    *(Translation([(w, 12 - w) for w in range(6)], topics=topics) for topics in TOPICS),
    Translation(
        [("token0", "token9"), ("token1", "token9"), (0, 10), ("token7", 12)],
        Linear(0, 0.1),
        source_modality="words",
        target_modality="tags",
        relative=0.5,
    ),
    *(FunctionRegularizer(functions.entropy, gradient=functions.entropy_slope, topics=topics) for topics in TOPICS),
    FunctionRegularizer(
        functions.cross,
        Linear(0, 0.1),
        gradient=functions.cross_slope,
        counters=True,
        relative=0.0,
        topics=slice(2),
        modality="tags",
    ),
    FunctionRegularizer(functions.entropy, 0.1, gradient=functions.entropy_slope, side="theta", topics=[1, 3]),
    *(cls(modality=modality) for cls in (Decorrelation, SmoothSparsePhi) for modality in MODALITIES),
    SmoothSparsePhi(modality="tags", topics=[0, 2], distribution=BETA),
    SmoothSparsePhi(modality="tags", topics=[0, 1], distribution=BETA[:5]),
    *(SmoothSparsePhi(transform="power", exponent=exponent) for exponent in (0.5, 1, 2.0, 3)),
    SmoothSparsePhi(-0.3, transform="power", distribution=BETA, topics=[0, 3], modality="words"),
    Decorrelation(pairs=[(0, 1), ("topic3", 1, 0.5), (2, "topic0", 3)]),
    Decorrelation(pairs=[(3, 1)], modality="tags", relative=1.0),
    Decorrelation(pairs={"topic0": {1: 0.5, "topic2": 2}, 3: {2: 0}}),
    Decorrelation(Linear(0, 0.1), relative=0.0, modality="words", topics=[0, 2]),
    SeedWords(SEEDS),
    SeedWords({}),
    *(SeedWords(SEEDS, others=0.5, topics=topics) for topics in TOPICS),
    SeedWords({"topic*": ["token1"]}, Linear(5, 0), others=1),
    SeedWords({0: ["token9", 10], 1: ["token9"]}, modality="tags", relative=0.5),
    SeedWords({0: ["token9", "no such token"]}, on_unknown="ignore"),
    *(TopKSparse(2, by=by, topics=topics) for by in ("topic", "token") for topics in TOPICS),
    *(TopKSparse(3, 0.5, by=by, modality=modality) for by in ("topic", "token") for modality in MODALITIES),
    *(TopKSparse(k, by=by, mass_threshold=0.5) for by in ("topic", "token") for k in (1, 3, 100)),
    TopKSparse(100),
    TopKSparse(4, Linear(0, 1), mass_threshold=1.0, relative=0.0),
    *(LabelRegularization(topics=topics) for topics in TOPICS),
    *(LabelRegularization(modality=modality, distribution=BETA) for modality in MODALITIES),
    LabelRegularization(Linear(1, 0), relative=1.0, modality="tags", distribution=BETA[:5]),
    TopicPrior([0.0, 1, 2, 3]),
    TopicPrior((2, 0.5), -0.3, topics=["topic3", "topic1"], relative=0.0),
    *(TopicPrior(np.ones(4), Linear(1, 0), modality=modality) for modality in MODALITIES),
    *(EmbeddingPhi(VECTORS[:13], topics=topics) for topics in TOPICS),
    *(EmbeddingPhi(BY_NAME, penalty=penalty, modality=m) for penalty in (1e-3, 1, 10.0) for m in MODALITIES),
    EmbeddingPhi(VECTORS[:5, :1], Linear(0, 1), relative=0.5, modality="tags", topics=[0, 2]),
    *(EmbeddingTheta(VECTORS[:7], topics=topics) for topics in TOPICS),
    EmbeddingTheta(VECTORS[:7], Linear(0, 1), penalty=1.0),
    *(ParentTopics(PARENTS, topics=topics) for topics in TOPICS),
    *(ParentTopics(csr_array(PARENTS), sparsity=sparsity, modality=m) for sparsity in (-0.5, 0.9) for m in MODALITIES),
    ParentTopics(PARENTS, Linear(0, 1), relative=0.5, topics=[0, 2], max_doc_iter=1, doc_tol=0, n_jobs=2),
    *(cls(pairs_of_tokens(13), topics=topics) for cls in (Biterm, CoherencePhi) for topics in TOPICS),
    *(cls(csr_array(pairs_of_tokens(13)), modality=m) for cls in (Biterm, CoherencePhi) for m in MODALITIES),
    *(CoherencePhi(pairs_of_tokens(13), form="linear", topics=topics) for topics in TOPICS),
    CoherencePhi(pairs_of_tokens(5), Linear(1, 0), form="linear", modality="tags", relative=0.5, topics=[0, 2]),
    *(
        cls(csr_array(pairs_of_tokens(5)), Linear(1, 0), modality="tags", relative=0.5, topics=[0, 2])
        for cls in (Biterm, CoherencePhi)
    ),
]
CLASSES = sorted({type(regularizer) for regularizer in ALL_REGULARIZERS}, key=lambda cls: cls.__name__)


def needed(n_tokens, n_topics):
    """What a regularizer cannot do without, for a model of the given size."""
    return {
        Biterm: {"cooccurrence": pairs_of_tokens(n_tokens)},
        CoherencePhi: {"cooccurrence": pairs_of_tokens(n_tokens)},
        DocumentLinks: {"links": eye_array(24, format="csr")},
        EmbeddingPhi: {"embeddings": np.random.default_rng(6).normal(size=(n_tokens, 3))},
        EmbeddingTheta: {"embeddings": VECTORS},
        FunctionRegularizer: {"value": functions.entropy, "gradient": functions.entropy_slope},
        GeospatialSmoothing: {"coordinates": {0: (60, 5), 1: (60, 11), 2: (63, 10)}},
        NetPLSA: {"edges": EDGES},
        ParentTopics: {"counts": np.random.default_rng(3).integers(0, 9, (3, n_tokens))},
        PosteriorFunction: {"function": squares},
        SeedWords: {"words": ANY_MODEL},
        TopKSparse: {"k": 2},
        TopicPrior: {"distribution": np.arange(n_topics) + 0.5},
        Translation: {"dictionary": [(0, 1), (2, 3)]},
    }


def make(cls, tau=1.0, *, n_tokens=13, n_topics=4, **parameters):
    """A regularizer of a class with what it needs, and the given parameters."""
    return cls(tau=tau, **{**needed(n_tokens, n_topics).get(cls, {}), **parameters})


WITH_TOPICS = [cls for cls in CLASSES if "topics" in make(cls).get_params()]
