"""The output side of encoder-decoders: where it starts, and what the model writes by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from lmwidget.errors import ModelMismatchError
from lmwidget.models import editing, tokenizing
from lmwidget.models.tasks import has_head
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.reader import Reader

GREEDY = {"do_sample": False, "num_beams": 1, "num_return_sequences": 1}
"Settings of ``model.generate`` for one text, always the strongest token, whatever a model ships."


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


def greedy_continuation(lm: Reader, tokens: Tokens, limit: int) -> Tokens:
    """Return what a causal model writes behind a text, always taking the strongest token.

    Parameters
    ----------
    lm : Reader
        A causal model.
    tokens : Tokens
        The text.
    limit : int
        Most tokens written.

    Returns
    -------
    Tokens
        What was written alone, without its end token; maybe none.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> greedy_continuation(lm, lm.tokenize("The king of the king of the"), 1).text
    ' king'
    """
    from lmwidget.capture.guard import as_found

    ends = _end_ids(lm)
    ids = tokens.ids.tolist()
    if hasattr(lm.model, "generate"):
        inputs = {name: lm.inputs(tokens)[name] for name in ("input_ids", "attention_mask")}
        with as_found(lm.model), torch.no_grad():
            written = lm.model.generate(**inputs, **padding(lm), **GREEDY, max_new_tokens=limit)
        ids = written[0].tolist()
    else:
        for _ in range(limit):
            logits = lm.run(lm.arguments(torch.tensor([ids]))).logits
            ids.append(int(logits.reshape(-1, logits.shape[-1])[-1].argmax()))
            if ids[-1] in ends:
                break
    new = ids[len(tokens) :]
    stop = next((i for i, token in enumerate(new) if token in ends), len(new))
    return tokenizing.tokens_from_ids(lm.tokenizer, new[:stop])


def padding(lm: Reader) -> dict[str, Any]:
    """Return what keeps ``model.generate`` from guessing a padding token, and saying so.

    Parameters
    ----------
    lm : Reader
        Any model that writes.

    Returns
    -------
    dict
        Keyword arguments; empty where the model knows.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> padding(lmw.load("tiny"))
    {'pad_token_id': 0}
    """
    config = getattr(lm.model, "generation_config", None)
    end = getattr(config, "eos_token_id", None)
    if getattr(config, "pad_token_id", None) is not None or end is None:
        return {}
    return {"pad_token_id": end[0] if isinstance(end, list) else end}


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
