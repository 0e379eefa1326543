"""AttentionGraph: which token looks at which, as a hoverable graph."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import traitlets as t
from numpy.typing import ArrayLike

from lmwidget.errors import InputError, LmwidgetError, UnknownNameError
from lmwidget.tokens import Tokens
from lmwidget.widgets.array_attention import ArrayAttention
from lmwidget.widgets.attention_budget import holds, part_for_page, part_on_screen
from lmwidget.widgets.attention_selection import (
    Selection,
    head_list,
    hidden_keys,
    number,
    select,
)
from lmwidget.widgets.attention_state import (
    empty_figure,
    figure_state,
    focus_state,
    most_structured,
    packed,
    strongest_table,
)
from lmwidget.widgets.base import READY, ModelWidget, as_language_model, bundle, has_content

if TYPE_CHECKING:
    from lmwidget.capture.attention import Attention
    from lmwidget.models.language_model import LanguageModel


_LONG_TEXT = 1024  # tokens
_WORTH_SAYING = 3.0  # seconds


class AttentionGraph(ModelWidget):
    """A graph of the attention between tokens; hover, click, change the text.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result` or :meth:`from_arrays`.
    text : str, list of messages, or pair of str
        What the model reads.
    layer : int, optional
        Index of the layer shown first. Without it, the layer with the most structured head.
    heads : list of int, optional
        Heads shown first; ``[]`` for all. Without it, the most structured head of ``layer``.
    kind : str, optional
        ``"encoder"``, ``"decoder"`` or ``"cross"`` for encoder-decoder models.
    output : str, optional
        What the decoder of an encoder-decoder model reads; without it, the model writes it.
    truncate : bool
        Cut a text that is too long for the model, instead of refusing it.
    **traits
        Any other public trait: ``mean``, ``token``, ``side``, ``threshold``, ``top_k``,
        ``hide_special``, ``hide_first``, ``view``, ``search``, ``theme``.

    Raises
    ------
    InputError
        When the text cannot be used.
    UnknownNameError
        For a layer, head or keyword that does not exist.
    NoAttentionError
        When the model has no attention.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> graph = lmw.AttentionGraph(lmw.load("tiny"), "the king said")
    >>> graph.layer, graph.heads = 1, [0, 2]
    >>> graph.token = 3
    >>> graph.selection.weights.shape
    (2, 4)
    """

    _esm = bundle("attention_graph.js")
    _css = bundle("attention_graph.css")
    _bundle = "attention_graph"
    _input_traits = ("text", "kind")
    _bulk_traits = ("_tokens", "_attention", "_focus")

    layer = t.Int(0).tag(sync=True)
    "Index of the layer shown, 0 for the first that has attention."

    heads = t.List(t.Int()).tag(sync=True)
    "Heads shown; empty for all."

    mean = t.Bool(False).tag(sync=True)
    "Draw the mean of the heads shown instead of each."

    side = t.Enum(["query", "key"], "query").tag(sync=True)
    "Column of the pinned token: the token that looks, or that is looked at."

    threshold = t.Float(0.0, min=0.0, max=1.0).tag(sync=True)
    "Edges of less weight than this share of a head's attention are not drawn."

    top_k = t.Int(None, allow_none=True, min=1).tag(sync=True)
    "Draw only this many edges of each query; ``None`` for all."

    hide_special = t.Bool(False).tag(sync=True)
    "Hide special tokens; the figure says how much weight they held."

    hide_first = t.Bool(False).tag(sync=True)
    "Hide the first token, often an attention sink; the figure says how much weight it held."

    view = t.Enum(["columns", "arcs"], "columns").tag(sync=True)
    "Two columns of tokens, or arcs over one line of text."

    kind = t.Unicode("self").tag(sync=True)
    "Which attention: ``self``, or ``encoder``, ``decoder``, ``cross``."

    search = t.Unicode("").tag(sync=True)
    "Highlights the tokens that contain this text."

    _attention = t.Dict().tag(sync=True, echo_update=False)
    _focus = t.Dict().tag(sync=True, echo_update=False)

    def __init__(
        self,
        lm: LanguageModel | None = None,
        text: Any = "",
        *,
        layer: int | None = None,
        heads: int | Iterable[int] | None = None,
        output: Any = None,
        truncate: bool = False,
        **traits: Any,
    ) -> None:
        self._lm = None if lm is None else as_language_model(lm)
        self._input, self._output, self._truncate = text, output, truncate
        self._result: Any = traits.pop("_result", None)
        self._unreadable = False  # whether the error on screen is about the layer
        self._first: dict[str, Any] = {
            "layer": layer,
            "heads": head_list(heads),
            "kind": traits.get("kind"),
        }
        super().__init__(**traits)
        self.observe(self._on_shown, ["layer", "heads", "token", "side"])
        self._show(self._focused())

    @classmethod
    def from_result(cls, attention: Attention, **traits: Any) -> AttentionGraph:
        """Return a graph of attention that has been computed before.

        Parameters
        ----------
        attention : Attention
            From ``lm.attention(text)`` or ``Attention.load(path)``.
        **traits
            As for the class.

        Returns
        -------
        AttentionGraph
            Without a model: everything works but editing the text.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> attention = lmw.load("tiny").attention("The king said")
        >>> lmw.AttentionGraph.from_result(attention, layer=1).layer
        1
        """
        if not hasattr(attention, "structure_scores"):
            raise InputError(
                f"A {type(attention).__name__} is no attention.",
                "Give what lm.attention(text) or Attention.load(path) returned.",
            )
        return cls(_result=attention, **traits)

    @classmethod
    def from_arrays(
        cls,
        weights: ArrayLike,
        tokens: Tokens | Sequence[str],
        key_tokens: Tokens | Sequence[str] | None = None,
        **traits: Any,
    ) -> AttentionGraph:
        """Return a graph of weights computed elsewhere.

        Parameters
        ----------
        weights : array_like, shape (layer, head, query, key), (head, query, key) or (query, key)
            Attention weights, 0 to 1.
        tokens : Tokens or sequence of str
            The queries.
        key_tokens : Tokens or sequence of str, optional
            The keys, when they are others.
        **traits
            As for the class.

        Returns
        -------
        AttentionGraph
            A graph without a model.

        Raises
        ------
        InputError
            When the shapes of weights and tokens disagree.

        Examples
        --------
        >>> import lmwidget as lmw, numpy as np
        >>> lmw.AttentionGraph.from_arrays(np.eye(2), ["a", "b"]).result.shape
        (1, 1, 2, 2)
        """
        return cls(_result=ArrayAttention.from_arrays(weights, tokens, key_tokens), **traits)

    @property
    def result(self) -> Attention:
        """The attention that is drawn.

        Returns
        -------
        Attention
            Every layer and head, computed when asked for.

        Raises
        ------
        InputError
            When there is no text yet.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.AttentionGraph(lmw.load("tiny"), "the king said").result.shape
        (2, 4, 4, 4)
        """
        if self._result is None:
            raise InputError("There is no attention yet.", "Set graph.text first.")
        attention: Attention = self._result
        return attention

    @property
    def selection(self) -> Selection | None:
        """What is pinned, or ``None``.

        Returns
        -------
        Selection or None
            The pinned token and the exact weights of its edges.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> graph = lmw.AttentionGraph(lmw.load("tiny"), "the king said", token=3)
        >>> graph.selection.piece
        ' said'
        """
        attention = self._result
        if self.token is None or attention is None:
            return None
        return select(attention, self.layer, self.heads, self.side, self.token)

    # State -----------------------------------------------------------------------------------

    def _initial_state(self) -> dict[str, Any]:
        if self._result is not None:
            self._input = self._result.tokens
            return self._drawn(**self._first)
        if self._lm is None or not has_content(self._input):
            name = self._lm.name if self._lm else ""
            return {"_status": self._nothing(), "_figure": empty_figure(name, editable=True)}
        return self._read(**self._first)

    def _compute(self) -> dict[str, Any]:
        if self._lm is None:
            raise InputError(
                "This graph has no model, so its text cannot be run.",
                "Make one with AttentionGraph(lm, text).",
            )
        changed_kind = self._result is not None and self.kind != self._result.kind
        if changed_kind and self.text == self._input_text():
            self._result = self._result.select(self.kind)
            return self._drawn(None, None, self.kind)
        first = self._result is None
        self._input, self._output = self.text, self._output if first else None
        if first:
            return self._read(**self._first)
        return {"token": None, **self._read(self.layer, list(self.heads), self.kind)}

    def _read(self, layer: int | None, heads: Any, kind: str | None) -> dict[str, Any]:
        assert self._lm is not None
        before = self._result
        try:
            tokens = self._lm.tokenize(self._input, truncate=self._truncate)
            with self._told(tokens):
                self._result = self._lm.attention(tokens, output=self._output, kind=kind)
            return self._drawn(layer, heads, kind)
        except BaseException:
            self._result = before
            raise

    def _told(self, tokens: Tokens) -> AbstractContextManager[None]:
        """Say beforehand what reading a long text takes."""
        assert self._lm is not None
        if len(tokens) >= _LONG_TEXT:
            estimate = self._lm.estimate(tokens, output=self._output)
            if estimate.seconds >= _WORTH_SAYING:
                return self._announced(f"Reading {estimate}")
        return nullcontext()

    def _drawn(self, layer: int | None, heads: Any, kind: str | None) -> dict[str, Any]:
        """Return the traits that draw ``self._result``; the best layer and head when not given."""
        attention = self._result
        if kind is not None and kind != attention.kind:
            self._result = attention = attention.select(kind)
        layer = None if layer is None else self._check_layer(layer)
        for head in heads or ():
            self._check_head(layer, head)
        if layer is None or heads is None:
            layer, heads = most_structured(attention, layer, heads)
        self._check_layer(layer)
        same = attention.key_tokens is attention.tokens
        part = part_on_screen(attention, layer, heads)
        return {
            "text": self._input_text(),
            "kind": attention.kind,
            "layer": layer,
            "heads": list(heads),
            "_tokens": {
                "query": attention.tokens.to_dict(),
                "key": None if same else attention.key_tokens.to_dict(),
            },
            "_attention": packed(attention, part),
            "_focus": {},
            "_figure": {
                **figure_state(attention, part, editable=self._editable()),
                "model": self._named(attention.model, self._input_tokens()),
            },
            "_status": READY,
        }

    def _input_tokens(self) -> Tokens:
        """Return what the user wrote: the encoder's side where there are two."""
        attention = self._result
        tokens: Tokens = (
            attention.select("encoder").tokens if "encoder" in attention.kinds else attention.tokens
        )
        return tokens

    def _editable(self) -> bool:
        return self._lm is not None and self._input_tokens().source == "text"

    def _input_text(self) -> str:
        return self._input_tokens().text

    def _published_state(self, max_bytes: int) -> dict[str, Any]:
        if self._result is None:
            return self._published_nothing()
        part = part_for_page(self._result, self.layer, self.heads, max_bytes)
        return {
            "_attention": packed(self._result, part),
            "_figure": {
                **self._figure,
                "editable": False,
                "top_per_row": part.top,
                "kinds": [self._result.kind],
            },
        }

    def _on_shown(self, _change: Any) -> None:
        if self._quiet or self._result is None:
            return
        state: dict[str, Any] = {}
        heads = [head for head in self.heads if head < self._result.heads(self.layer)]
        if heads != self.heads:
            state["heads"] = heads
        try:
            if not holds(self._attention, self.layer, heads):
                self._result.rows(self.layer, 0, 0)  # a layer that cannot be read says why
                part = part_on_screen(self._result, self.layer, heads)
                state["_attention"] = packed(self._result, part)
                state["_figure"] = {**self._figure, "top_per_row": part.top}
            if self._unreadable:
                state["_status"] = READY
            self._unreadable = False
        except LmwidgetError as error:
            state = {"_status": self._failure(error)}
            self._unreadable = True
        self._show(state)
        self._show(self._focused())

    def _focused(self) -> dict[str, Any]:
        """Return every weight of the pinned token where only its strongest were sent."""
        result, token = self._result, self.token
        nothing: dict[str, Any] = {"_focus": {}} if self._focus else {}
        if result is None or token is None or self._attention.get("format") != "csr":
            return nothing
        tokens = result.tokens if self.side == "query" else result.key_tokens
        if not 0 <= token < len(tokens) or not holds(self._attention, self.layer, self.heads):
            return nothing
        return {"_focus": focus_state(result, self.layer, self.heads, self.side, token)}

    # Validation ------------------------------------------------------------------------------

    @t.validate("layer")
    def _valid_layer(self, proposal: Any) -> int:
        return self._check_layer(proposal["value"])

    @t.validate("heads")
    def _valid_heads(self, proposal: Any) -> list[int]:
        if self._result is not None and not self._quiet:
            for head in proposal["value"]:
                self._check_head(None, head)
        return head_list(proposal["value"]) or []

    @t.validate("kind")
    def _valid_kind(self, proposal: Any) -> str:
        kinds = ("self",) if self._result is None else self._result.kinds
        if proposal["value"] not in kinds:
            raise UnknownNameError(
                f"There is no {proposal['value']!r} attention here.",
                f"Choose one of {', '.join(map(repr, kinds))}.",
            )
        return str(proposal["value"])

    def _check_layer(self, given: Any) -> int:
        layer = number(given, "layer")
        count = 0 if self._result is None else self._result.shape[0]
        if self._result is not None and not 0 <= layer < count:
            raise UnknownNameError(
                f"There is no layer {layer}.", f"Choose a layer from 0 to {count - 1}."
            )
        return layer

    def _check_head(self, layer: int | None, head: Any) -> None:
        head = number(head, "head")
        count = self._result.shape[1] if layer is None else self._result.heads(layer)
        if not 0 <= head < count:
            raise UnknownNameError(
                f"There is no head {head}.", f"Choose heads from 0 to {count - 1}."
            )

    def _static_html(self) -> str:
        if self._result is None:
            return "<p>AttentionGraph: no text yet.</p>"
        first, special = self.hide_first, self.hide_special
        hidden = hidden_keys(self._result.key_tokens, first=first, special=special)
        return strongest_table(self._result, self.layer, self.heads, hidden)
