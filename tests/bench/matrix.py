"""A matrix of millions of cells: what it weighs, when it stands, and whether it moves.

    python tests/bench/matrix.py [--tokens 4096] [--rounds 3]

A real `AttentionMatrix` of a real forward pass (a Llama of two layers with sharp random weights),
in the Chromium of the system, headless, drawn by software. The page gets the first picture of a
notebook, and every tile it asks for from the widget in this process, over the same traits as in a
notebook, on the way of Playwright's bindings.

payload         bytes of the first picture: all synced traits as JSON, their buffers, the code
widget          seconds from the end of the forward pass until the first picture is packed: which
                layer and head to show, and one pass over all weights of that head
first_paint     of the page, from the start of navigation, milliseconds
frames          in a second, while the matrix is dragged at cells of 12 and of 3 pixels, and while
                Ctrl-wheel zooms from the whole to single cells and back; "late" is the share of
                frames that came more than 1.5 frames after the one before. "asked" and "cells" are
                what was sent for meanwhile
exact_ms        from a double-click on the whole matrix until the exact cells around it are here: the
                zoom itself (160 ms) and the wait for its rest (90 ms) included
hover           from the input event to the painted frame, milliseconds; the floor is that of a
                page that does nothing

Bars at 4,096 tokens: payload at most 1.5 MB, at least 50 frames a second in every motion.
"""

from __future__ import annotations

import argparse
import base64
import math
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from browser import FLOOR_DRAWN, FLOOR_PAGE, opened, payload, spread
from long_text import frames_during, tiny_model
from playwright.sync_api import Page
from shapes import machine, report

BARS = {"payload": 1_500_000, "frames": 50}
DRAWN = "() => window.probe?.inked('.lmw-canvas-base')"

# The live half of a notebook: traits that go to Python, and those that come back.
LIVE = """
const record = JSON.parse(document.querySelector("script[data-record]").textContent);
const bytes = (text) => {
  const binary = atob(text);
  const found = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) found[i] = binary.charCodeAt(i);
  return new DataView(found.buffer);
};
const put = (state, buffers) => {
  for (const { path, data } of buffers) {
    const parent = path.slice(0, -1).reduce((at, key) => at[key], state);
    parent[path.at(-1)] = bytes(data);
  }
  return state;
};
const state = put(record.state, record.buffers);
const handlers = new Map();
let dirty = {};
const model = {
  comm_live: true,
  get: (name) => state[name],
  set(name, value) {
    state[name] = value;
    dirty[name] = value;
    for (const handler of handlers.get(`change:${name}`) ?? []) handler();
  },
  async save_changes() {
    const sent = dirty;
    dirty = {};
    const answer = await window.python?.(sent);
    if (!answer) return;
    const got = put(answer.state, answer.buffers);
    Object.assign(state, got);
    for (const name of Object.keys(got)) {
      for (const handler of handlers.get(`change:${name}`) ?? []) handler();
    }
  },
  on: (name, handler) => handlers.set(name, [...(handlers.get(name) ?? []), handler]),
  off() {},
  send() {},
};
const url = URL.createObjectURL(new Blob([record.source], { type: "text/javascript" }));
const widget = (await import(url)).default();
const el = document.querySelector("main");
widget.initialize({ model });
widget.render({ model, el });
"""


def page_of(matrix: Any, path: Path) -> Path:
    """Write a page with the widget's present state, that asks Python for more."""
    from lmwidget import html
    from lmwidget.widgets.base import bundle

    matrix._published_state = lambda _: {}
    record = {
        **html._record(matrix, 0),
        "source": bundle("attention_matrix.js").read_text("utf-8"),
    }
    style = bundle("attention_matrix.css").read_text("utf-8")
    path.write_text(
        f"<!doctype html><meta charset='utf-8'><style>{style}</style><main></main>"
        f"<script type='application/json' data-record>{html._json(record)}</script>"
        f"<script type='module'>{LIVE}</script>",
        "utf-8",
    )
    return path


class Kernel:
    """Answers what the page writes, and counts."""

    def __init__(self, matrix: Any) -> None:
        self.matrix, self.answers, self.cells, self.seconds = matrix, 0, 0, 0.0

    def __call__(self, _source: Any, written: dict[str, Any]) -> Any:
        """Take traits and return the tiles asked for."""
        start = time.perf_counter()
        self.matrix.set_state(written)
        if "_view" not in written:
            return None
        tiles = dict(self.matrix._tiles)
        buffers = []
        for path, envelope in ((["cells"], tiles["cells"]), (["cells", "scale"], None)):
            part = envelope or tiles["cells"]["scale"]
            data = base64.b64encode(part["data"]).decode()
            buffers.append({"path": ["_tiles", *path, "data"], "data": data})
        plain = {**tiles["cells"], "data": None}
        plain["scale"] = {**plain["scale"], "data": None}
        self.answers += 1
        self.cells += int(np.prod(plain["shape"]))
        self.seconds += time.perf_counter() - start
        return {"state": {"_tiles": {**tiles, "cells": plain}}, "buffers": buffers}


def zoom(page: Page, to: float, turns: int = 12) -> None:
    """Turn the wheel with Ctrl until cells are so many times as large."""
    page.keyboard.down("Control")
    for _ in range(turns):
        page.mouse.wheel(0, -math.log(to) / 0.002 / turns)
        page.wait_for_timeout(16)
    page.keyboard.up("Control")


def motions(page: Page, kernel: Kernel) -> dict[str, dict[str, float]]:
    """Drag at two sizes of cells, zoom in and out."""
    plot = page.locator(".lmw-plot").bounding_box()
    assert plot
    middle = plot["x"] + plot["width"] / 2, plot["y"] + plot["height"] * 0.6
    reach = 0.3 * plot["height"]
    words = page.locator(".lmw-zoom-words")

    def drag() -> None:
        for _ in range(10):  # stroke by stroke, as a hand does
            page.mouse.move(middle[0] + reach, middle[1] + reach)
            page.mouse.down()
            for turn in range(25):
                part = reach * (1 - 2 * turn / 24)
                page.mouse.move(middle[0] + part, middle[1] + part)
                page.wait_for_timeout(10)
            page.mouse.up()

    def through() -> None:
        for size in (60, 1 / 60):
            zoom(page, size, turns=75)

    seen = {}
    for name, factor, motion in (("drag_12px", 72, drag), ("drag_3px", 18, drag)):
        page.keyboard.press("0")
        page.wait_for_timeout(500)
        page.mouse.move(*middle)
        zoom(page, factor)
        page.wait_for_timeout(800)
        seen[name] = _watched(page, kernel, motion)
        if not words.inner_text():
            raise RuntimeError("nothing was zoomed")
    page.keyboard.press("0")
    page.wait_for_timeout(500)
    page.mouse.move(*middle)
    seen["zoom"] = _watched(page, kernel, through)
    return seen


def _watched(page: Page, kernel: Kernel, motion: Any) -> dict[str, float]:
    answers, cells = kernel.answers, kernel.cells
    found = frames_during(page, motion)
    if kernel.answers == answers:
        raise RuntimeError("no tile was asked for")
    return {**found, "asked": kernel.answers - answers, "cells": kernel.cells - cells}


def exact_after_zoom(page: Page, kernel: Kernel) -> float:
    """Return milliseconds from a double-click until the exact cells around it are sent."""
    page.keyboard.press("0")
    page.wait_for_timeout(600)
    plot = page.locator(".lmw-plot").bounding_box()
    assert plot
    before, start = kernel.answers, time.perf_counter()
    page.mouse.dblclick(plot["x"] + 0.4 * plot["width"], plot["y"] + 0.9 * plot["height"])
    while kernel.answers == before:
        page.wait_for_timeout(5)
        if time.perf_counter() - start > 10:
            raise TimeoutError("tiles did not come")
    return 1000 * (time.perf_counter() - start)


def hovers(page: Page, moves: int, *, plot: bool) -> list[float]:
    """Move the mouse and return what each move took to show."""
    box = page.locator(".lmw-plot" if plot else ".line").first.bounding_box()
    assert box
    taken = []
    for turn in range(moves):
        page.wait_for_timeout(60 + 5 * (turn % 7))
        page.evaluate("() => { window.moved = probe.nextMove(); }")
        x = box["x"] + box["width"] * (0.2 + 0.6 * ((turn * 37) % 100) / 100)
        y = box["y"] + box["height"] * (0.2 + 0.6 * ((turn * 61) % 100) / 100)
        page.mouse.move(x, y)
        taken.append(page.evaluate("() => window.moved")["latency"])
    return taken


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tokens", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--moves", type=int, default=40)
    options = parser.parse_args()
    import lmwidget as lmw

    words = " ".join(f"w{(7919 * i) % 997}" for i in range(options.tokens))
    attention = tiny_model(options.tokens).attention(words)
    start = time.perf_counter()
    matrix = lmw.AttentionMatrix.from_result(attention)
    first = payload(matrix)
    made = time.perf_counter() - start
    frames: dict[str, list[dict[str, float]]] = {}
    exact, hover, floor, paints = [], [], [], []
    kernel = Kernel(matrix)
    with tempfile.TemporaryDirectory() as folder:
        ours = page_of(matrix, Path(folder) / "matrix.html")
        plain = Path(folder) / "plain.html"
        plain.write_text(FLOOR_PAGE, "utf-8")
        for _ in range(options.rounds):
            with opened(ours, DRAWN, 60) as (page, paint):
                paints.append(paint["wall_ms"])
                page.expose_binding("python", kernel)
                page.locator(".lmw-plot").focus()
                for name, one in motions(page, kernel).items():
                    frames.setdefault(name, []).append(one)
                exact.append(exact_after_zoom(page, kernel))
                hover += hovers(page, options.moves, plot=True)
            with opened(plain, FLOOR_DRAWN, 60) as (page, _):
                floor += hovers(page, options.moves, plot=False)
    motion = {
        name: {key: statistics.median(one[key] for one in some) for key in some[0]}
        for name, some in frames.items()
    }
    total = sum(first.values())
    report(
        tokens=len(attention.tokens),
        overview={key: matrix._overview.get(key) for key in ("level", "shape", "layer", "heads")},
        payload_bytes={**first, "total": total},
        seconds={"widget": round(made, 2), "an_answer": round(kernel.seconds / kernel.answers, 4)},
        first_paint_ms=statistics.median(paints),
        motion=motion,
        exact_ms=round(statistics.median(exact)),
        hover_ms={"matrix": spread(hover), "floor": spread(floor)},
        bars={
            "payload": total <= BARS["payload"],
            "frames": min(one["frames_per_second"] for one in motion.values()) >= BARS["frames"],
        },
        **machine("lmwidget", "anywidget", "playwright", "torch", "transformers"),
    )


if __name__ == "__main__":
    main()
