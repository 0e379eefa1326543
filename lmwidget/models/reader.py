"""What every language model reads and answers: text to tokens, tokens to logits and predictions."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lmwidget.errors import InputError, refuse_unknown
from lmwidget.models import decoding, editing, limits, tokenizing
from lmwidget.models.batches import batch_logits
from lmwidget.models.labels import class_names, several_hold
from lmwidget.models.own_module import as_model
from lmwidget.models.own_tokenizer import as_tokenizer
from lmwidget.models.predictions import answers
from lmwidget.models.tasks import check_task, takes, task_of
from lmwidget.results import Prediction
from lmwidget.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from lmwidget.models.own_module import Forward

_WRITTEN = 32  # tokens that an encoder-decoder writes by itself when no output is given


class Reader:
    """A model with its tokenizer: the half of :class:`lmwidget.LanguageModel` that runs it.

    Parameters
    ----------
    model, tokenizer, name, task, labels, multi_label, forward
        As for :class:`lmwidget.LanguageModel`.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> isinstance(lmw.load("tiny"), Reader)
    True
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        name: str | None = None,
        task: str | None = None,
        labels: Sequence[str] | None = None,
        multi_label: bool | None = None,
        forward: Forward | None = None,
        **unknown: Any,
    ) -> None:
        known = ["name", "task", "labels", "multi_label", "forward"]
        refuse_unknown(unknown, known, "LanguageModel")
        limits.check_model(model)
        task = check_task(task) if task else None
        self.tokenizer: Any = as_tokenizer(tokenizer)
        self.model: Any
        self.model, found = as_model(model, forward, len(self.tokenizer) or None)
        self.config: Any = self.model.config
        if found == "encoder" and labels is not None:
            found = "token-classification"  # channels, or labels: told from their names only
        self.task: str = task or found or task_of(self.model)
        self.architecture: str = limits.architecture_of(self.model)
        self.name: str = name or limits.name_of(self.model)
        self.context_length: int | None = limits.context_length(self.model)
        self.labels: dict[int, str] = class_names(self.model, self.task, labels)
        self.multi_label: bool = several_hold(self.model, self.task, given=multi_label)
        self.rows: int | None = limits.embedding_rows(self.model)
        limits.check_vocabulary(self.name, len(self.tokenizer), self.rows)

    def __repr__(self) -> str:
        context = f", context {self.context_length}" if self.context_length else ""
        return f"<LanguageModel {self.name}: {self.architecture}, {self.task}{context}>"

    @property
    def device(self) -> torch.device:
        """Device that input goes to: where the model's first parameter is, or is brought to.

        Returns
        -------
        torch.device
            For example ``cpu``.

        Raises
        ------
        ModelMismatchError
            When the model's weights have not been loaded.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").device
        device(type='cpu')
        """
        return limits.device_of(self.model, self.name)

    def tokenize(self, text: Any, *, truncate: bool = False) -> Tokens:
        """Return what the model reads.

        Parameters
        ----------
        text : str, list of dict, tuple of (str, str), or Tokens
            Plain text; chat messages ``[{"role": "user", "content": "Hello"}]``; a sentence pair;
            or tokens made before.
        truncate : bool, default False
            Cut text that is longer than the model's context: causal models keep its end, others
            its start.

        Returns
        -------
        Tokens
            Ids, pieces, spans, words, roles and segments.

        Raises
        ------
        InputError
            When the text is empty, holds only special tokens, or is too long; when the tokens are
            those of another model.
        ModelMismatchError
            When the tokenizer gives an id that the model does not have.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").tokenize("The king said").pieces
        ('The', ' king', ' said')
        """
        tokens = text if isinstance(text, Tokens) else tokenizing.tokenize(self.tokenizer, text)
        if len(tokens) == 0:
            raise InputError("The text has no tokens.", "Give at least one word.")
        if self.task == "causal":
            limits.check_one_text(self.name, tokens)
        limit = self.context_length
        if limit is not None and len(tokens) > limit:
            if not truncate:
                raise InputError(
                    f"The text has {len(tokens)} tokens, but {self.name} reads at most {limit}.",
                    "Shorten it, or pass truncate=True.",
                )
            tokens = editing.truncate(tokens, limit, keep_end=self.task == "causal")
        limits.check_ids(self.name, tokens, self.rows)
        if tokens is text:
            limits.check_made_by(self, tokens)
        return tokens

    def tokenize_output(self, text: str | Tokens | None = None) -> Tokens:
        """Return what the decoder of an encoder-decoder has written, its start token first.

        Parameters
        ----------
        text : str or Tokens, optional
            The output text; nothing means the start token alone.

        Returns
        -------
        Tokens
            Decoder input.

        Raises
        ------
        ModelMismatchError
            When the model has no decoder side.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").tokenize_output("a")
        Traceback (most recent call last):
        ...
        lmwidget.errors.ModelMismatchError: ...
        """
        if text is not None and not isinstance(text, str | Tokens):
            raise InputError(
                f"The output is of type {type(text).__name__}.",
                "Give text, or lm.tokenize_output().",
            )
        if self.task != "seq2seq" or not isinstance(text, Tokens):
            text = decoding.output_tokens(self, text if isinstance(text, str) else "")
        limits.check_ids(self.name, text, self.rows)
        return text

    def write_output(self, tokens: Tokens, *, limit: int = _WRITTEN) -> Tokens:
        """Return what an encoder-decoder writes for an input, greedily.

        Parameters
        ----------
        tokens : Tokens
            The input.
        limit : int, default 32
            Most tokens written.

        Returns
        -------
        Tokens
            Decoder input: the start token, then what was written, without its end token.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> lm.write_output(lm.tokenize("a"))
        Traceback (most recent call last):
        ...
        lmwidget.errors.ModelMismatchError: ...
        """
        return decoding.greedy_output(self, tokens, limit)

    def inputs(self, tokens: Tokens, output_tokens: Tokens | None = None) -> dict[str, Any]:
        """Return the keyword arguments of one forward pass over these tokens.

        Parameters
        ----------
        tokens : Tokens
            The input.
        output_tokens : Tokens, optional
            Decoder side of an encoder-decoder; default: its start token.

        Returns
        -------
        dict
            ``input_ids`` and ``attention_mask`` of shape (1, token) on the model's device, and
            what else the model takes.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> lm.inputs(lm.tokenize("The king"))["input_ids"].shape
        torch.Size([1, 2])
        """
        written = output_tokens
        if self.task == "seq2seq" and written is None:
            written = self.tokenize_output()
        return self.arguments(
            torch.tensor(tokens.ids)[None],
            segments=torch.tensor(tokens.segments)[None],
            output_ids=None if written is None else torch.tensor(written.ids)[None],
        )

    def arguments(
        self,
        ids: Tensor,
        *,
        segments: Tensor | None = None,
        mask: Tensor | None = None,
        output_ids: Tensor | None = None,
    ) -> dict[str, Any]:
        """Return the keyword arguments of one forward pass over several rows of ids.

        Parameters
        ----------
        ids : Tensor of int, shape (row, token)
            Token ids.
        segments : Tensor of int, shape (row, token), optional
            Segment numbers.
        mask : Tensor of int, shape (row, token), optional
            0 where a row is filled up; default: nowhere.
        output_ids : Tensor of int, shape (1 or row, token), optional
            Decoder side of an encoder-decoder.

        Returns
        -------
        dict
            On the model's device, and only what the model takes.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> sorted(lmw.load("tiny").arguments(torch.tensor([[5, 6], [7, 8]])))
        ['attention_mask', 'input_ids', 'use_cache']
        """
        device = self.device
        found: dict[str, Any] = {"input_ids": ids.to(device).long()}
        if takes(self.model, "attention_mask"):
            mask = torch.ones_like(ids) if mask is None else mask
            found["attention_mask"] = mask.to(device).long()
        kinds = self._segment_kinds() if takes(self.model, "token_type_ids") else 0
        if kinds > 1 and segments is not None:
            found["token_type_ids"] = segments.to(device).clamp(max=kinds - 1).long()
        if self.task == "seq2seq" and output_ids is not None:
            output_ids = output_ids.to(device).long()
            found["decoder_input_ids"] = output_ids.expand(len(ids), -1)
        if takes(self.model, "use_cache"):
            found["use_cache"] = False
        return found

    def forward(self, tokens: Tokens, output_tokens: Tokens | None = None, **kwargs: Any) -> Any:
        """Return the model's output for these tokens, without gradients, in evaluation mode.

        Parameters
        ----------
        tokens : Tokens
            The input.
        output_tokens : Tokens, optional
            Decoder side of an encoder-decoder.
        **kwargs
            Further arguments of the model's forward.

        Returns
        -------
        transformers.utils.ModelOutput
            Batch of one.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> lm.forward(lm.tokenize("The king")).logits.shape[:2]
        torch.Size([1, 2])
        """
        return self.run({**self.inputs(tokens, output_tokens), **kwargs})

    def run(self, arguments: dict[str, Any]) -> Any:
        """Return the model's output, without gradients, in evaluation mode.

        Parameters
        ----------
        arguments : dict
            What :meth:`arguments` or :meth:`inputs` returned.

        Returns
        -------
        transformers.utils.ModelOutput
            Or whatever has ``logits``.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> lm.run(lm.arguments(torch.tensor([[5, 6], [7, 8]]))).logits.shape[:2]
        torch.Size([2, 2])
        """
        from lmwidget.capture.guard import as_found

        with torch.no_grad(), as_found(self.model):
            return self.model(**arguments)

    def logits(
        self,
        rows: Any,
        *,
        candidates: Sequence[int] | None = None,
        position: int | None = None,
        output: str | Tokens | None = None,
        segments: Any = None,
        normalize: bool = False,
        batch_size: int | None = None,
    ) -> NDArray[np.float32]:
        """Return the logits of many texts, given as token ids: all that perturbation needs.

        Parameters
        ----------
        rows : sequence of (sequence of int or Tokens), or ndarray of int, shape (row, token)
            Ids as the model reads them, special tokens included; lengths may differ.
        candidates : sequence of int, optional
            Only these tokens or classes; default: all. Of models that answer questions, candidates
            are the tokens of the input itself, counted from 0.
        position : int, optional
            Token to read at, in every row; default: the last one, or the first mask token. Has to
            be given for token classifiers, and for models that answer questions: 0 reads the start
            of the answer, 1 its end.
        output : str or Tokens, optional
            What an encoder-decoder has written so far.
        segments : array-like of int, same shape as ``rows``, optional
            Segment of each token, for sentence pairs.
        normalize : bool, default False
            True gives log-probabilities; NaN of a regression, which has none.
        batch_size : int, optional
            Most rows in one pass; default: by length and size of the vocabulary.

        Returns
        -------
        ndarray of float32, shape (row, candidate)
            The same as one row at a time gives, up to rounding.

        Raises
        ------
        InputError
            When a row is empty, too long, or without a mask token for a masked model; when the
            position has to be chosen, or a candidate is no token of the input.
        ModelMismatchError
            When the model predicts nothing, or an id is not in its table.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> ids = lm.tokenize("The king said").ids
        >>> lm.logits([ids, ids[1:]], normalize=True).shape
        (2, 1792)
        """
        return batch_logits(
            self,
            rows,
            candidates=candidates,
            position=position,
            output_tokens=self._written(output),
            segments=segments,
            normalize=normalize,
            batch_size=batch_size,
        )

    def predict(
        self,
        text: Any,
        top: int = 10,
        output: str | Tokens | None = None,
        *,
        position: int | None = None,
        truncate: bool = False,
        **unknown: Any,
    ) -> list[Prediction]:
        """Return the model's strongest next tokens, fillings of a mask, classes, or answers.

        Parameters
        ----------
        text : str, list of dict, tuple of (str, str), or Tokens
            What the model reads.
        top : int, default 10
            How many.
        output : str or Tokens, optional
            What an encoder-decoder has written so far.
        position : int, optional
            Token to read at; default: the last one, the first mask token, or the one with the most
            certain label.
        truncate : bool, default False
            Cut text that is longer than the model's context.

        Returns
        -------
        list of Prediction
            Strongest first. Probabilities are from a softmax in float32; from a sigmoid each when
            several classes can hold at once; NaN of a regression. An answer to a question has the
            ``span`` of its tokens; see
            :func:`lmwidget.models.predictions.strongest_spans`.

        Raises
        ------
        InputError
            When the text cannot be used, a masked model is given no mask token, or a question no
            context.
        ModelMismatchError
            When the model has no output head.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> [p.label for p in lmw.load("tiny").predict("The king of the king of the", top=1)]
        [' king']
        """
        refuse_unknown(unknown, ["top", "output", "position", "truncate"], "predict")
        tokens = self.tokenize(text, truncate=truncate)
        written = self._written(output)
        found, note = answers(self, tokens, written, position, top)
        if note:
            warnings.warn(f"{note} Pass position= for another.", stacklevel=2)
        return found

    def token_text(self, token: int) -> str:
        """Return a vocabulary entry as text, its leading space kept.

        Parameters
        ----------
        token : int
            Id.

        Returns
        -------
        str
            Readable text.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> lm.token_text(int(lm.tokenize(" king").ids[0]))
        ' king'
        """
        return tokenizing.token_text(self.tokenizer, token)

    def _written(self, output: str | Tokens | None) -> Tokens | None:
        if self.task != "seq2seq" and output is None:
            return None
        return self.tokenize_output(output)

    def _segment_kinds(self) -> int:
        if self.architecture == "xlnet":
            return 3
        return int(getattr(self.config, "type_vocab_size", 0) or 0)
