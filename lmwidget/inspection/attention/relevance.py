"""Relevance of tokens by attention and its gradient (Chefer, Gur and Wolf, ICCV 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.inspection.attention.explained import Explained, explain, read_places
from lmwidget.inspection.attention.gradients import AttentionXGradient
from lmwidget.inspection.attention.reading import blocks, check_room_for, room_for_steps
from lmwidget.mixing import ContextMixing, Scores

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.results import Prediction
    from lmwidget.tokens import Tokens

Matrix = NDArray[np.float64]

_LABEL = "Relevance by attention and its gradient (Chefer et al. 2021)"
_REMEDY = "Shorten the text."


@dataclass(frozen=True, eq=False, repr=False)
class Relevance(ContextMixing):
    """Relevance of every token for every position, and for the one where a target is read.

    Each step is ``I + Ā``, where ``Ā`` is the mean over heads of the positive part of weight times
    gradient; their product is the relevance matrix of the paper.

    Attributes
    ----------
    place : int or None
        Position where the target is read; None when it is read from several (mean pooling).

    Examples
    --------
    >>> import lmwidget as lmw
    >>> found = relevance(lmw.load("tiny"), "the king said")
    >>> found.place, found.scores.shape
    (3, (4,))
    """

    place: int | None = None

    @property
    def scores(self) -> Scores:
        """Relevance of each token for the target, float32 (token,); the mean over read positions.

        A position's own relevance starts at 1, so that the position where the target is read stands
        out.
        """
        if self.place is not None:
            return self.row(self.place)
        mean: Scores = self.matrix().mean(0)
        return mean


@dataclass(frozen=True, eq=False)
class EncoderDecoderRelevance:
    """Relevance of what an encoder-decoder has read and written.

    Attributes
    ----------
    encoder : ContextMixing
        How the encoder mixes its tokens.
    decoder : Relevance
        How the decoder mixes its tokens; ``decoder.scores`` are of what has been written.
    cross : ndarray of float32, shape (output token, input token)
        Relevance of what was read for each position of the decoder.
    place : int
        Position of the decoder where the target is read.

    Examples
    --------
    >>> import numpy as np
    >>> from lmwidget.tokens import Tokens
    >>> steps, words = np.eye(1, dtype=np.float32)[None], Tokens.from_pieces(["a"])
    >>> mixing, written = ContextMixing(words, steps, "relevance"), Relevance(words, steps, "", place=0)
    >>> EncoderDecoderRelevance(mixing, written, np.ones((1, 1), np.float32), 0).scores.tolist()
    [1.0]
    """

    encoder: ContextMixing
    decoder: Relevance
    cross: Scores
    place: int

    def __repr__(self) -> str:
        written, read = self.cross.shape
        return f"<EncoderDecoderRelevance: {written} × {read} tokens, {self.encoder.model}>"

    @property
    def tokens(self) -> Tokens:
        """What was read."""
        return self.encoder.tokens

    @property
    def output_tokens(self) -> Tokens:
        """What was written."""
        return self.decoder.tokens

    @property
    def target(self) -> str:
        """What is explained, in words."""
        return self.decoder.target

    @property
    def scores(self) -> Scores:
        """Relevance of each token that was read for the target, float32 (input token,)."""
        row: Scores = self.cross[self.place]
        return row


def relevance(
    lm: LanguageModel,
    text: Any,
    *,
    target: str | int | Prediction | None = None,
    foil: str | int | Prediction | None = None,
    output: str | Tokens | None = None,
    truncate: bool = False,
) -> Relevance | EncoderDecoderRelevance:
    """Return how relevant each token is for a prediction, by attention and its gradient.

    Chefer, Gur and Wolf, "Generic Attention-model Explainability for Interpreting Bi-Modal and
    Encoder-Decoder Transformers" (ICCV 2021). In every layer ``Ā = mean over heads of
    (weight · gradient)⁺`` (eq. 5) and ``R ← R + Ā R``, from ``R = I`` (eq. 6). For encoder-decoders
    self-attention of the decoder also updates its relevance of the input, ``R_qi ← R_qi + Ā R_qi``
    (eq. 7), and cross-attention adds ``R̄_qqᵀ Ā R̄_ii`` (eq. 10), where ``R̄`` is ``R − I`` with
    rows that sum to 1, plus ``I`` (eq. 8, 9).

    Parameters
    ----------
    lm : LanguageModel
        The model, left as it is found.
    text : str, list of dict, tuple of (str, str), or Tokens
        What it reads.
    target : str, int or Prediction, optional
        Token, class or index to explain; default: the model's own strongest prediction.
    foil : str, int or Prediction, optional
        Alternative that the target is contrasted with.
    output : str or Tokens, optional
        What an encoder-decoder has written so far; the token it writes next is explained. Default:
        its start token, so that this is the first token that it writes.
    truncate : bool, default False
        Cut text that is longer than the model's context.

    Returns
    -------
    Relevance or EncoderDecoderRelevance
        A :class:`~lmwidget.mixing.ContextMixing` with ``.place`` and ``.scores``; of an
        encoder-decoder one for each side, and ``.cross``. Layers × tokens² numbers of 4 bytes.

    Raises
    ------
    InputError
        When the text or the target cannot be used.
    ModelMismatchError
        When the model predicts nothing, or has no gradients.
    NoAttentionError
        When the model has no attention.
    UnavailableError
        When a layer or its gradient cannot be read, or memory is too small.
    UnknownNameError
        For an unknown class or index.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> found = relevance(lmw.load("tiny"), "the king said", target=" the")
    >>> found.target, bool((found.scores >= 0).all())
    ("' the'", True)
    """
    return relevance_of(
        explain(lm, text, target=target, foil=foil, output=output, truncate=truncate)
    )


def relevance_of(found: Explained) -> Relevance | EncoderDecoderRelevance:
    """Return how relevant each token is, from attention and its gradient.

    Parameters
    ----------
    found : Explained
        Attention of a pass, with the gradient of a target.

    Returns
    -------
    Relevance or EncoderDecoderRelevance
        As :func:`relevance`.

    Raises
    ------
    UnavailableError
        When a layer or its gradient cannot be read, or memory is too small.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> relevance_of(explain(lmw.load("tiny"), "The king said")).place
    2
    """
    edges = AttentionXGradient(found)
    if "decoder" in edges.kinds:
        return _encoder_decoder(found, edges)
    place = found.readout.position
    if place is None:
        places = read_places(found)
        place = places[0] if len(places) == 1 else None
    else:
        place %= len(edges.tokens)
    return Relevance(place=place, **_mixing(found, edges))


def _mixing(found: Explained, edges: AttentionXGradient) -> dict[str, Any]:
    count = len(edges.tokens)
    steps = room_for_steps(len(edges), count, "Relevance", _REMEDY)
    for layer in range(len(edges)):
        steps[layer] = _kept(edges, layer)
        steps[layer, range(count), range(count)] += 1
    return {
        "tokens": edges.tokens,
        "steps": steps,
        "method": "relevance",
        "label": _LABEL,
        "unit": "relevance",
        "layer_numbers": edges.layer_numbers,
        "kind": edges.kind,
        "model": edges.model,
        "target": found.name,
        "note": f"Relevance for the {found.unit} of {found.name}; only what speaks for it counts.",
        "settings": {
            "target": found.target.id,
            "foil": None if found.foil is None else found.foil.id,
        },
        "cost": found.cost,
    }


def _kept(edges: AttentionXGradient, layer: int) -> Matrix:
    """Mean over heads of the positive part of weight times gradient (eq. 5)."""
    found = np.zeros((len(edges.tokens), len(edges.key_tokens)))
    for queries, products in blocks(edges, layer):
        found[queries] = np.maximum(products, 0).mean(0, dtype=np.float64)
    return found


def _encoder_decoder(found: Explained, edges: AttentionXGradient) -> EncoderDecoderRelevance:
    sides = {kind: edges.select(kind) for kind in ("encoder", "decoder", "cross")}
    encoder = ContextMixing(**_mixing(found, sides["encoder"]))
    place = (found.readout.position or 0) % len(sides["decoder"].tokens)
    decoder = Relevance(place=place, **_mixing(found, sides["decoder"]))
    written, read = len(decoder.tokens), len(encoder.tokens)
    check_room_for((written + read) ** 2 * 8, "Relevance", _REMEDY)
    inputs = _normalised(_product(encoder))
    cross = sides["cross"]
    crossing = dict(zip(cross.layer_numbers, range(len(cross)), strict=True))
    self_relevance, found_cross = np.eye(written), np.zeros((written, read))
    for step, number in zip(decoder.steps.astype(np.float64), decoder.layer_numbers, strict=True):
        self_relevance, found_cross = step @ self_relevance, step @ found_cross
        if number in crossing:
            mixed = _kept(cross, crossing[number])
            found_cross = found_cross + _normalised(self_relevance).T @ mixed @ inputs
    return EncoderDecoderRelevance(encoder, decoder, found_cross.astype(np.float32), place)


def _product(mixing: ContextMixing) -> Matrix:
    found = np.eye(len(mixing.tokens))
    for step in mixing.steps:
        found = step.astype(np.float64) @ found
    return found


def _normalised(relevance_matrix: Matrix) -> Matrix:
    """Return self-relevance whose rows, but for the tokens themselves, sum to 1 (eq. 8, 9)."""
    own = np.eye(len(relevance_matrix))
    gained = relevance_matrix - own
    total = gained.sum(-1, keepdims=True)
    share: Matrix = np.divide(gained, total, out=np.zeros_like(gained), where=total > 0)
    return share + own
