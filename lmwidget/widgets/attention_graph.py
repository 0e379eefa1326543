"""AttentionGraph: which token looks at which, as a hoverable graph."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import traitlets as t
from typing_extensions import Self

from lmwidget.errors import InputError
from lmwidget.widgets.attention_budget import Part, holds, part_for_page, part_on_screen
from lmwidget.widgets.attention_selection import Selection, hidden_keys, select
from lmwidget.widgets.attention_state import (
    figure_state,
    focus_state,
    is_signed,
    packed,
    strongest_table,
    unit_of,
)
from lmwidget.widgets.base import bundle
from lmwidget.widgets.graph_hidden import sums_state
from lmwidget.widgets.graph_traits import GraphTraits

if TYPE_CHECKING:
    from lmwidget.capture.attention import Attention
    from lmwidget.capture.generation import Generation
    from lmwidget.derived import DerivedAttention
    from lmwidget.models.language_model import LanguageModel

_FILTERS = ("hide_first", "hide_special", "pair", "collapsed")
_FEW = 300  # tokens: above, a window on the text is drawn, where nothing is collapsed


class AttentionGraph(GraphTraits):
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
        ``hide_special``, ``hide_first``, ``renormalise``, ``pair``, ``collapsed``, ``step``,
        ``view``, ``search``, ``theme``.

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
    _bulk_traits = ("_tokens", "_attention", "_focus", "_sums")

    _attention = t.Dict().tag(sync=True, echo_update=False)
    _focus = t.Dict().tag(sync=True, echo_update=False)
    _sums = t.Dict().tag(sync=True, echo_update=False)

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
        super().__init__(
            lm, text, layer=layer, heads=heads, output=output, truncate=truncate, **traits
        )
        self.observe(self._on_shown, ["layer", "heads", "token", "side", "step", *_FILTERS])
        self._on_shown(None)

    @classmethod
    def from_result(
        cls, attention: Attention | DerivedAttention | Generation, **traits: Any
    ) -> Self:
        """Return a graph of attention that has been computed before.

        Parameters
        ----------
        attention : Attention, DerivedAttention or Generation
            From ``lm.attention(text)``, ``lm.generate(text)``, ``Attention.load(path)`` or any
            function of :mod:`lmwidget.inspection` that returns attention.
        **traits
            As for the class.

        Returns
        -------
        AttentionGraph
            Without a model: everything works but editing the text.

        Raises
        ------
        InputError
            When it is no attention.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> attention = lmw.load("tiny").attention("The king said")
        >>> lmw.AttentionGraph.from_result(attention, layer=1).layer
        1
        """
        if hasattr(attention, "attention") and hasattr(attention, "start"):
            return cls.from_generation(cast("Generation", attention), **traits)
        return super().from_result(attention, **traits)

    @classmethod
    def from_generation(cls, made: Generation, **traits: Any) -> Self:
        """Return a graph of a text that the model wrote, to be stepped through.

        Step ``i`` shows the text as it stood when written token ``i`` was chosen, and what the
        model looked at then: the attention of the token before it, the last one it had read.

        Parameters
        ----------
        made : Generation
            From ``lm.generate(text)``.
        **traits
            As for the class; ``step=None`` shows the whole text.

        Returns
        -------
        AttentionGraph
            Without a model; at the first written token.

        Raises
        ------
        InputError
            When it is no generation.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> made = lmw.load("tiny").generate("The king of the", max_new_tokens=3)
        >>> graph = lmw.AttentionGraph.from_generation(made)
        >>> graph.step = 2
        >>> graph.selection.index == made.start + 1
        True
        """
        if not hasattr(made, "start") or not hasattr(made, "attention"):
            raise InputError(
                f"A {type(made).__name__} is no generated text.",
                "Give what lm.generate() returned.",
            )
        attention = made.attention
        kind = "cross" if "cross" in attention.kinds else attention.kind
        written = len(made.tokens) - made.start
        first: dict[str, Any] = {"kind": kind, "step": 0 if written > 0 else None, **traits}
        return cls(_result=attention, _first_written=made.start, **first)

    @property
    def selection(self) -> Selection | None:
        """What is pinned, or ``None``.

        Returns
        -------
        Selection or None
            The pinned token and the exact weights of its edges; without a pin, at a step of a
            generated text, the token whose attention is shown. Of a collapsed chat turn it is
            the token that was pinned, not the turn.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> graph = lmw.AttentionGraph(lmw.load("tiny"), "the king said", token=3)
        >>> graph.selection.piece
        ' said'
        """
        attention, asked = self._result, self._asked()
        if asked is None or attention is None:
            return None
        hidden = self._hidden_keys() if self._renormalises() else None
        return select(attention, self.layer, self.heads, *asked, renormalised=hidden)

    def _hidden_keys(self) -> Any:
        first, special = self.hide_first, self.hide_special
        return hidden_keys(self._result.key_tokens, first=first, special=special)

    def _renormalises(self) -> bool:
        shares = _are_shares(self._result)
        return bool(self.renormalise and shares and (self.hide_first or self.hide_special))

    # State -----------------------------------------------------------------------------------

    def _picture(self, attention: Any, layer: int, heads: list[int]) -> dict[str, Any]:
        part = self._part(attention, layer, heads)
        figure = figure_state(attention, part, editable=self._editable())
        return {
            "_attention": packed(attention, part),
            "_focus": {},
            "_sums": {},
            "_figure": {**figure, "start": self._start_here()},
        }

    def _part(self, attention: Any, layer: int, heads: list[int]) -> Part:
        return part_on_screen(attention, layer, heads, whole=self._sums_up(attention))

    def _sums_up(self, attention: Any) -> bool:
        """Whether weights are added up in the browser, for which it needs all of them."""
        return bool(self.collapsed) and max(attention.shape[2:]) <= _FEW

    def _published_state(self, max_bytes: int) -> dict[str, Any]:
        if self._result is None:
            return self._published_nothing()
        part = part_for_page(self._result, self.layer, self.heads, max_bytes)
        cut = part.top is not None and _are_shares(self._result)
        return {
            "_attention": packed(self._result, part),
            "_sums": sums_state(self._result, part.layers, part.heads) if cut else {},
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
        self._show(self._followed(self._lacking))

    def _lacking(self, heads: list[int]) -> dict[str, Any]:
        """Return what the browser lacks of what is shown."""
        if not self._lacks(heads):
            return {}
        self._result.rows(self.layer, 0, 0)  # a layer that cannot be read says why
        part = self._part(self._result, self.layer, heads)
        return {
            "_attention": packed(self._result, part),
            "_figure": {**self._figure, "top_per_row": part.top},
        }

    def _show(self, state: dict[str, Any]) -> None:
        super()._show(state)
        super()._show({**self._focused(), **self._summed()})

    def _lacks(self, heads: list[int]) -> bool:
        """Whether the browser lacks weights of what is shown."""
        sent = self._attention
        if not holds(sent, self.layer, heads):
            return True
        return self._sums_up(self._result) and sent.get("format") == "csr"

    def _focused(self) -> dict[str, Any]:
        """Return every weight of the pinned token where only its strongest were sent."""
        result, asked = self._result, self._asked()
        nothing: dict[str, Any] = {"_focus": {}} if self._focus else {}
        if result is None or asked is None or self._attention.get("format") != "csr":
            return nothing
        side, token = asked
        tokens = result.tokens if side == "query" else result.key_tokens
        if not 0 <= token < len(tokens) or not holds(self._attention, self.layer, self.heads):
            return nothing
        return {"_focus": focus_state(result, self.layer, self.heads, side, token)}

    def _summed(self) -> dict[str, Any]:
        """Return what hidden and filtered tokens hold, where only the strongest edges were sent."""
        filtered = self.hide_first or self.hide_special or self.pair != "all"
        sent = self._attention
        if not filtered or sent.get("format") != "csr" or not _are_shares(self._result):
            return {}
        shown = self.layer, self.heads
        if holds(self._sums, *shown) or not holds(sent, *shown):
            return {}
        return {"_sums": sums_state(self._result, [self.layer], self.heads or None)}

    def _static_html(self) -> str:
        if self._result is None:
            return "<p>AttentionGraph: no text yet.</p>"
        hidden, given = self._hidden_keys(), self._renormalises()
        return strongest_table(self._result, self.layer, self.heads, hidden, renormalise=given)


def _are_shares(attention: Any) -> bool:
    """Return whether weights are parts of a whole, which can be summed and given to others."""
    return not is_signed(attention) and unit_of(attention) == "share"
