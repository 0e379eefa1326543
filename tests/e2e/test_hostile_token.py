"""Text that looks like HTML is shown as text, wherever it comes out."""

from __future__ import annotations

import pytest
from nbclient import NotebookClient
from nbformat import read, write
from notebook_page import Notebook, write_notebook
from pictures import Graph, Saliency
from playwright.sync_api import Page, expect

import lmwidget as lmw

HOSTILE = "</script><img src=x onerror=alert(1)>"
CELLS = [
    f"import lmwidget as lmw\nlm = lmw.load('tiny')\nHOSTILE = {HOSTILE!r}",
    "tokens = ['the ', HOSTILE, ' king']\nweights = [[1, 0, 0], [0.6, 0.4, 0], [0.2, 0.5, 0.3]]",
    "lmw.AttentionGraph.from_arrays(weights, tokens)",
    "lmw.SaliencyText.from_arrays([0.1, 0.8, -0.4], tokens, target=HOSTILE)",
    "lmw.AttentionGraph(lm, 'the ' + HOSTILE)",
    "lmw.SaliencyText(lm, HOSTILE)",
]


def expect_text_only(page: Page) -> None:
    """The token stands as text in every widget; dialogs and errors fail the test on their own."""
    for picture in (Graph, Saliency):
        for index in range(2):
            one = picture(page, index)
            one.ready()
            options = one.root.get_by_role("listbox").first.get_by_role("option")
            shown = "".join(options.all_text_contents())
            assert "".join(HOSTILE.split()) in "".join(shown.split())
    assert page.locator("img[src='x']").count() == 0


@pytest.fixture(scope="module")
def saved(lab):
    path = lab.folder / "hostile.ipynb"
    write_notebook(path, CELLS)
    book = read(path, 4)
    NotebookClient(book, timeout=120, kernel_name="python3").execute()
    write(book, path)
    return path


def test_live(lab, open_page) -> None:
    write_notebook(lab.folder / "live.ipynb", CELLS)
    page, _ = open_page()
    Notebook(page, lab).open("live.ipynb").run_all()
    expect_text_only(page)
    Graph(page, 0).token(1).hover()
    expect(page.get_by_role("tooltip").first).to_be_attached()
    Saliency(page, 0).token(1).hover()
    expect(Saliency(page, 0).root.get_by_role("tooltip")).to_contain_text("onerror")
    assert page.locator("img[src='x']").count() == 0


def test_saved(saved, lab, open_page) -> None:
    lab.trust(saved.name)
    page, _ = open_page()
    Notebook(page, lab).open(saved.name, kernel=False)
    expect_text_only(page)


def test_fallback_of_an_untrusted_notebook(saved, lab, open_page) -> None:
    (lab.folder / "strange.ipynb").write_text(saved.read_text("utf-8"), "utf-8")
    page, _ = open_page()
    Notebook(page, lab).open("strange.ipynb", kernel=False)
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    assert page.locator("img[src='x']").count() == 0


def test_exported(tmp_path, open_page) -> None:
    lm = lmw.load("tiny")
    tokens = ["the ", HOSTILE, " king"]
    path = lmw.to_html(
        tmp_path / "page.html",
        lmw.AttentionGraph.from_arrays([[1, 0, 0], [0.6, 0.4, 0], [0.2, 0.5, 0.3]], tokens),
        lmw.SaliencyText.from_arrays([0.1, 0.8, -0.4], tokens, target=HOSTILE),
        lmw.AttentionGraph(lm, f"the {HOSTILE}"),
        lmw.SaliencyText(lm, HOSTILE),
        title=HOSTILE,
    )
    page, _ = open_page(offline=True)
    page.goto(path.as_uri())
    expect_text_only(page)
    expect(page).to_have_title(HOSTILE)


def test_page_without_scripts(tmp_path, open_page) -> None:
    graph = lmw.AttentionGraph.from_arrays([[1, 0], [0.6, 0.4]], ["the ", HOSTILE])
    page, _ = open_page(java_script_enabled=False)
    page.goto(graph.to_html(tmp_path / "page.html").as_uri())
    expect(page.get_by_text(HOSTILE).first).to_be_visible()
    assert page.locator("img").count() == 0
