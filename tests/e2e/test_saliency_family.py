"""All widgets of attribution together: asked, checked, stepped through and compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from notebook_page import Notebook, write_notebook
from pictures import Compare, Saliency, SaliencyGrid
from playwright.sync_api import expect
from watching import accessibility_problems, shoot

import lmwidget as lmw

TEXT = "The king said unto the servants. The king of the king of"
METHODS = ["input_x_gradient", "leave_one_out", "random"]
CELLS = [
    "import lmwidget as lmw\nlm = lmw.load('tiny')",
    f"why = lmw.SaliencyText(lm, {TEXT!r})\nwhy",
    f"matrix = lmw.SaliencyMatrix(lm, {TEXT!r}, max_new_tokens=4)\nmatrix",
    f"rows = lmw.SaliencyCompare(lm, {TEXT!r}, methods={METHODS})\nrows",
    "lmw.link(why, matrix, rows)",
    "",
]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lm = lmw.load("tiny")
    why = lmw.SaliencyText.from_result(lm.check(lm.attribute(TEXT), random_maps=3))
    matrix = lmw.SaliencyMatrix(lm, TEXT, max_new_tokens=4)
    rows = lmw.SaliencyCompare.from_result(lm.compare(TEXT, METHODS, random_maps=3))
    lmw.link(why, matrix, rows)
    path = tmp_path_factory.mktemp("page") / "saliency.html"
    return lmw.to_html(path, why, matrix, rows, title="Why the king")


def test_in_jupyterlab(lab, open_page) -> None:
    write_notebook(lab.folder / "saliency_family.ipynb", CELLS)
    page, _ = open_page(width=1200, height=1000)
    notebook = Notebook(page, lab).open("saliency_family.ipynb")
    notebook.run_all()
    notebook.wait_until_run()
    why, matrix, rows = Saliency(page), SaliencyGrid(page), Compare(page)

    why.seen()
    why.button("Check this map").click()
    checks = why.root.get_by_role("group", name="Checks of this map")
    expect(checks).to_contain_text("comprehensiveness")
    assert len(notebook.value("[check.name for check in why.result.checks]")) == 3
    why.root.get_by_label("Level").select_option("word")
    notebook.eventually("(why.level, why.result.level)", ("word", "word"))
    why.root.get_by_label("Level").select_option("token")
    shoot(why.root, "saliency-checked")

    matrix.seen()
    matrix.plot.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    notebook.eventually("matrix.step is not None and matrix.token is not None", True)
    assert notebook.value("why.token == matrix.token == rows.token")
    shoot(matrix.root, "saliency-matrix")

    rows.seen()
    expect(rows.methods).to_have_text(["Input × gradient", "Leave-one-out", "Random (control)"])
    rows.unit(3).click()
    notebook.eventually("(rows.token, why.token, matrix.token)", (3, 3, 3))
    why.expect_pinned(3)
    count = notebook.value("len(rows.result.tokens)")
    rows.edit("The king said unto the people")
    notebook.eventually("rows.result.tokens.text", "The king said unto the people")
    rows.button("Edit the text").click()
    page.keyboard.press("Escape")
    expect(rows.root.locator("[data-unit='0']")).to_be_focused()
    rows.edit(TEXT)
    notebook.eventually("len(rows.result.tokens)", count)
    rows.seen()
    rows.button("More controls").click()
    rows.root.get_by_role("checkbox", name=re.compile("^Gradient norm")).check()
    expect(rows.methods).to_have_count(4)
    notebook.eventually("len(rows.result)", 4)
    shoot(rows.root, "saliency-compare")
    problems = accessibility_problems(page)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1600, "dark")])
def test_without_a_kernel(width, theme, page_file, open_page) -> None:
    page, watch = open_page(width=width, height=1100, color_scheme=theme, offline=True)
    page.goto(page_file.as_uri())
    why, matrix, rows = Saliency(page), SaliencyGrid(page), Compare(page)
    for picture in (why, matrix, rows):
        picture.ready()
        box = picture.root.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    rows.unit(2).click()
    why.expect_pinned(2)
    rows.root.get_by_label("Level").select_option("sentence")
    expect(rows.root).to_contain_text("Scores are sums")
    assert {url.partition(":")[0] for url in watch.requests} <= {"file", "blob"}
    problems = accessibility_problems(page)
    assert not problems, "\n".join(problems)
    shoot(page, f"saliency-family-{width}-{theme}", full_page=True)
