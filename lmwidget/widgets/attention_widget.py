"""What the widgets of attention share: a model and a text, a kind, a layer and heads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import traitlets as t
from numpy.typing import ArrayLike
from typing_extensions import Self

from lmwidget.errors import InputError, LmwidgetError, UnknownNameError
from lmwidget.tokens import Tokens
from lmwidget.widgets.array_attention import ArrayAttention
from lmwidget.widgets.attention_selection import head_list, number
from lmwidget.widgets.attention_state import empty_figure, most_structured
from lmwidget.widgets.base import READY, ModelWidget, as_language_model, has_content

if TYPE_CHECKING:
    from lmwidget.capture.attention import Attention
    from lmwidget.derived import DerivedAttention
    from lmwidget.models.language_model import LanguageModel

_LONG_TEXT = 1024  # tokens
_WORTH_SAYING = 3.0  # seconds


class AttentionWidget(ModelWidget):
    """A picture of the attention of one model over one text.

    A subclass says in :meth:`_picture` what it sends of an attention.

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
        Any other public trait.

    Raises
    ------
    InputError
        When the text cannot be used.
    UnknownNameError
        For a layer, head or keyword that does not exist.
    NoAttentionError
        When the model has no attention.
    """

    _input_traits: tuple[str, ...] = ("text", "kind")
    _unreadable = False  # whether the error on screen is about the layer

    layer = t.Int(0).tag(sync=True)
    "Index of the layer shown, 0 for the first that has attention."

    heads = t.List(t.Int()).tag(sync=True)
    "Heads shown; empty for all."

    kind = t.Unicode("self").tag(sync=True)
    "Which attention: ``self``, or ``encoder``, ``decoder``, ``cross``."

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
        self._first: dict[str, Any] = {
            "layer": layer,
            "heads": head_list(heads),
            "kind": traits.get("kind"),
        }
        super().__init__(**traits)

    @classmethod
    def from_result(cls, attention: Attention | DerivedAttention, **traits: Any) -> Self:
        """Return a picture of attention that has been computed before.

        Parameters
        ----------
        attention : Attention or DerivedAttention
            From ``lm.attention(text)``, ``Attention.load(path)`` or any function of
            :mod:`lmwidget.inspection` that returns attention.
        **traits
            As for the class.

        Returns
        -------
        AttentionWidget
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
    ) -> Self:
        """Return a picture of weights computed elsewhere.

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
        AttentionWidget
            A picture without a model.

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

    # To be written by each widget ------------------------------------------------------------

    def _picture(self, attention: Any, layer: int, heads: list[int]) -> dict[str, Any]:
        """Return the traits that draw an attention: its data, and ``_figure``."""
        raise NotImplementedError

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
        changed_kind = self._result is not None and self.kind != self._result.kind
        if changed_kind and self.text == self._input_text():
            with self._kept_on_failure():
                return {**self._unpinned(), **self._drawn(None, None, self.kind)}
        if self._lm is None:
            raise InputError(
                "This widget has no model, so its text cannot be run.",
                f"Make one with {type(self).__name__}(lm, text).",
            )
        first = self._result is None
        self._input, self._output = self.text, self._output if first else None
        if first:
            return self._read(**self._first)
        return {**self._unpinned(), **self._read(self.layer, list(self.heads), self.kind)}

    def _unpinned(self) -> dict[str, Any]:
        """Return the traits of a pin let go: what was pinned belongs to other tokens."""
        return {name: None for name in ("token", "key") if self.has_trait(name)}

    @contextmanager
    def _kept_on_failure(self) -> Iterator[None]:
        """Keep the result that is drawn when another one cannot be."""
        before = self._result
        try:
            yield
        except BaseException:
            self._result = before
            raise

    def _read(self, layer: int | None, heads: Any, kind: str | None) -> dict[str, Any]:
        assert self._lm is not None
        with self._kept_on_failure():
            tokens = self._lm.tokenize(self._input, truncate=self._truncate)
            with self._told(tokens):
                self._result = self._lm.attention(tokens, output=self._output, kind=kind)
            return self._drawn(layer, heads, kind)

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
        picture = self._picture(attention, layer, list(heads))
        return {
            "text": self._input_text(),
            "kind": attention.kind,
            "layer": layer,
            "heads": list(heads),
            "_tokens": {
                "query": attention.tokens.to_dict(),
                "key": None if same else attention.key_tokens.to_dict(),
            },
            "_status": READY,
            **picture,
            "_figure": {
                **picture["_figure"],
                "model": self._named(attention.model, self._input_tokens()),
            },
        }

    def _followed(self, send: Callable[[list[int]], dict[str, Any]]) -> dict[str, Any]:
        """Return the traits of another layer or other heads: what ``send`` says, or why not.

        Heads that the layer does not have are let go. What cannot be read becomes the status, until
        something is shown that can.
        """
        heads = [head for head in self.heads if head < self._result.heads(self.layer)]
        state: dict[str, Any] = {} if heads == self.heads else {"heads": heads}
        try:
            state |= send(heads)
        except LmwidgetError as error:
            self._unreadable = True
            return {**state, "_status": self._failure(error)}
        if self._unreadable:
            state["_status"] = READY
        self._unreadable = False
        return state

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
