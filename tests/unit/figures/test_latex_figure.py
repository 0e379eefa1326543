"""LaTeX: braces balanced, nothing of the text is a command; compiled where there is a LaTeX."""

import re
import shutil
import subprocess

import pytest
from odd_attributions import ODD, PIECES

from lmwidget.figures.latex import escaped, latex_figure


def balance(source):
    depth = 0
    for token in re.findall(r"\\.|[{}]", source, flags=re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth >= 0
    return depth


def body(source):
    """The figure without our own macros and comments."""
    return source[source.index(r"{\large") :]


@pytest.mark.parametrize("name", ODD)
def test_braces_are_balanced_and_groups_closed(name):
    source = latex_figure(ODD[name]())
    without = re.sub(r"(?<!\\)%.*", "", source)
    assert balance(without) == 0
    assert source.count(r"\begingroup") == source.count(r"\endgroup") == 1
    assert not re.search(
        r"(?<!\\)[$&#^~_](?![^{]*\\def)", re.sub(r"~\\mbox|}}~|~\\%", "", body(source))
    )


# What LaTeX prints for each command that stands for a character.
PRINTED = {
    r"\textbackslash{}": "\\", r"\{": "{", r"\}": "}", r"\$": "$", r"\&": "&", r"\%": "%",
    r"\#": "#", r"\_": "_", r"\textasciicircum{}": "^", r"\textasciitilde{}": "~",
    r"\textless{}": "<", r"\textgreater{}": ">", r"\textbar{}": "|", r"\textquotedbl{}": '"',
    "{'}": "'", r"{\textasciigrave}": "`", "{-}": "-", "{,}": ",", "{?}": "?", "{!}": "!",
}  # fmt: skip


def test_every_printable_ascii_character_is_printed_as_itself():
    pattern = "|".join(re.escape(command) for command in PRINTED)
    for char in map(chr, range(32, 127)):
        source = escaped(char)
        assert re.sub(pattern, lambda found: PRINTED[found[0]], source) == char
        assert source in PRINTED or source.isalnum() or source in " ()*+./:;=@[]"


def test_characters_that_would_make_ligatures_stay_apart():
    assert escaped("--") == "{-}{-}"
    assert escaped("?`!`") == r"{?}{\textasciigrave}{!}{\textasciigrave}"


def test_tokens_of_a_word_stand_without_a_place_to_break():
    source = body(latex_figure(ODD["odd"]()))
    word = source[source.index("{un}") : source.index("{able}")]
    assert not re.search(r"\s|hskip|par", word.replace(r"\lmw", "").replace("{}", ""))


def test_lines_of_the_text_are_paragraphs():
    source = latex_figure(ODD["odd"]())
    assert "hookleftarrow" in source
    assert body(source).count(r"\leavevmode") == sum(piece.count("\n") for piece in PIECES) + 1


COMPILED = ["special", "one", "zeros", "nothing finite", "only a break", "unsigned", "sentences"]


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="no LaTeX on this machine; see the tests above")  # fmt: skip
@pytest.mark.parametrize("name", COMPILED)
def test_it_compiles(name, tmp_path):
    source = latex_figure(ODD[name]())
    source = re.sub("[^\x00-\xff‘’“”–—]", "x", source)  # what LaTeX's own fonts lack
    packages = r"\usepackage[T1]{fontenc}\usepackage{textcomp,xcolor}"
    page = rf"\documentclass{{article}}{packages}\begin{{document}}{source}\end{{document}}"
    (tmp_path / "page.tex").write_text(page)
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"],
        cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1500:]
    assert (tmp_path / "page.pdf").read_bytes()[:4] == b"%PDF"
