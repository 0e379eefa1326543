"""What all heads at once cost in the browser: `AttentionGrid` beside BertViz's model view.

    pip install --no-deps bertviz     (its dependencies are those of notebooks, which are here)
    npm ci                            (d3, jQuery and require.js, which BertViz takes from a CDN)
    python tests/bench/grid.py [--tokens 512] [--bertviz-tokens 64] [--rounds 3]

The attention of one model of GPT-2 small's shape, random weights: 12 layers of 12 heads. Both are
pages opened from a file, as in browser.py, which says how first paint is measured.

sent            bytes of everything that AttentionGrid sends for its first picture: all synced
                traits as JSON, their buffers, and the code of the widget itself
first paint     until every layer's heads stand; wall milliseconds, and seconds of the page's main
                thread
compute         seconds from the model to the widget: the pass, all thumbnails, all statistics

Bars: at most 3 MB sent; first paint at least 20 times faster than BertViz's model view at an
eighth of the tokens.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from browser import opened, payload
from shapes import gpt2_small, language_model, machine, report, text_of, word_tokenizer

SENT_BAR, PAINT_BAR = 3_000_000, 20
# All of the canvas, in the last row of heads too: the grid of 12 layers stands in one canvas.
GRID_DRAWN = """() => {
  const canvas = document.querySelector('[data-lmw-ready] .lmw-grid-glass canvas');
  if (!canvas) return false;
  const { width, height } = canvas;
  const last = canvas.getContext('2d').getImageData(0, height * 0.93, width, height * 0.05);
  return last.data.some((value, i) => i % 4 === 3 && value > 0);
}"""
BERTVIZ_DRAWN = "() => document.querySelectorAll('svg .attn_background').length >= 144"


def bertviz_page(path: Path, tokens: int) -> None:
    """Write BertViz's model view of all layers and heads."""
    import torch
    from bertviz import model_view

    text = text_of(tokens)
    ids = word_tokenizer()(text, return_tensors="pt").input_ids
    with torch.no_grad():
        attentions = gpt2_small(attn_implementation="eager")(
            ids, output_attentions=True, use_cache=False
        ).attentions
    page = model_view(attentions, text.split(), html_action="return").data
    path.write_text(f"<!doctype html><meta charset='utf-8'><body>{page}</body>", "utf-8")


def first_paints(ours: Path, theirs: Path, rounds: int) -> dict[str, Any]:
    """Open both pages in turn; BertViz's once, between two of ours."""
    found = []
    bertviz: dict[str, float] = {}
    for turn in range(rounds):
        with opened(ours, GRID_DRAWN, 60) as (_, paint):
            found.append(paint)
        if turn == 0:
            with opened(theirs, BERTVIZ_DRAWN, 400) as (_, bertviz):
                pass
    paint = {name: statistics.median(one[name] for one in found) for name in bertviz}
    faster = {name: round(bertviz[name] / paint[name], 1) for name in bertviz}
    return {"lmwidget": paint, "bertviz": bertviz, "times_faster": faster}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tokens", type=int, default=512)
    parser.add_argument("--bertviz-tokens", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    import lmwidget as lmw

    lm = language_model()
    start = time.perf_counter()
    grid = lmw.AttentionGrid(lm, text_of(options.tokens))
    seconds = time.perf_counter() - start
    sent = payload(grid)
    total = sum(sent.values())
    with tempfile.TemporaryDirectory() as folder:
        ours = grid.to_html(Path(folder) / "grid.html")
        theirs = Path(folder) / "bertviz.html"
        bertviz_page(theirs, options.bertviz_tokens)
        sizes = {"lmwidget": ours.stat().st_size, "bertviz": theirs.stat().st_size}
        paint = first_paints(ours, theirs, options.rounds)
    report(
        tokens={"lmwidget": options.tokens, "bertviz": options.bertviz_tokens},
        sent_bytes={**sent, "total": total},
        page_bytes=sizes,
        compute_seconds=round(seconds, 2),
        first_paint=paint,
        bars={
            "sent": total <= SENT_BAR,
            "first_paint": min(paint["times_faster"].values()) >= PAINT_BAR,
        },
        **machine("lmwidget", "anywidget", "bertviz", "playwright", "torch", "transformers"),
    )


if __name__ == "__main__":
    main()
