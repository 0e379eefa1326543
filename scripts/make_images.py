"""Make the pictures in the README from the real model: ``python scripts/make_images.py``."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

import lmwidget as lmw

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
TWICE = "Then Marnix Tellory lit the brass lamp. Later, Marnix Tellory lit the brass"
CHOICE = "When Mary and John went to the store, John gave a drink to"


def overview() -> list[Any]:
    """Return an induction head, and why the model says one name rather than another."""
    lm = lmw.load()
    graph = lmw.AttentionGraph(lm, TWICE, layer=18, heads=[6], hide_first=True)
    graph.token = graph.result.tokens.find(" M")[-1]
    why = lmw.SaliencyText(lm, CHOICE, method="integrated_gradients", target=" Mary", foil=" John")
    return [graph, why]


def long_text(folder: Path) -> list[Any]:
    """Return the graph of the notebook on long texts."""
    book = json.loads((ROOT / "notebooks" / "long_text.ipynb").read_text())
    cells = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    names: dict[str, Any] = {}
    source = "\n".join(cells).replace('"needle.html"', repr(str(folder / "needle.html")))
    exec(source, names)
    return [names["graph"]]


def all_heads() -> list[Any]:
    """Return every head of the model, labelled, an induction head open."""
    text = f"{CHOICE} Mary. When Mary and John went home, John gave"
    return [lmw.AttentionGrid(lmw.load(), text, layer=18, heads=[6], types=True)]


def flow() -> list[Any]:
    """Return the ways on which the answer comes to the last token."""
    return [lmw.AttentionFlow(lmw.load(), CHOICE, method="relevance", target=" Mary")]


def saliency() -> list[Any]:
    """Return several methods for one question, of which one fails its checks."""
    methods = ["input_x_gradient", "relevance", "leave_one_out", "random"]
    question = {"target": " Mary", "foil": " John", "level": "word"}
    return [lmw.SaliencyCompare(lmw.load(), CHOICE, methods=methods, **question)]


def picture(browser: Browser, widgets: list[Any], folder: Path, name: str) -> None:
    """Write a page of widgets and a picture of it."""
    page_file = lmw.to_html(folder / f"{name}.html", *widgets)
    page = browser.new_page(
        viewport={"width": 1000, "height": 900}, device_scale_factor=1.5, color_scheme="light"
    )
    page.goto(page_file.as_uri())
    page.locator("[data-lmw-ready]").nth(len(widgets) - 1).wait_for()
    page.wait_for_timeout(1000)
    page.locator("main").screenshot(path=IMAGES / f"{name}.png")
    page.close()


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp())
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        picture(browser, overview(), folder, "overview")
        picture(browser, long_text(folder), folder, "long_text")
        picture(browser, all_heads(), folder, "grid")
        picture(browser, flow(), folder, "flow")
        picture(browser, saliency(), folder, "saliency")
        browser.close()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
