"""QueryKeyView: why one token attends to another, from query and key to the weight."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn

import traitlets as t
from typing_extensions import Self

from lmwidget.errors import InputError, LmwidgetError, UnavailableError
from lmwidget.html import table
from lmwidget.widgets.attention_budget import Part
from lmwidget.widgets.attention_state import figure_state
from lmwidget.widgets.attention_widget import AttentionWidget
from lmwidget.widgets.base import bundle
from lmwidget.widgets.query_key_part import best_edge, bytes_of_head, covers, head_part

if TYPE_CHECKING:
    from lmwidget.inspection.attention.query_key import QueryKey
    from lmwidget.models.language_model import LanguageModel

_GIVE = "Give the attention of a model: lm.attention(text)."


class QueryKeyView(AttentionWidget):
    """What is behind one edge: query, key, their product, and every step to the weight.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result`.
    text : str, list of messages, or pair of str
        What the model reads.
    layer : int, optional
        Index of the layer shown first. Without it, the layer with the most structured head.
    heads : list of int, optional
        The head shown first, as a list of one. Without it, the most structured head of ``layer``.
    kind : str, optional
        ``"encoder"``, ``"decoder"`` or ``"cross"`` for encoder-decoder models.
    output : str, optional
        What the decoder of an encoder-decoder model reads; without it, the model writes it.
    truncate : bool
        Cut a text that is too long for the model, instead of refusing it.
    **traits
        Any other public trait: ``token`` (the query), ``key``, ``order``, ``theme``.

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
    >>> view = lmw.QueryKeyView(lmw.load("tiny"), "the king said", layer=1, heads=[0])
    >>> view.token, view.key = 3, 1
    >>> [step.symbol for step in view.result.steps][:2]
    ['q · k', '× 0.2041']
    """

    _esm = bundle("query_key_view.js")
    _css = bundle("query_key_view.css")
    _bundle = "query_key_view"
    _bulk_traits = ("_tokens", "_parts")

    key = t.Int(None, allow_none=True).tag(sync=True)
    "Index of the token that is looked at; ``None`` for the strongest. Another query resets it."

    order = t.Enum(["dimension", "contribution"], "dimension").tag(sync=True)
    "Order of the dimensions: as in the model, or by what each adds to the product."

    _parts = t.List(t.Dict()).tag(sync=True, echo_update=False)

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
        self.observe(self._on_shown, ["layer", "heads", "token", "key"])
        self._on_shown(None)

    @classmethod
    def from_result(cls, attention: Any, **traits: Any) -> Self:
        """Return a picture of attention that has been computed before.

        Parameters
        ----------
        attention : Attention
            From ``lm.attention(text)`` or ``Attention.load(path)``.
        **traits
            As for the class.

        Returns
        -------
        QueryKeyView
            Without a model: everything works but editing the text.

        Raises
        ------
        UnavailableError
            For attention that holds weights only, such as rollout or a difference.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> attention = lmw.load("tiny").attention("The king said")
        >>> lmw.QueryKeyView.from_result(attention, layer=1).layer
        1
        """
        if hasattr(attention, "structure_scores") and not hasattr(attention, "record"):
            name = type(attention).__name__
            raise UnavailableError(f"{name} holds weights only, no queries and keys.", _GIVE)
        return super().from_result(attention, **traits)

    @classmethod
    def from_arrays(cls, *_args: Any, **_traits: Any) -> NoReturn:
        """Refuse: weights alone have no queries and keys.

        Raises
        ------
        UnavailableError
            Always.
        """
        raise UnavailableError("Weights alone have no queries and keys to show.", _GIVE)

    @property
    def attention(self) -> Any:
        """All attention of the text.

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
        >>> lmw.QueryKeyView(lmw.load("tiny"), "the king said").attention.shape
        (2, 4, 4, 4)
        """
        return super().result

    @property
    def result(self) -> QueryKey:  # type: ignore[override]
        """What is shown: one weight, and what it is made of.

        Returns
        -------
        QueryKey
            Query, key, and the steps from their product to the weight.

        Raises
        ------
        InputError
            When there is no text yet.
        UnavailableError
            When the layer's queries and keys were not kept.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> view = lmw.QueryKeyView(lmw.load("tiny"), "the king said", token=3, key=1)
        >>> view.result.query, view.result.key
        (3, 1)
        """
        from lmwidget.inspection.attention.query_key import query_key

        attention = self.attention
        head = self._head(attention, self.layer, self.heads)
        query, key = self._edge(self.layer, head)
        if key is None:
            part = head_part(attention, self.layer, head, query, budget=0)
            key = part["best_keys"][0]
        return query_key(attention, self.layer, head, query, key)

    # State -----------------------------------------------------------------------------------

    def _picture(self, attention: Any, layer: int, heads: list[int]) -> dict[str, Any]:
        figure = figure_state(attention, Part((layer,), None, None), editable=self._editable())
        picture: dict[str, Any] = {"_parts": [], "_figure": {**figure, "title": "Query and key"}}
        try:
            part = head_part(attention, layer, self._head(attention, layer, heads))
            picture["_parts"] = [part]
            picture["_figure"]["rotary"] = self._rotary(part["query"]["shape"][-1])
        except UnavailableError as error:
            self._unreadable = True
            return {**picture, "_status": self._failure(error)}
        return picture

    def _rotary(self, channels: int) -> dict[str, Any]:
        """Return what is known of rotary position embedding; without a model nothing."""
        from lmwidget.inspection.attention.rotary import rotary_pairs

        partners = None if self._lm is None else rotary_pairs(self._lm, channels)
        return {"used": partners is not None, "partners": partners or None}

    @staticmethod
    def _head(attention: Any, layer: int, heads: list[int]) -> int:
        """Return the head that is shown: the first of those chosen that the layer has."""
        return next((head for head in heads if head < attention.heads(layer)), 0)

    def _edge(self, layer: int, head: int) -> tuple[int, int | None]:
        """Return query and key; a query that was not chosen, or that there is not, is the best."""
        attention, query, key = self._result, self.token, self.key
        if key is not None and not 0 <= key < len(attention.key_tokens):
            key = None
        if query is None or not 0 <= query < len(attention.tokens):
            query, best = best_edge(attention, layer, head)
            key = best if key is None else key
        return query, key

    def _on_shown(self, change: Any) -> None:
        if self._quiet or self._result is None:
            return
        if change is not None and change.name == "token":
            self._show({"key": None})
        self._show(self._followed(self._chosen_part))

    def _chosen_part(self, heads: list[int]) -> dict[str, Any]:
        """Return what has to be sent for the chosen edge, if anything."""
        attention, layer = self._result, self.layer
        head = self._head(attention, layer, heads)
        query, key = self._edge(layer, head)
        if any(covers(part, layer, head, query, key) for part in self._parts):
            return {}
        return {"_parts": [head_part(attention, layer, head, query, key)]}

    def _published_state(self, max_bytes: int) -> dict[str, Any]:
        if self._result is None:
            return self._published_nothing()
        attention, layer = self._result, self.layer
        every = [(at, head) for at in range(len(attention)) for head in range(attention.heads(at))]
        here = [(at, head) for at, head in every if at == layer]
        one = [(layer, self._head(attention, layer, self.heads))]
        fitting = (
            some
            for some in (every, here)
            if sum(bytes_of_head(attention, at) for at, _ in some) <= max_bytes
        )
        return {
            "_parts": self._parts_of(next(fitting, one), max_bytes),
            "_figure": {**self._figure, "editable": False, "kinds": [attention.kind]},
        }

    def _parts_of(self, heads: list[tuple[int, int]], budget: int) -> list[dict[str, Any]]:
        parts = []
        for layer, head in heads:
            with contextlib.suppress(UnavailableError):  # its message is in the state
                query, key = self._edge(layer, head)
                parts.append(head_part(self._result, layer, head, query, key, budget=budget))
        return parts

    def _static_html(self) -> str:
        try:
            found = self.result
        except InputError:
            return "<p>QueryKeyView: no text yet.</p>"
        except LmwidgetError as error:
            return table(f"{error}", [], [])
        names = found.tokens.labels[found.query], found.key_tokens.labels[found.key]
        caption = (
            f"Why {names[0]} attends to {names[1]} in {found.model or 'the model'}, layer "
            f"{found.layer}, head {found.head}. Run the notebook for the live view."
        )
        rows = [[step.name, step.symbol, f"{step.value:.4g}"] for step in found.steps]
        return table(caption, ["step", "formula", "value"], rows)
