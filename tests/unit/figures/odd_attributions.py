"""Attributions that break figures: every script, signs of every markup, numbers that are none."""

from dataclasses import replace

import numpy as np

import lmwidget as lmw
from lmwidget.results import Attribution, Check, Prediction
from lmwidget.tokens import Tokens

PIECES = [
    "The", " quick", " un", "believ", "able", " 😀", " 👩🏽\u200d🚀", " 漢", "字", "か", "な", "。",
    " 한국어", " العر", "بية", " (سلام)", " 12,5", " שלום", " é", " e", "\u0301", "ñ", " क्षि",
    " ไทย", " </script>", " &amp;", " $x_1$", " \\alpha", "{}", "%", "#", "~^", "\n\n", "New",
    " line", "\t", "tab", " `code`", "|", " <b>", " nan", " inf", " 🇩🇪", "🇫", "🇷", "\x00", "\u202e",
    "\ud800", "\ufffe", " ", "  ", "]]>", " --", " **x**", " @you", "",
]  # fmt: skip


def plain(scores, pieces, **fields):
    return replace(lmw.SaliencyText.from_arrays(scores, pieces).result, **fields)


def odd() -> Attribution:
    scores = np.random.default_rng(0).normal(size=len(PIECES))
    scores[PIECES.index(" nan")], scores[PIECES.index(" inf")] = np.nan, np.inf
    return plain(
        scores, PIECES, signed=True, unit="logit_{x} & </script>",
        target=Prediction(0, " said\n", 0.5, 1.0), foil=Prediction(1, " 漢字 😀 نعم $_&", 0.1, 0.0),
        model="some/model_v1 & <co>", method="own $method_1$", partial=True,
        check=Check("completeness gap", 0.1, "…", relative=0.05, total=2.1, expected=2.0),
        checks=(Check("comprehensiveness", 0.5, "…", random=0.25, passed=True),),
    )  # fmt: skip


def special() -> Attribution:
    """BERT's marks, a token of the vocabulary's unknown, and a character cut into bytes."""
    text = "a 漢 b"
    tokens = Tokens(
        text=text, ids=range(7),
        pieces=("[CLS]", "a", "E6 BC", "A2", " b", "x", "[SEP]"),
        raw=("[CLS]", "a", "…", "…", " b", "x", "[SEP]"),
        spans=[(0, 0), (0, 1), (1, 3), (2, 3), (3, 5), (5, 5), (5, 5)],
        kinds=("special", "text", "bytes", "bytes", "unknown", "special", "special"),
        words=[-1, 0, 1, 1, 2, -1, -1], roles=(None,) * 7, segments=[0] * 7,
    )  # fmt: skip
    return plain([9, 1, -0.25, 0.5, -1, 0, 0], ["a"] * 7, tokens=tokens, signed=True)


ODD = {
    "odd": odd,
    "special": special,
    "one": lambda: plain([0.5], ["a"]),
    "zeros": lambda: plain([0.0, 0.0], ["a", " b"]),
    "nothing finite": lambda: plain([np.nan, -np.inf], ["a", " b"]),
    "only a break": lambda: plain([1.0], ["\n"]),
    "unsigned": lambda: plain([0.5, 2.0], ["a", " b"], unit="gradient norm"),
    "leftwards": lambda: plain([1, -1, 0.5, 0.2], ["السلام", " عليكم", " GPT-2 is", " (هنا)"]),
    "a long word": lambda: plain(np.ones(3), ["x" * 400, "y" * 10, "漢" * 200]),
    "sentences": lambda: plain([1, -1], ["One two three. ", "Four five."], level="sentence"),
    "long": lambda: plain(np.linspace(-1, 1, 3000), [f" word{i}" for i in range(3000)]),
}
