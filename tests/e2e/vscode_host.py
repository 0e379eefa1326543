"""VS Code's notebook webview, emulated in a page; see vscode/host.js for what is real in it."""

from __future__ import annotations

import ast
import functools
import http.server
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

HERE = Path(__file__).parent / "vscode"
THEMES = json.loads((HERE / "themes.json").read_text("utf-8"))
ANYWIDGET = Path(sys.prefix) / "share/jupyter/nbextensions/anywidget/index.js"


def _document(kind: str) -> str:
    variables = ";".join(f"{name}:{value}" for name, value in THEMES[kind].items())
    return f"""<!doctype html><html style='{variables.replace("'", '"')}'><meta charset="utf-8">
<title>{kind}</title><style>
body {{ margin: 0; padding: 0 24px; background: var(--vscode-editor-background);
  color: var(--vscode-editor-foreground); font: 13px var(--vscode-font-family); }}
.output {{ margin: 16px 0; }}
.cell-output-ipywidget-background {{ background: white !important; }}
</style><body class="{kind}" data-vscode-theme-kind="{kind}"><main></main>
<script type="module" src="page.js"></script></body></html>"""


@contextmanager
def webview_pages(folder: Path) -> Iterator[str]:
    """Build the page for each theme and serve it; yields the address of the folder."""
    build = ["node", HERE / "build.mjs", folder / "page.js", ANYWIDGET]
    subprocess.run(build, check=True, cwd=HERE.parents[2])
    for kind in THEMES:
        (folder / f"{kind}.html").write_text(_document(kind), "utf-8")
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_args: Any) -> None:
        pass


class Webview:
    """A page with a kernel."""

    def __init__(self, page: Page, address: str, kernels: str) -> None:
        self.page = page
        page.goto(address)
        page.wait_for_function("() => window.startHost")
        page.evaluate("url => window.startHost(url)", f"{kernels}/")

    def run(self, code: str) -> str:
        """Run code, show its outputs, return what it printed."""
        return self.page.evaluate("code => window.host.run(code)", code)

    def value(self, expression: str) -> Any:
        """Return the value of a Python expression of literals."""
        return ast.literal_eval(self.run(f"print(repr({expression}))"))

    def eventually(self, expression: str, wanted: Any) -> None:
        """Ask Python until the value is there."""
        for _ in range(50):
            seen = self.value(expression)
            if seen == wanted:
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"{expression} is {seen!r}, not {wanted!r}")

    def stop(self) -> None:
        self.page.evaluate("() => window.host.stop()")
