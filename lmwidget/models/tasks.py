"""What a model does with text, and where in its output the answer is read."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from lmwidget.errors import InputError, ModelMismatchError, UnknownNameError, nearest
from lmwidget.models.own_module import OwnModule
from lmwidget.models.wrappers import bare
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.reader import Reader

TASKS = (
    "causal", "masked", "sequence-classification", "token-classification", "question-answering",
    "seq2seq", "encoder",
)  # fmt: skip
CLASSIFIES = ("sequence-classification", "token-classification")


@dataclass(frozen=True)
class Readout:
    """Where the answer of a model is read.

    Attributes
    ----------
    kind : str
        ``"next token"``, ``"masked token"``, ``"class"``, ``"token label"`` or ``"span"``.
    position : int or None
        Token whose logits are read (in the output tokens for encoder-decoders, -1 is the last);
        None for classes. Of a span, 0 reads where it starts and 1 where it ends. None also where
        the token to label, or the end of the span, has not been chosen.
    note : str
        What a reader should know, such as which of several masks was taken; may be empty.
    """

    kind: str
    position: int | None
    note: str = ""


def check_task(task: str) -> str:
    """Return ``task`` when it is one.

    Parameters
    ----------
    task : str
        Name to check.

    Returns
    -------
    str
        The same name.

    Raises
    ------
    UnknownNameError
        When there is no such task; names the nearest.

    Examples
    --------
    >>> check_task("causal")
    'causal'
    """
    if task not in TASKS:
        raise UnknownNameError(f"There is no task {task!r}.", nearest(task, TASKS))
    return task


def task_of(model: nn.Module) -> str:
    """Return the task of a model in memory, from its class.

    Parameters
    ----------
    model : torch.nn.Module
        A transformers model.

    Returns
    -------
    str
        One of ``TASKS``.

    Examples
    --------
    >>> from transformers import GPT2Config, GPT2LMHeadModel
    >>> task_of(GPT2LMHeadModel(GPT2Config(n_layer=1, n_head=1, n_embd=4, vocab_size=8)))
    'causal'
    """
    for name in _class_names(model):
        if task := _task_by_name(name):
            # Pictures and text in, text out: named like an encoder-decoder, but a causal model.
            if task == "seq2seq" and not _decodes(model):
                return "causal"
            # Questions about pictures and tables are not answered by a part of the text.
            if task == "question-answering" and not takes(model, "start_positions"):
                continue
            return task
    return "seq2seq" if _decodes(model) else "encoder"


def readout(lm: Reader, tokens: Tokens, position: int | None = None) -> Readout:
    """Return where the model's answer about these tokens is read.

    Parameters
    ----------
    lm : Reader
        The model.
    tokens : Tokens
        Its input (the output side for encoder-decoders).
    position : int, optional
        Token to read at; of an answer to a question, 0 for its start and 1 for its end. Default:
        the last token for next-token models, the first mask token for masked models, otherwise
        not chosen.

    Returns
    -------
    Readout
        Kind and position.

    Raises
    ------
    InputError
        When there is no mask token, or no such position.
    ModelMismatchError
        When the model has no output head.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> readout(lm, lm.tokenize("The king")).kind
    'next token'
    """
    if lm.task == "encoder" or not has_head(lm.model):
        raise ModelMismatchError(
            f"{lm.name} has no output head, so it predicts nothing.",
            "Load it with a head, for example task='causal' or task='masked'.",
        )
    if lm.task == "sequence-classification":
        return Readout("class", None)
    if lm.task == "question-answering":
        return _span_readout(position)
    if position is not None and not -len(tokens) <= position < len(tokens):
        raise InputError(
            f"There is no token {position} in a text of {len(tokens)} tokens.",
            f"Choose a position from 0 to {len(tokens) - 1}.",
        )
    if lm.task == "masked":
        return _masked_readout(lm, tokens, position)
    if lm.task == "token-classification":
        return Readout("token label", None if position is None else position % len(tokens))
    place = (-1 if position is None else position) % len(tokens)
    if (
        place < len(tokens) - 1
        and isinstance(lm.model, OwnModule)
        and lm.model.output_form.last_only
    ):
        raise ModelMismatchError(
            f"{lm.name} gives the logits of the last token only.",
            "Leave position= out, and cut the text instead.",
        )
    return Readout("next token", place)


def _masked_readout(lm: Reader, tokens: Tokens, position: int | None) -> Readout:
    if position is not None:
        return Readout("masked token", position % len(tokens))
    mask = lm.tokenizer.mask_token_id
    masks = [i for i, token in enumerate(tokens.ids.tolist()) if token == mask]
    if mask is None or not masks:
        sign = lm.tokenizer.mask_token or "a mask token"
        raise InputError(
            f"The text has no mask token, so {lm.name} has nothing to fill in.",
            f"Write {sign} where a word should be predicted.",
        )
    note = f"{len(masks)} mask tokens: the first one is read." if len(masks) > 1 else ""
    return Readout("masked token", masks[0], note)


def _span_readout(position: int | None) -> Readout:
    if position not in {None, 0, 1}:
        raise InputError(
            f"An answer has a start and an end, so there is no place {position} to read.",
            "Choose position=0 for its start, or position=1 for its end.",
        )
    return Readout("span", position)


def read_logits(output: Any, place: Readout) -> Tensor:
    """Return the logits of all candidates.

    Parameters
    ----------
    output : transformers.utils.ModelOutput
        What the model returned.
    place : Readout
        Where to read.

    Returns
    -------
    Tensor, shape (batch, candidate)
        Raw logits, still on the model's device and in its graph.

    Raises
    ------
    InputError
        When the place has to be chosen first.
    ModelMismatchError
        When the output holds nothing of this kind.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> output = SimpleNamespace(logits=torch.zeros(1, 5, 7))
    >>> read_logits(output, Readout("next token", 4)).shape
    torch.Size([1, 7])
    """
    return logits_at(output, place.kind, [chosen_position(place)])[:, 0]


def chosen_position(place: Readout) -> int:
    """Return the position of a readout as a number.

    Parameters
    ----------
    place : Readout
        Where to read.

    Returns
    -------
    int
        0 for classes, which have none.

    Raises
    ------
    InputError
        When the token to label, or the end of the span, has not been chosen.

    Examples
    --------
    >>> chosen_position(Readout("token label", 3))
    3
    """
    if place.position is None and place.kind == "token label":
        raise InputError(
            "Every token has a label of its own.", "Choose a token: position=0 is the first."
        )
    if place.position is None and place.kind == "span":
        raise InputError(
            "An answer has a start and an end.",
            "Choose position=0 for its start, or position=1 for its end.",
        )
    return place.position or 0


def logits_at(output: Any, kind: str, positions: Sequence[int]) -> Tensor:
    """Return the logits of all candidates at several places.

    Parameters
    ----------
    output : transformers.utils.ModelOutput
        What the model returned.
    kind : str
        As in :class:`Readout`.
    positions : sequence of int
        Tokens; negative ones count from the end, also where the model gives the last ones only.
        Of a span, 0 is its start and 1 its end, and the candidates are the tokens of the input.
        Where the model gives one row a text, such as classes, it is read whatever is asked for.

    Returns
    -------
    Tensor, shape (batch, position, candidate)
        Raw logits, still on the model's device and in its graph.

    Raises
    ------
    ModelMismatchError
        When the output holds nothing of this kind.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> output = SimpleNamespace(start_logits=torch.zeros(1, 5), end_logits=torch.ones(1, 5))
    >>> logits_at(output, "span", [1]).shape
    torch.Size([1, 1, 5])
    """
    table, places = logit_table(output, kind), list(positions)
    # One row only: the model was asked for the last token's, or gives no other.
    return table[:, places if table.shape[1] > 1 else [0] * len(places)]


def logit_table(output: Any, kind: str) -> Tensor:
    """Return the logits of all candidates at every place.

    Parameters
    ----------
    output : transformers.utils.ModelOutput
        What the model returned.
    kind : str
        As in :class:`Readout`.

    Returns
    -------
    Tensor, shape (batch, place, candidate)
        A single place of models that give one row a text.

    Raises
    ------
    ModelMismatchError
        When the output holds nothing of this kind.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> logit_table(SimpleNamespace(logits=torch.zeros(1, 3)), "class").shape
    torch.Size([1, 1, 3])
    """
    if kind == "span":
        return _ends(output)
    logits: Tensor | None = getattr(output, "logits", None)
    if logits is None:
        raise ModelMismatchError(
            "The model gives no logits.", "Use a model with an output head, or another task=."
        )
    return logits[:, None] if logits.dim() == 2 else logits


def _ends(output: Any) -> Tensor:
    """Return the logits of start and end of an answer, shape (batch, 2, token)."""
    start, end = (getattr(output, name, None) for name in ("start_logits", "end_logits"))
    if start is not None and end is not None:
        return torch.stack([start, end], dim=1)
    if hasattr(output, "start_top_log_probs"):
        raise ModelMismatchError(
            "The model searches for answers by itself, so not every start and end has logits.",
            "Use a model with a plain head, such as XLNetForQuestionAnsweringSimple.",
        )
    raise ModelMismatchError(
        "The model gives no start_logits and end_logits, so it answers no question.",
        "Use a model for question answering, or another task=.",
    )


def has_head(model: nn.Module) -> bool:
    """Return whether the model class has an output head that gives logits.

    Parameters
    ----------
    model : torch.nn.Module
        A transformers model.

    Returns
    -------
    bool
        False for bare encoders and decoders.

    Examples
    --------
    >>> from transformers import GPT2Config, GPT2Model
    >>> has_head(GPT2Model(GPT2Config(n_layer=1, n_head=1, n_embd=4, vocab_size=8)))
    False
    """
    if isinstance(model, OwnModule):
        return True
    return any(_task_by_name(name) for name in _class_names(model))


def _class_names(model: nn.Module) -> list[str]:
    kind = type(bare(model))
    return [cls.__name__ for cls in kind.__mro__ if cls.__module__ != "builtins"]


def takes(model: nn.Module, argument: str) -> bool:
    """Return whether the model's forward names an argument.

    Parameters
    ----------
    model : torch.nn.Module
        The model.
    argument : str
        For example ``"token_type_ids"``.

    Returns
    -------
    bool
        True when it is among the named parameters.

    Examples
    --------
    >>> from torch import nn
    >>> takes(nn.Linear(1, 1), "input")
    True
    """
    if isinstance(model, OwnModule):
        return model.takes(argument)
    return argument in inspect.signature(bare(model).forward).parameters


def _decodes(model: nn.Module) -> bool:
    return takes(model, "decoder_input_ids")


@lru_cache(maxsize=512)
def _task_by_name(name: str) -> str | None:
    from transformers.models.auto import modeling_auto as auto

    endings = {
        "ForTokenClassification": "token-classification",
        "ForQuestionAnswering": "question-answering",
        "ForQuestionAnsweringSimple": "question-answering",
        "ForSequenceClassification": "sequence-classification",
        "ForCausalLM": "causal",
        "ForMaskedLM": "masked",
        "ForConditionalGeneration": "seq2seq",
    }
    for ending, task in endings.items():
        if name.endswith(ending):
            return task
    tables = {
        "causal": auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES,
        "masked": auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
        "seq2seq": auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
        "sequence-classification": auto.MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING_NAMES,
    }
    for task, table in tables.items():
        if name in table.values():
            return task
    return None
