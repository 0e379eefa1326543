"""Pages and static pictures: nothing that a token says is ever a tag."""

import json
import re

import numpy as np
import pytest
from models import tiny_lm

import lmwidget as lmw
from lmwidget.errors import InputError
from lmwidget.html import fallback
from lmwidget.widgets.base import READY, ModelWidget

EVIL = "</script><img src=x onerror=alert(1)>"


@pytest.fixture
def widgets():
    graph = lmw.AttentionGraph.from_arrays(np.eye(3), ["a", EVIL, "c"])
    text = lmw.SaliencyText.from_arrays([1.0, -0.5, 0.25], ["a", EVIL, "c"], target=EVIL)
    return graph, text


def test_page_holds_the_token_only_as_data(widgets, tmp_path):
    page = lmw.to_html(tmp_path / "page.html", *widgets, title=EVIL).read_text("utf-8")
    assert "<img" not in page
    assert page.count("</script>") == 2  # the data and the host, each closed once
    data = re.search(r"<script type=\"application/json\" data-lmwidget>(.*?)</script>", page)
    state = json.loads(data[1])["widgets"]
    assert state[0]["state"]["_tokens"]["query"]["text"][1] == EVIL


def test_page_asks_for_nothing_from_the_network(widgets, tmp_path):
    page = lmw.to_html(tmp_path / "page.html", *widgets).read_text("utf-8")
    assert "default-src 'none'" in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", page)


TEXT = "the king sat on the hat"
MAKE = {
    "AttentionFlow": lambda lm: lmw.AttentionFlow(lm, TEXT),
    "AttentionGraph": lambda lm: lmw.AttentionGraph(lm, TEXT),
    "AttentionGrid": lambda lm: lmw.AttentionGrid(lm, TEXT),
    "AttentionMatrix": lambda lm: lmw.AttentionMatrix(lm, TEXT),
    "QueryKeySpace": lambda lm: lmw.QueryKeySpace(lm, [TEXT, "a cat"]),
    "QueryKeyView": lambda lm: lmw.QueryKeyView(lm, TEXT),
    "SaliencyCompare": lambda lm: lmw.SaliencyCompare(lm, TEXT, methods=["gradient"]),
    "SaliencyMatrix": lambda lm: lmw.SaliencyMatrix(lm, TEXT, " on"),
    "SaliencyText": lambda lm: lmw.SaliencyText(lm, TEXT),
}
STATUS = [
    {"state": "loading", "progress": {"done": 1, "total": 9, "seconds_left": 3.0}},
    {"state": "error", "message": "It is too long.", "remedy": "Shorten it."},
    {"state": "empty", "message": "Nothing to show yet: write a text for the model to read."},
]


def states(page):
    data = re.search(r"data-lmwidget>(.*?)</script>", page.read_text("utf-8"))
    return [record["state"] for record in json.loads(data[1])["widgets"]]


def test_every_widget_is_tried():
    classes = [getattr(lmw, name) for name in lmw.__all__]
    drawn = [one for one in classes if isinstance(one, type) and issubclass(one, ModelWidget)]
    assert sorted(one.__name__ for one in drawn) == sorted(MAKE)


@pytest.mark.parametrize("name", MAKE)
def test_a_page_is_at_rest(name, tmp_path):
    """What a kernel was doing when the page was written, no kernel will ever end."""
    widget = MAKE[name](tiny_lm("gpt2"))
    text = widget.text
    (rested,) = states(widget.to_html(tmp_path / "rest.html"))
    assert rested["_status"] == READY
    for status in STATUS:
        widget._status = {**READY, **status}
        with widget._quietly():
            widget.text = "" if status["state"] == "empty" else "another text"
        (state,) = states(widget.to_html(tmp_path / "page.html"))
        assert state == rested
        assert state["text"] == text
        assert widget._status["state"] == status["state"]


def test_a_page_of_an_alignment_is_at_rest(tmp_path):
    view = lmw.AlignmentView(tiny_lm("bart"), TEXT, "a cat")
    view.graph._status = view.matrix._status = {**READY, "state": "loading"}
    assert [one["_status"] for one in states(view.to_html(tmp_path / "page.html"))] == [READY] * 2


@pytest.mark.parametrize("name", ["AttentionGraph", "SaliencyText"])
def test_a_page_of_nothing_says_so(name, tmp_path):
    widget = getattr(lmw, name)(tiny_lm("gpt2"))
    widget._status = {**READY, "state": "loading"}
    (state,) = states(widget.to_html(tmp_path / "page.html"))
    assert state["_status"]["state"] == "empty"


def test_buffers_travel_as_base64_at_their_path(widgets, tmp_path):
    page = lmw.to_html(tmp_path / "page.html", widgets[0]).read_text("utf-8")
    data = re.search(r"data-lmwidget>(.*?)</script>", page)
    record = json.loads(data[1])["widgets"][0]
    paths = ["/".join(map(str, buffer["path"])) for buffer in record["buffers"]]
    assert "_attention/weights/data" in paths
    assert record["state"]["_attention"]["weights"]["data"] is None


@pytest.mark.parametrize("index", [0, 1])
def test_static_picture_is_escaped(widgets, index):
    html = fallback(widgets[index])
    assert "<img" not in html
    assert "&lt;img" in html


def test_mimebundle_has_something_for_every_host(widgets):
    for widget in widgets:
        data, _ = widget._repr_mimebundle_()
        assert set(data) >= {
            "application/vnd.jupyter.widget-view+json",
            "text/html",
            "text/plain",
        }
        assert "0x" not in data["text/plain"]


def test_swapped_arguments_are_explained(widgets, tmp_path):
    with pytest.raises(InputError, match="The file comes first"):
        lmw.to_html(tmp_path / "page.html", "not a widget")


def test_page_without_a_title_still_has_one(widgets, tmp_path):
    page = lmw.to_html(tmp_path / "page.html", *widgets).read_text("utf-8")
    assert "<title>AttentionGraph, SaliencyText</title>" in page
