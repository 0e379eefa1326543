"""Attention weighted by what is attended to: norms of Kobayashi et al. (2020, 2021)."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.capture.attention import Attention, attention_of, parts_of, pass_inputs
from lmwidget.capture.guard import as_found
from lmwidget.capture.hooks.behind import BehindRecorder
from lmwidget.capture.indexing import as_slice
from lmwidget.capture.kept.behind import Behind, Stream
from lmwidget.derived import DerivedAttention, Weights
from lmwidget.errors import UnavailableError, UnknownNameError, nearest
from lmwidget.inspection.attention.reading import check_self, room_for_steps
from lmwidget.mixing import ContextMixing

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens

_CHUNK = 1 << 22  # weights computed at once


class AttentionNorms(DerivedAttention):
    """How much each token writes into each other one, by head: weight × norm of what is written.

    Read like attention: ``norms[layer, head]`` is ``α_ij · ‖f_h(x_j)‖``, (query, key), where
    ``f_h(x) = (x W_V + b_V) W_O`` is what the head writes of a token. Norms are in the unit of the
    residual stream and not limited to 1.

    Attributes
    ----------
    attention : Attention
        The weights.
    residual : bool
        Whether :meth:`total` and :attr:`mixing` count the residual stream, and the norm behind it.
    mixing : ContextMixing
        Norms of the sum over heads, each row divided by its sum; method ``"norms"``.
    unit : str
        ``"norm"``.
    cost : dict
        ``seconds`` and ``passes``.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> found = norms(lmw.load("tiny"), "the king said")
    >>> found[0, 1].shape, found.total(0).shape
    ((4, 4), (4, 4))
    """

    title = "Value-weighted attention"
    unit = "norm"

    def __init__(
        self,
        attention: Attention,
        behind: dict[tuple[str, int], Behind],
        *,
        residual: bool = False,
        cost: dict[str, float] | None = None,
    ) -> None:
        super().__init__(
            attention.tokens,
            attention.key_tokens,
            [attention.heads(layer) for layer in range(len(attention))],
            kind=attention.kind,
            model=attention.model,
            layer_numbers=attention.layer_numbers,
            note="Weight × norm of what the head writes of a token, in the unit of the residual "
            "stream: not limited to 1.",
        )
        self.kinds = attention.kinds
        self.attention, self.residual = attention, residual
        self.cost = dict(cost or {})
        self._behind = behind

    @property
    def causal(self) -> bool:
        """Whether tokens look only at themselves and at earlier tokens."""
        return self.attention.causal

    def select(self, kind: str) -> AttentionNorms:
        """Return the norms of another kind of attention of the pass.

        Parameters
        ----------
        kind : str
            One of ``kinds``.

        Returns
        -------
        AttentionNorms
            Shares what was captured.

        Raises
        ------
        UnknownNameError
            When there is no such kind.
        """
        if kind not in self.kinds:
            raise UnknownNameError(
                f"There is no {kind!r} attention here.", nearest(kind, self.kinds)
            )
        other = self.attention.select(kind)
        return AttentionNorms(other, self._behind, residual=self.residual, cost=self.cost)

    def total(self, layer: int, queries: Any = slice(None)) -> Weights:
        """Return norms of what all heads together write, ``‖Σ_h α_ij f_h(x_j)‖``.

        With ``residual`` the stream is added where a token writes into itself; and where a layer
        norm follows the sum, it is applied to each summand (Kobayashi et al. 2021). Biases behind
        the values belong to no token and are left out.

        Parameters
        ----------
        layer : int
            Layer, from 0.
        queries : slice or sequence of int, optional
            Only these query tokens; default: all.

        Returns
        -------
        ndarray of float32, shape (query, key)
            At least 0, in the unit of the residual stream.

        Raises
        ------
        UnavailableError
            When it is not known what stands behind the heads of the layer.
        UnknownNameError
            When there is no such layer.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> norms(lmw.load("tiny"), "the king said").total(1, [3]).shape
        (1, 4)
        """
        layer = self._layer(layer)
        chosen = torch.arange(len(self.tokens))[queries].tolist()
        behind = self._behind_of(layer)
        gram = self._stream_of(layer).gram if self.residual else _known(behind)
        found = np.empty((len(chosen), len(self.key_tokens)), np.float32)
        step = max(1, _CHUNK // (self._heads[layer] * len(self.key_tokens)))
        for start in range(0, len(chosen), step):
            here = chosen[start : start + step]
            weights = self._exact_weights(layer, here)
            squares = torch.einsum("hqk,hgk,gqk->qk", weights, gram.to(weights.dtype), weights)
            if self.residual:
                squares = self._with_stream(layer, here, weights, squares)
            found[start : start + step] = squares.clamp(min=0).sqrt().float().numpy()
        return found

    @cached_property
    def mixing(self) -> ContextMixing:
        """Norms of the sum over heads, each row divided by its sum.

        Raises
        ------
        InputError
            For cross-attention, which mixes two texts.
        UnavailableError
            When a layer cannot be read, or memory is too small.
        """
        check_self(self, "Mixing")
        remedy = "Use total(layer, queries), or shorten the text."
        steps = room_for_steps(len(self), len(self.tokens), "Norms", remedy)
        for layer in range(len(self)):
            total = self.total(layer).astype(np.float64)
            sums = total.sum(-1, keepdims=True)
            steps[layer] = np.divide(total, sums, out=np.zeros_like(total), where=sums > 0)
        paper = "2021, with residual and layer norm" if self.residual else "2020"
        return ContextMixing(
            self.tokens,
            steps,
            "norms",
            label=f"Value-weighted norms (Kobayashi et al. {paper})",
            layer_numbers=self.layer_numbers,
            kind=self.kind,
            model=self.model,
            note="Norm of what a token writes into another, divided by the sum over the row.",
            settings={"residual": self.residual},
            cost=self.cost,
        )

    def _weights(self, layer: int, heads: list[int], queries: list[int]) -> Weights:
        gram = _known(self._behind_of(layer))
        written = gram.diagonal().T[heads].sqrt()
        weights = self.attention.record(layer).weights(as_slice(heads), as_slice(queries))[0].cpu()
        found: NDArray[np.float32] = (weights * written[:, None]).float().numpy()
        return found

    def _exact_weights(self, layer: int, queries: list[int]) -> Tensor:
        record = self.attention.record(layer)
        return record.weights(rows=as_slice(queries))[0].cpu().double()

    def _with_stream(
        self, layer: int, queries: list[int], weights: Tensor, squares: Tensor
    ) -> Tensor:
        """Add what stays in a token, and divide by what the norm behind the sum divides by."""
        stream, rows = self._stream_of(layer), torch.arange(len(queries))
        both = (weights[:, rows, queries] * stream.cross[:, queries]).sum(0)
        squares[rows, queries] += 2 * both + stream.square[queries]
        return squares * stream.scale[queries, None].square()

    def _stream_of(self, layer: int) -> Stream:
        check_self(self, "The residual stream")
        stream = self._behind_of(layer).stream
        if stream is None:
            name = self.attention.record(layer).name
            raise UnavailableError(
                f"The residual stream of layer {layer} ({name}) was not found: what its heads write "
                "is scaled, normalised, or added to something else first.",
                "Leave it out: residual=False.",
            )
        return stream

    def _behind_of(self, layer: int) -> Behind:
        record = self.attention.record(layer)
        behind = self._behind.get((record.name, record.call))
        if behind is None or behind.gram is None:
            record.weights(rows=[])  # says why, when there are no weights either
            raise UnavailableError(
                f"What the heads of layer {layer} ({record.name}) write was not found."
                + (f" {behind.reason}" if behind is not None else ""),
                "No linear layer is called with their outputs side by side; look at the weights.",
            )
        return behind


def norms(
    lm: LanguageModel,
    text: Any,
    *,
    residual: bool = False,
    output: str | Tokens | None = None,
    truncate: bool = False,
) -> AttentionNorms:
    """Return attention weighted by the norm of what is attended to.

    A head that looks at a token whose value is small takes nothing from it: attention sinks, for
    one. Kobayashi, Kuribayashi, Yokoi and Inui, "Attention is Not Only a Weight: Analyzing
    Transformers with Vector Norms" (EMNLP 2020), and "Incorporating Residual and Normalization
    Layers into Analysis of Masked Language Models" (EMNLP 2021). One forward pass; kept are inner
    products between heads, so memory grows linearly with the length of the text.

    Parameters
    ----------
    lm : LanguageModel
        The model, left as it is found.
    text : str, list of dict, tuple of (str, str), or Tokens
        What it reads.
    residual : bool, default False
        Count the residual stream in ``total`` and ``mixing``, and the layer norm behind the sum in
        models that have it there (BERT).
    output : str or Tokens, optional
        What an encoder-decoder has written; default: what it writes by itself, greedily.
    truncate : bool, default False
        Cut text that is longer than the model's context.

    Returns
    -------
    AttentionNorms
        By head; ``.total(layer)`` of all heads, ``.mixing`` as what every layer mixes.

    Raises
    ------
    InputError
        When the text cannot be used.
    NoAttentionError
        When the model has no attention.
    UnavailableError
        When no layer can be read. A single layer of which it is not known what stands behind its
        heads says so when it is asked for.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> found = norms(lmw.load("tiny"), "the king said")
    >>> bool((found.mixing.steps.sum(-1).round(5) == 1).all())
    True
    """
    start = time.perf_counter()
    tokens = lm.tokenize(text, truncate=truncate)
    written = None
    if lm.task == "seq2seq" or output is not None:
        written = lm.write_output(tokens) if output is None else lm.tokenize_output(output)
    inputs, _ = pass_inputs(lm, tokens, written, None, "full")
    with as_found(lm.model):
        recorder = BehindRecorder(lm.model, tokens=len(tokens))
        with torch.no_grad(), recorder:
            lm.model(**inputs)
    attention = attention_of(lm, parts_of(lm, recorder.records, tokens, written))
    cost = {"seconds": time.perf_counter() - start, "passes": 1}
    return AttentionNorms(attention, recorder.behind, residual=residual, cost=cost)


def _known(behind: Behind) -> Tensor:
    assert behind.gram is not None
    return behind.gram
