"""Queries and keys in one plane: attention is kept, and the projections are what they say."""

import builtins

import numpy as np
import pytest
from models import tiny_lm
from scipy.stats import spearmanr
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from lmwidget.derived import DerivedAttention
from lmwidget.errors import (
    InputError,
    MissingDependencyError,
    UnavailableError,
    UnknownNameError,
)
from lmwidget.inspection.attention import joint_space as module
from lmwidget.inspection.attention.joint_space import JointSpace, comparable, joint_space, pca
from lmwidget.inspection.attention.query_key import queries_keys

TEXTS = ["the king said unto the king", "there he sat", "and the rain fell on the king"]
RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def attentions():
    lm = tiny_lm("gpt2")
    return [lm.attention(text) for text in TEXTS]


def test_moved_queries_and_keys_give_the_same_attention(attentions):
    for attention in attentions:
        queries, keys = queries_keys(attention, 1, 2)
        moved, shrunk, *_ = comparable(queries, keys)
        scores = moved.astype(np.float64) @ shrunk.T * attention.record(1).scale
        scores[np.triu_indices(len(scores), 1)] = -np.inf
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        np.testing.assert_allclose(weights, attention[1, 2], atol=1e-5)


def test_both_clouds_have_one_centre_and_one_spread():
    queries = RANDOM.normal(3, 5, (40, 6)).astype(np.float32)
    keys = RANDOM.normal(-2, 0.5, (30, 6)).astype(np.float32)
    moved, shrunk, scale, _ = comparable(queries, keys)
    np.testing.assert_allclose(moved.mean(0), shrunk.mean(0), atol=1e-5)
    spreads = [((part - part.mean(0)) ** 2).sum(-1).mean() for part in (moved, shrunk)]
    assert spreads[0] == pytest.approx(spreads[1], rel=1e-4)
    assert scale < 1


def test_clouds_of_one_point_are_left_at_their_size():
    moved, shrunk, scale, _ = comparable(np.float32([[1, 2]]), np.float32([[5, 5]]))
    assert scale == 1
    np.testing.assert_allclose(moved, shrunk)


def test_pca_is_that_of_scikit_learn_and_of_a_singular_value_decomposition():
    cloud = RANDOM.normal(size=(200, 12)).astype(np.float32) * np.arange(1, 13)
    points, explained = pca(cloud)
    reference = PCA(2, svd_solver="full").fit(cloud)
    expected = reference.transform(cloud)
    np.testing.assert_allclose(np.abs(points), np.abs(expected), atol=1e-3)
    np.testing.assert_allclose(explained, reference.explained_variance_ratio_, atol=1e-6)
    u, s, _ = np.linalg.svd(cloud - cloud.mean(0), full_matrices=False)
    np.testing.assert_allclose(np.abs(points), np.abs(u[:, :2] * s[:2]), atol=1e-3)


def test_pca_of_one_dimension_and_of_one_point():
    points, explained = pca(np.float32([[1], [3]]))
    np.testing.assert_allclose(np.abs(points), [[1, 0], [1, 0]])
    assert explained == (1.0, 0.0)
    assert not pca(np.float32([[1, 2, 3]]))[0].any()


def test_space_of_several_texts(attentions):
    space = joint_space(attentions, 1, 2)
    lengths = [len(one.tokens) for one in attentions]
    assert space.points.shape == (2, sum(lengths), 2)
    assert space.sentences.tolist() == [i for i, n in enumerate(lengths) for _ in range(n)]
    assert space.positions.tolist() == [i for n in lengths for i in range(n)]
    np.testing.assert_array_equal(space.ids[: lengths[0]], attentions[0].tokens.ids)
    np.testing.assert_allclose(space.weights(2), attentions[2][1, 2])
    queries = np.concatenate([queries_keys(one, 1, 2)[0] for one in attentions])
    np.testing.assert_allclose(
        space.norms[0], np.linalg.norm(queries * space.scale, axis=-1), rtol=1e-5
    )
    assert "2" in repr(space)
    frame = space.to_dataframe()
    assert len(frame) == 2 * sum(lengths)
    assert frame.kind.tolist()[:: len(frame) - 1] == ["query", "key"]


def test_agreement_is_high_when_near_is_what_fits(attentions, monkeypatch):
    """In two dimensions with queries and keys of one length, distance and product say the same."""

    def on_a_circle(one, _layer, _head):
        turns = np.linspace(0, 6, len(one.tokens))
        points = np.stack([np.cos(turns), np.sin(turns)], -1).astype(np.float32)
        return points, points[::-1].copy()

    monkeypatch.setattr(module, "queries_keys", on_a_circle)
    assert joint_space(attentions[:1], 0, 0).agreement > 0.99


def test_agreement_is_the_rank_correlation_of_scipy():
    first, second = RANDOM.normal(size=(2, 300))
    assert module._spearman(first, second) == pytest.approx(spearmanr(first, second)[0], abs=1e-12)
    assert np.isnan(module._spearman(first[:2], second[:2]))


def test_a_model_and_texts_are_read(attentions):
    space = joint_space((tiny_lm("gpt2"), TEXTS), 0, 1)
    np.testing.assert_allclose(space.points, joint_space(attentions, 0, 1).points, atol=1e-5)


def test_tsne_is_that_of_scikit_learn_and_repeats(attentions):
    space = joint_space(attentions, 0, 1, "tsne", seed=3)
    moved, shrunk, *_ = comparable(
        *(np.concatenate(p) for p in zip(*(queries_keys(a, 0, 1) for a in attentions), strict=True))
    )
    cloud = np.concatenate([moved, shrunk])
    reference = TSNE(
        2, perplexity=min(30, (len(cloud) - 1) / 3), init="random", random_state=3
    ).fit_transform(cloud)
    np.testing.assert_allclose(space.points.reshape(-1, 2), reference, atol=1e-4)
    assert space.explained == ()


@pytest.mark.parametrize(("method", "package"), [("tsne", "scikit-learn"), ("umap", "umap-learn")])
def test_missing_packages_are_named(attentions, monkeypatch, method, package):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith(("sklearn", "umap")):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match=f"pip install {package}"):
        joint_space(attentions, 0, 0, method)


def test_umap_is_asked_for_two_dimensions_with_the_seed(attentions, monkeypatch):
    import sys
    import types

    asked = {}

    class Fake:
        def __init__(self, **settings):
            asked.update(settings)

        def fit_transform(self, cloud):
            return cloud[:, :2]

    monkeypatch.setitem(sys.modules, "umap", types.SimpleNamespace(UMAP=Fake))
    space = joint_space(attentions, 0, 0, "umap", seed=5)
    assert (asked["n_components"], asked["random_state"]) == (2, 5)
    assert space.points.shape[1] == sum(len(one.tokens) for one in attentions)


class WeightsOnly(DerivedAttention):
    def _weights(self, layer, heads, queries):
        raise NotImplementedError


def test_what_cannot_be_placed_says_why(attentions, monkeypatch):
    with pytest.raises(UnknownNameError, match="pca"):
        joint_space(attentions, 0, 0, "pcaa")
    with pytest.raises(UnknownNameError):
        joint_space(attentions, 9, 0)
    with pytest.raises(InputError, match="no text"):
        joint_space([], 0, 0)
    tokens = attentions[0].tokens
    with pytest.raises(UnavailableError):
        joint_space([WeightsOnly(tokens, tokens, [4, 4])], 0, 0)
    cross = tiny_lm("bart").attention("the king", output="he sat").select("cross")
    with pytest.raises(InputError, match="cross"):
        joint_space([cross], 0, 0)
    monkeypatch.setattr(module, "MOST_TOKENS", 5)
    with pytest.raises(InputError, match="fewer"):
        joint_space(attentions, 0, 0)


def test_numbers_that_are_none_are_refused(attentions, monkeypatch):
    broken = np.full((len(attentions[0].tokens), 4), np.nan, np.float32)
    monkeypatch.setattr(module, "queries_keys", lambda *_: (broken, broken))
    with pytest.raises(UnavailableError, match="not numbers"):
        joint_space(attentions[:1], 0, 0)


def test_it_is_public():
    from lmwidget import inspection

    assert inspection.joint_space is joint_space
    assert inspection.JointSpace is JointSpace


def test_heads_of_different_layers_or_models_are_no_one_head():
    lm, other = tiny_lm("gpt2"), tiny_lm("llama")
    layers = [lm.attention("the king", layers=[layer]) for layer in (0, 1)]
    for given in (layers, [lm.attention("the king"), other.attention("the king")]):
        with pytest.raises(InputError, match="one model with the same layers"):
            joint_space(given, 0, 1)
