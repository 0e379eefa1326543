"""AttentionFlow: how tokens mix from layer to layer, and what an output is made of."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t
from numpy.typing import NDArray
from typing_extensions import Self

from lmwidget.errors import CancelledError, InputError, LmwidgetError
from lmwidget.mixing import ContextMixing
from lmwidget.widgets.attention_selection import number
from lmwidget.widgets.attention_state import empty_figure
from lmwidget.widgets.base import READY, bundle
from lmwidget.widgets.flow_figure import figure_of, page_figure, with_methods
from lmwidget.widgets.flow_methods import (
    Asked,
    Finished,
    method_named,
    mixed,
    relevant,
)
from lmwidget.widgets.flow_trace import packed_trace
from lmwidget.widgets.flow_traits import FlowTraits
from lmwidget.widgets.flow_wire import (
    STEPS_BYTES,
    edges_kept,
    first_selected,
    is_linear,
    packed_steps,
    sources_table,
)
from lmwidget.wire import decode

if TYPE_CHECKING:
    from lmwidget.capture.attention import Attention
    from lmwidget.derived import DerivedAttention
    from lmwidget.models.language_model import LanguageModel

_REMEMBERED = 50_000_000  # bytes of results of other methods


class AttentionFlow(FlowTraits):
    """A graph of how tokens mix across the layers; select an output and see its sources.

    Tokens are rows, layers go from left (the input) to right. A node is what a layer gives out at
    a token; an edge says how much of a node before the layer is in it.

    Parameters
    ----------
    lm : LanguageModel, optional
        The model; without one, use :meth:`from_result` or :meth:`from_arrays`.
    text : str, list of messages, or pair of str
        What the model reads.
    method : str
        What an edge is: ``"rollout"`` (attention with the residual stream, Abnar & Zuidema 2020),
        ``"attention"`` (without it), ``"flow"`` (maximum flow), ``"norms"`` (value-weighted,
        Kobayashi et al. 2020), ``"relevance"`` (gradient-weighted, Chefer et al. 2021).
    layer : int, optional
        Layer of the selected node, from 0; default: the last.
    heads : list of int, optional
        Heads that are averaged, for ``attention``, ``rollout`` and ``flow``; default: all.
    kind : str, optional
        ``"encoder"`` or ``"decoder"`` for encoder-decoder models.
    output : str, optional
        What the decoder of an encoder-decoder model reads; without it, the model writes it.
    truncate : bool
        Cut a text that is too long for the model, instead of refusing it.
    **traits
        Any other public trait: ``method``, ``token``, ``target``, ``foil``, ``threshold``,
        ``top_k``, ``fold``, ``theme``.

    Raises
    ------
    InputError
        When the text cannot be used, or cross attention is asked for.
    UnknownNameError
        For a layer, head, method or keyword that does not exist.
    UnavailableError
        When a layer cannot be read, or the text is too long for the memory.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> flow = lmw.AttentionFlow(lmw.load("tiny"), "the king said")
    >>> flow.method, flow.token, flow.layer
    ('rollout', 3, 1)
    >>> flow.sources.shape
    (4,)
    """

    _esm = bundle("attention_flow.js")
    _css = bundle("attention_flow.css")
    _bundle = "attention_flow"
    unlinked = ("heads", "side")

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
        self._mixing: ContextMixing | None = None
        self._known: dict[tuple[Any, ...], ContextMixing] = {}
        self._known_of: Any = None
        self._choice = {name: traits.get(name, getattr(self, name)) for name in self._choices}
        if not isinstance(traits.get("_result"), Finished):
            method_named(self._choice["method"])
        self._given = {name: traits[name] for name in ("token",) if name in traits}
        self._tracer: threading.Thread | None = None
        self._traced_of: ContextMixing | None = None
        self._report: Callable[[int, int, float], None] = lambda *_: None
        super().__init__(
            lm, text, layer=layer, heads=heads, output=output, truncate=truncate, **traits
        )
        self.observe(self._on_selected, ["layer", "token"])

    @classmethod
    def from_result(
        cls, attention: ContextMixing | Attention | DerivedAttention, **traits: Any
    ) -> Self:
        """Return a picture of what has been computed before.

        Parameters
        ----------
        attention : ContextMixing, Attention or DerivedAttention
            From ``lmwidget.inspection``, or from ``lm.attention(text)``.
        **traits
            As for the class.

        Returns
        -------
        AttentionFlow
            Without a model: of attention, the methods that need no more than its weights.

        Raises
        ------
        InputError
            For anything else.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> attention = lmw.load("tiny").attention("The king said")
        >>> lmw.AttentionFlow.from_result(attention, method="attention").result.method
        'attention'
        """
        if isinstance(attention, ContextMixing):
            return cls(_result=Finished(attention), **{**traits, "method": attention.method})
        return super().from_result(attention, **traits)

    @property
    def result(self) -> ContextMixing:  # type: ignore[override]
        """What is drawn.

        Returns
        -------
        ContextMixing
            What each layer mixes, by the present method.

        Raises
        ------
        InputError
            When there is no text yet.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.AttentionFlow(lmw.load("tiny"), "the king said").result.steps.shape
        (2, 4, 4)
        """
        if self._mixing is None:
            raise InputError("There is nothing yet.", "Set flow.text first.")
        return self._mixing

    @property
    def sources(self) -> NDArray[np.float32] | None:
        """What the selected node is made of.

        Returns
        -------
        ndarray of float32, shape (key,), or None
            How much of each input token is in it; None when nothing is selected.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> flow = lmw.AttentionFlow(lmw.load("tiny"), "the king said", token=2)
        >>> round(float(flow.sources.sum()), 3)
        1.0
        """
        node = self._node()
        if node is None or self._mixing is None:
            return None
        traced = (self._trace.get("token"), self._trace.get("layer")) == node
        if traced and not is_linear(self._mixing):  # a maximum flow is not solved again
            known: NDArray[np.float32] = decode(self._trace["nodes"])[0]
            return known
        return self._mixing.row(*node)

    def wait(self, timeout: float = 600.0) -> None:
        """Return when what the browser asked for has been computed.

        Parameters
        ----------
        timeout : float
            Longest wait, in seconds.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> flow = lmw.AttentionFlow(lmw.load("tiny"), "the king said")
        >>> flow.set_state({"method": "attention"})
        >>> flow.wait()
        >>> flow.result.method
        'attention'
        """
        super().wait(timeout)
        if self._tracer is not None:
            self._tracer.join(timeout)

    def _node(self) -> tuple[int, int] | None:
        """Return token and layer of the selected node."""
        return self._node_at(self.token, self.layer)

    def _node_at(self, token: int | None, layer: int) -> tuple[int, int] | None:
        mixing = self._mixing
        if mixing is None or token is None or not (0 <= token < len(mixing.tokens) and len(mixing)):
            return None
        return token, min(layer, len(mixing) - 1)

    # State -----------------------------------------------------------------------------------

    def _initial_state(self) -> dict[str, Any]:
        state = super()._initial_state()
        if self._mixing is None:
            state["_figure"] = self._described(
                empty_figure(state["_figure"]["model"], editable=True)
            )
        return state

    def _compute(self) -> dict[str, Any]:
        changed: dict[str, Any] = {}
        before = self._result, self._choice
        new_text = before[0] is None or self.text != self._input_text()
        if new_text and self._lm is not None and self._lm.task != "sequence-classification":
            changed = {"target": None, "foil": None}
        self._choice = {name: changed.get(name, getattr(self, name)) for name in self._choices}
        try:
            if new_text:
                return {**super()._compute(), **(changed if before[0] is not None else {})}
            return self._drawn(self.layer, list(self.heads), self.kind)
        except BaseException:
            self._result, self._choice = before
            raise

    def _drawn(self, layer: int | None, heads: Any, kind: str | None) -> dict[str, Any]:
        attention = self._result
        if kind not in {None, attention.kind}:
            attention = attention.select(kind)
        last = attention.shape[0] - 1
        shown = last if layer is None or (self._mixing is not None and layer > last) else layer
        return super()._drawn(shown, heads or [], kind)

    def _picture(self, attention: Any, layer: int, heads: list[int]) -> dict[str, Any]:
        mixing = self._mix(attention, heads)
        same = self._mixing is not None and self._mixing.tokens == mixing.tokens
        self._mixing = mixing
        top = edges_kept(mixing, STEPS_BYTES)
        if self._given:
            token = self._given.pop("token")
        else:
            token = self.token if same else first_selected(mixing, causal=attention.causal)
        state = {
            "_steps": packed_steps(mixing, top),
            "_figure": self._described(
                figure_of(attention, mixing, top, editable=self._editable())
            ),
            "token": token,
            "method": mixing.method,
        }
        return {**state, **self._traced(self._node_at(token, layer), top)}

    def _mix(self, attention: Any, heads: list[int]) -> ContextMixing:
        """Compute what is asked for, or find it among what was computed for this text."""
        if self._known_of is not attention.tokens:
            self._known, self._known_of = {}, attention.tokens
        choice = relevant(self._choice, heads)
        key = (attention.kind, *((name, repr(value)) for name, value in choice.items()))
        if key not in self._known:
            asked = Asked(
                attention,
                self._lm,
                self._input_tokens(),
                output=self._output_tokens(),
                progress=self._relay,
                **{name: value for name, value in choice.items() if name != "method"},
            )
            self._known[key] = mixed(str(choice["method"]), asked)
        found = self._known[key]
        if sum(mixing.steps.nbytes for mixing in self._known.values()) > _REMEMBERED:
            self._known = {key: found}
        return found

    def _output_tokens(self) -> Any:
        kinds = self._result.kinds
        return self._result.select("decoder").tokens if "decoder" in kinds else None

    def _described(self, figure: dict[str, Any]) -> dict[str, Any]:
        return with_methods(figure, self._result, self._lm)

    def _published_state(self, max_bytes: int) -> dict[str, Any]:
        if self._mixing is None:
            return self._published_nothing()
        top = edges_kept(self._mixing, max_bytes)
        return {
            "_steps": packed_steps(self._mixing, top),
            "_figure": page_figure(self._figure, self._mixing, top),
            **({} if top is None else self._traced(self._node(), top)),
        }

    # Selecting -------------------------------------------------------------------------------

    def _traced(self, node: tuple[int, int] | None, top: int | None) -> dict[str, Any]:
        """Return the trace of a node, where the browser cannot compute it exactly."""
        mixing = self._mixing
        if mixing is None or node is None or (is_linear(mixing) and top is None):
            return {"_trace": {}}
        if (
            self._trace.get("token"),
            self._trace.get("layer"),
        ) == node and self._traced_of is mixing:
            return {}
        try:
            with self._progress() as self._report:
                trace = packed_trace(mixing, *node)
        except CancelledError:  # the steps are shown without it
            return {"_trace": {}}
        self._traced_of = mixing
        return {"_trace": trace}

    def _relay(self, done: int, total: int, seconds_left: float) -> None:
        """Take the progress of a maximum flow, and stop it when it is no longer wanted."""
        if self._cancel.is_set():
            raise CancelledError("The flow was stopped.")
        self._report(done, total, seconds_left)

    def _on_selected(self, _change: Any) -> None:
        if self._quiet or self._mixing is None:
            return
        if is_linear(self._mixing) or not self._browser:
            self._cancel = threading.Event()
            self._show(
                {**self._traced(self._node(), self._figure["top_per_row"]), "_status": READY}
            )
            return
        self._cancel.set()
        self._tracer = threading.Thread(target=self._trace_later, daemon=True, name="lmwidget")
        self._tracer.start()

    def _trace_later(self) -> None:
        """Compute the trace of the newest selection; maximum flow takes its time."""
        with self._turn:
            if threading.current_thread() is not self._tracer:
                return
            self._cancel = threading.Event()
            self._status = {**READY, "state": "loading"}
            try:
                self._show({**self._traced(self._node(), None), "_status": READY})
            except LmwidgetError as error:
                self._status = self._failure(error)

    def _static_html(self) -> str:
        node, row = self._node(), self.sources
        if self._mixing is None or node is None or row is None:
            return "<p>AttentionFlow: nothing is selected.</p>"
        return sources_table(self._mixing, row, *node)

    # Validation ------------------------------------------------------------------------------

    def _check_layer(self, given: Any) -> int:
        layer = number(given, "layer")
        count = 0 if self._result is None else self._result.shape[0]
        return super()._check_layer(layer + count if -count <= layer < 0 else layer)

    @t.validate("method")
    def _valid_method(self, proposal: Any) -> str:
        if isinstance(self._result, Finished):
            return self._result.mixing.method
        return method_named(proposal["value"]).name
