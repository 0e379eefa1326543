"""The whole journey in JupyterLab, with mouse and keyboard."""

from __future__ import annotations

from journeys import CELLS, TEXT, graph_journey, python_steers, saliency_journey
from notebook_page import Notebook, write_notebook
from pictures import Arcs, Graph, Saliency
from playwright.sync_api import expect
from watching import accessibility_problems, shoot

LINKED = f"""from ipywidgets import jslink
arcs = lmw.AttentionGraph(lm, {TEXT!r}, view="arcs")
link = jslink((arcs, "token"), (why, "token"))
arcs"""


def test_the_journey(lab, open_page) -> None:
    write_notebook(lab.folder / "journey.ipynb", [*CELLS, ""])
    page, _ = open_page()
    notebook = Notebook(page, lab).open("journey.ipynb")
    notebook.run_all()
    graph, why = Graph(page), Saliency(page)
    graph.ready()
    why.ready()
    graph_journey(notebook, graph)
    saliency_journey(notebook, why)
    python_steers(notebook, graph, why)


def test_linked_widgets_and_two_views(lab, open_page) -> None:
    write_notebook(lab.folder / "linked.ipynb", [*CELLS, LINKED, "arcs", ""])
    page, _ = open_page()
    notebook = Notebook(page, lab).open("linked.ipynb")
    notebook.run_all()
    why = Saliency(page)
    first, second = Arcs(page, 1), Arcs(page, 2)
    for picture in (why, first, second):
        picture.ready()
    first.token(3).click()
    first.expect_pinned(3)
    second.expect_pinned(3)
    why.expect_pinned(3)
    notebook.eventually("(arcs.token, why.token)", (3, 3))
    why.token(6).click()
    second.expect_pinned(6)
    notebook.eventually("(arcs.token, why.token)", (6, 6))
    second.button("Two columns").click()
    expect(first.root.get_by_role("listbox")).to_have_count(2)
    second.expect_edges()


def test_light_and_dark_are_accessible(lab, open_page) -> None:
    write_notebook(lab.folder / "themes.ipynb", CELLS)
    page, _ = open_page(height=1200)
    notebook = Notebook(page, lab).open("themes.ipynb")
    notebook.run_all()
    graph, why = Graph(page), Saliency(page)
    for theme in ("dark", "light"):
        notebook.set_theme(theme)
        for picture in (graph, why):
            picture.ready()
            expect(picture.root).to_have_attribute("data-lmw-theme", theme)
        graph.expect_edges()
        if theme == "dark":
            graph.token(5).click()
            why.token(6).click()
        problems = accessibility_problems(page)
        for picture, name in ((graph, "graph"), (why, "saliency")):
            picture.root.scroll_into_view_if_needed()
            shoot(picture.root, f"jupyterlab-{name}-{theme}")
        shoot(page, f"jupyterlab-{theme}")
        assert not problems, "\n".join(problems)
