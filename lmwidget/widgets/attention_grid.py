"""AttentionGrid: every head of every layer at once, as small multiples."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from lmwidget.errors import CancelledError, InputError, LmwidgetError, UnknownNameError, nearest
from lmwidget.html import table
from lmwidget.widgets.attention_budget import Part
from lmwidget.widgets.attention_state import figure_state
from lmwidget.widgets.attention_widget import AttentionWidget
from lmwidget.widgets.base import bundle
from lmwidget.widgets.grid_statistics import STATISTICS, statistics_state, types_state
from lmwidget.widgets.grid_thumbnails import (
    DETAIL_BYTES,
    Thumbnails,
    all_heads,
    detail_bytes,
    details,
    thumbnails,
)
from lmwidget.wire import decode

if TYPE_CHECKING:
    from lmwidget.inspection.attention.head_types import HeadTypes
    from lmwidget.models.language_model import LanguageModel

_PAGE_DETAIL_BYTES = 1_500_000  # heads in full that a page without a kernel carries
_TABLE_ROWS = 12


class AttentionGrid(AttentionWidget):
    """All heads of all layers at once: rows are layers, columns are heads.

    Click a head to see it large here, and to open it in the widgets linked to this one. Hover a
    token to see where it is in every head.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result` or :meth:`from_arrays`.
    text : str, list of messages, or pair of str
        What the model reads.
    layer : int, optional
        Layer of the head shown large first. Without it, the layer with the most structured head.
    heads : list of int, optional
        Head shown large first. Without it, the most structured head of ``layer``.
    output : str, optional
        What the decoder of an encoder-decoder model reads; without it, the model writes it.
    truncate : bool
        Cut a text that is too long for the model, instead of refusing it.
    types : bool or HeadTypes
        Label the heads by what they do, which takes a few passes over repeated random text; or
        the labels that :func:`lmwidget.inspection.head_types` returned.
    **traits
        Any other public trait: ``kind``, ``statistic``, ``order``, ``flat``, ``descending``,
        ``at_least``, ``at_most``, ``show_types``, ``scale``, ``size``, ``token``, ``side``,
        ``theme``.

    Raises
    ------
    InputError
        When the text cannot be used.
    UnknownNameError
        For a layer, head, statistic or keyword that does not exist.
    NoAttentionError
        When the model has no attention.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> grid = lmw.AttentionGrid(lm, "the king said", statistic="entropy")
    >>> graph = lmw.AttentionGraph(lm, "the king said")
    >>> lmw.link(grid, graph)
    >>> grid.layer, grid.heads = 1, [2]
    >>> graph.layer, graph.heads
    (1, [2])
    """

    _esm = bundle("attention_grid.js")
    _css = bundle("attention_grid.css")
    _bundle = "attention_grid"
    _bulk_traits = ("_tokens", "_thumbnails", "_statistics", "_detail")
    _input_traits = ("text", "kind", "types")
    _typed_traits = ("text", "kind", "types")

    side = t.Enum(["query", "key"], "query").tag(sync=True)
    "Whether the pinned token is lit where it looks, or where it is looked at."

    statistic = t.Unicode("entropy").tag(sync=True)
    "Number under each head: ``entropy``, ``distance``, ``first``, …; empty for none."

    order = t.Enum(["head", "statistic", "type"], "head").tag(sync=True)
    "Order of the heads: as in the model, by the statistic, or by type."

    flat = t.Bool(False).tag(sync=True)
    "Order the heads of all layers together, instead of a row for each layer."

    descending = t.Bool(False).tag(sync=True)
    "Begin with the largest value of the statistic."

    at_least = t.Float(None, allow_none=True).tag(sync=True)
    "Heads whose statistic is smaller fade away."

    at_most = t.Float(None, allow_none=True).tag(sync=True)
    "Heads whose statistic is larger fade away."

    show_types = t.List(t.Unicode()).tag(sync=True)
    "Heads of none of these types fade away; empty for no such filter."

    scale = t.Enum(["head", "global"], "head").tag(sync=True)
    "Colours from 0 to each head's own largest weight, or to 1 in all heads."

    size = t.Int(None, allow_none=True, min=16, max=160).tag(sync=True)
    "Side of a thumbnail in pixels; ``None`` to fit the page."

    types = t.Bool(False).tag(sync=True)
    "Label the heads by what they do; computed once a model."

    _thumbnails = t.Dict().tag(sync=True, echo_update=False)
    _statistics = t.Dict().tag(sync=True, echo_update=False)
    _types = t.Dict().tag(sync=True, echo_update=False)
    _detail = t.Dict().tag(sync=True, echo_update=False)

    def __init__(
        self,
        lm: LanguageModel | None = None,
        text: Any = "",
        *,
        layer: int | None = None,
        heads: int | Iterable[int] | None = None,
        output: Any = None,
        truncate: bool = False,
        types: bool | HeadTypes = False,
        **traits: Any,
    ) -> None:
        self._head_types: Any = None if isinstance(types, bool) else types
        self._small = Thumbnails(np.zeros((0, 1, 1), "u1"), np.zeros(0, "f4"), (), (1, 1))
        self._wanted = bool(types) if isinstance(types, bool) else True
        super().__init__(
            lm,
            text,
            layer=layer,
            heads=heads,
            output=output,
            truncate=truncate,
            types=self._wanted,
            **traits,
        )
        self.observe(self._on_chosen, ["layer", "heads"])

    # State -----------------------------------------------------------------------------------

    def _compute(self) -> dict[str, Any]:
        self._wanted = self.types
        same = self._result is not None and self.kind == self._result.kind
        if same and self.text == self._input_text():
            return {"_types": self._labelled(self._result), "_status": self._before}
        return super()._compute()

    def _picture(self, attention: Any, layer: int, heads: list[int]) -> dict[str, Any]:
        with self._progress() as report:

            def tick(done: int, total: int, seconds_left: float) -> None:
                if self._cancel.is_set():
                    raise CancelledError("Stopped.")
                report(done, total, seconds_left)

            self._small = thumbnails(attention, tick)
        part = Part(tuple(range(attention.shape[0])), None, None)
        return {
            "_thumbnails": self._small.state(),
            "_statistics": statistics_state(attention, self._small.heads),
            "_types": self._labelled(attention),
            "_detail": _detail(attention, layer, heads),
            "_figure": {
                **figure_state(attention, part, editable=self._editable()),
                "labels": self._lm is not None,
            },
        }

    def _labelled(self, attention: Any) -> dict[str, Any]:
        """Return the trait ``_types``; that labels cannot be had is no error of the picture."""
        if not self._wanted:
            return {"labels": None, "error": ""}
        try:
            if self._head_types is None:
                self._head_types = self._find_types()
            return types_state(self._head_types, attention, self._small.heads)
        except LmwidgetError as error:
            return {"labels": None, "error": str(error)}

    def _find_types(self) -> HeadTypes:
        if self._lm is None:
            raise InputError(
                "This widget has no model, so its heads cannot be labelled.",
                "Give types=lmw.inspection.head_types(lm).",
            )
        from lmwidget.inspection import head_types

        return head_types(self._lm)

    def _published_state(self, max_bytes: int) -> dict[str, Any]:
        if self._result is None:
            return self._published_nothing()
        small = self._small
        if small.cells.nbytes > max_bytes:
            small = thumbnails(self._result, max_bytes=max_bytes)
        room = min(_PAGE_DETAIL_BYTES, max_bytes - small.cells.nbytes)
        chosen = [(self.layer, head) for head in self.heads[:1]]
        scores = np.nan_to_num(self._result.structure_scores(), nan=-1.0)
        best = sorted(small.heads, key=lambda pair: -scores[pair])
        heads = list(dict.fromkeys([*chosen, *best]))[: room // detail_bytes(self._result)]
        return {
            "_thumbnails": small.state(),
            "_detail": details(self._result, heads),
            "_figure": {
                **self._figure,
                "editable": False,
                "labels": False,
                "kinds": [self._result.kind],
            },
        }

    def _on_chosen(self, _change: Any) -> None:
        if self._quiet or self._result is None:
            return
        self._show(self._followed(self._chosen_detail))

    def _chosen_detail(self, heads: list[int]) -> dict[str, Any]:
        if heads and [self.layer, heads[0]] not in self._detail.get("heads", []):
            return {"_detail": _detail(self._result, self.layer, heads)}
        return {}

    @t.validate("statistic")
    def _valid_statistic(self, proposal: Any) -> str:
        name = str(proposal["value"])
        if name and name not in STATISTICS:
            raise UnknownNameError(f"There is no statistic {name!r}.", nearest(name, STATISTICS))
        return name

    # Without scripts ---------------------------------------------------------------------------

    def _static_html(self) -> str:
        if self._result is None:
            return "<p>AttentionGrid: no text yet.</p>"
        names = self._statistics["names"]
        values = decode(self._statistics["values"]) if names else self._small.largest[None]
        labels = self._types.get("labels") or [[] for _ in self._small.heads]
        first = np.lexsort((np.nan_to_num(values[0], nan=np.inf), [not some for some in labels]))
        rows = []
        for place in first[:_TABLE_ROWS]:
            layer, head = self._small.heads[place]
            numbers = [f"{value:.3g}" for value in values[:, place]]
            number = str(self._result.layer_numbers[layer])
            rows.append([number, str(head), ", ".join(labels[place]), *numbers])
        what = self._result.model or "the data"
        caption = (
            f"{len(rows)} of {len(self._small.heads)} heads of {what}, the most focused first. "
            "Run the notebook for the live grid."
        )
        return table(caption, ["layer", "head", "type", *(names or ["largest weight"])], rows)


def _detail(attention: Any, layer: int, heads: list[int]) -> dict[str, Any]:
    """Return the chosen head in full; every head when all of them are small."""
    every = all_heads(attention)
    if len(every) * detail_bytes(attention) <= DETAIL_BYTES:
        return details(attention, every)
    return details(attention, [(layer, head) for head in heads[:1]])
