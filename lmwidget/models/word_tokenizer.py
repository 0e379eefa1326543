"""Words as tokens, for models that count them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence

from lmwidget.words import word_starts

UNKNOWN, END = "<unk>", "</s>"


class WordTokenizer:
    """Every word and every punctuation mark is a token; white space belongs to what follows it.

    Words are found as everywhere in lmwidget, see :func:`lmwidget.words.word_groups`.

    Parameters
    ----------
    words : sequence of str
        The vocabulary; ``"<unk>"`` and ``"</s>"`` are added in front.

    Attributes
    ----------
    unk_token_id, eos_token_id : int
        The two that are added.

    Examples
    --------
    >>> tokenizer = WordTokenizer(["the", "king"])
    >>> tokenizer.encode("the king said")
    [2, 3, 0]
    """

    unk_token_id, eos_token_id = 0, 1

    def __init__(self, words: Sequence[str]) -> None:
        self.words = (UNKNOWN, END, *(word for word in words if word not in (UNKNOWN, END)))
        self._ids = {word: token for token, word in enumerate(self.words) if token > 1}

    @classmethod
    def of(cls, texts: Iterable[str], minimum: int = 1) -> WordTokenizer:
        """Return a tokenizer for the words of texts.

        Parameters
        ----------
        texts : iterable of str
            The texts.
        minimum : int, default 1
            Words that occur less often are left out.

        Returns
        -------
        WordTokenizer
            The most frequent words first.

        Examples
        --------
        >>> WordTokenizer.of(["the king, the cat"]).words
        ('<unk>', '</s>', 'the', 'king', ',', 'cat')
        """
        counts = Counter(text[a:b].strip() for text in texts for a, b in _spans(text))
        return cls([word for word, count in counts.most_common() if count >= minimum])

    @property
    def vocab_size(self) -> int:
        """Number of tokens.

        Returns
        -------
        int
            With the two that are added.

        Examples
        --------
        >>> WordTokenizer(["the"]).vocab_size
        3
        """
        return len(self.words)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text.

        Parameters
        ----------
        text : str
            Any text.

        Returns
        -------
        list of int
            One id a word; 0 for unknown ones.

        Examples
        --------
        >>> WordTokenizer(["the"]).encode("the the")
        [2, 2]
        """
        return self.encode_with_offsets(text)[0]

    def encode_with_offsets(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Return the ids of a text, and which characters each stands for.

        Parameters
        ----------
        text : str
            Any text.

        Returns
        -------
        tuple of (list of int, list of (int, int))
            Ids; starts and ends, white space before a word included.

        Examples
        --------
        >>> WordTokenizer(["the"]).encode_with_offsets("the cat")
        ([2, 0], [(0, 3), (3, 7)])
        """
        spans = _spans(text)
        return [self._ids.get(text[a:b].strip(), self.unk_token_id) for a, b in spans], spans

    def decode(self, ids: Sequence[int]) -> str:
        """Return the words of ids.

        Parameters
        ----------
        ids : sequence of int
            Token ids.

        Returns
        -------
        str
            With a space between each two.

        Examples
        --------
        >>> WordTokenizer(["the", "king"]).decode([2, 3])
        'the king'
        """
        return " ".join(self.words[int(token)] for token in ids)


def _spans(text: str) -> list[tuple[int, int]]:
    """Return every word with the white space before it; what is left belongs to the last one."""
    starts = [place for place, first in enumerate(word_starts(text)) if first]
    spans: list[tuple[int, int]] = []
    begin = 0
    for start, end in itertools.pairwise([*starts, len(text)]):
        if not text[start].isspace():
            spans.append((begin, end))
            begin = end
    if spans:
        spans[-1] = (spans[-1][0], len(text))
    return spans
