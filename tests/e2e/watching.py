"""What a page must not do: raise, complain in its console, fail the accessibility rules."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Locator, Page

ROOT = Path(__file__).parents[2]
ARTIFACTS = ROOT / "artifacts" / "e2e"
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")

HOST_NOISE = {
    r"reading 'schema'": "Notebook 7 asks a settings plugin that it does not ship",
    r"yjs#509": "JupyterLab and its extensions each bring Yjs",
    r"Failed to load resource.*404": "JupyterLab probes for workspaces and optional settings",
    r"downloadable font|font.*preload": "fonts of the host",
    r"WebSocket.*closed before the connection": "the page was left while it connected",
}


class Watch:
    """Collects what a page complains about."""

    def __init__(self, page: Page) -> None:
        self.problems: list[str] = []
        self.requests: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._add(f"page error: {error}"))
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self.requests.append(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            where = message.location.get("url", "")
            self._add(f"console: {message.text} ({where})")

    def _dialog(self, dialog) -> None:
        self._add(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _add(self, text: str) -> None:
        if not any(re.search(noise, text) for noise in HOST_NOISE):
            self.problems.append(text[:800])


def accessibility_problems(page: Page, selector: str = ".lmw-root") -> list[str]:
    """Return what axe-core finds serious or critical inside the widgets."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate(
        """async selector => {
          const roots = [...document.querySelectorAll(selector)];
          const result = await axe.run(roots, { resultTypes: ["violations"] });
          return result.violations
            .filter(one => ["serious", "critical"].includes(one.impact))
            .map(one => `${one.id}: ${one.nodes.length} x ${one.nodes[0].html.slice(0, 200)}`
              + ` ${one.nodes[0].failureSummary}`);
        }""",
        selector,
    )
    return list(found)


def shoot(target: Page | Locator, name: str, **options: bool) -> Path:
    """Keep a picture in artifacts/e2e/ for people to look at."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    path = ARTIFACTS / f"{name}.png"
    target.screenshot(path=path, animations="disabled", **options)
    return path
