"""What the last layer writes where nothing is read is left out, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import CAUSAL, fresh_model, random_ids, tiny_model, tiny_tokenizer
from torch import nn

import lmwidget as lmw
from lmwidget.attribution.last_layer import LastLayer

TEXT = "the king said on the cat on the king and the cat"


def run(model, count=None):
    """Logits; with ``count``, those whose last places are asked for."""
    with torch.no_grad():
        ids = random_ids(batch=2)
        if count is None:
            return model(input_ids=ids).logits
        return LastLayer(model).only(count, lambda: model(input_ids=ids).logits)


@pytest.mark.parametrize("count", [1, 3, 12, 20])
@pytest.mark.parametrize("family", [name for name in CAUSAL if name != "xlnet"])
def test_logits_at_the_last_places(family, count):
    model = tiny_model(family)
    found, expected = run(model, count)[:, -count:], run(model)[:, -count:]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "family", ["gpt2", "llama", "mistral", "qwen2", "bloom", "falcon", "gptj", "gpt_oss"]
)
def test_others_are_not_computed(family):
    model, places = fresh_model(family), []
    inner = model.get_submodule(model.base_model_prefix)
    block = next(m for m in inner.children() if isinstance(m, nn.ModuleList))[-1]
    forward = block.mlp.forward

    def counted(hidden, *rest):
        places.append(hidden.shape[1])
        return forward(hidden, *rest)

    block.mlp.forward = counted
    run(model, 3)
    run(model)
    assert places == [3, 12]


@pytest.mark.parametrize("where", ["mlp", "mlp.c_fc"])
def test_a_hook_of_the_user_is_given_all_places(where):
    """One that steers a place by its number, as it is done to test a hypothesis."""
    model, places = fresh_model("gpt2"), []

    def steer(_module, _args, output):
        places.append(output.shape[1])
        output[:, 9] += 3.0
        return output

    model.transformer.h[-1].get_submodule(where).register_forward_hook(steer)
    torch.testing.assert_close(run(model, 3)[:, -3:], run(model)[:, -3:])
    assert places == [12, 12]


def test_hooks_are_off_after_an_error():
    model = fresh_model("gpt2")
    with pytest.raises(ZeroDivisionError):
        LastLayer(model).only(1, lambda: 1 / 0)
    assert not any(m._forward_pre_hooks or m._forward_hooks for m in model.modules())


def projecting():
    """GPT-2 whose last layer has weights in front of its attention, too."""
    model = fresh_model("gpt2")
    torch.manual_seed(0)
    block = model.transformer.h[-1]
    block.ln_1 = nn.Sequential(block.ln_1, nn.Linear(32, 32))
    return model


def test_the_short_cut_is_not_for_every_model():
    assert not torch.allclose(run(projecting(), 1)[:, -1], run(projecting())[:, -1], atol=1e-2)


@pytest.mark.parametrize("filling", ["delete", " the"])
def test_a_model_that_needs_all_places_gets_them(filling):
    """The short cut is tried, and scores are those of whole texts all the same."""
    model = projecting()
    lm = lmw.LanguageModel(model, tiny_tokenizer("gpt2"))
    why = lm.attribute(TEXT, "leave_one_out", of="logit", removal=filling, progress=False)
    ids = np.asarray(why.tokens.ids)
    fill = [] if filling == "delete" else lm.tokenize(filling).ids.tolist()
    for place in range(0, len(ids) - 1, 3):
        with torch.no_grad():
            changed = [*ids[:place], *fill, *ids[place + 1 :]]
            logits = [model(torch.tensor([one])).logits[0, -1] for one in (ids.tolist(), changed)]
        expected = float(logits[0][why.target.id] - logits[1][why.target.id])
        assert why.scores[place] == pytest.approx(expected, abs=1e-4)
