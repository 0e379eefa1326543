"""Figures of an attribution: a page, SVG, PNG, LaTeX and Markdown."""

from __future__ import annotations

from lmwidget.figures.files import given
from lmwidget.figures.latex import latex_figure
from lmwidget.figures.markdown import markdown_figure
from lmwidget.figures.page import html_page
from lmwidget.figures.png import png_figure
from lmwidget.figures.svg import svg_figure

__all__ = [
    "given",
    "html_page",
    "latex_figure",
    "markdown_figure",
    "png_figure",
    "svg_figure",
]
