"""Queries and keys of one head over many texts, as points of one plane where near means attended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import (
    InputError,
    MissingDependencyError,
    UnavailableError,
    UnknownNameError,
    nearest,
)
from lmwidget.frames import dataframe
from lmwidget.inspection.attention.query_key import queries_keys

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float32]

MOST_TOKENS = 10_000
"""So many tokens are two points each; more cannot be told apart on a screen."""

_PAIRS = 50_000  # looked at for the agreement of distance and product


@dataclass(frozen=True, eq=False)
class JointSpace:
    """Queries and keys of one head over several texts, in one plane.

    Attributes
    ----------
    points : ndarray of float32, shape (2, token, 2)
        Of every token its query, then its key; the texts one after the other.
    sentences, positions : ndarray of int32, shape (token,)
        Which text a token is in, and where in it.
    ids : ndarray of int64, shape (token,)
        Token ids.
    norms : ndarray of float32, shape (2, token)
        Lengths of queries and keys in the common space, before it was made a plane.
    method : str
        ``"pca"``, ``"tsne"`` or ``"umap"``.
    explained : tuple of float
        Share of the variance along each axis; empty unless the method is ``"pca"``.
    scale : float
        What queries were multiplied and keys divided by.
    shift : ndarray of float32, shape (channel,)
        What was added to every key before.
    agreement : float
        Rank correlation (Spearman) between nearness in the plane and the product of query and
        key, over pairs that see one another; 1 when near always means a higher score. The first
        token of each text, on which many heads rest, does not count. NaN when there are no pairs.
    attentions : tuple of Attention
        Of each text.
    layer, head : int
        Which head.
    """

    points: Floats
    sentences: NDArray[np.int32]
    positions: NDArray[np.int32]
    ids: NDArray[np.int64]
    norms: Floats
    method: str
    explained: tuple[float, ...]
    scale: float
    shift: Floats
    agreement: float
    attentions: tuple[Any, ...]
    layer: int
    head: int

    def __repr__(self) -> str:
        at = f"layer {self.layer}, head {self.head}"
        size = f"{len(self.sentences)} tokens of {len(self.attentions)} texts"
        return f"<JointSpace {self.method} of {at}: {size}>"

    def weights(self, sentence: int) -> Floats:
        """Return the attention weights of the head within one text.

        Parameters
        ----------
        sentence : int
            Index of the text.

        Returns
        -------
        ndarray of float32, shape (query, key)
            Weights.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> space = joint_space((lm, ["the king", "the king said"]), 0, 1)
        >>> space.weights(1).shape
        (4, 4)
        """
        found: Floats = self.attentions[sentence][self.layer, self.head]
        return found

    def to_dataframe(self) -> pd.DataFrame:
        """Return one row a point.

        Returns
        -------
        pandas.DataFrame
            Columns ``sentence``, ``position``, ``token``, ``kind``, ``x``, ``y``, ``norm``.

        Raises
        ------
        MissingDependencyError
            When pandas is not installed.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> len(joint_space((lmw.load("tiny"), ["the king"]), 0, 1).to_dataframe())
        6
        """
        pieces = [piece for one in self.attentions for piece in one.tokens.pieces]
        columns = [
            {
                "sentence": self.sentences,
                "position": self.positions,
                "token": pieces,
                "kind": kind,
                "x": self.points[place, :, 0],
                "y": self.points[place, :, 1],
                "norm": self.norms[place],
            }
            for place, kind in enumerate(("query", "key"))
        ]
        return dataframe(*columns)


def joint_space(
    attentions: Any, layer: int, head: int, method: str = "pca", *, seed: int = 0
) -> JointSpace:
    """Return queries and keys of one head over many texts as points of one plane.

    Attention does not change when one vector is added to all keys, nor when queries are multiplied
    and keys divided by one number. Both are chosen so that the two clouds have the same centre and
    the same spread: then the squared distance of a query to a key falls with their product.

    Parameters
    ----------
    attentions : sequence of Attention, or tuple of (LanguageModel, sequence of texts)
        Of each text; or a model and the texts, which are then read.
    layer, head : int
        Which head, from 0.
    method : str, default "pca"
        ``"pca"`` keeps the two directions of most variance; ``"tsne"`` and ``"umap"`` keep
        neighbours together (extra ``projection``).
    seed : int, default 0
        Of t-SNE and UMAP.

    Returns
    -------
    JointSpace
        Points, and what is known of each.

    Raises
    ------
    InputError
        For no text, more than 10,000 tokens, attention between two different texts, or attention
        of different models or layers.
    UnavailableError
        When there are no queries and keys, or they are not numbers.
    UnknownNameError
        For an unknown method, layer or head.
    MissingDependencyError
        When the package of a method is not installed.

    Notes
    -----
    Yeh, C., Chen, Y., Wu, A., Chen, C., Viégas, F., & Wattenberg, M. (2023). AttentionViz: A
    Global View of Transformer Attention. arXiv:2305.03210. They search the factor that makes
    distance follow the product best; equal spreads are the closed form of the same aim.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> space = joint_space((lmw.load("tiny"), ["the king said", "the king"]), 1, 0)
    >>> space.points.shape
    (2, 7, 2)
    """
    if method not in METHODS:
        raise UnknownNameError(f"There is no method {method!r}.", nearest(method, METHODS))
    read = tuple(_attentions(attentions))
    found = [queries_keys(one, layer, head) for one in read]
    queries, keys = (np.concatenate([pair[side] for pair in found]) for side in (0, 1))
    if not (np.isfinite(queries).all() and np.isfinite(keys).all()):
        raise UnavailableError(
            f"Some queries or keys of layer {layer}, head {head} are not numbers.",
            "Choose another head, or run the model in 32 bits.",
        )
    moved, shrunk, scale, shift = comparable(queries, keys)
    cloud = np.concatenate([moved, shrunk])
    flat, explained = METHODS[method](cloud, seed)
    lengths = [len(one.tokens) for one in read]
    points = flat.reshape(2, len(queries), 2)
    return JointSpace(
        points=points,
        sentences=np.repeat(np.arange(len(read), dtype=np.int32), lengths),
        positions=np.concatenate([np.arange(size, dtype=np.int32) for size in lengths]),
        ids=np.concatenate([np.asarray(one.tokens.ids, np.int64) for one in read]),
        norms=np.linalg.norm(cloud, axis=-1).reshape(2, -1).astype(np.float32),
        method=method,
        explained=explained,
        scale=scale,
        shift=shift,
        agreement=_agreement(points, moved, shrunk, read, (layer, head)),
        attentions=read,
        layer=layer,
        head=head,
    )


def comparable(queries: Floats, keys: Floats) -> tuple[Floats, Floats, float, Floats]:
    """Return queries and keys with one centre and one spread, and the same attention.

    Parameters
    ----------
    queries, keys : ndarray of float32, shapes (query, channel) and (key, channel)
        As the layer multiplies them.

    Returns
    -------
    queries : ndarray of float32
        Times ``scale``.
    keys : ndarray of float32
        Plus ``shift``, divided by ``scale``.
    scale : float
        Makes the mean squared distance to the centre the same.
    shift : ndarray of float32, shape (channel,)
        Makes the centres the same. It adds the same number to all scores of a query, which the
        softmax takes away.

    Examples
    --------
    >>> q, k = np.float32([[1, 0], [3, 0]]), np.float32([[0, 8], [0, 4]])
    >>> moved, shrunk, scale, shift = comparable(q, k)
    >>> bool(np.allclose(moved.mean(0), shrunk.mean(0)))
    True
    """
    exact_q, exact_k = queries.astype(np.float64), keys.astype(np.float64)
    spread_q, spread_k = (
        float(((part - part.mean(0)) ** 2).sum(-1).mean()) for part in (exact_q, exact_k)
    )
    scale = (spread_k / spread_q) ** 0.25 if spread_q > 0 and spread_k > 0 else 1.0
    shift = scale**2 * exact_q.mean(0) - exact_k.mean(0)
    moved, shrunk = exact_q * scale, (exact_k + shift) / scale
    return moved.astype(np.float32), shrunk.astype(np.float32), scale, shift.astype(np.float32)


def pca(cloud: Floats, _seed: int = 0) -> tuple[Floats, tuple[float, ...]]:
    """Return the projection on the two directions of most variance.

    Parameters
    ----------
    cloud : ndarray of float32, shape (point, channel)
        Points.

    Returns
    -------
    points : ndarray of float32, shape (point, 2)
        Coordinates; the largest loading of each direction is positive.
    explained : tuple of float
        Share of the variance along each direction, 0 to 1.

    Examples
    --------
    >>> pca(np.float32([[0, 0, 1], [0, 4, 1], [1, 2, 1]]))[1][0] > 0.8
    True
    """
    centred = cloud.astype(np.float64) - cloud.mean(0, dtype=np.float64)
    variances, directions = np.linalg.eigh(centred.T @ centred)
    top = directions[:, ::-1][:, :2]
    largest = np.take_along_axis(top, np.abs(top).argmax(0)[None], 0)
    points = np.zeros((len(cloud), 2), np.float32)
    points[:, : top.shape[1]] = centred @ (top * np.where(largest < 0, -1, 1))
    total = float(variances.clip(min=0).sum())
    shares = variances.clip(min=0)[::-1][:2] / (total or 1.0)
    return points, (*(float(share) for share in shares), 0.0)[:2]


def _tsne(cloud: Floats, seed: int) -> tuple[Floats, tuple[float, ...]]:
    try:
        from sklearn.manifold import TSNE
    except ImportError as error:
        raise MissingDependencyError(
            "t-SNE needs scikit-learn.", "Run: pip install scikit-learn"
        ) from error
    perplexity = min(30.0, (len(cloud) - 1) / 3)
    model = TSNE(2, perplexity=perplexity, init="random", random_state=seed)
    return np.asarray(model.fit_transform(cloud), np.float32), ()


def _umap(cloud: Floats, seed: int) -> tuple[Floats, tuple[float, ...]]:
    try:
        from umap import UMAP
    except ImportError as error:
        raise MissingDependencyError(
            "UMAP needs umap-learn.", "Run: pip install umap-learn"
        ) from error
    model = UMAP(n_components=2, n_neighbors=min(15, len(cloud) - 1), random_state=seed, n_jobs=1)
    return np.asarray(model.fit_transform(cloud), np.float32), ()


METHODS: dict[str, Callable[[Floats, int], tuple[Floats, tuple[float, ...]]]] = {
    "pca": pca,
    "tsne": _tsne,
    "umap": _umap,
}
"""Ways from many dimensions to two, by name."""


def _attentions(given: Any) -> Sequence[Any]:
    if isinstance(given, tuple) and len(given) == 2 and hasattr(given[0], "attention"):
        lm, texts = given
        given = [lm.attention(text) for text in texts]
    read = [given] if hasattr(given, "structure_scores") else list(given)
    if not read:
        raise InputError("There is no text.", "Give at least one.")
    if any(one.key_tokens is not one.tokens for one in read):
        raise InputError(
            "Queries and keys of cross attention belong to different texts.",
            'Choose another kind, such as lm.attention(text, kind="encoder").',
        )
    if len({(one.model, tuple(one.layer_numbers)) for one in read}) > 1:
        raise InputError(
            "The texts were read by different models, or different layers of them were kept, and "
            "queries and keys of one head only can be drawn together.",
            "Give attention of one model with the same layers.",
        )
    count = sum(len(one.tokens) for one in read)
    if count > MOST_TOKENS:
        raise InputError(
            f"{count:,} tokens are more points than can be told apart.",
            f"Give fewer texts: at most {MOST_TOKENS:,} tokens in all.",
        )
    return read


def _agreement(
    points: Floats, queries: Floats, keys: Floats, read: Sequence[Any], where: tuple[int, int]
) -> float:
    """Rank correlation of nearness with the product, over pairs that see one another."""
    near, products = [], []
    start = pairs = 0
    for one in read:
        part = slice(start, start + len(one.tokens))
        start = part.stop
        if pairs + len(one.tokens) ** 2 > _PAIRS and pairs:
            break
        seen = one[where] > 0
        seen[:1], seen[:, :1] = False, False
        pairs += int(seen.sum())
        apart = points[0, part, None] - points[1, None, part]
        near.append(-np.linalg.norm(apart, axis=-1)[seen])
        products.append((queries[part] @ keys[part].T)[seen])
    return _spearman(np.concatenate(near), np.concatenate(products))


def _spearman(first: Floats, second: Floats) -> float:
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    ranks = np.stack([values.argsort().argsort() for values in (first, second)])
    centred = ranks - ranks.mean(-1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=-1)
    return float(centred[0] @ centred[1] / (lengths[0] * lengths[1]))
