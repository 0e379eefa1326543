"""Every figure is given back, or written to a file whose path is given back."""

import pytest
from odd_attributions import ODD

import lmwidget as lmw
from lmwidget.errors import InputError

WAYS = {"html": "to_html", "svg": "to_svg", "png": "to_png", "tex": "to_latex", "md": "to_markdown"}


@pytest.mark.parametrize("ending", WAYS)
def test_content_and_file_are_the_same(ending, tmp_path):
    why = ODD["special"]()
    make = getattr(why, WAYS[ending])
    content, path = make(), make(tmp_path / f"why.{ending}")
    assert path == tmp_path / f"why.{ending}"
    written = path.read_bytes()
    assert written == (content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize("ending", WAYS)
def test_a_folder_that_is_not_there_is_said(ending, tmp_path):
    with pytest.raises(InputError, match="no folder"):
        getattr(ODD["one"](), WAYS[ending])(tmp_path / "none" / f"why.{ending}")


def test_the_page_is_that_of_the_widget(tmp_path):
    why = lmw.load("tiny").attribute("The king said </script>")
    widget = lmw.SaliencyText.from_result(why)
    assert why.to_html() == widget.to_html(tmp_path / "own.html").read_text("utf-8")


def test_a_notebook_shows_the_widget_and_no_figure():
    why = ODD["one"]()
    shown = [name for name in dir(why) if name.startswith("_repr_")]
    assert shown == ["_repr_mimebundle_"]


def test_a_real_attribution_by_any_level():
    why = lmw.load("tiny").attribute("The king. He said", "integrated_gradients", foil=" the")
    for level in ("token", "word", "sentence"):
        at = why.by(level)
        assert f"Integrated gradients by {level}; model tiny." in at.to_svg()
        assert f"| # | {level} | logit difference |" in at.to_markdown()
