"""The bar of a plain call: it tells how far it is, and nothing of it is left."""

import math
import signal
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
from lmwidget.attribution.method import Watch
from lmwidget.attribution.progress import showing
from lmwidget.errors import CancelledError, InputError

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


def test_the_bar_appears_while_the_first_batch_is_still_running(monkeypatch, places):
    monkeypatch.setattr(module, "_DELAY", 0.05)
    with showing(None, "Trying") as report:
        report(0, 5, math.nan)
        until = time.monotonic() + 20
        while not places and time.monotonic() < until:
            time.sleep(0.01)
        (place,) = places  # nothing was reported since
        said = place.container.children[2].value.replace("\u2007", " ")
        assert "0/5" in said
        assert "left" not in said
    assert place.shown[-1] == {"text/plain": ""}


def test_the_bar_says_minutes_once_they_are_known(monkeypatch, places):
    monkeypatch.setattr(module, "_BEAT", 0.01)
    with showing(True, "Trying") as report:
        shown = places[0].container.children[2]
        for left, words in ((math.nan, "1/5000 [00:00]"), (5030.0, "[00:00, about 84 min left]")):
            report(1, 5000, left)
            until = time.monotonic() + 20
            while words not in shown.value.replace("\u2007", " ") and time.monotonic() < until:
                time.sleep(0.01)
            assert words in shown.value.replace("\u2007", " ")


def test_time_left_is_not_told_before_it_can_be_known(monkeypatch):
    told, clock = [], iter([0.0, 8.0, 16.0, 18.0, 20.0])
    monkeypatch.setattr("lmwidget.attribution.method.time.perf_counter", lambda: next(clock))
    watch = Watch(lambda done, total, left: told.append(left))
    for done in (0, 1, 2, 12, 5002):  # the first batch measures, the second tries
        watch.report(done, 5002)
    assert [math.isnan(left) for left in told] == [True, True, True, False, False]
    assert told[3:] == [pytest.approx(10 / 11 * 4990), 0.0]


@pytest.mark.parametrize(
    "method", ["leave_one_out", "kernel_shap", "integrated_gradients", "smoothgrad"]
)
def test_an_interrupt_with_nothing_done_is_one_line(method):
    heard = []

    def interrupt(done, total, left):
        if not heard:
            heard.append(done)
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt) as caught:
        tiny_lm("gpt2").attribute("the king sat on the mat", method, progress=interrupt)
    assert heard == [0]
    assert isinstance(caught.value, CancelledError)  # widgets take back what was asked
    (line,) = caught.value._render_traceback_()
    assert line.startswith("KeyboardInterrupt: The computation was stopped")
    assert caught.value.__suppress_context__
    assert signal.getsignal(signal.SIGINT) is before


def test_a_stop_from_elsewhere_is_no_keyboard_interrupt():
    with pytest.raises(CancelledError) as caught:
        tiny_lm("gpt2").attribute("the king sat", "leave_one_out", cancelled=lambda: True)
    assert not isinstance(caught.value, KeyboardInterrupt)


@pytest.mark.parametrize("after", range(2, 8))
def test_an_interrupt_is_heard_after_the_pass_that_it_came_in(after, monkeypatch):
    """Also in passes that give no values: beginnings that are read for others, and trials."""
    lm = tiny_lm("gpt2")
    text = "the king sat on the mat and the cat sat on the hat"
    run, passes = lm.run, []

    def interrupted(*args, **kwargs):
        passes.append(0)
        if len(passes) == after:
            signal.raise_signal(signal.SIGINT)
        return run(*args, **kwargs)

    monkeypatch.setattr(lm, "run", interrupted)
    monkeypatch.setattr("lmwidget.attribution.passes._TOKENS", 12)
    with suppress(KeyboardInterrupt):
        assert lm.attribute(text, "leave_one_out", progress=False).partial
    assert len(passes) == after


def test_what_is_no_progress():
    with pytest.raises(InputError, match="progress is 'yes'"):
        tiny_lm("gpt2").attribute("the king", progress="yes")
