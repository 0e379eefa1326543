"""Every notebook runs, and what it shows is saved with it."""

from __future__ import annotations

import base64
import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
STATES = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
OF_WIDGET = {
    "AttentionGraph": ("_attention", "layer", "heads", "token", "text"),
    "SaliencyText": ("_scores", "_predictions", "method", "target", "text"),
}


@pytest.mark.real_model
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path: Path, tmp_path: Path) -> None:
    shutil.copy(path, tmp_path)
    book = nbformat.read(path, 4)
    assert not any(cell.get("outputs") for cell in book.cells), "notebooks are kept without outputs"
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(book, timeout=600, resources=resources).execute()

    shown = [output for cell in book.cells for output in cell.get("outputs", [])]
    assert not [one for one in shown if one.output_type == "error"]
    assert not [one for one in shown if one.get("name") == "stderr"]
    views = [one.data for one in shown if VIEW in one.get("data", {})]
    assert views
    saved = json.loads(json.dumps(book.metadata.widgets[STATES]["state"]))
    for view in views:
        check_saved_widget(saved[view[VIEW]["model_id"]])
        check_fallback(view["text/html"], view["text/plain"])


def check_saved_widget(model: dict) -> None:
    """The picture can be redrawn from what is saved: traits, data and code."""
    state = model["state"]
    name = state["_anywidget_id"].rpartition(".")[2]
    assert set(OF_WIDGET[name]) <= state.keys()
    assert state["_status"]["state"] == "ready"
    assert "export" in state["_esm"]
    buffers = {tuple(buffer["path"]): buffer["data"] for buffer in model["buffers"]}
    data = ("_attention", "weights", "data") if name == "AttentionGraph" else ("_scores", "data")
    assert len(base64.b64decode(buffers[data])) > 0


def check_fallback(page: str, plain: str) -> None:
    """A host without widgets shows text without scripts, and no memory addresses."""
    assert page.strip()
    assert "<script" not in page
    assert not re.search(r" at 0x[0-9a-f]+", plain)
