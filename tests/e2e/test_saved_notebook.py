"""A notebook saved with its widgets, opened again without running it."""

from __future__ import annotations

from journeys import CELLS, choose_heads, hover_and_pin, step_layer_by_keyboard
from nbclient import NotebookClient
from nbformat import read, write
from notebook_page import Notebook, write_notebook
from pictures import Graph, Saliency
from playwright.sync_api import expect
from watching import shoot


def test_pictures_stand_without_a_kernel(lab, open_page) -> None:
    path = lab.folder / "saved.ipynb"
    write_notebook(path, CELLS)
    book = read(path, 4)
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    write(book, path)
    lab.trust("saved.ipynb")

    page, _ = open_page()
    Notebook(page, lab).open("saved.ipynb", kernel=False)
    graph, why = Graph(page), Saliency(page)
    graph.ready()
    why.ready()
    expect(graph.root.get_by_text("kernel not connected")).to_be_visible()
    expect(why.root.get_by_text("kernel not connected")).to_be_visible()
    hover_and_pin(graph)
    step_layer_by_keyboard(graph, 1, 0)
    choose_heads(graph)
    why.token(1).click()
    why.expect_pinned(1)
    shoot(page, "saved-notebook")


def test_untrusted_notebooks_show_the_static_picture(lab, open_page) -> None:
    path = lab.folder / "untrusted.ipynb"
    write_notebook(path, CELLS)
    book = read(path, 4)
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    write(book, path)

    page, _ = open_page()
    Notebook(page, lab).open("untrusted.ipynb", kernel=False)
    expect(page.get_by_text("Strongest attention of tiny")).to_be_visible()
    expect(page.get_by_role("region", name=Graph.name)).to_have_count(0)
    shoot(page, "untrusted-notebook")
