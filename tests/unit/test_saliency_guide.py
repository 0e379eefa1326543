"""The table of methods in docs/saliency.md says what the methods say of themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

import lmwidget as lmw
from lmwidget.attribution import METHODS

GUIDE = Path(__file__).parents[2] / "docs" / "saliency.md"
NEEDS = {
    "gradients": {"embeddings"},
    "values": {"any function"},
    "question": {"attention", "embeddings", "a language model"},
}
CHECKS = {
    "completeness gap": "completeness",
    "relative standard error": "standard error",
    "gains told apart": "told apart",
    "local fit": "fit",
}


def table() -> dict[str, list[str]]:
    """Return the cells of each row behind its name."""
    part = GUIDE.read_text("utf-8").partition("| `method=` |")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in part.splitlines()[2:]]
    return {row[0].strip("`"): [cell.strip(" |") for cell in row[1:]] for row in rows}


def test_every_method_has_a_row_in_the_order_of_the_menus():
    assert list(table()) == list(METHODS)


@pytest.mark.parametrize("name", METHODS)
def test_a_row_says_what_the_method_says(name):
    method, row = METHODS[name], table()[name]
    summary, paper, needs, signed, _, cost = row
    assert summary == method.summary
    assert paper == method.paper
    assert needs in NEEDS[method.needs]
    assert signed == ("yes" if method.signed else "no")
    assert cost


@pytest.mark.parametrize("name", METHODS)
def test_a_row_names_the_method_s_own_check(name):
    if name == "lrp":
        pytest.importorskip("lxt")
    check = lmw.load("tiny").attribute("the king said", name).check
    assert table()[name][4] == ("" if check is None else CHECKS[check.name])
