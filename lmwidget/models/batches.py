"""Many texts at once: rows of token ids to logits, which is all that perturbation methods need."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmwidget.errors import InputError, ModelMismatchError
from lmwidget.models.predictions import log_probabilities
from lmwidget.models.tasks import chosen_position, logit_table, readout, takes
from lmwidget.models.wrappers import is_transformers
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from lmwidget.models.reader import Reader

# What these make of a token depends on the length that its row is filled to.
_ROPE_BY_LENGTH = {"longrope", "su", "dynamic"}
_BY_LENGTH = {
    "big_bird", "bigbird_pegasus", "canine", "convbert", "fnet", "funnel", "led", "longformer",
    "longt5", "mra", "nystromformer", "pegasus_x", "perceiver", "reformer", "yoso",
}  # fmt: skip
_TOKENS, _NUMBERS = 4096, 1 << 26  # most tokens, and most logits, in one pass


@dataclass(frozen=True)
class _Row:
    index: int
    ids: tuple[int, ...]
    segments: tuple[int, ...]
    kind: str
    position: int


def batch_logits(
    lm: Reader,
    rows: Any,
    *,
    candidates: Sequence[int] | None = None,
    position: int | None = None,
    output_tokens: Tokens | None = None,
    segments: Any = None,
    normalize: bool = False,
    batch_size: int | None = None,
) -> NDArray[np.float32]:
    """Return the logits of many texts, given as token ids.

    Rows of one length run together as they are. Rows of different lengths are filled up to the
    longest and masked for transformers' models that take an attention mask; any other model gets
    them by length, so that nothing is ever filled up without being masked.

    Parameters
    ----------
    lm : Reader
        The model.
    rows : sequence of (sequence of int or Tokens), or ndarray of int, shape (row, token)
        Ids as the model reads them, special tokens included.
    candidates : sequence of int, optional
        Only these tokens or classes; default: all. Of models that answer questions, candidates
        are the tokens of the input itself, counted from 0.
    position : int, optional
        Token to read at, in every row; default: the last one, or the first mask token. Has to be
        given for token classifiers, and for models that answer questions: 0 reads the start of the
        answer, 1 its end.
    output_tokens : Tokens, optional
        What an encoder-decoder has written; default: its start token.
    segments : array-like of int, same shape as ``rows``, optional
        Segment of each token, for sentence pairs; default: 0, or those of the Tokens.
    normalize : bool, default False
        True gives log-probabilities; NaN of a regression, which has none.
    batch_size : int, optional
        Most rows in one pass; default: by length and size of the vocabulary.

    Returns
    -------
    ndarray of float32, shape (row, candidate)
        In the order of ``rows``.

    Raises
    ------
    InputError
        When a row is empty, too long, or without a mask token for a masked model; when the position
        has to be chosen, or a candidate is no token of the input.
    ModelMismatchError
        When the model predicts nothing, or an id is not in its table.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> batch_logits(lm, [[5, 6, 7], [8, 9]], candidates=[1, 2]).shape
    (2, 2)
    """
    if lm.task == "seq2seq" and output_tokens is None:
        output_tokens = lm.tokenize_output()
    if isinstance(rows, Tokens):
        raise InputError("logits() reads rows of tokens.", "Give a list: lm.logits([tokens]).")
    read = [
        _read(lm, index, row, segments, position, output_tokens) for index, row in enumerate(rows)
    ]
    if not read:
        raise InputError("There are no rows.", "Give at least one row of token ids.")
    if lm.task == "question-answering":
        _check_ends(read, candidates)
    found: dict[int, NDArray[np.float32]] = {}
    chosen = None if candidates is None else torch.as_tensor(list(candidates), dtype=torch.long)
    for batch in _batches(lm, read, batch_size):
        logits = _run(lm, batch, output_tokens).float()
        logits = log_probabilities(lm, logits) if normalize else logits
        if chosen is not None:
            logits = logits[:, chosen.to(logits.device)]
        values = logits.cpu().numpy()
        found |= {row.index: values[place] for place, row in enumerate(batch)}
    return np.stack([found[index] for index in range(len(read))])


def _read(
    lm: Reader,
    index: int,
    row: Any,
    segments: Any,
    position: int | None,
    output_tokens: Tokens | None,
) -> _Row:
    if isinstance(row, Tokens):
        ids, kinds = row.ids.tolist(), row.segments.tolist()
    elif np.ndim(row) != 1:
        raise InputError(
            "logits() reads rows of token ids, and one of these is no row.",
            "Give a list of rows: lm.logits([ids]).",
        )
    else:
        ids = np.asarray(row, np.int64).tolist()
        kinds = [0] * len(ids) if segments is None else np.asarray(segments[index]).tolist()
    if not ids or len(kinds) != len(ids):
        raise InputError(
            f"Row {index} has {len(ids)} ids and {len(kinds)} segments.",
            "Give at least one id, and one segment an id.",
        )
    limit = lm.context_length
    if limit is not None and len(ids) > limit:
        raise InputError(
            f"Row {index} has {len(ids)} tokens, but {lm.name} reads at most {limit}.",
            "Shorten it.",
        )
    if min(ids) < 0 or (lm.rows is not None and max(ids) >= lm.rows):
        raise ModelMismatchError(
            f"Row {index} has an id outside of the {lm.rows} tokens of {lm.name}.",
            "Use the tokenizer that belongs to this model.",
        )
    place = readout(lm, _bare(ids) if output_tokens is None else output_tokens, position)
    return _Row(index, tuple(ids), tuple(kinds), place.kind, chosen_position(place))


def _check_ends(rows: list[_Row], candidates: Sequence[int] | None) -> None:
    """Raise unless every candidate is a token of every row."""
    lengths = [len(row.ids) for row in rows]
    if candidates is None and len(set(lengths)) > 1:
        raise InputError(
            "Starts and ends of an answer are tokens of the input, and these rows have "
            f"{min(lengths)} to {max(lengths)}.",
            "Name candidates=, or give rows of one length.",
        )
    for candidate in [] if candidates is None else candidates:
        if not 0 <= candidate < min(lengths):
            raise InputError(
                f"Row {lengths.index(min(lengths))} has {min(lengths)} tokens, so none is "
                f"candidate {candidate}.",
                "Name tokens of the input, counted from 0.",
            )


def _bare(ids: list[int]) -> Tokens:
    """Tokens that are nothing but ids."""
    count = len(ids)
    return Tokens(
        text="",
        ids=np.asarray(ids),
        pieces=("",) * count,
        raw=("",) * count,
        spans=np.zeros((count, 2), np.int32),
        kinds=("text",) * count,
        words=np.zeros(count, np.int32),
        roles=(None,) * count,
        segments=np.zeros(count, np.int32),
    )


def fills_up(lm: Reader) -> bool:
    """Return whether rows of different lengths can be read together, filled up and masked.

    Parameters
    ----------
    lm : Reader
        The model.

    Returns
    -------
    bool
        False where that would change what comes out; rows of one length can still be read together.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> fills_up(lmw.load("tiny"))
    True
    """
    masks = is_transformers(lm.model) and takes(lm.model, "attention_mask")
    return masks and lm.architecture not in _BY_LENGTH and not turned_by_length(lm)


def turned_by_length(lm: Reader) -> bool:
    """Return whether how long a text is changes what its tokens are read as, from the first on.

    Parameters
    ----------
    lm : Reader
        The model.

    Returns
    -------
    bool
        True of rotary positions that turn otherwise in long texts, as those of Phi-3 with 128k
        tokens: the beginning of a text is then not read as it is alone.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> turned_by_length(lmw.load("tiny"))
    False
    """
    names = ("rope_parameters", "rope_scaling")
    config = getattr(lm.config, "get_text_config", lambda: lm.config)()
    given = [getattr(config, name, None) for name in names]
    found = [one for one in given if isinstance(one, dict)]
    found += [own for one in found for own in one.values() if isinstance(own, dict)]
    return any(one.get("rope_type", one.get("type")) in _ROPE_BY_LENGTH for one in found)


def one_by_one(lm: Reader) -> bool:
    """Return whether a model reads a single row at a time.

    Parameters
    ----------
    lm : Reader
        The model.

    Returns
    -------
    bool
        True of classifiers without a padding token: decoders find the last token by what is none.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> one_by_one(lmw.load("tiny"))
    False
    """
    pad = getattr(lm.config, "pad_token_id", None)
    return lm.task == "sequence-classification" and is_transformers(lm.model) and pad is None


def _batches(lm: Reader, rows: list[_Row], size: int | None) -> Iterator[list[_Row]]:
    fills = fills_up(lm)
    size = 1 if one_by_one(lm) else size
    width = lm.rows or 1
    batch: list[_Row] = []
    for row in sorted(rows, key=lambda row: (-len(row.ids), row.index)):
        longest = len(batch[0].ids) if batch else len(row.ids)
        most = max(1, min(_TOKENS, _NUMBERS // width) // longest) if size is None else size
        if batch and (len(batch) >= most or not (fills or len(row.ids) == longest)):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _run(lm: Reader, batch: list[_Row], output_tokens: Tokens | None) -> Tensor:
    """Return the logits at the place of each row, shape (row, candidate)."""
    longest = len(batch[0].ids)
    lengths = torch.tensor([len(row.ids) for row in batch])
    filled = torch.arange(longest) < lengths[:, None]
    inputs = lm.arguments(
        filled_rows([row.ids for row in batch], longest, padding_id(lm)),
        segments=filled_rows([row.segments for row in batch], longest, 0),
        mask=filled.long(),
        output_ids=None if output_tokens is None else torch.tensor(output_tokens.ids)[None],
    )
    positions = [row.position for row in batch]
    if lm.task == "causal" and bool(filled.all()) and positions == [longest - 1] * len(batch):
        for name in ("logits_to_keep", "num_logits_to_keep"):
            if takes(lm.model, name):
                inputs[name] = 1
                break
    table = logit_table(lm.run(inputs), batch[0].kind)
    if batch[0].kind == "span":  # no answer starts where a row is filled up
        table = table.masked_fill(~filled.to(table.device)[:, None], -torch.inf)
    if table.shape[1] == 1:
        return table[:, 0]
    where = torch.tensor(positions, device=table.device)
    return table[torch.arange(len(batch), device=table.device), where]


def padding_id(lm: Reader) -> int:
    """Return a token to fill rows up with.

    Parameters
    ----------
    lm : Reader
        The model.

    Returns
    -------
    int
        Its padding token; 0 where it has none.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> 0 <= padding_id(lm) < lm.rows
    True
    """
    for holder in (lm.config, lm.tokenizer):
        token = getattr(holder, "pad_token_id", None)
        if isinstance(token, int) and 0 <= token < (lm.rows or token + 1):
            return token
    return 0


def filled_rows(rows: Sequence[Sequence[int]], length: int, filling: int) -> Tensor:
    """Return rows of different lengths as one table.

    Parameters
    ----------
    rows : sequence of sequence of int
        Rows.
    length : int
        Length of the table.
    filling : int
        What stands behind shorter rows.

    Returns
    -------
    Tensor of int64, shape (row, length)
        The table.

    Examples
    --------
    >>> filled_rows([[1, 2], [3]], 2, 0)
    tensor([[1, 2],
            [3, 0]])
    """
    return torch.tensor([[*row, *[filling] * (length - len(row))] for row in rows])
