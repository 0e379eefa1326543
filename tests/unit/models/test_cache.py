"""A folder in the cache is whole or absent, survives rivals, and is rebuilt when damaged."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lmwidget.models.cache import built, cache_home, discard, intact


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LMWIDGET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "weights").write_bytes(b"0123456789")
    (folder / "note.txt").write_text("hello")


def never(folder: Path) -> None:
    raise AssertionError("built again")


def only_the_folder(home: Path) -> bool:
    return {path.name for path in home.iterdir()} <= {"demo", ".demo.lock"}


def test_built_once(home):
    folder = built("demo", write)
    assert folder == home / "demo"
    assert (folder / "deep" / "weights").read_bytes() == b"0123456789"
    assert intact(folder)
    assert built("demo", never) == folder
    assert only_the_folder(home)


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "deep" / "weights").write_bytes(b"01234"),
        lambda folder: (folder / "deep" / "weights").write_bytes(b"0123X56789"),
        lambda folder: (folder / "deep" / "weights").unlink(),
        lambda folder: (folder / "complete.json").unlink(),
        lambda folder: (folder / "complete.json").write_text("{broken"),
        lambda folder: (folder / "complete.json").write_text("[1]"),
    ],
)
def test_rebuilt_when_damaged(home, harm):
    folder = built("demo", write)
    harm(folder)
    assert not intact(folder)
    built("demo", write)
    assert intact(folder)
    assert (folder / "deep" / "weights").read_bytes() == b"0123456789"
    assert only_the_folder(home)


def test_a_failed_build_leaves_nothing(home):
    def fail(folder: Path) -> None:
        write(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        built("demo", fail)
    assert not (home / "demo").exists()
    assert only_the_folder(home)
    assert intact(built("demo", write))


def test_a_failed_rebuild_keeps_no_half(home):
    folder = built("demo", write)
    (folder / "note.txt").write_text("changed")

    def fail(folder: Path) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        built("demo", fail)
    assert not intact(folder)


def test_discard(home):
    folder = built("demo", write)
    discard(folder)
    assert not folder.exists()
    discard(folder)
    assert only_the_folder(home)


def test_several_processes_build_it_once(home, tmp_path):
    log = tmp_path / "log"
    code = textwrap.dedent(f"""
        import time
        from pathlib import Path
        from lmwidget.models.cache import built, intact

        def build(folder):
            with open({str(log)!r}, "a") as file:
                file.write("built\\n")
            (folder / "a").write_text("half")
            time.sleep(0.5)
            (folder / "a").write_text("whole")

        folder = built("demo", build)
        assert (folder / "a").read_text() == "whole" and intact(folder)
    """)
    rivals = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [rival.wait(60) for rival in rivals] == [0, 0, 0, 0]
    assert log.read_text() == "built\n"
    assert json.loads((home / "demo" / "complete.json").read_text()).keys() == {"a"}


def test_the_users_cache_folder_of_each_system(monkeypatch, tmp_path):
    monkeypatch.delenv("LMWIDGET_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_home() == tmp_path / ".cache" / "lmwidget"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_home() == tmp_path / "xdg" / "lmwidget"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_home() == tmp_path / "Library" / "Caches" / "lmwidget"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_home() == tmp_path / "local" / "lmwidget"
    monkeypatch.setenv("LMWIDGET_CACHE", "~/mine")
    assert cache_home() == tmp_path / "mine"
