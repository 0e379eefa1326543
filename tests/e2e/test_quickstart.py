"""The notebook that a newcomer runs first, with the real models, in JupyterLab."""

from __future__ import annotations

import re

import nbformat
import pytest
from journeys import explain_another
from notebook_page import Notebook
from pictures import Graph, Saliency
from playwright.sync_api import expect
from watching import ROOT, accessibility_problems, shoot

SLOW = 180_000


@pytest.mark.real_model
def test_run_all_and_play(lab, open_page) -> None:
    book = nbformat.read(ROOT / "notebooks" / "quickstart.ipynb", 4)
    book.cells.append(nbformat.v4.new_code_cell(""))
    nbformat.write(book, lab.folder / "quickstart.ipynb")
    page, _ = open_page(width=1400, height=1000)
    notebook = Notebook(page, lab).open("quickstart.ipynb")
    notebook.run_all()

    graph = Graph(page)
    graph.ready(SLOW)
    notebook.wait_until_run(SLOW)
    expect(page.get_by_text("Traceback")).to_have_count(0)

    expect(graph.pinned).to_have_count(1)  # by a later cell
    graph.root.scroll_into_view_if_needed()
    shoot(graph.root, "quickstart-graph")
    graph.token(14).click()
    graph.expect_pinned(14)
    graph.button("Next layer").click()
    graph.expect_layer(19)
    graph.expect_edges()
    notebook.eventually("(graph.token, graph.layer)", (14, 19))
    graph.edit("One, two, three. One, two,")
    expect(graph.root.get_by_role("option", name="three", exact=True).first).to_be_visible()
    graph.ready()
    notebook.eventually("graph.result.tokens.text", "One, two, three. One, two,")

    why = Saliency(page)
    why.ready()
    why.root.scroll_into_view_if_needed()
    shoot(why.root, "quickstart-saliency-path")
    # The path method of the notebook takes its time.
    why.root.locator("button[aria-haspopup='listbox']").click()
    why.root.get_by_role("option", name=re.compile("^Input × gradient")).click()
    notebook.eventually("why.result.method", "input_x_gradient")
    chosen = explain_another(why, 3)
    notebook.eventually("why.result.target.id", chosen)
    for index in range(page.get_by_role("region", name=Graph.name).count()):
        shoot(Graph(page, index).root, f"quickstart-graph-{index}")
    for index in range(page.get_by_role("region", name=Saliency.name).count()):
        shoot(Saliency(page, index).root, f"quickstart-saliency-{index}")
    problems = accessibility_problems(page)
    assert not problems, "\n".join(problems)
    assert (lab.folder / "quickstart.html").exists()
