"""Chat messages through the tokenizer's chat template, with the role of every character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lmwidget.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_FORM = 'Write messages as [{"role": "user", "content": "Hello"}].'
_PROBE = "\ue000lmwidget\ue001"


def is_chat(text: object) -> bool:
    """Return whether ``text`` is meant as chat messages.

    Parameters
    ----------
    text : object
        What the user gave.

    Returns
    -------
    bool
        True for one message or a list of them.

    Examples
    --------
    >>> is_chat([{"role": "user", "content": "Hello"}]), is_chat(("a", "b"))
    (True, False)
    """
    if isinstance(text, Mapping):
        return True
    return isinstance(text, list) and any(isinstance(message, Mapping) for message in text)


def render_chat(tokenizer: PreTrainedTokenizerBase, messages: Any) -> tuple[str, list[str | None]]:
    """Return the filled-in chat template and the role of each of its characters.

    Template text has the role of the message that it wraps. When the last message is not the
    assistant's, the template's opening of an answer is added, with the role ``"assistant"``.

    Parameters
    ----------
    tokenizer : transformers tokenizer
        With a chat template.
    messages : list of dict
        ``{"role": ..., "content": ...}`` each.

    Returns
    -------
    tuple of (str, list of (str or None))
        The text, and one role a character.

    Raises
    ------
    InputError
        When the messages have another form, the tokenizer has no chat template, or the template
        refuses them.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> def fill(messages, **settings):
    ...     return "".join(f"<{m['role']}>{m['content']}" for m in messages)
    >>> tokenizer = SimpleNamespace(chat_template="…", apply_chat_template=fill)
    >>> render_chat(tokenizer, [{"role": "assistant", "content": "Hi"}])[1][-1]
    'assistant'
    """
    messages = _checked(messages)
    if not getattr(tokenizer, "chat_template", None):
        raise InputError(
            "This model's tokenizer has no chat template, so it cannot read messages.",
            "Pass the text as one string.",
        )
    opens_answer = messages[-1]["role"] != "assistant"
    text = _fill(tokenizer, messages, add_generation_prompt=opens_answer)
    roles: list[str | None] = ["system"] * _own_system_prompt(tokenizer, messages, text)
    for message, end in zip(messages, _borders(tokenizer, messages, text), strict=True):
        roles += [message["role"]] * (end - len(roles))
    roles += ["assistant" if opens_answer else messages[-1]["role"]] * (len(text) - len(roles))
    return text, roles


def _checked(messages: Any) -> list[dict[str, str]]:
    messages = [messages] if isinstance(messages, Mapping) else messages
    checked = []
    for message in messages:
        if not isinstance(message, Mapping) or not {"role", "content"} <= set(message):
            raise InputError("A chat message needs a role and a content.", _FORM)
        if not isinstance(message["role"], str) or not isinstance(message["content"], str):
            raise InputError("Role and content of a chat message are text.", _FORM)
        checked.append(dict(message))
    return checked


def _fill(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Mapping[str, str]], **settings: bool
) -> str:
    fill: Any = tokenizer.apply_chat_template
    try:
        return str(fill(list(messages), tokenize=False, **settings))
    except Exception as error:  # Jinja templates raise their own errors, of any class
        raise InputError(
            f"The chat template refuses these messages: {error}.",
            "Change the roles or their order.",
        ) from error


def _borders(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Mapping[str, str]], text: str
) -> list[int]:
    """Return where each message ends in the text, wrapping included."""
    borders: list[int] = []
    place = 0
    for count, message in enumerate(messages, start=1):
        content = message["content"].strip()
        found = text.find(content, place)
        place = max(place, found + len(content) if found >= 0 else place)
        try:
            head = _fill(tokenizer, messages[:count], add_generation_prompt=False)
        except InputError:
            head = ""
        # Some templates change earlier turns later on; then the message ends with its content.
        border = _agreeing(head, text)
        place = border if border >= place and border >= 0.98 * len(head) else place
        borders.append(place)
    return borders


def _agreeing(first: str, second: str) -> int:
    pairs = enumerate(zip(first, second, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(first), len(second)))


def _own_system_prompt(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Mapping[str, str]], text: str
) -> int:
    """Return the length of a system message that the template adds by itself."""
    if messages[0]["role"] == "system":
        return 0
    probe = {"role": "system", "content": _PROBE}
    opens_answer = messages[-1]["role"] != "assistant"
    try:
        head = _fill(tokenizer, [probe], add_generation_prompt=False)
        asked = _fill(tokenizer, [probe, *messages], add_generation_prompt=opens_answer)
    except InputError:
        return 0
    before, _, after = head.partition(_PROBE)
    rest = asked[len(head) :]
    own = text[: len(text) - len(rest)]
    fits = asked.startswith(head) and text.endswith(rest) and len(own) > len(before + after)
    return len(own) if fits and own.startswith(before) and own.endswith(after) else 0
