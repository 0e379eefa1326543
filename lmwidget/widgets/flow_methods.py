"""The methods that AttentionFlow draws, and what it draws when nothing is left to compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.mixing import ContextMixing

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel


@dataclass(frozen=True)
class Asked:
    """What a method is asked to compute.

    Attributes
    ----------
    attention : Attention
        The kind of attention shown.
    lm : LanguageModel or None
        The model, when there is one.
    text : Tokens
        What the model reads.
    output : Tokens or None
        What the decoder of an encoder-decoder model reads.
    heads : sequence of int
        Heads that are averaged; empty for all.
    target, foil : str, int or None
        What a method with gradients explains.
    hide_first, hide_special : bool
        Tokens that are not looked at; what is left is renormalised.
    progress : callable, optional
        Called with what is done, all there is, and seconds left.
    """

    attention: Any
    lm: LanguageModel | None
    text: Any
    output: Any = None
    heads: Sequence[int] = ()
    target: str | int | None = None
    foil: str | int | None = None
    hide_first: bool = False
    hide_special: bool = False
    progress: Callable[[int, int, float], None] | None = None


@dataclass(frozen=True)
class Method:
    """One way to say how a layer mixes tokens.

    Attributes
    ----------
    name : str
        Value of the trait ``method``.
    summary : str
        What it is, in words.
    mix : callable
        Computes it from an :class:`Asked`.
    needs_model : bool
        Whether attention weights are not enough.
    """

    name: str
    summary: str
    mix: Callable[[Asked], ContextMixing]
    needs_model: bool = False


def _of_weights(compute: Callable[..., ContextMixing], asked: Asked, **more: Any) -> ContextMixing:
    """Apply a method that takes attention weights, without the tokens that are hidden."""
    from lmwidget.inspection import without

    attention = asked.attention
    if asked.hide_first or asked.hide_special:
        attention = without(attention, first=asked.hide_first, special=asked.hide_special)
    found = compute(attention, heads=list(asked.heads) or "mean", **more)
    said = [getattr(attention, "note", ""), found.note]
    return replace(found, note=" ".join(filter(None, said)))


def _attention(asked: Asked) -> ContextMixing:
    from lmwidget.inspection import mixing_of

    return _of_weights(mixing_of, asked)


def _rollout(asked: Asked) -> ContextMixing:
    from lmwidget.inspection import rollout

    return _of_weights(rollout, asked)


def _flow(asked: Asked) -> ContextMixing:
    from lmwidget.inspection import flow

    return _of_weights(flow, asked, progress=asked.progress)


def _norms(asked: Asked) -> ContextMixing:
    from lmwidget.inspection import norms

    assert asked.lm is not None
    found = norms(asked.lm, asked.text, residual=True, **_of_decoder(asked))
    return found.select(asked.attention.kind).mixing


def _relevance(asked: Asked) -> ContextMixing:
    from lmwidget.inspection import relevance

    assert asked.lm is not None
    found = relevance(
        asked.lm, asked.text, target=asked.target, foil=asked.foil, **_of_decoder(asked)
    )
    if isinstance(found, ContextMixing):
        return found
    return found.encoder if asked.attention.kind == "encoder" else found.decoder


def _of_decoder(asked: Asked) -> dict[str, Any]:
    return {} if asked.output is None else {"output": asked.output}


METHODS = {
    method.name: method
    for method in (
        Method("attention", "attention weights, without the residual stream", _attention),
        Method("rollout", "attention with the residual stream, multiplied", _rollout),
        Method("flow", "the most that the layers let through: maximum flow", _flow),
        Method("norms", "norms of the attention-weighted values", _norms, needs_model=True),
        Method("relevance", "attention weighted by its gradient", _relevance, needs_model=True),
    )
}
"""By name, in the order of the buttons."""


def method_named(name: object) -> Method:
    """Return a method.

    Parameters
    ----------
    name : object
        Its name.

    Returns
    -------
    Method
        What computes it.

    Raises
    ------
    UnknownNameError
        When there is none; names the nearest.

    Examples
    --------
    >>> method_named("rollout").needs_model
    False
    """
    if name not in METHODS:
        raise UnknownNameError(f"There is no method {name!r}.", nearest(name, METHODS))
    return METHODS[str(name)]


def relevant(choice: dict[str, Any], heads: Sequence[int]) -> dict[str, Any]:
    """Return of all choices those that a method depends on.

    Parameters
    ----------
    choice : dict
        ``method`` and the fields of :class:`Asked` that the reader chooses.
    heads : sequence of int
        Heads that are averaged.

    Returns
    -------
    dict
        ``method`` among them.

    Examples
    --------
    >>> relevant({"method": "norms", "target": 3, "hide_first": True}, [1])
    {'method': 'norms'}
    """
    method = choice["method"]
    if method in METHODS and not METHODS[method].needs_model:
        hidden = {name: choice.get(name, False) for name in ("hide_first", "hide_special")}
        return {"method": method, "heads": tuple(heads), **hidden}
    if method == "relevance":
        return {"method": method, "target": choice.get("target"), "foil": choice.get("foil")}
    return {"method": method}


def why_not(name: str, source: Any, lm: LanguageModel | None) -> str | None:
    """Return why a method cannot be computed here, in one sentence.

    Parameters
    ----------
    name : str
        Name of a method.
    source : Attention or Finished
        What is drawn.
    lm : LanguageModel or None
        The model.

    Returns
    -------
    str or None
        None when it can.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> why_not("norms", lmw.load("tiny").attention("the king said"), None)
    'Norms needs the model: make the widget with AttentionFlow(lm, text).'
    """
    if isinstance(source, Finished):
        same = name == source.mixing.method
        return None if same else "This is a finished result: only its own method can be shown."
    if METHODS[name].needs_model and lm is None:
        return f"{name.capitalize()} needs the model: make the widget with AttentionFlow(lm, text)."
    return None


def mixed(name: str, asked: Asked) -> ContextMixing:
    """Return what each layer mixes, by one method.

    Parameters
    ----------
    name : str
        Name of a method.
    asked : Asked
        Of what.

    Returns
    -------
    ContextMixing
        The result.

    Raises
    ------
    InputError
        For cross attention, and for a method that cannot be computed without a model.
    UnknownNameError
        When there is no such method.
    UnavailableError
        When a layer cannot be read, or memory is too small.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> attention = lmw.load("tiny").attention("the king said")
    >>> mixed("rollout", Asked(attention, None, attention.tokens)).method
    'rollout'
    """
    source = asked.attention
    if source.kind == "cross" or source.key_tokens is not source.tokens:
        raise InputError(
            "Cross attention leads from one text to another, so it cannot be followed through "
            "the layers.",
            "Choose kind='encoder' or kind='decoder', or draw it with AttentionGraph.",
        )
    if isinstance(source, Finished):
        return source.mixing
    reason = why_not(method_named(name).name, source, asked.lm)
    if reason:
        raise InputError(reason)
    return METHODS[name].mix(asked)


class Finished:
    """A :class:`lmwidget.mixing.ContextMixing` where a widget looks for attention.

    It has tokens, a kind and layers, and no head to read.

    Parameters
    ----------
    mixing : ContextMixing
        The result.

    Examples
    --------
    >>> from lmwidget.tokens import Tokens
    >>> half = np.full((1, 2, 2), 0.5, np.float32)
    >>> Finished(ContextMixing(Tokens.from_pieces(["a", "b"]), half, "rollout")).shape
    (1, 0, 2, 2)
    """

    title, note, signed = "Attention flow", "", False

    def __init__(self, mixing: ContextMixing) -> None:
        self.mixing = mixing
        self.tokens = self.key_tokens = mixing.tokens
        self.kind, self.kinds = mixing.kind, (mixing.kind,)
        self.model, self.layer_numbers = mixing.model, mixing.layer_numbers
        self.shape = (len(mixing), 0, len(mixing.tokens), len(mixing.tokens))

    @cached_property
    def causal(self) -> bool:
        """Whether no token takes anything from a later one."""
        return not any(np.triu(np.nan_to_num(step), 1).any() for step in self.mixing.steps)

    def heads(self, layer: int) -> int:  # noqa: ARG002
        """Return the number of heads of a layer: none can be chosen."""
        return 0

    def select(self, kind: str) -> Finished:
        """Return itself: there is one kind."""
        if kind != self.kind:
            raise UnknownNameError(f"There is no {kind!r} here.", nearest(kind, self.kinds))
        return self
