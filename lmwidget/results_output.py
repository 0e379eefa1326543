"""What an attribution becomes outside of this package: pages, figures, tables, SHAP's explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from lmwidget.results import Attribution


class AttributionOutput:
    """Methods of :class:`~lmwidget.results.Attribution` that give it to others."""

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

        return to_shap(cast("Attribution", self))
