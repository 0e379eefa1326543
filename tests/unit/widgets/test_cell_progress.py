"""A cell whose widget is not there yet says something while the model reads."""

from __future__ import annotations

import threading

import pytest

from lmwidget.widgets import progress


@pytest.fixture
def lines(monkeypatch):
    """What is shown, line by line; each comes with a signal."""
    found, news = [], threading.Semaphore(0)

    def show(text):
        found.append(text)
        news.release()

    monkeypatch.setattr(progress, "_terminal_line", lambda: show)
    monkeypatch.setattr(progress, "_notebook_line", lambda: show)
    return found, news


def test_a_sign_of_life_before_anything_is_reported(lines, monkeypatch):
    found, news = lines
    monkeypatch.setattr(progress, "_PATIENCE", 0.01)
    monkeypatch.setattr(progress, "_PAUSE", 0.0)
    with progress.cell_progress() as report:
        assert news.acquire(timeout=30)
        assert found == ["the model is reading …"]
        report(1, 4, 3.0)
    assert found == ["the model is reading …", "1 of 4 passes, 3 s left", ""]


def test_what_is_quick_shows_nothing(lines):
    found, _ = lines
    with progress.cell_progress() as report:
        report(1, 4, 3.0)
    assert found == []


def test_nothing_is_left_after_an_error(lines, monkeypatch):
    found, news = lines
    monkeypatch.setattr(progress, "_PATIENCE", 0.01)
    asked = progress.cell_progress()
    asked.__enter__()
    assert news.acquire(timeout=30)
    assert asked.__exit__(ZeroDivisionError, ZeroDivisionError(), None) is not True
    assert found[-1] == ""
