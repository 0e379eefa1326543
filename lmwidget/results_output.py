"""What an attribution becomes outside of this package: pages, figures, tables, SHAP's explanation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from lmwidget.results import Attribution


class AttributionOutput:
    """Methods of :class:`~lmwidget.results.Attribution` that give it to others.

    With a path they write a file and return the path; without one they return the content.
    """

    def to_html(self, path: str | Path | None = None) -> str | Path:
        """Return the page of the widget, which needs no kernel and no network.

        Parameters
        ----------
        path : str or Path, optional
            File to write.

        Returns
        -------
        str or Path
            The page, or the file.

        Raises
        ------
        InputError
            When the folder does not exist.

        Examples
        --------
        >>> import lmwidget as lmw, tempfile, os
        >>> why = lmw.load("tiny").attribute("The king")
        >>> why.to_html(os.path.join(tempfile.mkdtemp(), "why.html")).name
        'why.html'
        """
        from lmwidget.figures import given, html_page

        return given(html_page(self._this()), path)

    def to_svg(
        self,
        path: str | Path | None = None,
        *,
        width: int = 640,
        theme: Literal["light", "dark"] = "light",
    ) -> str | Path:
        """Return a figure as SVG: question, shaded text, scale, caption.

        Parameters
        ----------
        path : str or Path, optional
            File to write.
        width : int, default 640
            In pixels; lines are broken to it, words are kept whole.
        theme : "light" or "dark"
            Of the paper.

        Returns
        -------
        str or Path
            The document, or the file.

        Raises
        ------
        InputError
            For another theme, a width under 240, or a folder that does not exist.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> "<title>Why" in lmw.load("tiny").attribute("The king").to_svg()
        True
        """
        from lmwidget.figures import given, svg_figure

        return given(svg_figure(self._this(), width=width, theme=theme), path)

    def to_png(
        self,
        path: str | Path | None = None,
        scale: float = 2,
        *,
        width: int = 640,
        theme: Literal["light", "dark"] = "light",
    ) -> bytes | Path:
        """Return the figure of :meth:`to_svg` as PNG, drawn with the fonts of this machine.

        Parameters
        ----------
        path : str or Path, optional
            File to write.
        scale : float, default 2
            Pixels of the image for each pixel of ``width``.
        width : int, default 640
            As of :meth:`to_svg`.
        theme : "light" or "dark"
            Of the paper.

        Returns
        -------
        bytes or Path
            The image, or the file.

        Raises
        ------
        MissingDependencyError
            When resvg_py is not installed.
        InputError
            As :meth:`to_svg`.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attribute("The king").to_png()[1:4]
        b'PNG'
        """
        from lmwidget.figures import given, png_figure

        return given(png_figure(self._this(), scale=scale, width=width, theme=theme), path)

    def to_latex(self, path: str | Path | None = None) -> str | Path:
        r"""Return a figure as LaTeX, for ``\input`` where a paragraph may stand.

        Parameters
        ----------
        path : str or Path, optional
            File to write.

        Returns
        -------
        str or Path
            The source, or the file. It needs ``xcolor``, ``fontenc`` and ``textcomp``; characters
            beyond Latin ones need XeLaTeX or LuaLaTeX with a font that has them.

        Raises
        ------
        InputError
            When the folder does not exist.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> print(lmw.load("tiny").attribute("The king").to_latex()[:34])
        % A figure made by lmwidget. Needs
        """
        from lmwidget.figures import given, latex_figure

        return given(latex_figure(self._this()), path)

    def to_markdown(
        self, path: str | Path | None = None, *, width: int = 80, rows: int = 50
    ) -> str | Path:
        """Return the text with bars under it and a table of scores, as GitHub renders them.

        Parameters
        ----------
        path : str or Path, optional
            File to write.
        width : int, default 80
            Characters in a line of the text.
        rows : int, default 50
            Length of the table; of more tokens the strongest are listed.

        Returns
        -------
        str or Path
            The source, or the file.

        Raises
        ------
        InputError
            For a width under 20, or a folder that does not exist.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> "| 2 | `king` |" in lmw.load("tiny").attribute("The king").to_markdown()
        True
        """
        from lmwidget.figures import given, markdown_figure

        return given(markdown_figure(self._this(), width=width, rows=rows), path)

    def to_shap(self) -> Any:
        """Return a ``shap.Explanation``, for SHAP's own plots.

        Returns
        -------
        shap.Explanation
            Scores as ``values``, pieces of the text as ``data``, the target as ``output_names``,
            the explained number less all scores as ``base_values``.

        Raises
        ------
        MissingDependencyError
            When shap is not installed.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lmw.load("tiny").attribute("The king").to_shap().shape
        (2,)
        """
        from lmwidget.exchange import to_shap

        return to_shap(self._this())

    def _this(self) -> Attribution:
        return cast("Attribution", self)
