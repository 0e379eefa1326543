"""Inseq's outputs: objects with the fields and shapes that Inseq 0.7.1 gives for both kinds of model.

The package itself needs older libraries than this environment has.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch

from lmwidget.errors import InputError
from lmwidget.exchange import from_inseq


@dataclass
class TokenWithId:
    token: str
    id: int


@dataclass
class Sequence:
    """Fields of ``inseq.data.FeatureAttributionSequenceOutput``."""

    source: list[TokenWithId]
    target: list[TokenWithId]
    source_attributions: Any = None
    target_attributions: Any = None
    step_scores: dict[str, Any] | None = None
    sequence_scores: dict[str, Any] | None = None
    attr_pos_start: int = 0
    attr_pos_end: int | None = None


@dataclass
class Output:
    """Fields of ``inseq.data.FeatureAttributionOutput``."""

    sequence_attributions: list[Sequence]
    step_attributions: Any = None
    info: dict[str, Any] = field(default_factory=dict)


def named(*tokens):
    return [TokenWithId(token, i) for i, token in enumerate(tokens)]


def decoder(width=None, method="input_x_gradient"):
    """Two tokens read, two written; what was not written yet is NaN."""
    shape = (4, 2) if width is None else (4, 2, width)
    scores = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    scores[2, 0] = scores[3, :] = torch.nan
    sequence = Sequence(
        named("The", "Ġking"), named("The", "Ġking", "Ġsaid", "Ġso"), None, scores,
        {"probability": torch.tensor([0.25, 0.5])}, {}, 2, 4,
    )  # fmt: skip
    info = {"attribution_method": method, "attributed_fn": "probability_fn", "model_name": "tiny"}
    return Output([sequence], None, info)


def test_a_decoder():
    output = decoder()
    found = from_inseq(output)
    raw = output.sequence_attributions[0].target_attributions
    assert found.tokens.pieces == ("The", " king", " said", " so")
    assert (found.start, found.answer) == (2, " said so")
    np.testing.assert_array_equal(found.scores, raw.T.nan_to_num())
    assert found.scores[0, 2:].tolist() == [0, 0]
    assert [one.probability for one in found.predictions] == [0.25, 0.5]
    assert (found.method, found.unit, found.model) == ("input_x_gradient", "probability", "tiny")
    assert found.step(1).tokens.pieces == ("The", " king", " said")


@pytest.mark.parametrize(
    ("method", "over", "reference"),
    [
        ("input_x_gradient", None, lambda x: x.sum(-1)),
        ("saliency", None, lambda x: x.norm(dim=-1)),
        ("input_x_gradient", "norm", lambda x: x.norm(dim=-1)),
        ("saliency", "sum", lambda x: x.sum(-1)),
    ],
)
def test_one_score_for_each_embedding(method, over, reference):
    output = decoder(width=8, method=method)
    found = from_inseq(output, over_width=over)
    raw = reference(output.sequence_attributions[0].target_attributions)
    np.testing.assert_allclose(found.scores, raw.T.nan_to_num(), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("prefix", [False, True])
def test_an_encoder_decoder(prefix):
    source = torch.arange(6.0).reshape(3, 2) + 1
    target = torch.full((3, 2), torch.nan)
    target[0] = torch.tensor([0.5, 0.25])
    target[1, 1] = -1.0
    sequence = Sequence(
        named("The", "Ġking", "Ġsaid"), named("<|endoftext|>", "le", "Ġroi"), source,
        target if prefix else None, {}, {}, 1, 3,
    )  # fmt: skip
    found = from_inseq(Output([sequence]))
    assert found.tokens.pieces == ("The", " king", " said", "<|endoftext|>", "le", " roi")
    assert (found.input_length, found.start, found.answer) == (3, 4, "le roi")
    own = [[0.5, 0, 0], [0.25, -1, 0]] if prefix else [[0, 0, 0]] * 2
    np.testing.assert_array_equal(found.scores, np.hstack([source.T, own]))
    assert found.whole().scores.tolist() == [3, 7, 11]


def test_which_of_several_sequences():
    one, other = decoder().sequence_attributions[0], decoder(width=3).sequence_attributions[0]
    with pytest.raises(InputError, match="row='0'"):
        from_inseq(Output([one, other]))
    assert (
        from_inseq(Output([one, other]), row=0).scores.tolist() == from_inseq(one).scores.tolist()
    )


def test_tokens_of_one_s_own():
    assert from_inseq(decoder(), ["a", " b", " c", " d"]).tokens.text == "a b c d"
    with pytest.raises(InputError, match="3 tokens but 4"):
        from_inseq(decoder(), ["a", "b", "c"])


def test_what_cannot_be_read_is_one_clear_error():
    heads = decoder()
    heads.sequence_attributions[0].target_attributions = torch.zeros(4, 2, 3, 3)
    with pytest.raises(InputError, match=r"output\.aggregate"):
        from_inseq(heads)
    with pytest.raises(InputError, match="holds no scores"):
        from_inseq(Sequence(named("a"), named("a", "b")))
    nothing_read = decoder()
    nothing_read.sequence_attributions[0].attr_pos_start = 0
    with pytest.raises(InputError, match="from nothing"):
        from_inseq(nothing_read)
    for wrong in (None, torch.zeros(3, 3), "text"):
        with pytest.raises(InputError, match=r"inseq\.FeatureAttributionOutput"):
            from_inseq(wrong)
