"""A text of more than two thousand tokens in JupyterLab, by mouse and by keyboard."""

from __future__ import annotations

from pathlib import Path

from notebook_page import Notebook, write_notebook
from pictures import LongGraph
from playwright.sync_api import Page, expect
from watching import accessibility_problems, shoot

TESTS = Path(__file__).parents[1]
MODEL = f"""import sys
sys.path.insert(0, {str(TESTS)!r})
import models
import lmwidget as lmw
model, tokenizer = models.fresh_model("llama"), models.tiny_tokenizer("llama")
model.config.max_position_embeddings = tokenizer.model_max_length = 4096
lm = lmw.LanguageModel(model, tokenizer, name="tiny llama")"""
TEXT = """names = "Mary John Agnes Peter Ruth".split()
text = "\\n".join(
    f"{i}. The keeper {names[i % 5]} wrote down every ship, and {names[i * 3 % 5]} read it."
    for i in range(45)
)
graph = lmw.AttentionGraph(lm, text, layer=1, heads=[0])
graph"""
EXACT = "Of the pinned token all are here."


def by_mouse(notebook: Notebook, graph: LongGraph, page: Page) -> None:
    """Hover, pin, scroll, drag, zoom."""
    first, last, count = graph.span()
    assert (first, last) == (0, 24)
    assert count > 2000
    assert graph.root.get_by_role("option").count() < 120
    graph.token(12).hover()
    expect(graph.numbers.first).to_be_visible()
    graph.token(12).click()
    graph.expect_pinned(12)
    notebook.eventually("(graph.token, graph.side)", (12, "query"))
    expect(graph.root.get_by_text(EXACT)).to_be_visible()

    before = graph.span()
    page.mouse.move(*graph.point(graph.picture, 0.5, 0.5))
    page.mouse.wheel(0, 1200)
    scrolled = graph.expect_moved(before)
    assert scrolled[0] == 50
    graph.root.get_by_role("button", name="↑", exact=False).first.click()  # back to the pinned one
    back = graph.expect_moved(scrolled)
    expect(graph.token(12)).to_be_visible()

    page.mouse.move(*graph.point(graph.minimap, 0.5, 0.6))
    page.mouse.down()
    clicked = graph.expect_moved(back)
    page.mouse.move(*graph.point(graph.minimap, 0.5, 0.3), steps=8)
    page.mouse.up()
    dragged = graph.expect_moved(clicked)
    assert dragged[1] - dragged[0] == clicked[1] - clicked[0]
    assert abs(dragged[0] - clicked[0] / 2) < 0.1 * count

    page.mouse.move(*graph.point(graph.picture, 0.2, 0.5))
    page.keyboard.down("Control")
    page.mouse.wheel(0, 1000)
    page.keyboard.up("Control")
    zoomed = graph.expect_moved(dragged)
    assert zoomed[1] - zoomed[0] > 100
    middle = (dragged[0] + dragged[1]) / 2
    assert abs((zoomed[0] + zoomed[1]) / 2 - middle) < 5
    graph.button("whole text").click()
    assert graph.expect_moved(zoomed)[:2] == (0, count - 1)
    page.mouse.move(*graph.point(graph.picture, 0.2, 0.75))
    expect(graph.root.get_by_role("tooltip")).to_contain_text(f"of {count}")
    assert graph.inked("overlay")
    shoot(graph.root, "jupyterlab-long-whole")
    page.mouse.dblclick(*graph.point(graph.picture, 0.2, 0.75))
    close = graph.expect_moved((0, count - 1, count))
    assert close[1] - close[0] == 24
    assert abs((close[0] + close[1]) / 2 - 0.75 * count) < 10  # a pixel is four tokens
    pinned = notebook.value("graph.token")
    assert close[0] <= pinned <= close[1]
    graph.expect_pinned(pinned)


def by_keyboard(notebook: Notebook, graph: LongGraph, page: Page) -> None:
    """The window, its size, and every token without a mouse."""
    start = graph.span()
    count = start[2]
    graph.window.focus()
    page.keyboard.press("Home")
    first = graph.expect_moved(start)
    page.keyboard.press("PageDown")
    second = graph.expect_moved(first)
    assert (first[:2], second[:2]) == ((0, 24), (25, 49))
    page.keyboard.press("-")
    larger = graph.expect_moved(second)
    assert larger[1] - larger[0] > 30
    page.keyboard.press("+")
    graph.token(graph.expect_moved(larger)[0]).focus()
    page.keyboard.press("End")
    expect(graph.token(count - 1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    graph.expect_pinned(count - 2)
    notebook.eventually("(graph.token, graph.side)", (count - 2, "query"))
    expect(graph.root.get_by_text(EXACT)).to_be_visible()


def test_two_thousand_tokens(lab, open_page) -> None:
    write_notebook(lab.folder / "long.ipynb", [MODEL, TEXT, ""])
    page, _ = open_page(height=1200)
    notebook = Notebook(page, lab).open("long.ipynb")
    notebook.run_all()
    graph = LongGraph(page)
    graph.ready()
    by_mouse(notebook, graph, page)
    graph.root.scroll_into_view_if_needed()
    by_keyboard(notebook, graph, page)

    here = graph.span()
    graph.button("Previous layer").click()
    graph.expect_layer(0)
    graph.head(2).click(modifiers=["Shift"])
    expect(graph.head(2)).to_have_attribute("aria-pressed", "true")
    notebook.eventually("(graph.layer, graph.heads)", (0, [2]))
    assert graph.span() == here  # the reader stays where he is
    graph.expect_edges()
    graph.root.scroll_into_view_if_needed()
    for theme in ("dark", "light"):
        notebook.set_theme(theme)
        expect(graph.root).to_have_attribute("data-lmw-theme", theme)
        problems = accessibility_problems(page)
        shoot(graph.root, f"jupyterlab-long-{theme}")
        assert not problems, "\n".join(problems)
