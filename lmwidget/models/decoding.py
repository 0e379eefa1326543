"""The output side of encoder-decoders: where it starts, and what the model writes by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lmwidget.errors import ModelMismatchError
from lmwidget.models import editing, tokenizing
from lmwidget.models.tasks import has_head
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.reader import Reader


def output_tokens(lm: Reader, text: str) -> Tokens:
    """Return decoder input for an output text: the start token, then the text.

    Parameters
    ----------
    lm : Reader
        An encoder-decoder.
    text : str
        What it has written; may be empty.

    Returns
    -------
    Tokens
        Without an end token.

    Raises
    ------
    ModelMismatchError
        When the model has no output side.

    Examples
    --------
    >>> output_tokens(lm, "Hallo").pieces  # doctest: +SKIP
    ('<pad>', 'Hallo')
    """
    start = tokenizing.special_token(lm.tokenizer, start_id(lm))
    return editing.join(start, tokenizing.tokenize_plain(lm.tokenizer, text, target=True))


def greedy_output(lm: Reader, tokens: Tokens, limit: int) -> Tokens:
    """Return decoder input for what the model writes, always taking the strongest token.

    Parameters
    ----------
    lm : Reader
        An encoder-decoder.
    tokens : Tokens
        The input.
    limit : int
        Most tokens written.

    Returns
    -------
    Tokens
        The start token and what was written, without its end token. A model without an output
        head writes nothing.

    Raises
    ------
    ModelMismatchError
        When the model has no output side.

    Examples
    --------
    >>> greedy_output(lm, lm.tokenize("Hello"), 32)  # doctest: +SKIP
    """
    ids, ends = [start_id(lm)], _end_ids(lm)
    known: dict[str, Any] = {}
    for _ in range(limit if has_head(lm.model) else 0):
        output = lm.forward(tokens, tokenizing.tokens_from_ids(lm.tokenizer, ids), **known)
        known = {"encoder_outputs": (output.encoder_last_hidden_state,)}
        strongest = int(output.logits[0, -1].argmax())
        if strongest in ends:
            break
        ids.append(strongest)
    return tokenizing.tokens_from_ids(lm.tokenizer, ids)


def start_id(lm: Reader) -> int:
    """Return the id that the decoder starts with.

    Parameters
    ----------
    lm : Reader
        An encoder-decoder.

    Returns
    -------
    int
        From the generation settings, else the configuration.

    Raises
    ------
    ModelMismatchError
        When the model has no output side, or does not say where it starts.

    Examples
    --------
    >>> start_id(lm)  # doctest: +SKIP
    0
    """
    if lm.task != "seq2seq":
        raise ModelMismatchError(
            f"{lm.name} is no encoder-decoder, so it has no output side.", "Leave output= out."
        )
    generation = getattr(lm.model, "generation_config", None)
    for holder, key in (
        (generation, "decoder_start_token_id"),
        (lm.config, "decoder_start_token_id"),
        (lm.config, "bos_token_id"),
        (lm.config, "pad_token_id"),
    ):
        start = getattr(holder, key, None)
        if start is not None:
            return int(start[0] if isinstance(start, list) else start)
    raise ModelMismatchError(
        f"{lm.name} does not say which token its decoder starts with.",
        "Set model.config.decoder_start_token_id.",
    )


def _end_ids(lm: Reader) -> set[int | None]:
    generation = getattr(lm.model, "generation_config", None)
    end = getattr(generation, "eos_token_id", None)
    end = getattr(lm.config, "eos_token_id", None) if end is None else end
    return set(end) if isinstance(end, list) else {end}
