"""Make the picture in the README from the real model: ``python scripts/make_images.py``."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import lmwidget as lmw

IMAGES = Path(__file__).parents[1] / "docs" / "images"
TWICE = "Then Marnix Tellory lit the brass lamp. Later, Marnix Tellory lit the brass"
CHOICE = "When Mary and John went to the store, John gave a drink to"


def main() -> None:
    lm = lmw.load()
    graph = lmw.AttentionGraph(lm, TWICE, layer=18, heads=[6], hide_first=True)
    graph.token = graph.result.tokens.find(" M")[-1]
    why = lmw.SaliencyText(lm, CHOICE, method="integrated_gradients", target=" Mary", foil=" John")
    folder = Path(tempfile.mkdtemp())
    page_file = lmw.to_html(folder / "page.html", graph, why)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(
            viewport={"width": 1000, "height": 900}, device_scale_factor=1.5, color_scheme="light"
        )
        page.goto(page_file.as_uri())
        page.locator("[data-lmw-ready]").nth(1).wait_for()
        page.wait_for_timeout(500)
        page.locator("main").screenshot(path=IMAGES / "overview.png")
        browser.close()
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
