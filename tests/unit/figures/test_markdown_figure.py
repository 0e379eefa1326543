"""Markdown: read back by a parser of its own, it says what the attribution holds."""

import re

import numpy as np
import pytest
from markdown_it import MarkdownIt
from odd_attributions import ODD, plain

from lmwidget.errors import InputError
from lmwidget.figures.words import token_name

PARSER = MarkdownIt("gfm-like", {"linkify": False})


def code_block(source):
    (block,) = [token for token in PARSER.parse(source) if token.type == "fence"]
    return block.content.splitlines()


def cells(source):
    rows, row = [], None
    for token in PARSER.parse(source):
        if token.type == "tr_open":
            row = []
            rows.append(row)
        elif token.type == "inline" and row is not None:
            row.append("".join(child.content for child in token.children))
        elif token.type == "table_close":
            row = None
    return rows


@pytest.mark.parametrize("name", ODD)
def test_the_table_holds_the_scores_and_nothing_else_is_markup(name):
    why = ODD[name]()
    source = why.to_markdown(rows=60)
    header, *rows = cells(source)
    assert header == ["#", why.level, why.unit]
    assert len(rows) == min(60, len(why.tokens))
    for place, name_, score in rows:
        i = int(place) - 1
        assert re.sub(r"\s+", " ", name_) == re.sub(r"\s+", " ", token_name(why.tokens, i))
        if np.isfinite(why.scores[i]):
            assert float(score.replace("−", "-")) == pytest.approx(float(why.scores[i]), rel=1e-3, abs=1e-9)  # fmt: skip
    allowed = {"paragraph", "strong", "fence", "inline", "table", "thead", "tbody", "tr", "th", "td", "code_inline", "text", "text_special", "softbreak"}  # fmt: skip
    found = PARSER.parse(source)
    kinds = {one.type for token in found for one in (token, *(token.children or []))}
    assert {kind.removesuffix("_open").removesuffix("_close") for kind in kinds} <= allowed


def test_bars_stand_under_their_tokens():
    why = plain([1.0, -1.0, 0.5, -0.3, 0.0, np.nan], ["un", "real", " new", " 漢", " end", " bad"])
    assert code_block(why.to_markdown()) == [
        "unreal new 漢 end bad",
        "██▓▓▓▓ ▄▄▄ ░░     ???",
    ]


def test_the_longest_table_lists_the_strongest_in_the_order_of_the_text():
    source = plain([0.1, -3.0, 2.0, 0.2], ["a", " b", " c", " d"]).to_markdown(rows=2)
    assert [row[1] for row in cells(source)[1:]] == ["b", "c"]
    assert "The 2 strongest of 4 tokens." in source
    assert "|" not in plain([1.0], ["a"]).to_markdown(rows=0)


@pytest.mark.parametrize("width", [20, 33, 80])
def test_lines_are_broken_between_words(width):
    lines = code_block(ODD["long"]().to_markdown(width=width, rows=0))
    assert max(map(len, lines)) <= width
    assert " ".join(" ".join(lines[::2]).split()) == " ".join(f"word{i}" for i in range(3000))


def test_backticks_in_the_text_do_not_end_the_block():
    lines = code_block(plain([1.0, 1.0], ["a\n", "````\n</pre>"]).to_markdown(rows=0))
    assert lines == ["a⏎", "██", "````⏎", "█████", "</pre>", "██████"]


def test_what_cannot_be_written_is_refused():
    with pytest.raises(InputError):
        ODD["one"]().to_markdown(width=5)
