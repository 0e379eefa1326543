"""What a person does with the widgets, the same in every host."""

from __future__ import annotations

from typing import Any, Protocol

from pictures import Graph, Saliency
from playwright.sync_api import expect

TEXT = "the king said to the servants of the king of"
OTHER_TEXT = "the man of God went unto the man of"
CELLS = [
    "import lmwidget as lmw\nlm = lmw.load('tiny')",
    f"graph = lmw.AttentionGraph(lm, {TEXT!r}, layer=1, heads=[])\ngraph",
    f"why = lmw.SaliencyText(lm, {TEXT!r})\nwhy",
]


class Host(Protocol):
    """A place with a kernel: a notebook page, a webview."""

    def run(self, code: str) -> str: ...

    def value(self, expression: str) -> Any: ...

    def eventually(self, expression: str, wanted: Any) -> None: ...


def hover_and_pin(graph: Graph, index: int = 3) -> None:
    """Hovering isolates a token's edges and shows numbers; a click keeps it."""
    expect(graph.numbers).to_have_count(0)
    assert graph.inked("base")
    assert not graph.inked("overlay")
    graph.token(index).hover()
    expect(graph.numbers.first).to_be_visible()
    assert graph.inked("overlay")
    expect(graph.token(index)).to_have_attribute("aria-selected", "false")
    graph.token(index).click()
    graph.expect_pinned(index)


def step_layer_by_keyboard(graph: Graph, before: int, after: int) -> None:
    """The slider and the stepper are one control."""
    graph.expect_layer(before)
    graph.layer.focus()
    graph.page.keyboard.press("ArrowLeft" if after < before else "ArrowRight")
    graph.expect_layer(after)
    graph.page.keyboard.press("]" if after < before else "[")
    graph.expect_layer(before)
    graph.button("Previous layer" if after < before else "Next layer").click()
    graph.expect_layer(after)


def choose_heads(graph: Graph) -> None:
    """From all heads to all but the first, then one alone."""
    expect(graph.head(0)).to_have_attribute("aria-pressed", "true")
    graph.head(0).click()
    expect(graph.head(0)).to_have_attribute("aria-pressed", "false")
    graph.head(2).click(modifiers=["Shift"])
    expect(graph.head(1)).to_have_attribute("aria-pressed", "false")
    expect(graph.head(2)).to_have_attribute("aria-pressed", "true")


def explain_another(why: Saliency, index: int = 2) -> int:
    """Click another prediction; return its id, which is the target from now on."""
    row = why.predictions.nth(index)
    chosen = int(row.get_attribute("data-prediction") or -1)
    row.click()
    pressed = why.root.locator(f"button[data-prediction='{chosen}'][aria-pressed='true']")
    expect(pressed).to_be_visible()
    return chosen


def graph_journey(host: Host, graph: Graph) -> None:
    """Everything on the graph, and Python sees it."""
    hover_and_pin(graph)
    host.eventually("(graph.token, graph.side)", (3, "query"))
    assert host.value("graph.selection.piece") == " said"
    step_layer_by_keyboard(graph, 1, 0)
    choose_heads(graph)
    host.eventually("(graph.layer, graph.heads)", (0, [2]))
    graph.edit(OTHER_TEXT)
    expect(graph.token(2)).to_have_text("man")
    graph.ready()
    expect(graph.root.get_by_text("said")).to_have_count(0)  # nothing is left of the old text
    host.eventually("graph.text", OTHER_TEXT)
    assert host.value("graph.result.shape[2]") == len(graph.texts())


def saliency_journey(host: Host, why: Saliency) -> None:
    """Everything on the text, and Python sees it."""
    why.token(1).hover()
    expect(why.root.get_by_role("tooltip")).to_be_visible()
    why.token(1).click()
    why.expect_pinned(1)
    host.eventually("why.token", 1)
    chosen = explain_another(why)
    host.eventually("(why.target, why.result.target.id)", (chosen, chosen))
    why.edit(OTHER_TEXT)
    why.ready()
    host.eventually("why.result.tokens.text", OTHER_TEXT)
    expect(why.tokens).to_have_count(host.value("len(why.result.tokens)"))


def python_steers(host: Host, graph: Graph, why: Saliency) -> None:
    """What Python sets, the browser shows."""
    host.run("graph.layer, graph.heads, graph.token, graph.side = 1, [1, 3], 4, 'key'")
    graph.expect_layer(1)
    graph.expect_pinned(4, "key")
    expect(graph.head(0)).to_have_attribute("aria-pressed", "false")
    expect(graph.head(3)).to_have_attribute("aria-pressed", "true")
    host.run("why.method, why.token = 'gradient', 2")
    why.expect_pinned(2)
    expect(why.root.get_by_text("gradient norm").first).to_be_visible()
