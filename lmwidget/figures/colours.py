"""The colours of the widgets (``js/src/core/colour.js``) for figures that run no script."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")

PAPER: dict[Theme, str] = {"light": "#ffffff", "dark": "#161618"}
INK: dict[Theme, str] = {"light": "#1b1b1f", "dark": "#ececf0"}
MUTED: dict[Theme, str] = {"light": "#5c616b", "dark": "#a9aeb8"}
LINE: dict[Theme, str] = {"light": "#8b909a", "dark": "#7f8590"}
FOR: dict[Theme, str] = {"light": "#b45a06", "dark": "#f5a454"}
AGAINST: dict[Theme, str] = {"light": "#5d45b0", "dark": "#b3a0f5"}
PLAIN: dict[Theme, str] = {"light": "#0b6bb8", "dark": "#6cb8f5"}
# The ends keep a lightness at which the theme's own ink stays readable, 4.5 to 1 at least.
_ONE_HUE: dict[Theme, list[str]] = {
    "light": ["#ffffff", "#4f9fd8"],
    "dark": ["#161618", "#2a6796"],
}
_TWO_HUES: dict[Theme, list[str]] = {
    "light": ["#967fe0", "#ffffff", "#e8862a"],
    "dark": ["#6c55b7", "#161618", "#9e5314"],
}
# OKLab (Ottosson 2020): linear RGB to cone responses, and their cube roots to lightness, a, b.
_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_LAB = np.array(
    [
        [0.2104542553, 0.793617785, -0.0040720468],
        [1.9779984951, -2.428592205, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.808675766],
    ]
)


def shade(place: float, *, signed: bool, theme: Theme = "light") -> str:
    """Return the colour of a place on the scale.

    Parameters
    ----------
    place : float
        -1 (against, purple) to 1 (for, orange); NaN gives the paper.
    signed : bool
        Otherwise one hue for the size alone.
    theme : "light" or "dark"
        Of the paper.

    Returns
    -------
    str
        ``#rrggbb``, mixed in OKLab, where equal steps look equal.

    Examples
    --------
    >>> shade(1, signed=True), shade(0, signed=True), shade(-1, signed=False)
    ('#e8862a', '#ffffff', '#4f9fd8')
    """
    if math.isnan(place):
        return PAPER[theme]
    stops = _TWO_HUES[theme] if signed else _ONE_HUE[theme]
    share = (place + 1) / 2 if signed else abs(place)
    position = min(1.0, max(0.0, share)) * (len(stops) - 1)
    low = min(len(stops) - 2, math.floor(position))
    return _mix(stops[low], stops[low + 1], position - low)


def _mix(start: str, end: str, part: float) -> str:
    a, b = _lab_of(start), _lab_of(end)
    return _colour_of(a + (b - a) * part)


def _lab_of(colour: str) -> NDArray[np.float64]:
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float64)
    linear = np.where(value <= 10.314, value / 3294.6, ((value / 255 + 0.055) / 1.055) ** 2.4)
    return np.asarray(_LAB @ np.cbrt(_CONES @ linear))


def _colour_of(lab: NDArray[np.float64]) -> str:
    linear = np.linalg.solve(_CONES, np.linalg.solve(_LAB, lab) ** 3)
    curved = 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055
    value = 255 * np.where(linear <= 0.0031308, 12.92 * linear, curved)
    return "#" + "".join(f"{round(v):02x}" for v in np.clip(value, 0, 255))


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG), 0 to 1.

    Parameters
    ----------
    colour : str
        ``#rrggbb``.

    Returns
    -------
    float
        0 is black.

    Examples
    --------
    >>> luminance("#ffffff")
    1.0
    """
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], np.float64) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return round(float(linear @ [0.2126, 0.7152, 0.0722]), 9)
