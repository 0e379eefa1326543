"""A dict from pieces to ids, as a tokenizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lmwidget.errors import InputError


class Vocabulary:
    """Cuts text into the longest pieces that a dict holds, from left to right.

    With single characters as keys this is the tokenizer of a character model.

    Parameters
    ----------
    pieces : mapping of str to int
        Ids by piece. ``"<unk>"`` or ``"[UNK]"``, when there, stands for characters of no piece.

    Raises
    ------
    InputError
        When the keys are not text, or two have the same id.

    Examples
    --------
    >>> Vocabulary({"a": 0, "ab": 1, " ": 2}).encode("aab a")
    [0, 1, 2, 0]
    """

    def __init__(self, pieces: Mapping[str, int]) -> None:
        self.pieces = {piece: int(token) for piece, token in pieces.items()}
        self._names = {token: piece for piece, token in self.pieces.items()}
        if not pieces or not all(isinstance(piece, str) and piece for piece in pieces):
            raise InputError(
                "The vocabulary has to map pieces of text to ids.",
                'For a character model: {"a": 0, "b": 1}.',
            )
        if len(self._names) < len(self.pieces):
            raise InputError("Two pieces of the vocabulary have the same id.", "Give each its own.")
        self._longest = max(map(len, self.pieces))
        self._unknown = next((self.pieces[u] for u in ("<unk>", "[UNK]") if u in self.pieces), None)

    @property
    def vocab_size(self) -> int:
        """One more than the largest id.

        Returns
        -------
        int
            Ids need not be without gaps.

        Examples
        --------
        >>> Vocabulary({"a": 0, "b": 1}).vocab_size
        2
        """
        return max(self._names) + 1

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text.

        Parameters
        ----------
        text : str
            Any text.

        Returns
        -------
        list of int
            One id a piece.

        Raises
        ------
        InputError
            When a character is in no piece, and there is no piece for the unknown.

        Examples
        --------
        >>> Vocabulary({"a": 0, "<unk>": 1}).encode("ab")
        [0, 1]
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
            Ids; starts and ends.

        Raises
        ------
        InputError
            As :meth:`encode`.

        Examples
        --------
        >>> Vocabulary({"a": 0, "<unk>": 1}).encode_with_offsets("ab")
        ([0, 1], [(0, 1), (1, 2)])
        """
        ids, spans, place = [], [], 0
        while place < len(text):
            ends = range(min(place + self._longest, len(text)), place, -1)
            end = next((e for e in ends if text[place:e] in self.pieces), None)
            token = self._unknown if end is None else self.pieces[text[place:end]]
            if token is None:
                raise InputError(
                    f"{text[place]!r} at {place} is not in the vocabulary.",
                    'Leave it out, or give the vocabulary an "<unk>".',
                )
            end = place + 1 if end is None else end
            ids.append(token)
            spans.append((place, end))
            place = end
        return ids, spans

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of ids.

        Parameters
        ----------
        ids : sequence of int
            Ids of pieces.

        Returns
        -------
        str
            The pieces, joined.

        Raises
        ------
        KeyError
            For an id that no piece has.

        Examples
        --------
        >>> Vocabulary({"a": 0, "b": 1}).decode([1, 0])
        'ba'
        """
        return "".join(self._names[int(token)] for token in ids)
