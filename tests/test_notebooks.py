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
    "AttentionFlow": ("method", "token", "text"),
    "AttentionGraph": ("_attention", "layer", "heads", "token", "text"),
    "AttentionGrid": ("_thumbnails", "layer", "heads", "text"),
    "AttentionMatrix": ("layer", "heads", "token", "text"),
    "QueryKeySpace": ("layer", "heads"),
    "QueryKeyView": ("layer", "heads", "token", "text"),
    "SaliencyCompare": ("_scores", "_levels", "methods", "text"),
    "SaliencyMatrix": ("_scores", "_levels", "method", "text"),
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
        for model in pictures(saved, view[VIEW]["model_id"]):
            check_saved_widget(model)
        check_fallback(view["text/html"], view["text/plain"])


def pictures(saved: dict, model_id: str) -> list[dict]:
    """Return the model that is shown, or, of a box, those inside it."""
    model = saved[model_id]
    inside = [child.removeprefix("IPY_MODEL_") for child in model["state"].get("children", [])]
    return [one for child in inside for one in pictures(saved, child)] or [model]


def check_saved_widget(model: dict) -> None:
    """The picture can be redrawn from what is saved: traits, data and code."""
    state = model["state"]
    name = state["_anywidget_id"].rpartition(".")[2]
    assert set(OF_WIDGET[name]) <= state.keys()
    assert state["_status"]["state"] == "ready"
    assert "export" in state["_esm"]
    assert any(len(base64.b64decode(buffer["data"])) > 0 for buffer in model["buffers"])


def check_fallback(page: str, plain: str) -> None:
    """A host without widgets shows text without scripts, and no memory addresses."""
    assert page.strip()
    assert "<script" not in page
    assert not re.search(r" at 0x[0-9a-f]+", plain)
