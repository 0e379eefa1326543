"""What a model can take: how much text, which ids, whose tokenizer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from lmwidget.errors import InputError, ModelMismatchError
from lmwidget.models.own_module import OwnModule
from lmwidget.models.wrappers import name_of_class
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.models.reader import Reader

# Relative or recurrent positions: the configured length is no limit.
_UNLIMITED = {"bloom", "longt5", "mamba", "mamba2", "mpt", "mt5", "rwkv", "t5", "umt5", "xlnet"}
_LENGTHS = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length")
_OWN_LENGTHS = ("block_size", "context_length", "max_seq_len", "max_length", "seq_len", "max_len")
_POSITIONS = re.compile(r"(^|[._])(wpe|pos(ition)?(al)?s?(_?(emb|enc)\w*)?)$", re.IGNORECASE)


def check_model(model: Any) -> None:
    """Raise unless this is a PyTorch module.

    Parameters
    ----------
    model : object
        What the user gave.

    Raises
    ------
    InputError
        Says what was given instead, and what to give.

    Examples
    --------
    >>> check_model("gpt2")
    Traceback (most recent call last):
    ...
    lmwidget.errors.InputError: LanguageModel takes a model in memory, not the name 'gpt2'. ...
    """
    if isinstance(model, str):
        raise InputError(
            f"LanguageModel takes a model in memory, not the name {model!r}.",
            f"Use lmwidget.load({model!r}).",
        )
    if not isinstance(model, nn.Module):
        raise InputError(
            f"LanguageModel takes a PyTorch module, not a {type(model).__name__}.",
            "Give a model of transformers, your own torch.nn.Module, or use lmwidget.load(name).",
        )


def device_of(model: nn.Module, name: str) -> torch.device:
    """Return the device that input goes to.

    Parameters
    ----------
    model : torch.nn.Module
        A model, perhaps offloaded by accelerate.
    name : str
        Its name, for the message.

    Returns
    -------
    torch.device
        Where its first parameter is; where accelerate brings it, when it is offloaded.

    Raises
    ------
    ModelMismatchError
        When its weights have not been loaded.

    Examples
    --------
    >>> device_of(nn.Linear(1, 1), "mine")
    device(type='cpu')
    """
    parameter = next(model.parameters(), None)
    if parameter is not None and parameter.is_meta:
        for module in model.modules():
            hook: Any = getattr(module, "_hf_hook", None)
            if getattr(hook, "execution_device", None) is not None:
                return torch.device(hook.execution_device)
        raise ModelMismatchError(
            f"The weights of {name} are not loaded: they are on the meta device.",
            "Load them with from_pretrained().",
        )
    return parameter.device if parameter is not None else torch.device("cpu")


def check_vocabulary(name: str, size: int, rows: int | None) -> None:
    """Raise when a tokenizer has many more tokens than the model has embeddings.

    Parameters
    ----------
    name : str
        Name of the model.
    size : int
        Number of tokens of the tokenizer.
    rows : int or None
        Number of rows of the embedding table, if known.

    Raises
    ------
    ModelMismatchError
        Names both numbers.

    Examples
    --------
    >>> check_vocabulary("tiny", 1792, 1792)
    """
    # A few added tokens beyond the table are common, and harmless until they are used.
    if rows is not None and size > 1.1 * rows + 64:
        raise ModelMismatchError(
            f"The tokenizer has {size} tokens, but {name} has only {rows}.",
            "Use the tokenizer that belongs to this model.",
        )


def check_one_text(name: str, tokens: Tokens) -> None:
    """Raise for two texts that a model would read as one.

    Parameters
    ----------
    name : str
        The model, for the message.
    tokens : Tokens
        What it would read.

    Raises
    ------
    InputError
        When they are a pair, and nothing stands between.

    Examples
    --------
    >>> check_one_text("tiny", Tokens.from_pieces(["the", " king"]))
    """
    if tokens.source == "pair" and "special" not in tokens.kinds[1:-1]:
        raise InputError(
            f"Two texts were given, and {name} would read them as one, with nothing between.",
            "Give one text; for several texts, ask about one after the other.",
        )


def check_ids(name: str, tokens: Tokens, rows: int | None) -> None:
    """Raise when a token is outside the model's embedding table.

    Parameters
    ----------
    name : str
        Name of the model.
    tokens : Tokens
        What the model is to read.
    rows : int or None
        Number of rows of the embedding table, if known.

    Raises
    ------
    ModelMismatchError
        Names the token.

    Examples
    --------
    >>> check_ids("tiny", Tokens.from_pieces(["a"]), 1792)
    """
    if rows is not None and len(tokens) and int(tokens.ids.max()) >= rows:
        place = int(tokens.ids.argmax())
        raise ModelMismatchError(
            f"The tokenizer gives id {tokens.ids[place]} for {tokens.raw[place]!r}, but "
            f"{name} has only {rows} tokens.",
            "Use the tokenizer that belongs to this model.",
        )


def check_made_by(lm: Reader, tokens: Tokens) -> None:
    """Raise when tokens that were made before are not those of a model.

    Parameters
    ----------
    lm : Reader
        The model.
    tokens : Tokens
        What it is to read.

    Raises
    ------
    InputError
        When most ids stand for something else in the model's tokenizer, as those of
        :meth:`Tokens.from_pieces` do, which are no model's.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> check_made_by(lm, lm.tokenize("The king"))
    """
    look_up: Any = getattr(lm.tokenizer, "convert_ids_to_tokens", None)
    if look_up is None:
        return
    pairs = zip(tokens.raw, map(str, look_up(tokens.ids.tolist())), strict=True)
    wrong = [place for place, (raw, known) in enumerate(pairs) if raw and raw != known]
    if 2 * len(wrong) > len(tokens):
        raise InputError(
            f"These tokens are not of {lm.name}: there id {tokens.ids[wrong[0]]} is not "
            f"{tokens.raw[wrong[0]]!r}.",
            "Give the text, or lm.tokenize(text).",
        )


def check_gradients(lm: LanguageModel) -> None:
    """Raise when nothing can be differentiated in a model.

    Parameters
    ----------
    lm : LanguageModel
        The model.

    Raises
    ------
    ModelMismatchError
        Says which methods work.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> check_gradients(lmw.load("tiny"))
    """
    if isinstance(lm.model, OwnModule) and not lm.model.differentiable:
        raise ModelMismatchError(
            f"{lm.name} counts, so it has no gradients.",
            "Methods that change the text and run the model again work on it: they need no more "
            "than lm.logits(rows).",
        )


def embedding_rows(model: Any) -> int | None:
    """Return how many token ids the model knows.

    Parameters
    ----------
    model : torch.nn.Module
        A transformers model, or a user's own.

    Returns
    -------
    int or None
        None for models without one embedding table.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> embedding_rows(lmw.load("tiny").model)
    1792
    """
    if isinstance(model, OwnModule):
        return model.output_form.rows
    try:
        return int(model.get_input_embeddings().weight.shape[0])
    except (AttributeError, NotImplementedError, TypeError):
        return None


def context_length(model: nn.Module) -> int | None:
    """Return how many tokens the model reads at most.

    Parameters
    ----------
    model : torch.nn.Module
        A transformers model.

    Returns
    -------
    int or None
        None when nothing limits it.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> context_length(lmw.load("tiny").model)
    128
    """
    config: Any = model.config
    if getattr(config, "model_type", "") in _UNLIMITED:
        return None
    for name, table in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(table, nn.Embedding):
            # RoBERTa's family counts positions from behind the padding index.
            before = 0 if table.padding_idx is None else table.padding_idx + 1
            return table.num_embeddings - before
    text = config.get_text_config() if hasattr(config, "get_text_config") else config
    if isinstance(model, OwnModule):
        return _own_length(model, text)
    return _first_length(text, _LENGTHS)


def _own_length(model: OwnModule, config: Any) -> int | None:
    """From settings of a user's own module, else from its table of positions."""
    for holder in (model.module, config):
        if length := _first_length(holder, (*_LENGTHS, *_OWN_LENGTHS)):
            return length
    tables = {n: m for n, m in model.module.named_modules() if isinstance(m, nn.Embedding)}
    # Positions are added to the embeddings of tokens; a table of relative ones is not as wide.
    widths = {table.embedding_dim for n, table in tables.items() if not _POSITIONS.search(n)}
    for name, table in tables.items():
        if _POSITIONS.search(name) and table.embedding_dim in widths:
            return table.num_embeddings
    for name, parameter in model.module.named_parameters():
        added = parameter.dim() == 3 and len(parameter) == 1 and parameter.shape[2] in widths
        if _POSITIONS.search(name) and added:
            return parameter.shape[1]
    return None


def _first_length(holder: Any, names: Sequence[str]) -> int | None:
    lengths = (getattr(holder, name, None) for name in names)
    return next((n for n in lengths if type(n) is int and n > 0), None)


def name_of(model: nn.Module) -> str:
    """Return a name for figures: where the model was loaded from, or its class.

    Parameters
    ----------
    model : torch.nn.Module
        A transformers model.

    Returns
    -------
    str
        Without folders.

    Examples
    --------
    >>> from transformers import GPT2Config, GPT2LMHeadModel
    >>> name_of(GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=1, n_embd=4, vocab_size=8)))
    'GPT2LMHeadModel'
    """
    path = str(getattr(model.config, "_name_or_path", "") or "").rstrip("/\\")
    own = model.module if isinstance(model, OwnModule) else model
    return path.replace("\\", "/").split("/")[-1] or name_of_class(own)


def architecture_of(model: nn.Module) -> str:
    """Return the model type in the configuration, or the class of a user's own module.

    Parameters
    ----------
    model : torch.nn.Module
        A model.

    Returns
    -------
    str
        For example ``"llama"``.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> architecture_of(lmw.load("tiny").model)
    'gpt2'
    """
    default = name_of_class(model.module) if isinstance(model, OwnModule) else "unknown"
    return str(getattr(model.config, "model_type", "") or default)
