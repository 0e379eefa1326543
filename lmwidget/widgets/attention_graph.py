"""AttentionGraph: which token looks at which, as a hoverable graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import traitlets as t

from lmwidget.errors import LmwidgetError
from lmwidget.widgets.attention_budget import holds, part_for_page, part_on_screen
from lmwidget.widgets.attention_selection import Selection, hidden_keys, select
from lmwidget.widgets.attention_state import figure_state, focus_state, packed, strongest_table
from lmwidget.widgets.attention_widget import AttentionWidget
from lmwidget.widgets.base import READY, bundle

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel


class AttentionGraph(AttentionWidget):
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
    _bulk_traits = ("_tokens", "_attention", "_focus")

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
        self._unreadable = False  # whether the error on screen is about the layer
        super().__init__(
            lm, text, layer=layer, heads=heads, output=output, truncate=truncate, **traits
        )
        self.observe(self._on_shown, ["layer", "heads", "token", "side"])
        self._show(self._focused())

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

    def _picture(self, attention: Any, layer: int, heads: list[int]) -> dict[str, Any]:
        part = part_on_screen(attention, layer, heads)
        return {
            "_attention": packed(attention, part),
            "_focus": {},
            "_figure": figure_state(attention, part, editable=self._editable()),
        }

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

    def _static_html(self) -> str:
        if self._result is None:
            return "<p>AttentionGraph: no text yet.</p>"
        first, special = self.hide_first, self.hide_special
        hidden = hidden_keys(self._result.key_tokens, first=first, special=special)
        return strongest_table(self._result, self.layer, self.heads, hidden)
