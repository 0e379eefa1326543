"""AttentionMatrix: every weight of a head as a cell, at any length."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t
from numpy.typing import NDArray

from lmwidget.widgets.attention_budget import holds, part_for_page, part_on_screen
from lmwidget.widgets.attention_selection import hidden_keys
from lmwidget.widgets.attention_state import figure_state, packed, strongest_table
from lmwidget.widgets.attention_widget import AttentionWidget
from lmwidget.widgets.base import bundle
from lmwidget.widgets.matrix_field import Field, Pyramid
from lmwidget.widgets.matrix_state import overview_state, page_level, row_state, tiles_state
from lmwidget.widgets.matrix_units import POOLS, unit_of, unit_text

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel


@dataclass(frozen=True)
class Cell:
    """The pinned cell of an :class:`AttentionMatrix`.

    Attributes
    ----------
    query, key : int
        Row and column: indices of tokens, or of the units of ``pool``.
    query_text, key_text : str
        Their text.
    layer : int
        Index of the layer shown.
    heads : tuple of int
        Heads shown.
    weights : ndarray of float32, shape (head,)
        The exact weight in each of these heads.
    weight : float
        Their mean: what the cell shows.
    """

    query: int
    key: int
    query_text: str
    key_text: str
    layer: int
    heads: tuple[int, ...]
    weights: NDArray[np.float32]
    weight: float


class AttentionMatrix(AttentionWidget):
    """A heat map of attention, queries down, keys across; zoom in on any of millions of cells.

    One head, or the mean of the heads shown. A matrix of up to 512 × 512 is sent whole. Of a
    larger one the browser gets the whole in blocks, each shown by its largest weight (of a
    difference, the largest without its sign), and the exact weights of the part it looks at.

    With ``pool`` rows and columns are words, sentences or turns: the weight from Q to K is the
    mean over the queries of Q of the sum over the keys of K,
    ``w[Q, K] = 1/|Q| · Σ_{q in Q} Σ_{k in K} w[q, k]``: how much of the attention of an average
    token of Q goes into K. Rows sum to one as before.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result` or :meth:`from_arrays`.
    text : str, list of messages, or pair of str
        What the model reads.
    layer : int, optional
        Index of the layer shown first. Without it, the layer with the most structured head.
    heads : list of int, optional
        Heads shown first, their mean when several; ``[]`` for all. Without it, the most
        structured head of ``layer``.
    kind : str, optional
        ``"encoder"``, ``"decoder"`` or ``"cross"`` for encoder-decoder models.
    output : str, optional
        What the decoder of an encoder-decoder model reads; without it, the model writes it.
    truncate : bool
        Cut a text that is too long for the model, instead of refusing it.
    **traits
        Any other public trait: ``token``, ``side``, ``key``, ``scale``, ``pool``, ``theme``.

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
    >>> matrix = lmw.AttentionMatrix(lmw.load("tiny"), "the king said", layer=1, heads=[2])
    >>> matrix.token, matrix.key = 3, 1
    >>> cell = matrix.cell
    >>> cell.query_text, cell.key_text, bool(cell.weight == matrix.result[1, 2][3, 1])
    (' said', 'he', True)
    """

    _esm = bundle("attention_matrix.js")
    _css = bundle("attention_matrix.css")
    _bundle = "attention_matrix"
    _bulk_traits = ("_tokens", "_attention", "_overview", "_tiles", "_row")

    side = t.Enum(["query", "key"], "query").tag(sync=True)
    "Whether ``token`` is a row (``query``) or a column (``key``)."

    key = t.Int(None, allow_none=True).tag(sync=True)
    "Index of the pinned cell's key; its query is ``token``."

    scale = t.Enum(["head", "row", "global", "log"], "head").tag(sync=True)
    """Where colour ends: ``head``, at the largest weight of what is shown; ``row``, at each row's
    own; ``global``, at 1, the same for every head; ``log``, from 0.0001 to the largest weight."""

    pool = t.Enum(list(POOLS), "token").tag(sync=True)
    "What rows and columns are: ``token``, ``word``, ``sentence`` or ``turn``."

    _attention = t.Dict().tag(sync=True, echo_update=False)
    _overview = t.Dict().tag(sync=True, echo_update=False)
    _tiles = t.Dict().tag(sync=True, echo_update=False)
    _row = t.Dict().tag(sync=True, echo_update=False)
    _view = t.Dict().tag(sync=True)

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
        self._pyramid: Pyramid | None = None
        self._number = 0
        self._first_pool: str | None = traits.get("pool", "token")  # until traits are set
        super().__init__(
            lm, text, layer=layer, heads=heads, output=output, truncate=truncate, **traits
        )
        self._first_pool = None
        self.observe(self._on_shown, ["layer", "heads", "pool"])
        self.observe(self._on_view, "_view")
        self.observe(self._on_pinned, ["token", "side"])
        self._show(self._pinned_row())

    @property
    def cell(self) -> Cell | None:
        """The pinned cell with its exact weight, or ``None``.

        Returns
        -------
        Cell or None
            None when no cell is pinned, or only a row or a column.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> matrix = lmw.AttentionMatrix(lmw.load("tiny"), "the king said", token=3, key=2)
        >>> 0 <= matrix.cell.weight <= 1
        True
        """
        result, token, key = self._result, self.token, self.key
        if result is None or token is None or key is None or self.side != "query":
            return None
        if not (0 <= token < len(result.tokens) and 0 <= key < len(result.key_tokens)):
            return None
        shown = tuple(self.heads) or tuple(range(result.heads(self.layer)))
        fields = [Field(result, self.layer, [head], self.pool) for head in shown]
        rows, columns = fields[0].starts
        query, key = unit_of(rows, token), unit_of(columns, key)
        weights = np.array([field.rows([query])[0, key] for field in fields], np.float32)
        return Cell(
            query=query,
            key=key,
            query_text=unit_text(result.tokens, rows, query),
            key_text=unit_text(result.key_tokens, columns, key),
            layer=self.layer,
            heads=shown,
            weights=weights,
            weight=float(weights.mean()),
        )

    # State -----------------------------------------------------------------------------------

    def _picture(self, attention: Any, layer: int, heads: list[int]) -> dict[str, Any]:
        part = part_on_screen(attention, layer, heads)
        return {
            **self._cells(attention, layer, heads, sent={}),
            "_row": {},
            "_figure": figure_state(attention, part, editable=self._editable()),
        }

    def _cells(
        self, attention: Any, layer: int, heads: list[int], sent: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the weights themselves while they are few, else the overview."""
        pool = self._first_pool or self.pool
        part = part_on_screen(attention, layer, heads)
        state: dict[str, Any] = {"_tiles": {}}
        if part.top is None:
            if not holds(sent, layer, heads):
                state["_attention"] = packed(attention, part)
        else:
            state["_attention"] = {}
        if part.top is None and pool == "token":
            self._pyramid = None
            return {**state, "_overview": {}}
        self._pyramid = Pyramid(Field(attention, layer, heads, pool))
        self._number += 1
        return {**state, "_overview": overview_state(self._pyramid, layer, heads, self._number)}

    def _published_state(self, max_bytes: int) -> dict[str, Any]:
        result = self._result
        if result is None:
            return self._published_nothing()
        part = part_for_page(result, self.layer, self.heads, max_bytes)
        dense = part.top is None
        state: dict[str, Any] = {
            "_attention": packed(result, part) if dense else {},
            "_overview": {},
            "_tiles": {},
            "_view": {},
            "_figure": {**self._figure, "editable": False, "kinds": [result.kind]},
        }
        if self.pool != "token" or not dense:
            pyramid = self._pyramid or Pyramid(Field(result, self.layer, self.heads, self.pool))
            used = sum(self._size(value) for value in state["_attention"].values())
            level = page_level(pyramid, max(max_bytes // 8, max_bytes - used))
            state["_overview"] = overview_state(
                pyramid, self.layer, self.heads, self._number, level
            )
        return state

    @staticmethod
    def _size(value: Any) -> int:
        return len(value["data"]) if isinstance(value, dict) and "data" in value else 0

    def _on_shown(self, _change: Any) -> None:
        if self._quiet or self._result is None:
            return
        self._show(self._followed(self._readable_cells))
        self._show(self._pinned_row())

    def _readable_cells(self, heads: list[int]) -> dict[str, Any]:
        self._result.rows(self.layer, 0, 0)  # a layer that cannot be read says why
        return self._cells(self._result, self.layer, heads, self._attention)

    def _on_view(self, _change: Any) -> None:
        if self._pyramid is None or self._view.get("number") != self._number:
            return
        self._show({"_tiles": tiles_state(self._pyramid, self._view)})

    def _on_pinned(self, _change: Any) -> None:
        if self._quiet:
            return
        if self.token is None and self.key is not None:
            self._show({"key": None})
        self._show(self._pinned_row())

    def _pinned_row(self) -> dict[str, Any]:
        """Return every weight of the pinned row where only blocks were sent."""
        pyramid, token = self._pyramid, self.token
        nothing: dict[str, Any] = {"_row": {}} if self._row else {}
        if pyramid is None or pyramid.level == 0 or token is None or self.side != "query":
            return nothing
        if not 0 <= token < len(self._result.tokens):
            return nothing
        row = unit_of(pyramid.field.starts[0], token)
        return {"_row": row_state(pyramid.field, row, self._number)}

    def _static_html(self) -> str:
        if self._result is None:
            return "<p>AttentionMatrix: no text yet.</p>"
        nothing = hidden_keys(self._result.key_tokens, first=False, special=False)
        return strongest_table(self._result, self.layer, self.heads, nothing)
