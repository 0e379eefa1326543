"""Pages and static pictures: nothing that a token says is ever a tag."""

import json
import re

import numpy as np
import pytest

import lmwidget as lmw
from lmwidget.errors import InputError
from lmwidget.html import fallback

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
