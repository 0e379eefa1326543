"""An attribution as LaTeX: shaded words that break into lines like any text."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from lmwidget.figures.bidi import leftward, mirrored
from lmwidget.figures.colours import AGAINST, FOR, MUTED, PLAIN, shade
from lmwidget.figures.ink import Ink, ink_lines
from lmwidget.figures.layout import direction, directions, may_break
from lmwidget.figures.picture import Picture, picture_of

if TYPE_CHECKING:
    from lmwidget.results import Attribution

_ESCAPED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "%": r"\%",
    "#": r"\#", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
    "'": r"{'}", "`": r"{\textasciigrave}", "-": "{-}", ",": "{,}", "?": "{?}", "!": "{!}",
    "−": r"\ensuremath{-}", "×": r"\ensuremath{\times}", "∞": r"\ensuremath{\infty}",
    "→": r"\ensuremath{\rightarrow}", "←": r"\ensuremath{\leftarrow}", "\u00a0": "~",
    "“": "``", "”": "''", "‘": "`", "’": "'", "–": "--", "—": "---", "…": r"\dots{}",
}  # fmt: skip
# Signs as every TeX can write them.
_SIGNS = {
    "⏎": r"\ensuremath{\hookleftarrow}", "␍": r"\textsc{cr}", "⇥": r"\ensuremath{\mapsto}",
    "∅": r"\ensuremath{\emptyset}", "◌": r"\ensuremath{\circ}", "␣": r"\textvisiblespace{}",
    "�": "?",
}  # fmt: skip
# Letters from right to left, and spaces between them, in words that read from left to right.
_LEFTWARD = re.compile("([\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+(?: [\u0590-\u08ff]+)*)")
_BAR = 1.6  # points, of the strongest unit
_HEAD = r"""% A figure made by lmwidget. Needs \usepackage[T1]{fontenc}, \usepackage{textcomp} and
% \usepackage{xcolor}. For characters that your font lacks use XeLaTeX or LuaLaTeX with one that has
% them: TeX leaves them out.
\begingroup
\setlength{\fboxsep}{0pt}\setlength{\parindent}{0pt}\setlength{\parskip}{0pt}%
\ifdefined\TeXXeTstate\TeXXeTstate=1 \fi
% Text from right to left, where the engine can: XeTeX and pdfTeX, else LuaTeX.
\def\lmwleft#1{\ifdefined\textdirection{\textdirection 1 #1}\else
  \ifdefined\beginR\beginR#1\endR\else#1\fi\fi}%
\def\lmwright#1{\ifdefined\textdirection{\textdirection 0 #1}\else
  \ifdefined\beginL\beginL#1\endL\else#1\fi\fi}%
% A box inside of it, which would be turned round with its colours.
\def\lmwboxed#1{\mbox{\lmwright{#1}}}%
\newbox\lmwbox
% #1 colour of the shade, #2 of the bar, #3 its height, #4 what it is made of, #5 text
\def\lmwunit#1#2#3#4#5{\setbox\lmwbox=\hbox{\strut#5}%
  \lmwboxed{\colorbox[HTML]{#1}{\lmwboxed{\rlap{\smash{\lower\dimexpr\dp\strutbox+#3+.4pt\hbox{%
    \color[HTML]{#2}#4{#3}}}}\unhbox\lmwbox}}}}%
\def\lmwsolid#1{\vrule width\wd\lmwbox height#1 depth0pt}%
\def\lmwdashed#1{\hbox to\wd\lmwbox{\leaders\hbox{\vrule width2pt height#1 depth0pt\kern1.4pt}\hfil}}%
\def\lmwdouble#1{\vbox{\lmwsolid{.7pt}\kern.6pt\lmwsolid{.7pt}}}%
\def\lmwdoubledashed#1{\vbox{\lmwdashed{.7pt}\kern.6pt\lmwdashed{.7pt}}}%
\def\lmwbroken#1{\fbox{\strut#1}}%
% A shaded space inside a unit: it stretches and breaks as others do.
\def\lmwspace#1{{\color[HTML]{#1}\leaders\hrule height\ht\strutbox depth\dp\strutbox
  \hskip.3em plus.12em minus.08em}}%
\def\lmwsmall#1{\lmwboxed{\scriptsize\color[HTML]{MUTED}#1}}%
\def\lmwramp#1{\colorbox[HTML]{#1}{\vrule width0pt height1.4ex\hskip.36em}}%
"""


def latex_figure(why: Attribution) -> str:
    r"""Return an attribution as LaTeX, to be put where a paragraph may stand.

    Parameters
    ----------
    why : Attribution
        Scores of one text.

    Returns
    -------
    str
        The question, shaded text that is broken to the width of the column, the scale, the
        caption. It needs the packages ``xcolor``, ``fontenc`` and ``textcomp``; text from right to
        left needs XeLaTeX or LuaLaTeX, as does every character that LaTeX's own fonts lack.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> r"\begingroup" in latex_figure(lmw.load("tiny").attribute("The king"))
    True
    """
    picture = picture_of(why)
    head = _HEAD.replace("MUTED", _html(MUTED["light"]))
    parts = [head, rf"{{\large {escaped(picture.question)}\par}}\medskip", "\n"]
    parts.append(r"{\linespread{1.35}\selectfont\raggedright" + "\n")
    for line in ink_lines(picture.tokens, picture.hidden):
        parts += [_line(line, picture), "\n"]
    parts += ["}%\n", _legend(picture), rf"{{\footnotesize\color[HTML]{{{_html(MUTED['light'])}}}"]
    parts += [escaped(" ".join(picture.caption)), r"\par}", "\n\\endgroup\n"]
    return "".join(parts)


def escaped(text: str) -> str:
    r"""Return text as LaTeX prints it.

    Parameters
    ----------
    text : str
        Any text on one line.

    Returns
    -------
    str
        Nothing in it is a command, and no two characters are drawn as one.

    Examples
    --------
    >>> print(escaped(r"50 % of $x_1 \alpha"))
    50 \% of \$x\_1 \textbackslash{}alpha
    """
    parts = _LEFTWARD.split(text)
    plain = ["".join(map(_escaped_char, part)) for part in parts]
    plain[1::2] = [rf"\mbox{{\lmwleft{{{part}}}}}" for part in plain[1::2]]
    return "".join(plain)


def _escaped_char(char: str) -> str:
    return _ESCAPED.get(char) or _SIGNS.get(char) or _printable(char)


def _printable(char: str) -> str:
    return char if char.isprintable() or (ord(char) > 0x2000 and not 0xD800 <= ord(char) < 0xE000) else "?"  # fmt: skip


def _line(line: Sequence[Ink], picture: Picture) -> str:
    """Return one line of the text as a paragraph."""
    if not line:
        return r"\leavevmode\par"
    base = direction(line)
    found = directions(line, base)
    parts: list[str] = []
    for turned, group in groupby(range(len(line)), key=lambda i: found[i] > 0):
        numbers = list(group)
        if not turned:
            parts += _words([line[i] for i in numbers], picture)
            continue
        inner = [
            (odd, "".join(_words([line[i] for i in same], picture, turned=True, mirror=odd)))
            for odd, same in groupby(numbers, key=lambda i: found[i] % 2 == 1)
        ]
        words = "".join(part if odd else rf"\lmwright{{{part}}}" for odd, part in inner)
        parts.append(rf"\lmwleft{{{words}}}")
    whole = "".join(parts)
    return rf"{{\raggedleft{whole}\par}}" if base else rf"\leavevmode {whole}\par"


def _words(
    inks: Sequence[Ink], picture: Picture, *, turned: bool = False, mirror: bool = False
) -> Iterator[str]:
    """Yield boxes of one unit each; between them the places where a line may be broken."""
    place = 0
    while place < len(inks):
        if inks[place].kind == "space":
            yield " " if turned else _space(inks[place], picture)  # colours would be turned round
            place += 1
            continue
        end = place + 1
        while end < len(inks) and _goes_on(inks[end - 1], inks[end], mirror=mirror):
            end += 1
        yield _box(inks[place:end], picture, mirror=mirror)
        if end < len(inks) and may_break(inks[end - 1], inks[end]):
            yield r"\hskip0pt plus.2pt\relax "
        place = end


def _goes_on(before: Ink, ink: Ink, *, mirror: bool) -> bool:
    """Return whether two neighbours stand in one box; a bracket turned round has its own."""
    same = ink.unit == before.unit and ink.kind == before.kind == "text"
    apart = mirror and not (leftward(before.text) and leftward(ink.text))
    return same and not apart and not may_break(before, ink)


def _space(ink: Ink, picture: Picture) -> str:
    place = float(picture.places[ink.unit])
    if not ink.shaded or math.isnan(place):
        return " "
    return rf"\lmwspace{{{_html(shade(place, signed=picture.signed))}}}"


def _box(inks: Sequence[Ink], picture: Picture, *, mirror: bool) -> str:
    unit, place = inks[0].unit, float(picture.places[inks[0].unit])
    chars = "".join(mirrored(ink.text) if mirror else ink.text for ink in inks)
    text = "".join(map(_escaped_char, chars))
    if inks[0].kind in {"sign", "special"}:
        text = rf"\lmwsmall{{{text}}}"
    if math.isnan(place):
        return rf"\lmwbroken{{{text}}}"
    against = picture.signed and place < 0
    side = PLAIN if not picture.signed else AGAINST if against else FOR
    double = unit in picture.beyond
    form = ("double" if double else "") + ("dashed" if against else "" if double else "solid")
    height = 2.0 if double else round(_BAR * abs(place), 2)
    fill = _html(shade(place, signed=picture.signed))
    return rf"\lmwunit{{{fill}}}{{{_html(side['light'])}}}{{{height}pt}}{{\lmw{form}}}{{{text}}}"


def _legend(picture: Picture) -> str:
    low, high = picture.range_words
    steps = range(-8, 9) if picture.signed else range(17)
    size = 8 if picture.signed else 16
    ramp = "".join(
        rf"\lmwramp{{{_html(shade(step / size, signed=picture.signed))}}}" for step in steps
    )
    ends = [escaped(end) for end in picture.ends]
    low, high = (
        f"{escaped(number)}{f' ({end})' if end else ''}"
        for number, end in zip((low, high), ends, strict=True)
    )
    return (
        rf"\medskip{{\footnotesize\raggedright {low}~\mbox{{{ramp}}}~{high}, "
        rf"{escaped(picture.unit)}\par}}\smallskip" + "\n"
    )


def _html(colour: str) -> str:
    """Return a colour as xcolor's model HTML has it."""
    return colour.lstrip("#").upper()
