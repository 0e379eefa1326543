"""SaliencyMatrix where no script runs: a shaded table, or its strongest cells when it is large."""

from __future__ import annotations

import math
from html import escape

import numpy as np

from lmwidget.answers import AnswerAttribution
from lmwidget.figures.scale import scale_end
from lmwidget.html import background, shaded, table
from lmwidget.widgets.saliency_static import checks_table

_MOST_COLUMNS = 48
_MOST_CELLS = 1600
_MOST_ROWS = 64
_MOST_TOKENS = 1500
_STRONGEST = 5


def static_matrix(answer: AnswerAttribution) -> str:
    """Return the picture of an answer as HTML without scripts.

    Parameters
    ----------
    answer : AnswerAttribution
        What is drawn, at the level that is shown.

    Returns
    -------
    str
        A shaded table when it is small; else the text shaded by the whole answer, and the strongest
        cells of each row. Every text is escaped.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> static_matrix(lmw.load("tiny").attribute_answer("the king", " said"))[:4]
    '<div'
    """
    columns = int(answer.until.max())
    small = columns <= _MOST_COLUMNS and columns * len(answer) <= _MOST_CELLS
    picture = _cells(answer, columns) if small else _summary(answer)
    return picture + _caption(answer, small=small) + checks_table(answer.checks)


def _limit(scores: np.ndarray) -> float:
    return scale_end(np.abs(scores)) or 1.0


def _cells(answer: AnswerAttribution, columns: int) -> str:
    limit, pieces = _limit(answer.scores), answer.tokens.pieces
    digits = max(0, 1 - math.floor(math.log10(limit)))  # two of the strongest
    head = "".join(f'<th scope="col">{escape(piece)}</th>' for piece in pieces[:columns])
    rows = []
    for row, (prediction, until) in enumerate(zip(answer.predictions, answer.until, strict=True)):
        cells = [
            f'<td{background(float(score) / limit)} title="{score:.4g}">{score:.{digits}f}</td>'
            for score in answer.scores[row, :until]
        ] + ["<td></td>"] * (columns - int(until))
        label = escape(prediction.label)
        rows.append(f'<tr><th scope="row">{label}</th>{"".join(cells)}</tr>')
    return (
        f'<div style="overflow-x:auto"><table><caption>{escape(_title(answer))}</caption><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _summary(answer: AnswerAttribution) -> str:
    whole = answer.whole()
    limit = _limit(whole.scores)
    titles = [f"{score:.4g} {whole.unit}" for score in whole.scores[:_MOST_TOKENS]]
    shares = [float(score) / limit for score in whole.scores[:_MOST_TOKENS]]
    text = shaded(whole.tokens.pieces[:_MOST_TOKENS], shares, titles)
    rows = [
        (prediction.label, _strongest(answer, row))
        for row, prediction in enumerate(answer.predictions[:_MOST_ROWS])
    ]
    return text + table(_title(answer), ["written", "strongest"], rows)


def _strongest(answer: AnswerAttribution, row: int) -> str:
    scores = answer.scores[row, : answer.until[row]]
    sizes = np.where(np.isfinite(scores), np.abs(scores), -1)
    found = [i for i in np.argsort(-sizes, kind="stable")[:_STRONGEST] if sizes[i] > 0]
    return ", ".join(f"{answer.tokens.pieces[i].strip()} {scores[i]:.2g}" for i in found)


def _title(answer: AnswerAttribution) -> str:
    level = "" if answer.level == "token" else f" by {answer.level}"
    return f"What each {answer.row_level} of the answer came from{level} ({answer.unit})"


def _caption(answer: AnswerAttribution, *, small: bool) -> str:
    model = f", {answer.model}" if answer.model else ""
    of = answer.scores if small else answer.whole().scores
    cut = [
        f"Only the first {most:,} {what} are shown here."
        for most, count, what in (
            (_MOST_TOKENS, answer.start, "columns"),
            (_MOST_ROWS, len(answer), "rows"),
        )
        if not small and count > most
    ]
    partial = ["Stopped early: rows that were not finished are missing."] if answer.partial else []
    words = [
        f"{answer.method}{model}; full shade is {_limit(of):.2g} {answer.unit}.",
        *cut,
        *partial,
        "Run the notebook for the live picture.",
    ]
    return f"<p><small>{escape(' '.join(words))}</small></p>"
