"""Every Python block of the guides runs, in order, one name space a guide."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
GUIDES = sorted(path.name for path in DOCS.glob("*.md") if "```python" in path.read_text("utf-8"))


@pytest.mark.parametrize("guide", GUIDES)
def test_every_block_runs(guide, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a guide may write a page
    text = (DOCS / guide).read_text("utf-8")
    names = {"__name__": "guide"}
    blocks = list(re.finditer(r"```python\n(.*?)```", text, re.DOTALL))
    assert blocks
    for block in blocks:
        line = text[: block.start()].count("\n") + 1
        exec(compile("\n" * line + block[1], str(DOCS / guide), "exec"), names)


def test_the_guides_are_there():
    assert "own-models.md" in GUIDES
