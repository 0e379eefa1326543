"""Every error that lmwidget raises on purpose: one sentence on what is wrong, one on what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LmwidgetError(Exception):
    """Base of all errors raised by lmwidget.

    Parameters
    ----------
    message : str
        What is wrong, in one sentence.
    remedy : str, optional
        What the user can do about it, in one sentence.
    """

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message} {remedy}".strip())
        self.message = message
        self.remedy = remedy


class InputError(LmwidgetError, ValueError):
    """The input cannot be used: empty, too long, or a target of several tokens."""


class UnknownNameError(LmwidgetError, ValueError):
    """A layer, head, method, target or keyword that does not exist."""


class NoAttentionError(LmwidgetError):
    """The model has no attention to show, as Mamba or RWKV."""


class UnavailableError(LmwidgetError):
    """Something could not be read exactly, and an approximate picture would mislead."""


class ModelMismatchError(LmwidgetError, ValueError):
    """Model and tokenizer do not belong together, or the model cannot do what is asked."""


class MissingDependencyError(LmwidgetError, ImportError):
    """An optional package is needed; the remedy is the exact pip line."""


class CancelledError(LmwidgetError):
    """The computation was stopped before there was anything to return."""


class InterruptedRunError(CancelledError, KeyboardInterrupt):
    """The keyboard, or the notebook's stop button, ended a computation with nothing to return."""

    def _render_traceback_(self) -> list[str]:
        """Say it in a notebook in one line: where the model was reading is of no interest."""
        return [f"KeyboardInterrupt: {self}"]


_CLOSE = "Did you mean"


def nearest(name: object, candidates: Iterable[object]) -> str:
    """Return a phrase that names the valid choice closest to ``name``.

    Parameters
    ----------
    name : object
        What the user asked for.
    candidates : iterable of object
        The valid names.

    Returns
    -------
    str
        ``"Did you mean 'gradient'?"``, or the list of valid names when none is close.

    Examples
    --------
    >>> nearest("gradeint", ["gradient", "integrated_gradients"])
    "Did you mean 'gradient'?"
    """
    names = [str(candidate) for candidate in candidates]
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.6)
    if close:
        return f"{_CLOSE} {close[0]!r}?"
    # Names that hold the word first, so that the list does not break off before them.
    names.sort(key=lambda candidate: str(name).casefold() not in candidate.casefold())
    shown = ", ".join(repr(candidate) for candidate in names[:12])
    return f"Choose one of {shown}{', …' if len(names) > 12 else ''}."


def refuse_unknown(
    keywords: Iterable[str], valid: Iterable[str], caller: str, also: Iterable[str] = ()
) -> None:
    """Raise for the first keyword that ``caller`` does not take.

    Parameters
    ----------
    keywords : iterable of str
        Keyword names given by the user.
    valid : iterable of str
        Keyword names that exist.
    caller : str
        Name of the function or class, for the message.
    also : iterable of str
        Further names that may have been meant: those taken by who passes the keywords on.

    Raises
    ------
    UnknownNameError
        When a keyword is not among the valid ones; names the nearest valid one.

    Examples
    --------
    >>> refuse_unknown(["layer"], ["layer", "head"], "AttentionGraph")
    """
    valid = list(valid)
    for keyword in keywords:
        if keyword not in valid:
            remedy = nearest(keyword, valid) if valid else "It takes no settings."
            typo = difflib.get_close_matches(keyword, list(also), n=1, cutoff=0.75)
            if typo and not remedy.startswith(_CLOSE):
                remedy = f"{_CLOSE} {typo[0]!r}?"
            raise UnknownNameError(f"{caller} takes no {keyword!r}.", remedy)
