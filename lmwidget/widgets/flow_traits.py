"""What a reader chooses in an :class:`AttentionFlow`, from Python or in the browser."""

from __future__ import annotations

import traitlets as t

from lmwidget.widgets.attention_widget import AttentionWidget


class FlowTraits(AttentionWidget):
    """The public traits of an :class:`AttentionFlow`.

    Parameters
    ----------
    *args, **settings
        As for :class:`AttentionWidget`.
    """

    _choices = ("method", "target", "foil", "hide_first", "hide_special")
    _input_traits = ("text", "kind", "heads", *_choices)
    _bulk_traits = ("_tokens", "_steps", "_trace")

    method = t.Unicode("rollout").tag(sync=True)
    "What an edge is: ``attention``, ``rollout``, ``flow``, ``norms`` or ``relevance``."

    target = t.Union([t.Int(), t.Unicode()], default_value=None, allow_none=True).tag(sync=True)
    "What ``relevance`` explains: token or class, as text or id; ``None`` for the model's top prediction."

    foil = t.Union([t.Int(), t.Unicode()], default_value=None, allow_none=True).tag(sync=True)
    "The alternative that ``relevance`` contrasts with, or ``None``."

    hide_first = t.Bool(False).tag(sync=True)
    "Leave out the first token, often an attention sink, and renormalise the rest; of weights only."

    hide_special = t.Bool(False).tag(sync=True)
    "Leave out special tokens and renormalise the rest; of weights only."

    threshold = t.Float(0.0, min=0.0, max=1.0).tag(sync=True)
    "Edges of less than this share of what passes their layer are not drawn."

    top_k = t.Int(None, allow_none=True, min=1).tag(sync=True)
    "Draw only this many edges into each node; ``None`` for all."

    fold = t.Bool(None, allow_none=True).tag(sync=True)
    "Show only tokens that carry 1 % or more; ``None``: from 60 tokens on."

    _steps = t.Dict().tag(sync=True, echo_update=False)
    _trace = t.Dict().tag(sync=True, echo_update=False)
