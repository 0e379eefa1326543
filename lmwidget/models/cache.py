"""Folders that are built once and kept: whole or not at all, and rebuilt when damaged."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

_MARKER = "complete.json"
_CHUNK = 1 << 22


def cache_home() -> Path:
    """Return the folder that holds everything lmwidget keeps between sessions.

    Returns
    -------
    Path
        ``LMWIDGET_CACHE`` when it is set, else ``lmwidget`` in the user's cache folder.

    Examples
    --------
    >>> isinstance(cache_home(), Path)
    True
    """
    if own := os.environ.get("LMWIDGET_CACHE"):
        return Path(own).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser() / "lmwidget"


def built(name: str, build: Callable[[Path], None]) -> Path:
    """Return the folder ``name`` in the cache, built now unless it is there and undamaged.

    Two processes that ask at the same time build it once: the second waits for the first.

    Parameters
    ----------
    name : str
        Name of the folder.
    build : callable
        Fills the empty folder that it is given.

    Returns
    -------
    Path
        The folder, complete.

    Raises
    ------
    OSError
        When the cache cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> os.environ["LMWIDGET_CACHE"] = tempfile.mkdtemp()
    >>> folder = built("demo", lambda folder: (folder / "a.txt").write_text("a") and None)
    >>> (folder / "a.txt").read_text()
    'a'
    >>> del os.environ["LMWIDGET_CACHE"]
    """
    folder = cache_home() / name
    if intact(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / f".{name}.lock"):
        if not intact(folder):
            _build(folder, build)
    return folder


def intact(folder: Path) -> bool:
    """Return whether a folder is complete and every file has its recorded size and checksum.

    Parameters
    ----------
    folder : Path
        A folder in the cache.

    Returns
    -------
    bool
        False when it is missing, half-written or damaged.

    Examples
    --------
    >>> intact(Path("nowhere"))
    False
    """
    try:
        recorded = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
        return all(_fingerprint(folder / name) == mark for name, mark in recorded.items())
    except (OSError, ValueError, AttributeError):
        return False


def discard(folder: Path) -> None:
    """Remove a folder from the cache, so that it is built again.

    Parameters
    ----------
    folder : Path
        A folder in the cache; it may be missing.

    Examples
    --------
    >>> discard(Path("nowhere"))
    """
    if not folder.exists():
        return
    # Renamed first: another process sees either the whole folder or none.
    grave = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
    folder.replace(grave / folder.name)
    shutil.rmtree(grave, ignore_errors=True)


def _build(folder: Path, build: Callable[[Path], None]) -> None:
    workshop = Path(tempfile.mkdtemp(prefix=f".{folder.name}-new-", dir=folder.parent))
    try:
        draft = workshop / folder.name
        draft.mkdir()
        build(draft)
        files = [path for path in sorted(draft.rglob("*")) if path.is_file()]
        marks = {path.relative_to(draft).as_posix(): _fingerprint(path) for path in files}
        (draft / _MARKER).write_text(json.dumps(marks), encoding="utf-8")
        discard(folder)
        draft.replace(folder)
    finally:
        shutil.rmtree(workshop, ignore_errors=True)


def _fingerprint(path: Path) -> list[int]:
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            checksum = zlib.crc32(chunk, checksum)
    return [path.stat().st_size, checksum]
