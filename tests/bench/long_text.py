"""Thousands of tokens in one picture: what it weighs, when it stands, and whether it moves.

    python tests/bench/long_text.py [--model smollm2|tiny] [--tokens 4096] [--rounds 3]

A real `AttentionGraph` of a real forward pass, in the Chromium of the system, headless, drawn by
software; the page holds exactly the first picture that a notebook gets. `tiny` is a Llama of two
layers with random weights that takes 8,192 tokens; `smollm2` is the default model.

payload         bytes of the first picture: all synced traits as JSON, their buffers, the code
drawn           from the end of the forward pass until edges stand: making the widget (which layer
                and head to show, the strongest edges of each query) in Python, and from the start
                of navigation to the first task after the frame in the browser
hover           as in browser.py: from the input event to the painted frame, milliseconds, on rows
                that are read and on the whole text; the floor is that of a page that does nothing
frames          in a second, while the wheel scrolls, the brush is dragged, and Ctrl-wheel zooms;
                "late" is the share of frames that came more than 1.5 frames after the one before
heap            of the page's scripts after all that and a garbage collection, megabytes

Bars at 4,096 tokens: payload at most 3 MB, drawn within 2 s, hover at most 16 ms (median) and
33 ms (95 %), 50 frames a second, heap at most 150 MB.
"""

from __future__ import annotations

import argparse
import math
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from browser import (
    FLOOR_DRAWN,
    FLOOR_PAGE,
    GRAPH_DRAWN,
    GRAPH_TOKENS,
    hover,
    opened,
    payload,
    spread,
)
from playwright.sync_api import CDPSession, Page
from shapes import VOCABULARY, machine, report, word_tokenizer

FRAME = 1000 / 60
BARS = {"payload": 3_000_000, "drawn_s": 2, "median": 16, "p95": 33, "frames": 50, "heap_mb": 150}
SENTENCE = (
    "The lighthouse keeper {} wrote down every ship that passed {}, and every storm that came "
    "after it; in {} the fog lay so thick on the water that nobody saw {} leave the pier. "
)
NAMES = ("Mary", "John", "Agnes", "Peter", "Ruth", "Thomas", "Clara")
PLACES = ("Marwick", "Stonehaven", "Ardmore", "Kilbride", "Dunmore")
MONTHS = ("October", "March", "winter", "April")

# Counts frames between two calls.
FRAMES = """() => {
  const frames = [];
  let last = null;
  let on = true;
  const step = (now) => {
    if (last !== null) frames.push(now - last);
    last = now;
    if (on) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
  window.stopFrames = () => { on = false; return frames; };
}"""


def story(sentences: int) -> str:
    """Return natural English, no two sentences of which are quite the same."""
    return "".join(
        SENTENCE.format(
            NAMES[i % len(NAMES)],
            PLACES[(i // 3) % len(PLACES)],
            MONTHS[(i // 2) % len(MONTHS)],
            NAMES[(i * 3 + 1) % len(NAMES)],
        )
        for i in range(sentences)
    )


def tiny_model(tokens: int) -> Any:
    """Return a Llama of two layers and four heads with sharp random attention."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    import lmwidget as lmw

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=max(8192, tokens),
    )
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for layer in model.model.layers:
            for projection in (layer.self_attn.q_proj, layer.self_attn.k_proj):
                projection.weight.normal_(0, 0.4)
    return lmw.LanguageModel(model, word_tokenizer(), name="tiny Llama")


def model_and_text(name: str, tokens: int) -> tuple[Any, str]:
    """Return a model and a text of so many of its tokens."""
    import lmwidget as lmw

    if name == "tiny":
        words = [f"w{(7919 * i) % 997}" for i in range(tokens)]
        return tiny_model(tokens), " ".join(words)
    lm = lmw.load()
    text = story(tokens // 30)
    ids = lm.tokenizer(text, return_offsets_mapping=True)
    return lm, text[: ids["offset_mapping"][tokens - 1][1]]


def frames_during(page: Page, motion: Any) -> dict[str, float]:
    """Return frames a second while something moves, and how many came late."""
    page.evaluate(FRAMES)
    motion()
    taken = page.evaluate("() => window.stopFrames()")
    late = sum(frame > 1.5 * FRAME for frame in taken) / len(taken)
    return {
        "frames_per_second": round(1000 * len(taken) / sum(taken), 1),
        "late": round(late, 3),
        "longest_ms": round(max(taken), 1),
    }


def motions(page: Page) -> dict[str, dict[str, float]]:
    """Scroll, drag the brush, zoom out and in."""
    picture = page.locator(".lmw-long .lmw-scroller").bounding_box()
    small = page.locator(".lmw-minimap").bounding_box()
    assert picture
    assert small
    middle = picture["x"] + picture["width"] / 2, picture["y"] + picture["height"] / 2

    def scroll() -> None:
        page.mouse.move(*middle)
        for turn in range(150):
            page.mouse.wheel(0, 90 if turn < 75 else 900)
            time.sleep(0.01)

    def drag() -> None:
        brush = page.get_by_role("slider", name="Part of the text in view").bounding_box()
        assert brush
        x = small["x"] + small["width"] / 2
        page.mouse.move(x, brush["y"] + brush["height"] / 2)
        page.mouse.down()
        for turn in range(150):
            y = small["y"] + small["height"] * (0.5 + 0.45 * math.sin(turn / 12))
            page.mouse.move(x, y)
            time.sleep(0.01)
        page.mouse.up()

    def zoom() -> None:
        page.mouse.move(*middle)
        page.keyboard.down("Control")
        for turn in range(120):
            page.mouse.wheel(0, 60 if turn < 60 else -60)
            time.sleep(0.01)
        page.keyboard.up("Control")

    seen = {}
    for name, motion in (("scroll", scroll), ("brush", drag), ("zoom", zoom)):
        before = page.locator(".lmw-brush").get_attribute("aria-valuetext")
        moved: list[str | None] = []

        def watched(motion: Any = motion, moved: list[str | None] = moved) -> None:
            motion()
            moved.append(page.locator(".lmw-brush").get_attribute("aria-valuetext"))

        seen[name] = frames_during(page, watched)
        if name != "zoom" and moved[0] == before:
            raise RuntimeError(f"nothing moved: {name}")
        page.wait_for_timeout(400)
    return seen


def heap(page: Page) -> float:
    """Return megabytes that the scripts of the page hold, typed arrays and elements included."""
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    usage = session.send("Runtime.getHeapUsage")
    parts = ("usedSize", "embedderHeapUsedSize", "backingStorageSize")
    return round(sum(usage[part] for part in parts) / 1e6, 1)


def hover_blocks(page: Page, moves: int) -> list[dict[str, float]]:
    """Hover tokens of the whole text, which are too low to be read."""
    page.get_by_role("button", name="whole text").click()
    page.wait_for_timeout(1000)
    picture = page.locator(".lmw-surface").bounding_box()
    assert picture
    taken = []
    for turn in range(moves):
        time.sleep(0.05 + 0.05 * ((turn * 7) % 10) / 10)
        page.evaluate("() => { window.moved = probe.nextMove(); }")
        y = picture["y"] + picture["height"] * (0.1 + 0.85 * ((turn * 37) % 100) / 100)
        page.mouse.move(picture["x"] + picture["width"] * 0.2, y)
        taken.append(page.evaluate("() => window.moved"))
        if not page.evaluate("() => probe.inked('.lmw-canvas-overlay')"):
            raise RuntimeError("the edges of the hovered token are not drawn")
    return taken


def rounds(ours: Path, plain: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Open the pages in turn."""
    paints, heaps = [], []
    moves: dict[str, list[float]] = {}
    frames: dict[str, list[dict[str, float]]] = {}
    for _ in range(options.rounds):
        with opened(ours, GRAPH_DRAWN, 60) as (page, paint):
            paints.append(paint["wall_ms"])
            page.wait_for_timeout(500)
            for name, one in motions(page).items():
                frames.setdefault(name, []).append(one)
            text = hover(page, GRAPH_TOKENS, options.moves, pause=True)
            blocks = hover_blocks(page, options.moves)
            heaps.append(heap(page))
        with opened(plain, FLOOR_DRAWN, 60) as (page, _):
            floor = hover(page, ".line", options.moves, pause=True)
        for name, some in (("text", text), ("whole_text", blocks), ("floor", floor)):
            moves.setdefault(name, []).extend(move["latency"] for move in some)
    return {
        "first_paint_ms": statistics.median(paints),
        "hover_ms": {name: spread(some) for name, some in moves.items()},
        "motion": {
            name: {key: statistics.median(one[key] for one in some) for key in some[0]}
            for name, some in frames.items()
        },
        "heap_mb": max(heaps),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--model", choices=["smollm2", "tiny"], default="smollm2")
    parser.add_argument("--tokens", type=int, default=4096)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--moves", type=int, default=60)
    options = parser.parse_args()
    import lmwidget as lmw

    lm, text = model_and_text(options.model, options.tokens)
    start = time.perf_counter()
    attention = lm.attention(text)
    forward = time.perf_counter() - start
    start = time.perf_counter()
    graph = lmw.AttentionGraph.from_result(attention)
    first = payload(graph)
    made = time.perf_counter() - start
    total = sum(first.values())
    graph._published_state = lambda _: {}  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        ours = graph.to_html(Path(folder) / "graph.html")
        plain = Path(folder) / "plain.html"
        plain.write_text(FLOOR_PAGE, "utf-8")
        seen = rounds(ours, plain, options)
    drawn = made + seen["first_paint_ms"] / 1000
    hovers = [seen["hover_ms"][name] for name in ("text", "whole_text")]
    slowest = min(one["frames_per_second"] for one in seen["motion"].values())
    report(
        model=lm.name,
        tokens=len(attention.tokens),
        sent={"layer": graph.layer, "heads": graph.heads, "keys": graph._figure["top_per_row"]},
        payload_bytes={**first, "total": total},
        seconds={
            "forward": round(forward, 2),
            "widget": round(made, 2),
            "drawn_after_forward": round(drawn, 2),
        },
        **seen,
        bars={
            "payload": total <= BARS["payload"],
            "drawn": drawn <= BARS["drawn_s"],
            "hover": all(
                one["median"] <= BARS["median"] and one["p95"] <= BARS["p95"] for one in hovers
            ),
            "frames": slowest >= BARS["frames"],
            "heap": seen["heap_mb"] <= BARS["heap_mb"],
        },
        **machine("lmwidget", "anywidget", "playwright", "torch", "transformers"),
    )


if __name__ == "__main__":
    main()
