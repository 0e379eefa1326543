"""An n-gram language model: the baseline beside a neural one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from lmwidget.errors import InputError
from lmwidget.models.form import Form
from lmwidget.models.kneser_ney import KneserNey
from lmwidget.models.language_model import LanguageModel
from lmwidget.models.own_module import OwnModule
from lmwidget.models.own_tokenizer import OwnTokenizer, as_tokenizer
from lmwidget.models.tokenizing import tokenize_plain
from lmwidget.models.word_tokenizer import WordTokenizer

if TYPE_CHECKING:
    from typing_extensions import Self

    from lmwidget.tokens import Tokens


class NGramModule(nn.Module):
    """Token ids to log-probabilities, from counts; there is nothing to differentiate.

    Parameters
    ----------
    counts : KneserNey
        The counts.

    Examples
    --------
    >>> module = NGramModule(KneserNey([np.array([0, 1, 0, 2])], 2, 4))
    >>> module(torch.tensor([[0, 1]])).exp().sum(-1).round(decimals=9)
    tensor([[1., 1.]], dtype=torch.float64)
    """

    differentiable = False

    def __init__(self, counts: KneserNey) -> None:
        super().__init__()
        self.counts = counts

    def forward(self, input_ids: Tensor, logits_to_keep: int = 0) -> Tensor:
        """Return log-probabilities of the next token.

        Parameters
        ----------
        input_ids : Tensor of int, shape (batch, token)
            Texts from their beginning.
        logits_to_keep : int, default 0
            Only after so many tokens at the end; 0 for all.

        Returns
        -------
        Tensor of float64, shape (batch, token, candidate)
            Natural logarithms.
        """
        reach = self.counts.order - 1
        known: dict[tuple[int, ...], Tensor] = {}
        rows = []
        for ids in input_ids.tolist():
            text = [self.counts.begin, *ids]
            ends = (
                range(len(text) + 1)[-logits_to_keep:]
                if logits_to_keep
                else range(2, len(text) + 1)
            )
            contexts = [tuple(text[max(0, end - reach) : end]) for end in ends]
            for context in contexts:
                if context not in known:
                    known[context] = torch.from_numpy(self.counts.distribution(context)).log()
            rows.append(torch.stack([known[context] for context in contexts]))
        return torch.stack(rows)


class NGramModel(LanguageModel):
    """A language model that counts: interpolated modified Kneser–Ney over words or other tokens.

    Made by :meth:`fit`. It predicts and gives log-probabilities as every other ``LanguageModel``
    does; it has no attention and no gradients.

    Parameters
    ----------
    counts : KneserNey
        The counts.
    tokenizer : transformers tokenizer, or anything with encode and decode
        What they count.
    name : str, optional
        Shown on figures.

    Attributes
    ----------
    order : int
        Length of the longest n-grams: it looks back ``order - 1`` tokens.

    Examples
    --------
    >>> lm = NGramModel.fit(["the king said", "the king sat", "the cat sat"])
    >>> lm.predict("the", top=1)[0].label
    'king'
    """

    def __init__(self, counts: KneserNey, tokenizer: Any, name: str | None = None) -> None:
        self.order = counts.order
        form = Form(width=counts.size, rows=counts.size)
        name = f"{counts.order}-gram" if name is None else name
        super().__init__(OwnModule(NGramModule(counts), form=form), tokenizer, name=name)
        self.architecture = f"{counts.order}-gram"

    @classmethod
    def fit(
        cls,
        texts: str | Iterable[str],
        order: int = 3,
        tokenizer: Any = None,
        *,
        minimum: int = 1,
        name: str | None = None,
    ) -> Self:
        """Return a model with the counts of texts.

        Parameters
        ----------
        texts : str or iterable of str
            One text or many; n-grams do not go from one into the next.
        order : int, default 3
            Length of the longest n-grams.
        tokenizer : optional
            What is counted; default: words. With the tokenizer of another model the two can be
            compared token by token.
        minimum : int, default 1
            Words that occur less often are counted as ``<unk>``; only without a tokenizer.
        name : str, optional
            Shown on figures.

        Returns
        -------
        NGramModel
            Ready for ``predict`` and ``logits``.

        Raises
        ------
        InputError
            When there is no text, or the order is not positive.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.NGramModel.fit("the king said unto the king", order=2)
        <LanguageModel 2-gram: 2-gram, causal>
        """
        if type(order) is not int or order < 1:
            raise InputError(f"order is {order!r}.", "Give a whole number of at least 1.")
        texts = [texts] if isinstance(texts, str) else list(texts)
        if not any(isinstance(text, str) and text.strip() for text in texts):
            raise InputError("There is no text to count.", "Give a text, or a list of them.")
        if not all(isinstance(text, str) for text in texts):
            raise InputError("Not everything to count is text.", "Give a list of strings.")
        given = WordTokenizer.of(texts, minimum) if tokenizer is None else tokenizer
        reads = as_tokenizer(given)
        end = reads.eos_token_id
        ids = [np.array([*_plain_ids(reads, t), *([] if end is None else [end])]) for t in texts]
        size = len(reads) or 1 + max(int(row.max()) for row in ids if len(row))
        return cls(KneserNey(ids, order, size), reads, name)

    def tokenize(self, text: Any, *, truncate: bool = False) -> Tokens:
        """Return what the model reads, without the special tokens that other models want.

        Parameters
        ----------
        text : str, list of dict, tuple of (str, str), or Tokens
            As for every ``LanguageModel``.
        truncate : bool, default False
            Without effect: there is no limit.

        Returns
        -------
        Tokens
            With spans that partition the text.

        Raises
        ------
        InputError
            When the text has no token.

        Examples
        --------
        >>> NGramModel.fit("the king said").tokenize("the  king ").pieces
        ('the', '  king ')
        """
        if isinstance(text, str) and text:
            text = tokenize_plain(self.tokenizer, text)
        return super().tokenize(text, truncate=truncate)


def _plain_ids(tokenizer: Any, text: str) -> Sequence[int]:
    if isinstance(tokenizer, OwnTokenizer):
        return tokenizer.encode(text) if text else []
    ids: Sequence[int] = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return ids
