"""The bar of a plain call: it tells how far it is, and nothing of it is left."""

import time
from contextlib import suppress
from types import SimpleNamespace

import IPython.display
import pytest
import tqdm.auto
import tqdm.notebook
import tqdm.std
from models import tiny_lm

from lmwidget.attribution import progress as module
from lmwidget.attribution.progress import showing
from lmwidget.errors import InputError

ENDS = ["complete", "stopped", "short", "raised", "interrupted"]


class Place:
    """What ``display(…, display_id=True)`` returns."""

    def __init__(self, container):
        self.container, self.shown = container, [container]

    def update(self, what, *, raw):
        assert raw
        self.shown.append(what)


@pytest.fixture
def places(monkeypatch):
    """Return what a notebook was given to show."""
    found = []

    def display(container, *, display_id):
        assert display_id
        found.append(Place(container))
        return found[-1]

    monkeypatch.setattr(tqdm.auto, "tqdm", tqdm.notebook.tqdm)
    monkeypatch.setattr(IPython.display, "display", display)
    return found


def run(end, *, progress=True):
    """Go through a computation of five passes, and end it in some way."""
    with suppress(RuntimeError, KeyboardInterrupt), showing(progress, "Trying") as report:
        for done in range(6 if end == "complete" else 3):
            report(done, 5, 1.0)
        if end == "short":
            report(4, 4, 0.0)
        if end == "raised":
            raise RuntimeError
        if end == "interrupted":
            raise KeyboardInterrupt


@pytest.mark.parametrize("end", ENDS)
def test_a_notebook_is_left_clean(end, places):
    run(end)
    (place,) = places
    label, bar, _ = place.container.children
    assert "Trying" in label.value
    assert bar.max == (4 if end == "short" else 5)
    assert bar.bar_style != "danger"
    assert place.container.comm is None  # closed: gone from the screen
    assert place.shown[-1] == {"text/plain": ""}  # and from the saved notebook


@pytest.mark.parametrize("end", ENDS)
def test_a_terminal_is_left_clean(end, monkeypatch, capsys):
    monkeypatch.setattr(tqdm.auto, "tqdm", tqdm.std.tqdm)
    run(end)
    lines = capsys.readouterr().err.split("\r")
    assert any("/5" in line for line in lines)
    assert lines[-1] == ""
    assert lines[-2].strip() == ""
    assert len(lines[-2]) >= len(lines[-3])


def test_nothing_is_shown_of_what_is_soon_done(places):
    run("complete", progress=None)
    assert places == []


def test_time_is_counted_from_the_start(monkeypatch, places):
    started = iter([time.time() - 60])
    clock = SimpleNamespace(time=lambda: next(started, time.time()))
    monkeypatch.setattr(module, "time", clock)
    with showing(None, "Trying") as report:
        report(3, 5, 1.0)
        assert "3/5 [01:0" in places[0].container.children[2].value.replace("\u2007", " ")


@pytest.mark.parametrize("method", ["leave_one_out", "integrated_gradients"])
def test_a_method_that_is_stopped_leaves_nothing(method, places):
    asked = []
    why = tiny_lm("gpt2").attribute(
        "the king sat on the hat", method, progress=True, max_memory=1,
        cancelled=lambda: asked.append(0) or len(asked) > 12,
    )  # fmt: skip
    assert why.partial
    assert [place.shown[-1] for place in places] == [{"text/plain": ""}]


def test_what_is_no_progress():
    with pytest.raises(InputError, match="progress is 'yes'"):
        tiny_lm("gpt2").attribute("the king", progress="yes")
