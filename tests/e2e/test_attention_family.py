"""All widgets of attention together: the lecture in JupyterLab, and a page where they are linked."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from notebook_page import Notebook
from pictures import Flow, Graph, Grid, Matrix, QueryKey, Space
from playwright.sync_api import expect
from watching import ROOT, accessibility_problems, shoot

import lmwidget as lmw

SLOW = 240_000
TEXT = "the king said to the servants of the king of"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lm = lmw.load("tiny")
    grid = lmw.AttentionGrid(lm, TEXT, layer=0, heads=[2])
    others = [
        widget.from_result(grid.result)
        for widget in (lmw.AttentionGraph, lmw.AttentionMatrix, lmw.QueryKeyView)
    ]
    lmw.link(grid, *others)
    path = tmp_path_factory.mktemp("page") / "page.html"
    return lmw.to_html(path, grid, *others, title="The king, linked")


def test_linked_without_a_kernel(page_file, open_page) -> None:
    page, watch = open_page(offline=True, width=1200)
    page.goto(page_file.as_uri())
    grid, graph, matrix, view = Grid(page), Graph(page), Matrix(page), QueryKey(page)
    for picture in (grid, graph, matrix, view):
        picture.ready()
    graph.expect_layer(0)

    grid.head(1, 3).click()
    graph.expect_layer(1)
    expect(graph.head(3)).to_have_attribute("aria-pressed", "true")
    expect(matrix.head(3)).to_have_attribute("aria-pressed", "true")
    expect(view.head(3)).to_have_attribute("aria-pressed", "true")
    expect(grid.chosen).to_contain_text("Layer 1, head 3")

    graph.token(9).click()
    expect(view.query(9)).to_have_attribute("aria-selected", "true")
    expect(grid.head(1, 3)).to_have_attribute("aria-selected", "true")

    # Hovering lights the others and changes nothing that is kept.
    plain = grid.ink()
    graph.token(3).hover()
    expect(graph.numbers.first).to_be_visible()
    grid.expect_other_ink(plain)
    graph.expect_pinned(9)
    page.mouse.move(1, 1)
    assert {url.partition(":")[0] for url in watch.requests} <= {"file", "blob"}
    problems = accessibility_problems(page)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("width", [360, 1600])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_narrow_and_wide(theme, width, page_file, open_page) -> None:
    page, _ = open_page(width=width, height=1100, color_scheme=theme)
    page.goto(page_file.as_uri())
    for picture in (Grid(page), Graph(page), Matrix(page), QueryKey(page)):
        picture.ready()
        expect(picture.root).to_have_attribute("data-lmw-theme", theme)
        box = picture.root.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    shoot(page, f"family-{width}-{theme}", full_page=True)


@pytest.mark.real_model
def test_the_lecture(lab, open_page) -> None:  # noqa: PLR0915, one journey
    book = nbformat.read(ROOT / "notebooks" / "attention.ipynb", 4)
    book.cells.append(nbformat.v4.new_code_cell(""))
    nbformat.write(book, lab.folder / "attention.ipynb")
    page, _ = open_page(width=1400, height=1000)
    notebook = Notebook(page, lab).open("attention.ipynb")
    notebook.run_all()
    notebook.wait_until_run(SLOW)
    expect(page.get_by_text("Traceback")).to_have_count(0)

    grid, beside = Grid(page), Graph(page, 1)
    grid.seen()
    grid.head(16, 0).click()
    notebook.eventually("(grid.layer, grid.heads)", (16, [0]))
    notebook.eventually("(beside.layer, beside.heads)", (16, [0]))
    beside.expect_layer(16)
    grid.root.get_by_role("button", name="Label heads").click()
    expect(grid.head(18, 6)).to_have_accessible_name(re.compile("induction"), timeout=SLOW)
    grid.root.scroll_into_view_if_needed()
    shoot(grid.root, "lecture-grid")

    view, matrix = QueryKey(page), Matrix(page)
    view.seen()
    view.query(17).click()
    notebook.eventually("(why.token, matrix.token)", (17, 17))
    gap = "float(why.result.weight - grid.result[18, 6][17, why.result.key])"
    assert abs(notebook.value(gap)) < 1e-6
    matrix.seen()
    matrix.plot.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    notebook.eventually("matrix.token is not None", True)
    shoot(view.root, "lecture-query-key")
    shoot(matrix.root, "lecture-matrix")

    flow = Flow(page)
    flow.seen()
    before = notebook.value("(flow.token, flow.layer)")
    flow.node.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    notebook.eventually(f"flow.token != {before[0]}", True)
    shoot(flow.root, "lecture-flow")
    flow.button("rollout").click()
    notebook.eventually("flow.result.method", "rollout")

    space = Space(page)
    space.seen()
    space.token(4).click()
    expect(space.token(4)).to_have_attribute("aria-selected", "true")
    shoot(space.root, "lecture-space")
    for index in range(page.get_by_role("region", name=Graph.name, exact=True).count()):
        Graph(page, index).seen()
        shoot(Graph(page, index).root, f"lecture-graph-{index}")
    problems = accessibility_problems(page)
    assert not problems, "\n".join(problems)
    assert (lab.folder / "attention.html").exists()
