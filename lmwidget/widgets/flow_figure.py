"""What an AttentionFlow says of its picture: the model, the layers, the methods and their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmwidget.mixing import ContextMixing
from lmwidget.widgets.attention_state import empty_figure
from lmwidget.widgets.flow_methods import METHODS, why_not
from lmwidget.widgets.flow_wire import is_linear, starts_at_one

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel


def figure_of(
    attention: Any, mixing: ContextMixing, top: int | None, *, editable: bool
) -> dict[str, Any]:
    """Return what is said of a picture.

    Parameters
    ----------
    attention : Attention
        What the mixing was made from.
    mixing : ContextMixing
        What is drawn.
    top : int or None
        Edges kept of each node; None when all are.
    editable : bool
        Whether the text can be changed.

    Returns
    -------
    dict
        The trait ``_figure``, without the methods.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> mixing = lmw.inspection.rollout(attention)
    >>> figure_of(attention, mixing, None, editable=False)["heads"]
    [4, 4]
    """
    layers = len(mixing)
    return {
        **empty_figure(mixing.model, editable=editable),
        "layers": layers,
        "layer_numbers": list(mixing.layer_numbers),
        "heads": [attention.shape[1]] * layers,
        "kinds": [kind for kind in attention.kinds if kind != "cross"],
        "causal": attention.causal,
        "top_per_row": top,
        "note": mixing.note,
        "label": mixing.label,
        "unit": mixing.unit,
        "explains": mixing.target,
        "minus_own": starts_at_one(mixing),
        "residual": mixing.settings.get("residual"),
        "linear": is_linear(mixing),
        "method": mixing.method,
    }


def with_methods(figure: dict[str, Any], source: Any, lm: LanguageModel | None) -> dict[str, Any]:
    """Return a figure with every method, and why it cannot be had.

    Parameters
    ----------
    figure : dict
        From :func:`figure_of`.
    source : Attention or None
        What there is to compute from.
    lm : LanguageModel or None
        The model, if there is one.

    Returns
    -------
    dict
        The trait ``_figure``.

    Examples
    --------
    >>> [method["name"] for method in with_methods({}, None, None)["methods"]][:2]
    ['attention', 'rollout']
    """
    methods: list[dict[str, Any]] = [
        {
            "name": method.name,
            "summary": method.summary,
            "why_not": None if source is None else why_not(method.name, source, lm),
        }
        for method in METHODS.values()
    ]
    return {**figure, "title": "Attention flow", "methods": methods}


def page_figure(figure: dict[str, Any], mixing: ContextMixing, top: int | None) -> dict[str, Any]:
    """Return a figure for a page without a kernel, which shows one method.

    Parameters
    ----------
    figure : dict
        From :func:`with_methods`.
    mixing : ContextMixing
        What is drawn.
    top : int or None
        Edges kept of each node; None when all are.

    Returns
    -------
    dict
        The trait ``_figure``.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> mixing = lmw.inspection.rollout(lmw.load("tiny").attention("the king said"))
    >>> page_figure(with_methods({}, None, None), mixing, None)["methods"][0]["why_not"]
    'This page has no model: it shows one method.'
    """
    methods = [
        method
        if method["name"] == mixing.method
        else {**method, "why_not": "This page has no model: it shows one method."}
        for method in figure["methods"]
    ]
    own = {"editable": False, "kinds": [mixing.kind], "top_per_row": top}
    return {**figure, **own, "methods": methods}
