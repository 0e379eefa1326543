"""SVG: valid, complete, words as wide as their shades. PNG: what was drawn can be seen."""

import io
import re
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from odd_attributions import ODD, plain
from PIL import Image

from lmwidget.errors import InputError, MissingDependencyError
from lmwidget.figures.colours import PAPER, THEMES, shade

NAME = "{http://www.w3.org/2000/svg}"


def parsed(svg):
    return ET.fromstring(svg)  # our own output


def boxes(root):
    """Shades by the name and score in their titles."""
    return [(one.find(f"{NAME}title").text, one) for one in root.iter(f"{NAME}rect") if one.find(f"{NAME}title") is not None]  # fmt: skip


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ODD)
def test_every_odd_attribution_is_valid_xml_within_its_frame(name, theme):
    why = ODD[name]()
    root = parsed(why.to_svg(theme=theme, width=500))
    width, height = float(root.get("width")), float(root.get("height"))
    assert width == 500
    assert root.find(f"{NAME}rect").get("fill") == PAPER[theme]
    for _, box in boxes(root):
        assert 0 <= float(box.get("x")) <= float(box.get("x")) + float(box.get("width")) <= width
        assert float(box.get("y")) + float(box.get("height")) < height
    for text in root.iter(f"{NAME}text"):
        assert float(text.get("font-size")) >= 11
        assert 0 < float(text.get("y")) < height
    assert not {"script", "style", "foreignObject", "image"} & {one.tag.removeprefix(NAME) for one in root.iter()}  # fmt: skip


def test_hostile_text_is_text():
    svg = ODD["odd"]().to_svg()
    assert "</script" not in svg
    words = {text.text for text in parsed(svg).iter(f"{NAME}text")}
    assert {"</script>", "&amp;", "$x_1$", "]]>"} <= {re.sub(r"[⏎◌].*", "", word) for word in words}


def test_each_token_has_the_shade_of_its_score():
    why = plain([1.0, -0.5, 0.25], ["a", " b", " c"], unit="logit")
    found = {title: box.get("fill") for title, box in boxes(parsed(why.to_svg()))}
    assert found == {
        "a: +1.000 logit": shade(1, signed=True),
        "b: −0.5000 logit": shade(-0.5, signed=True),
        "c: +0.2500 logit": shade(0.25, signed=True),
    }


def test_sign_and_size_are_said_without_colour():
    root = parsed(plain([1.0, -0.5], ["a", " b"]).to_svg())
    bars = [path for path in root.iter(f"{NAME}path") if "h" in path.get("d") and path.get("stroke-width")]  # fmt: skip
    sizes = [(float(bar.get("stroke-width")), bar.get("stroke-dasharray") is not None) for bar in bars if "V6" not in bar.get("d")]  # fmt: skip
    assert sizes == [(4.0, False), (2.0, True)]


def test_what_is_not_finite_is_hatched_and_named():
    root = parsed(ODD["odd"]().to_svg())
    hatched = [title for title, box in boxes(root) if box.get("fill").startswith("url(#lmw-hatch")]
    assert [title.split(":")[0] for title in hatched] == ["nan", "inf"]
    assert "No finite score: “nan”, “inf”." in root.find(f"{NAME}desc").text


def test_the_wedge_of_what_speaks_against_is_dashed():
    root = parsed(ODD["odd"]().to_svg())
    low, high = (p.get("d") for p in root.iter(f"{NAME}path") if p.get("d").endswith("Z"))
    assert low.count("M") == 20  # of 4 pixels every 7, in 140
    assert high.count("M") == 1


def test_legend_and_caption_say_what_is_shown():
    root = parsed(ODD["odd"]().to_svg())
    words = " ".join(text.text for text in root.iter(f"{NAME}text"))
    assert "logit_{x}" in words
    caption = root.find(f"{NAME}desc").text
    for part in (
        "Own $method_1$ by token; model some/model_v1 & <co>.",
        "Stopped early",
        "the scores sum to 2.10 of 2.00 logits (gap 5\u00a0%): they add up.",
        "comprehensiveness 0.50 (random maps 0.25): passed.",
    ):
        assert part in caption
    assert root.find(f"{NAME}title").text == "Why “said⏎” rather than “漢字 😀 نعم $_&”?"


def test_a_unit_over_two_lines_is_shaded_in_both():
    root = parsed(ODD["sentences"]().to_svg(width=240))
    shaded = [(title, box.get("y")) for title, box in boxes(root)]
    assert len({y for title, y in shaded if title.startswith("One two")}) == 1
    wide = plain([1.0], ["one two three four five six seven eight nine ten"])
    assert len(boxes(parsed(wide.to_svg(width=240)))) == 2


@pytest.mark.parametrize("given", [{"theme": "blue"}, {"width": 100}])
def test_what_cannot_be_drawn_is_refused(given):
    with pytest.raises(InputError):
        ODD["one"]().to_svg(**given)


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


@pytest.mark.parametrize("name", ["odd", "special", "one", "leftwards", "nothing finite"])
@pytest.mark.parametrize("theme", THEMES)
def test_the_image_has_the_size_of_the_figure_and_shows_it(name, theme):
    why = ODD[name]()
    root = parsed(why.to_svg(theme=theme))
    image = pixels(why.to_png(scale=2, theme=theme))
    assert image.shape == (2 * int(root.get("height")), 2 * int(root.get("width")), 3)
    paper = [int(PAPER[theme][i : i + 2], 16) for i in (1, 3, 5)]
    assert image[2, 2].tolist() == paper
    ink = np.abs(image - paper).sum(-1) > 300
    assert ink[60:].sum() > 200


def test_shades_can_be_found_in_the_image():
    why = plain([1.0, -1.0], ["aaaaaaaa", " bbbbbbbb"])
    image, root = pixels(why.to_png(scale=3)), parsed(why.to_svg())
    for title, box in boxes(root):
        x, y = (round(3 * (float(box.get(name)) + 3)) for name in ("x", "y"))
        want = [int(box.get("fill")[i : i + 2], 16) for i in (1, 3, 5)]
        assert np.abs(image[y - 3, x] - want).max() <= 2, title


def test_without_resvg_the_remedy_is_the_pip_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(MissingDependencyError, match=r"pip install 'lmwidget\[png\]'"):
        ODD["one"]().to_png()


def test_a_scale_that_cannot_be_drawn_is_refused():
    with pytest.raises(InputError, match="scale"):
        ODD["one"]().to_png(scale=0)
