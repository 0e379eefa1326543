"""The stand-alone page: opened from a file, with the network switched off."""

from __future__ import annotations

from pathlib import Path

import pytest
from journeys import TEXT, choose_heads, hover_and_pin, step_layer_by_keyboard
from pictures import Graph, Saliency
from playwright.sync_api import expect
from watching import accessibility_problems, shoot

import lmwidget as lmw


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lm = lmw.load("tiny")
    graph = lmw.AttentionGraph(lm, TEXT, layer=1, heads=[])
    why = lmw.SaliencyText(lm, TEXT, method="integrated_gradients")
    path = tmp_path_factory.mktemp("page") / "page.html"
    return lmw.to_html(path, graph, why, title="The king")


def test_the_journey_without_a_network(page_file, open_page) -> None:
    page, watch = open_page(offline=True)
    page.goto(page_file.as_uri())
    graph, why = Graph(page), Saliency(page)
    graph.ready()
    why.ready()
    hover_and_pin(graph)
    step_layer_by_keyboard(graph, 1, 0)
    choose_heads(graph)
    graph.button("Arcs over one line").click()
    expect(graph.root.get_by_role("listbox")).to_have_count(1)
    graph.expect_edges()
    why.token(1).click()
    why.expect_pinned(1)
    why.button("Show as table").click()
    expect(why.root.get_by_role("table")).to_be_visible()
    for name in ("Edit the text", "Leave-one-out", "Input × gradient"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_text("kernel not connected")).to_have_count(0)
    assert {url.partition(":")[0] for url in watch.requests} <= {"file", "blob"}
    assert [url for url in watch.requests if url.startswith("file:")] == [page.url]


@pytest.mark.parametrize("width", [360, 1600])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_narrow_and_wide(theme, width, page_file, open_page) -> None:
    page, _ = open_page(width=width, height=1100, color_scheme=theme)
    page.goto(page_file.as_uri())
    graph, why = Graph(page), Saliency(page)
    for picture in (graph, why):
        picture.ready()
        expect(picture.root).to_have_attribute("data-lmw-theme", theme)
    graph.token(9).click()
    why.token(4).click()
    page.mouse.move(1, 1)
    shoot(page, f"page-{width}-{theme}", full_page=True)
    overflow = "() => document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(overflow) <= 0
    problems = accessibility_problems(page)
    assert not problems, "\n".join(problems)
