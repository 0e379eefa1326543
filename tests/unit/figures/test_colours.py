"""The colours of figures are those of the widgets: what js/src/core/colour.js gives."""

import math

import pytest

from lmwidget.figures.colours import INK, PAPER, THEMES, luminance, shade

# diverging(t) and unsigned(|t|) as computed by the module of the widgets.
WIDGET = {
    "light": {
        -1: ("#967fe0", "#4f9fd8"), -0.73: ("#b0a2ea", "#82b9e4"), -0.5: ("#c8bff2", "#aacfed"),
        -0.1: ("#f4f2fd", "#eef5fc"), 0: ("#ffffff", "#ffffff"), 0.02: ("#fffdfb", "#fcfdfe"),
        0.25: ("#fce2ce", "#d4e7f6"), 0.5: ("#f7c49e", "#aacfed"), 0.9: ("#ec9348", "#63a9dc"),
        1: ("#e8862a", "#4f9fd8"),
    },
    "dark": {
        -1: ("#6c55b7", "#2a6796"), -0.73: ("#534488", "#275071"), -0.5: ("#3e3562", "#233d53"),
        -0.1: ("#1d1c26", "#191d23"), 0: ("#161618", "#161618"), 0.02: ("#181718", "#17171a"),
        0.25: ("#35251d", "#1d2934"), 0.5: ("#56341e", "#233d53"), 0.9: ("#8f4d19", "#295e88"),
        1: ("#9e5314", "#2a6796"),
    },
}  # fmt: skip


@pytest.mark.parametrize("theme", THEMES)
def test_same_value_same_colour_as_in_the_widget(theme):
    for place, (two, one) in WIDGET[theme].items():
        assert shade(place, signed=True, theme=theme) == two
        assert shade(place, signed=False, theme=theme) == one
    assert shade(math.nan, signed=True, theme=theme) == PAPER[theme]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("signed", [True, False])
def test_ink_can_be_read_on_every_shade(theme, signed):
    for step in range(-20, 21):
        values = [luminance(INK[theme]), luminance(shade(step / 20, signed=signed, theme=theme))]
        assert (max(values) + 0.05) / (min(values) + 0.05) >= 4.5
