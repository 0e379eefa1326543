"""An attribution as a PNG figure: the SVG, drawn by resvg with the fonts of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmwidget.errors import InputError, MissingDependencyError
from lmwidget.figures.colours import Theme
from lmwidget.figures.svg import svg_figure

if TYPE_CHECKING:
    from lmwidget.results import Attribution


def png_figure(
    why: Attribution, *, scale: float = 2, width: int = 640, theme: Theme = "light"
) -> bytes:
    """Return an attribution as PNG.

    Parameters
    ----------
    why : Attribution
        Scores of one text.
    scale : float, default 2
        Pixels of the image for each pixel of ``width``.
    width : int, default 640
        As of :func:`~lmwidget.figures.svg.svg_figure`.
    theme : "light" or "dark"
        Of the paper.

    Returns
    -------
    bytes
        The image.

    Raises
    ------
    MissingDependencyError
        When resvg_py is not installed.
    InputError
        For another theme, or a size that cannot be drawn.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> png_figure(lmw.load("tiny").attribute("The king"))[1:4]
    b'PNG'
    """
    try:
        import resvg_py
    except ImportError as error:
        raise MissingDependencyError(
            "to_png() needs resvg_py.", "Run: pip install 'lmwidget[png]'"
        ) from error
    if not isinstance(scale, int | float) or not 0 < scale <= 20:
        raise InputError(f"A scale of {scale} cannot be drawn.", "Give 1 to 4.")
    picture = svg_figure(why, width=width, theme=theme)
    return bytes(resvg_py.svg_to_bytes(svg_string=picture, zoom=float(scale)))
