"""What a reader chooses in an :class:`AttentionGraph`, from Python or in the browser."""

from __future__ import annotations

from typing import Any

import traitlets as t

from lmwidget.errors import UnknownNameError, nearest
from lmwidget.widgets.attention_widget import AttentionWidget

PAIRS = ("all", "A→A", "A→B", "B→A", "B→B")


class GraphTraits(AttentionWidget):
    """The public traits of an :class:`AttentionGraph`, and what may be written to them.

    Parameters
    ----------
    *args, **settings
        As for :class:`AttentionWidget`; ``_first_written`` is the index of the first token that
        the model wrote, of a text that it wrote.
    """

    mean = t.Bool(False).tag(sync=True)
    """Draw the mean of the heads shown instead of each. For a weighted mean, or any
    other linear combination, draw ``lmwidget.inspection.combine(attention, weights)``."""

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

    renormalise = t.Bool(False).tag(sync=True)
    "Give the weight of hidden tokens to the others: each token's weights sum to 1 again."

    pair = t.Unicode("all").tag(sync=True)
    """Of a sentence pair, only the edges from one text to one text: ``"A→A"``, ``"A→B"``,
    ``"B→A"``, ``"B→B"`` (``->`` will do), or ``"all"``."""

    collapsed = t.List(t.Int(min=0)).tag(sync=True)
    """Chat turns or texts of a pair drawn as one row each, by their number from 0: as a target the
    sum over its tokens, as a source their mean. For texts of up to 300 tokens."""

    step = t.Int(None, allow_none=True, min=0).tag(sync=True)
    """Of a text that the model wrote (:meth:`from_generation`), the written token that is shown
    being written, from 0; ``None`` for the whole text."""

    view = t.Enum(["columns", "arcs", "lines"], "columns").tag(sync=True)
    "Two columns of tokens, arcs over one line of text, or links between two lines of text."

    search = t.Unicode("").tag(sync=True)
    "Highlights the tokens that contain this text."

    def __init__(self, *args: Any, **settings: Any) -> None:
        self._first_written: int | None = settings.pop("_first_written", None)
        super().__init__(*args, **settings)

    def _asked(self) -> tuple[str, int] | None:
        """Return the side and token whose edges stand out: the pinned one, or that of the step."""
        if self.token is not None:
            return self.side, self.token
        start = self._start_here()
        return None if self.step is None or start is None else ("query", start + self.step - 1)

    def _start_here(self) -> int | None:
        """Return the first token that was written, where these queries are the text written."""
        return (
            None if self._result is None or self._result.kind == "encoder" else self._first_written
        )

    # Validation ------------------------------------------------------------------------------

    @t.validate("pair")
    def _valid_pair(self, proposal: Any) -> str:
        pair = str(proposal["value"]).replace("->", "→")
        if pair not in PAIRS:
            raise UnknownNameError(f"There is no pair {pair!r}.", nearest(pair, PAIRS))
        return pair

    @t.validate("step")
    def _valid_step(self, proposal: Any) -> int | None:
        step: int | None = proposal["value"]
        if step is None:
            return None
        if self._first_written is None:
            raise UnknownNameError(
                "This text was not written by the model, so it has no steps.",
                "Draw one: lmw.AttentionGraph.from_generation(lm.generate(text)).",
            )
        written = len(self._written()) - self._first_written
        if not 0 <= step < written:
            raise UnknownNameError(
                f"There is no step {step}.", f"Choose a step from 0 to {written - 1}."
            )
        return step

    def _written(self) -> Any:
        """Return the tokens of which some were written."""
        kinds = self._result.kinds
        return self._result.select("decoder" if "decoder" in kinds else kinds[0]).tokens
