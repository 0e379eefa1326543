"""Tokens joined and cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmwidget.tokens import Tokens
from lmwidget.words import word_groups


def join(first: Tokens, second: Tokens) -> Tokens:
    """Return two runs of tokens as one.

    Parameters
    ----------
    first, second : Tokens
        The second follows the first.

    Returns
    -------
    Tokens
        With spans and words of the second moved behind the first.

    Examples
    --------
    >>> join(Tokens.from_pieces(["a"]), Tokens.from_pieces([" b"])).text
    'a b'
    """
    text = first.text + second.text
    spans = np.concatenate([first.spans, second.spans + len(first.text)])
    kinds = first.kinds + second.kinds
    return Tokens(
        text=text,
        ids=np.concatenate([first.ids, second.ids]),
        pieces=first.pieces + second.pieces,
        raw=first.raw + second.raw,
        spans=spans,
        kinds=kinds,
        words=word_groups(text, spans, kinds),
        roles=first.roles + second.roles,
        segments=np.concatenate([first.segments, second.segments]),
        source=first.source,
    )


def truncate(tokens: Tokens, limit: int, *, keep_end: bool) -> Tokens:
    """Return at most ``limit`` tokens: special tokens at both ends stay, text is cut.

    Parameters
    ----------
    tokens : Tokens
        Any number.
    limit : int
        Largest number of tokens.
    keep_end : bool
        True keeps the end of the text, False its start.

    Returns
    -------
    Tokens
        With the text cut to what is left.

    Examples
    --------
    >>> truncate(Tokens.from_pieces(["a", " b", " c"]), 2, keep_end=True).text
    ' b c'
    """
    count = len(tokens)
    if count <= limit:
        return tokens
    added = [
        k == "special" and s == e for k, (s, e) in zip(tokens.kinds, tokens.spans, strict=True)
    ]
    lead = added.index(False) if False in added else count
    tail = added[::-1].index(False) if False in added else 0
    room = max(limit - lead - tail, 0)
    body = range(lead, count - tail)
    kept = body[len(body) - room :] if keep_end else body[:room]
    chosen = [*range(lead), *kept, *range(count - tail, count)][:limit]
    return _take(tokens, chosen, kept)


def _take(tokens: Tokens, chosen: Sequence[int], kept: Sequence[int]) -> Tokens:
    begin = int(tokens.spans[kept[0], 0]) if len(kept) else 0
    end = int(tokens.spans[kept[-1], 1]) if len(kept) else 0
    spans = np.clip(tokens.spans[chosen], begin, end) - begin
    text, kinds = tokens.text[begin:end], tuple(tokens.kinds[i] for i in chosen)
    return Tokens(
        text=text,
        ids=tokens.ids[chosen],
        pieces=tuple(tokens.pieces[i] for i in chosen),
        raw=tuple(tokens.raw[i] for i in chosen),
        spans=spans,
        kinds=kinds,
        words=word_groups(text, spans, kinds),
        roles=tuple(tokens.roles[i] for i in chosen),
        segments=tokens.segments[chosen],
        source=tokens.source,
    )
