"""What a picture costs in the browser: `AttentionGraph` beside BertViz's head view.

    pip install --no-deps bertviz     (its dependencies are those of notebooks, which are here)
    npm ci                            (d3, jQuery and require.js, which BertViz takes from a CDN)
    python tests/bench/browser.py [--tokens 512] [--bertviz-tokens 256] [--rounds 3]

The attention of one model of GPT-2 small's shape, random weights, in the Chromium of the system,
headless, drawn by software. Both are pages opened from a file, which is how BertViz is published;
requests to its CDN are answered from node_modules, and every other request is refused.

payload         bytes of everything that AttentionGraph sends for its first picture: all synced
                traits as JSON, their buffers, and the code of the widget itself
first paint     navigation start to the first task after the frame in which edges stand; wall
                milliseconds, and seconds of the page's main thread (which other work on the
                machine disturbs less)
hover           the input event's own time stamp to the first task after the next frame, in which
                the hovered token's edges must stand; milliseconds over many tokens. Moves come
                50 to 100 ms apart, out of step with the screen, as a hand's; "sweep" is without a
                pause, each move waiting for the frame after the one before. The floor is
                the same on a page in which a hovered line only changes its colour: what the
                browser and the machine take for any frame. CPU: the page's main thread, each move.

Bars: payload at most 2 MB; first paint at least 20 times faster than BertViz's at half the
tokens; median hover at most 16 ms.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import CDPSession, Page, Route, sync_playwright
from shapes import gpt2_small, language_model, machine, report, text_of, word_tokenizer

MODULES = Path(__file__).parents[2] / "node_modules"
CDN = {
    "require.js/2.3.6": MODULES / "requirejs/require.js",
    "d3/5.7.0": MODULES / "d3-5/dist/d3.min.js",
    "jquery/2.0.0": MODULES / "jquery/dist/jquery.min.js",  # 2.1.0: 2.0.0 is not on npm
}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
PAYLOAD_BAR, PAINT_BAR, HOVER_BAR = 2_000_000, 20, 16

# Runs in every page before its own scripts.
PROBE = """(drawn) => {
  const isDrawn = new Function(`return (${drawn})()`);
  const afterFrame = (then) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => then(performance.now());
    channel.port2.postMessage(0);
  });
  const probe = { painted: null };
  const watch = () => {
    if (isDrawn()) afterFrame((now) => { probe.painted = now; });
    else requestAnimationFrame(watch);
  };
  requestAnimationFrame(watch);
  probe.inked = (selector) => {
    const canvas = document.querySelector(selector);
    if (!canvas?.width || !canvas.height) return false;
    const small = new OffscreenCanvas(64, 64).getContext("2d");
    small.drawImage(canvas, 0, 0, 64, 64);
    return small.getImageData(0, 0, 64, 64).data.some((value, i) => i % 4 === 3 && value > 0);
  };
  probe.nextMove = () => new Promise((resolve) => {
    document.addEventListener("pointermove", ({ timeStamp }) => {
      const handled = performance.now();
      afterFrame((now) => resolve({ latency: now - timeStamp, work: now - handled }));
    }, { capture: true, once: true });
  });
  window.probe = probe;
}"""
GRAPH_TOKENS = ".lmw-side-query .lmw-option"
GRAPH_DRAWN = "() => window.probe?.inked('.lmw-canvas-base')"
FLOOR_DRAWN = "() => document.querySelector('.line') !== null"
BERTVIZ_DRAWN = "() => document.querySelector('svg #attention line') !== null"


def payload(graph: Any) -> dict[str, int]:
    """Return the bytes that a widget sends before its first picture."""
    from ipywidgets.widgets.widget import _remove_buffers

    state, _, buffers = _remove_buffers(graph.get_state())
    code = sum(len(state.pop(name).encode()) for name in ("_esm", "_css"))
    data = sum(memoryview(buffer).nbytes for buffer in buffers)
    return {"json": len(json.dumps(state)), "buffers": data, "code": code}


def bertviz_page(path: Path, tokens: int) -> None:
    """Write BertViz's head view of all layers."""
    import torch
    from bertviz import head_view

    text = text_of(tokens)
    ids = word_tokenizer()(text, return_tensors="pt").input_ids
    with torch.no_grad():
        attentions = gpt2_small(attn_implementation="eager")(
            ids, output_attentions=True, use_cache=False
        ).attentions
    page = head_view(attentions, text.split(), html_action="return").data
    path.write_text(f"<!doctype html><meta charset='utf-8'><body>{page}</body>", "utf-8")


def _answer(route: Route) -> None:
    for part, file in CDN.items():
        if part in route.request.url:
            route.fulfill(path=file, content_type="text/javascript")
            return
    route.abort()


def _main_thread(session: CDPSession) -> float:
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "TaskDuration")


@contextmanager
def opened(path: Path, drawn: str, limit: float) -> Iterator[tuple[Page, dict[str, float]]]:
    """Open a page in a fresh browser, wait until it is drawn, and say what that took."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=ARGUMENTS
        )
        try:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(limit * 1000)
            session = page.context.new_cdp_session(page)
            session.send("Performance.enable", {"timeDomain": "threadTicks"})
            page.route(lambda url: url.startswith("http"), _answer)
            page.add_init_script(f"({PROBE})({json.dumps(drawn)})")
            page.goto(path.as_uri(), wait_until="commit")
            _wait_until_painted(page, limit)
            paint = {
                "wall_ms": round(page.evaluate("probe.painted")),
                "main_thread_s": round(_main_thread(session), 3),
            }
            yield page, paint
        finally:
            browser.close()


def _wait_until_painted(page: Page, limit: float) -> None:
    until = time.monotonic() + limit
    while time.monotonic() < until:
        if page.evaluate("() => window.probe?.painted") is not None:
            return
        time.sleep(0.05)
    raise TimeoutError(f"nothing drawn in {limit:.0f} s")


FLOOR_PAGE = (
    """<!doctype html><meta charset="utf-8">
<style>.line { height: 24px } .line:hover { background: silver }</style>
"""
    + "<div class='line'>a line of text</div>" * 30
)


def hover(page: Page, selector: str, moves: int, *, pause: bool) -> list[dict[str, float]]:
    """Move the mouse over elements on screen and return what each move took to show."""
    middles = page.evaluate(
        """(selector) => [...document.querySelectorAll(selector)].flatMap((element) => {
          const { left, right, top, height } = element.getBoundingClientRect();
          const [x, y] = [Math.max(left, right - 20), top + height / 2];
          return element.contains(document.elementFromPoint(x, y)) ? [[x, y]] : [];
        })""",
        selector,
    )
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    taken = []
    chance = random.Random(0)
    for turn in range(moves):
        if pause:
            time.sleep(chance.uniform(0.05, 0.1))
        x, y = middles[(7 * turn + 3) % len(middles)]
        page.evaluate("() => { window.moved = probe.nextMove(); }")
        before = _main_thread(session)
        page.mouse.move(x, y)
        took = page.evaluate("() => window.moved")
        taken.append({**took, "cpu": 1000 * (_main_thread(session) - before)})
        isolated = selector != GRAPH_TOKENS or page.evaluate(
            "() => probe.inked('.lmw-canvas-overlay')"
        )
        if not isolated:
            raise RuntimeError("the edges of the hovered token are not drawn")
    return taken


def spread(values: list[float]) -> dict[str, float]:
    """Return median and 95th percentile."""
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 2),
        "p95": round(ordered[int(0.95 * (len(ordered) - 1))], 2),
        "count": len(ordered),
    }


def hovers(page: Page, name: str, selector: str, moves: int) -> dict[str, list[dict[str, float]]]:
    """Return the moves of a hand, and those of a sweep."""
    return {
        name: hover(page, selector, moves, pause=True),
        f"{name}_sweep": hover(page, selector, moves, pause=False),
    }


def rounds(ours: Path, theirs: Path, plain: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Open the pages in turn; return first paints and hovers."""
    paints = []
    moves: dict[str, list[dict[str, float]]] = {}
    for turn in range(options.rounds):
        with opened(ours, GRAPH_DRAWN, 60) as (page, paint):
            paints.append(paint)
            found = hovers(page, "lmwidget", GRAPH_TOKENS, options.moves)
        with opened(plain, FLOOR_DRAWN, 60) as (page, _):
            found |= hovers(page, "floor", ".line", options.moves)
        for name, some in found.items():
            moves.setdefault(name, []).extend(some)
        if turn == 0:  # between ours: it takes a minute
            with opened(theirs, BERTVIZ_DRAWN, 400) as (_, bertviz):
                pass
    paint = {name: statistics.median(one[name] for one in paints) for name in bertviz}
    faster = {name: round(bertviz[name] / paint[name], 1) for name in bertviz}
    parts = ("latency", "work", "cpu")
    return {
        "first_paint": {"lmwidget": paint, "bertviz": bertviz, "times_faster": faster},
        "hover_ms": {
            name: {part: spread([move[part] for move in some]) for part in parts}
            for name, some in moves.items()
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--bertviz-tokens", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--moves", type=int, default=60)
    options = parser.parse_args()
    import lmwidget as lmw

    graph = lmw.AttentionGraph(language_model(), text_of(options.tokens))
    first = payload(graph)
    total = sum(first.values())
    with tempfile.TemporaryDirectory() as folder:
        ours = graph.to_html(Path(folder) / "graph.html")
        plain = Path(folder) / "plain.html"
        plain.write_text(FLOOR_PAGE, "utf-8")
        theirs = Path(folder) / "bertviz.html"
        bertviz_page(theirs, options.bertviz_tokens)
        sizes = {"lmwidget": ours.stat().st_size, "bertviz": theirs.stat().st_size}
        seen = rounds(ours, theirs, plain, options)
    report(
        tokens={"lmwidget": options.tokens, "bertviz": options.bertviz_tokens},
        payload_bytes={**first, "total": total},
        page_bytes=sizes,
        **seen,
        bars={
            "payload": total <= PAYLOAD_BAR,
            "first_paint": min(seen["first_paint"]["times_faster"].values()) >= PAINT_BAR,
            "hover": seen["hover_ms"]["lmwidget"]["latency"]["median"] <= HOVER_BAR,
        },
        **machine("lmwidget", "anywidget", "bertviz", "playwright", "torch", "transformers"),
    )


if __name__ == "__main__":
    main()
