"""Whatever is written to a trait: one clear sentence, and the widget stays as it was."""

from __future__ import annotations

import pytest

import lmwidget as lmw
from lmwidget.errors import InputError, LmwidgetError

TEXT = "The king said unto the people."
BAD = [
    ("text", None), ("text", 5), ("text", ["a"]),
    ("method", 5), ("method", None), ("method", ["gradient"]),
    ("methods", 5), ("methods", [5]), ("methods", [["a"]]), ("methods", ["gradient"] * 2),
    ("target", 10**9), ("target", -(10**9)), ("target", 3.5), ("target", ""), ("target", {}),
    ("foil", 10**9), ("foil", ""),
    ("of", 3), ("of", [1]), ("of", "logits"),
    ("position", 10**6), ("position", "x"), ("position", 3.5),
    ("level", 3), ("level", None), ("level", "wrd"), ("level", []), ("level", {}),
    ("level", ["zz top"]), ("level", [(5, 2)]), ("level", [(0, 10**6)]),
    ("row_level", 3), ("row_level", "wrd"), ("row_level", ["token"]),
    ("settings", 3), ("settings", None), ("settings", [1]), ("settings", {"stepz": 3}),
    ("token", "a"), ("token", 1.5), ("step", "a"), ("step", 99),
    ("theme", "blue"), ("theme", None), ("strongest", "yes"), ("row_scale", None),
]  # fmt: skip


def widgets(lm):
    yield lmw.SaliencyText(lm, TEXT)
    yield lmw.SaliencyText(lm, TEXT, answer=" And he")
    yield lmw.SaliencyMatrix(lm, TEXT, " And he")
    yield lmw.SaliencyCompare(lm, TEXT, methods=["gradient", "random"], checks=False)
    yield lmw.SaliencyText.from_result(lm.attribute(TEXT))


@pytest.mark.parametrize("place", range(5))
def test_nonsense_is_refused_in_words_and_changes_nothing(place):
    lm = lmw.load("tiny")
    widget = list(widgets(lm))[place]
    known = type(widget)._public_names()
    for name, value in BAD:
        if name not in known:
            continue
        before, picture = getattr(widget, name), widget._scores
        with pytest.raises(LmwidgetError) as caught:
            setattr(widget, name, value)
        said = caught.value
        assert said.message.endswith("."), (name, value)
        assert said.remedy, (name, value)
        assert "trait" not in str(said), (name, value)
        assert getattr(widget, name) == before, (name, value)
        assert widget._status["state"] == "ready", (name, value)
        assert widget._scores is picture, (name, value)
    if place < 4:
        widget.text = "a king"
        assert widget.result.tokens.text.startswith("a king")


@pytest.mark.parametrize(("name", "value"), [("token", "a"), ("theme", "x"), ("level", None)])
def test_also_when_a_widget_is_made(name, value):
    with pytest.raises(InputError, match=f"{name}="):
        lmw.SaliencyText(lmw.load("tiny"), TEXT, **{name: value})


def test_passages_that_are_not_in_the_text_are_not_remembered():
    why = lmw.SaliencyText(lmw.load("tiny"), TEXT)
    with pytest.raises(InputError, match="zz top"):
        why.level = ["zz top"]
    why.method = "gradient"
    assert why.result.method == "gradient"
    assert "passage" not in [level["name"] for level in why._levels]
