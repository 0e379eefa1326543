"""A text that the model writes, with the attention of every step."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from lmwidget.capture.attention import (
    Attention,
    attention_of,
    capture_attention,
    check_precision,
    parts_of,
)
from lmwidget.capture.guard import as_found
from lmwidget.capture.hooks.steps import StepRecorder
from lmwidget.capture.indexing import whole
from lmwidget.errors import InputError, ModelMismatchError
from lmwidget.models import editing, tokenizing
from lmwidget.models.decoding import GREEDY, padding
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel

_SEVERAL = ("num_beams", "num_return_sequences", "num_beam_groups")
_REFUSED = ("return_dict_in_generate", "streamer", "past_key_values", "assistant_model")


@dataclass(frozen=True)
class Generation:
    """What a model has written, and what it looked at meanwhile.

    Attributes
    ----------
    tokens : Tokens
        The prompt and what was written; of an encoder-decoder, the decoder's side.
    start : int
        Index of the first token that was written.
    text : str
        What was written.
    attention : Attention
        Of all tokens. Row ``i`` was computed when token ``i`` had just been read, so the row before
        a written token is what the model looked at to write it.
    """

    tokens: Tokens
    start: int
    text: str
    attention: Attention

    def __repr__(self) -> str:
        return f"<Generation {self.text!r}, {len(self.tokens) - self.start} tokens>"


def generate(
    lm: LanguageModel,
    tokens: Tokens,
    max_new_tokens: int = 64,
    *,
    precision: str = "full",
    **settings: Any,
) -> Generation:
    """Let the model write, and return the text with the attention of every step.

    The attention is read during ``model.generate`` itself, from its cache of keys: nothing is
    computed twice. Where a model keeps a cache that forgets (sliding windows) or attention that
    cannot be recomputed from queries and keys, the finished text is read once more.

    Parameters
    ----------
    lm : LanguageModel
        A model with ``generate``.
    tokens : Tokens
        The prompt, or the input of an encoder-decoder.
    max_new_tokens : int, default 64
        Most tokens written.
    precision : str, default "full"
        ``"half"`` keeps queries and keys in 16 bits.
    **settings
        Of ``model.generate``: ``do_sample``, ``temperature``, ``top_p``, … Greedy by default.

    Returns
    -------
    Generation
        Text, tokens, attention.

    Raises
    ------
    InputError
        When the text would not fit the model's context, or several sequences are asked for.
    ModelMismatchError
        When the model cannot generate.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> made = generate(lm, lm.tokenize("The king of the king of the"), max_new_tokens=3)
    >>> len(made.tokens), made.attention.shape[2]
    (10, 10)
    """
    _check(lm, tokens, max_new_tokens, precision, settings)
    max_new_tokens = int(max_new_tokens)
    start = time.perf_counter()
    given = ("input_ids", "attention_mask")
    inputs = {name: value for name, value in lm.inputs(tokens).items() if name in given}
    steps = StepRecorder(lm.model, half=precision == "half")
    with as_found(lm.model), torch.no_grad(), steps:
        # One more than asked for: a token is read, and has a row, only to write the next.
        criteria = [*settings.pop("stopping_criteria", ()), steps.relax]
        settings = {**GREEDY, **settings, "max_new_tokens": max_new_tokens + 1}
        settings["stopping_criteria"] = criteria
        ids = lm.model.generate(**inputs, **padding(lm), **settings)[0].tolist()[:-1]
    sides: tuple[Tokens, Tokens | None]
    if lm.task == "seq2seq":
        first, written = 1, tokenizing.tokens_from_ids(lm.tokenizer, ids)
        sides = (tokens, written)
    else:
        first, new = len(tokens), tokenizing.tokens_from_ids(lm.tokenizer, ids[len(tokens) :])
        written = editing.join(tokens, new) if len(new) else tokens
        sides = (written, None)
    if steps.whole:
        attention = attention_of(lm, parts_of(lm, steps.joined(), *sides))
    else:
        del steps
        attention = capture_attention(lm, *sides, precision=precision)
    attention.cost["seconds"] = time.perf_counter() - start
    return Generation(written, first, _text(written, first), attention)


def _text(tokens: Tokens, first: int) -> str:
    start = int(tokens.spans[first, 0]) if first < len(tokens) else len(tokens.text)
    return tokens.text[start:]


def _check(
    lm: LanguageModel,
    tokens: Tokens,
    max_new_tokens: int,
    precision: str,
    settings: dict[str, Any],
) -> None:
    writes = lm.task in ("causal", "seq2seq") and hasattr(lm.model, "generate")
    if not writes:
        raise ModelMismatchError(
            f"{lm.name} cannot write text.", "Use a causal model or an encoder-decoder."
        )
    check_precision(precision)
    if whole(max_new_tokens, "number of new tokens") < 1:
        raise InputError("There is nothing to write.", "Ask for max_new_tokens=1 or more.")
    several = [name for name in _SEVERAL if settings.get(name, 1) not in (1, None)]
    refused = several + [name for name in _REFUSED if name in settings]
    if refused:
        raise InputError(
            f"generate() writes one text, step by step, so {refused[0]} cannot be given.",
            f"Leave {refused[0]} out.",
        )
    limit = lm.context_length
    if lm.task == "causal" and limit is not None and len(tokens) + max_new_tokens >= limit:
        raise InputError(
            f"A prompt of {len(tokens)} tokens and {max_new_tokens} new ones do not fit into the "
            f"{limit} tokens that {lm.name} reads.",
            f"Ask for fewer than {max(1, limit - len(tokens))} new tokens.",
        )
