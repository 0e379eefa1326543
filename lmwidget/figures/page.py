"""An attribution as a page of its own: its widget, without kernel or network."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmwidget.results import Attribution


def html_page(why: Attribution) -> str:
    """Return an attribution as the page of its widget.

    Parameters
    ----------
    why : Attribution
        Scores of one text.

    Returns
    -------
    str
        A document that needs no kernel and no network.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> html_page(lmw.load("tiny").attribute("The king"))[:15]
    '<!doctype html>'
    """
    from lmwidget.widgets.saliency_text import SaliencyText

    with TemporaryDirectory() as folder:  # widgets write their pages themselves
        page = SaliencyText.from_result(why).to_html(Path(folder) / "page.html")
        return page.read_text("utf-8")
