"""A notebook page as a person sees it: run cells, read what they print."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Locator, Page, expect
from servers import Server

STARTS = 90_000
RUNS = 120_000
_IDLE = """() => {
  const panel = window.jupyterapp?.shell?.currentWidget;
  return panel?.sessionContext?.session?.kernel?.status === "idle";
}"""


def write_notebook(path: Path, cells: Sequence[str]) -> None:
    python = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    book = nbformat.v4.new_notebook(metadata={"kernelspec": python})
    book.cells = [nbformat.v4.new_code_cell(source) for source in cells]
    nbformat.write(book, path)


class Notebook:
    """JupyterLab and Notebook 7 have the same parts on their pages."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.server = server

    @property
    def cells(self) -> Locator:
        return self.page.locator(".jp-Notebook .jp-CodeCell")

    def open(self, name: str, *, kernel: bool = True) -> Notebook:
        self.page.goto(self.server.address(name))
        self.cells.first.wait_for(timeout=STARTS)
        if kernel:
            self.page.wait_for_function(_IDLE, timeout=STARTS)
        return self

    def run_all(self) -> None:
        self.menu("Run", "Run All Cells")

    def menu(self, name: str, entry: str) -> None:
        self.page.get_by_role("menuitem", name=name, exact=True).click()
        self.page.get_by_role("menuitem", name=entry, exact=True).click()

    def wait_until_run(self, timeout: float = RUNS) -> None:
        """Every cell but the empty last one has run, and the kernel is free again."""
        prompts = self.page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt")
        for index in range(prompts.count() - 1):
            expect(prompts.nth(index)).to_have_text(re.compile(r"\[\d+\]:"), timeout=timeout)
        self.page.wait_for_function(_IDLE, timeout=timeout)

    def run(self, code: str) -> str:
        """Write `code` into the last cell, run it, and return what it printed."""
        last = self.cells.count() - 1
        cell = self.cells.nth(last)
        editor = cell.locator(".cm-content")
        editor.click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)
        self.page.keyboard.press("Shift+Enter")
        prompt = cell.locator(".jp-InputPrompt")
        expect(prompt).to_have_text(re.compile(r"\[\d+\]:"), timeout=RUNS)
        expect(self.cells).to_have_count(last + 2)
        self.page.wait_for_function(_IDLE)  # outputs come on a channel of their own
        output = cell.locator(".jp-OutputArea-output")
        return "\n".join(output.all_text_contents())  # rendered or not

    def value(self, expression: str) -> Any:
        """Return the value of a Python expression of literals, printed by a cell."""
        printed = self.run(f"print('value', repr({expression}))")
        assert printed.startswith("value "), printed
        return ast.literal_eval(printed.removeprefix("value ").strip())

    def eventually(self, expression: str, wanted: Any) -> None:
        """Ask Python until the value is there: what the browser writes travels on its own."""
        self._until(lambda: self.value(expression), wanted, expression)

    def _until(self, ask: Callable[[], Any], wanted: Any, name: str) -> None:
        for _ in range(20):
            seen = ask()
            if seen == wanted:
                return
            self.page.wait_for_timeout(150)
        raise AssertionError(f"{name} is {seen!r}, not {wanted!r}")

    def set_theme(self, theme: str) -> None:
        """Switch the whole application: "light" or "dark"."""
        name = f"JupyterLab {theme.capitalize()}"
        self.page.evaluate(
            "name => window.jupyterapp.commands.execute('apputils:change-theme', { theme: name })",
            name,
        )
        self.page.locator(f"body[data-jp-theme-name='{name}']").wait_for(state="attached")

    def save(self) -> None:
        self.page.keyboard.press("Control+s")
        self.page.wait_for_function(
            "() => window.jupyterapp.shell.currentWidget.context.model.dirty === false"
        )
