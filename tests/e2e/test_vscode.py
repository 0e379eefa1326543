"""The journey in VS Code's notebook webview, emulated: its widget bundle, its wire, its panel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from journeys import CELLS, graph_journey, python_steers, saliency_journey
from pictures import Graph, Saliency
from playwright.sync_api import expect
from vscode_host import Webview, webview_pages
from watching import accessibility_problems, shoot


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("vscode")
    with webview_pages(folder) as address:
        yield address


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_journey(theme, pages, lab, open_page) -> None:
    page, _ = open_page(height=1200)
    webview = Webview(page, f"{pages}/vscode-{theme}.html", lab.url)
    for cell in CELLS:
        webview.run(cell)
    graph, why = Graph(page), Saliency(page)
    for picture in (graph, why):
        picture.ready()
        expect(picture.root).to_have_attribute("data-lmw-theme", theme)
    if theme == "dark":
        graph_journey(webview, graph)
        saliency_journey(webview, why)
        python_steers(webview, graph, why)
    else:
        graph.token(5).click()
    page.mouse.move(2, 2)
    shoot(page, f"vscode-{theme}")
    problems = accessibility_problems(page)
    webview.stop()
    assert not problems, "\n".join(problems)
