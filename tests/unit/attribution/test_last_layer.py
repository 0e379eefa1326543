"""What the last layer writes where nothing is read is left out, and nothing else."""

from __future__ import annotations

import threading

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
        return LastLayer(model).only(count, tuple(ids.shape), lambda: model(input_ids=ids).logits)


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
    last, ids = LastLayer(model), random_ids(batch=2)
    for _ in range(2):
        with torch.no_grad():
            last.only(3, tuple(ids.shape), lambda: model(input_ids=ids))
    assert places == [3, 12, 3]  # all of them once, to see that each is treated by itself


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
        LastLayer(model).only(1, (2, 12), lambda: 1 / 0)
    assert not any(m._forward_pre_hooks or m._forward_hooks for m in model.modules())


class LooksBack(nn.Module):
    """Adds to each place the one in front of it."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, hidden):
        return self.inner(hidden + nn.functional.pad(hidden, (0, 0, 1, 0))[:, :-1])


class TimeFirst(nn.Module):
    """Has a child of the layer given places first, then rows. It has no weights itself."""

    def __init__(self, block):
        super().__init__()
        self.call = lambda hidden: block.network(hidden.transpose(0, 1).contiguous()).transpose(
            0, 1
        )

    def forward(self, hidden):
        return self.call(hidden)


def unusual(kind):
    """GPT-2, but for its last layer or what is behind it."""
    model = fresh_model("gpt2")
    torch.manual_seed(0)
    block = model.transformer.h[-1]
    if kind == "weights before attention":
        block.ln_1 = nn.Sequential(block.ln_1, nn.Linear(32, 32))
    elif kind == "network looks back":
        block.mlp = LooksBack(block.mlp)
    elif kind == "head looks back":
        model.transformer.ln_f = LooksBack(model.transformer.ln_f)
    elif kind == "time first":
        block.network, block.mlp = block.mlp, TimeFirst(block)
    return model


KINDS = ["weights before attention", "network looks back", "head looks back", "time first"]


@pytest.mark.parametrize("kind", ["usual", *KINDS])
@pytest.mark.parametrize("filling", ["delete", " the"])
def test_a_model_that_needs_all_places_gets_them(kind, filling):
    """The short cut is tried, and scores are those of whole texts all the same."""
    model = unusual(kind)
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


@pytest.mark.parametrize("kind", ["usual", *KINDS])
def test_answers_of_such_a_model(kind):
    """These are read at several places of a pass."""
    model = unusual(kind)
    lm = lmw.LanguageModel(model, tiny_tokenizer("gpt2"))
    asked = {"removal": "delete", "of": "logit", "progress": False}
    why = lm.attribute_answer(TEXT, " and the king", method="leave_one_out", **asked)
    ids = list(map(int, why.tokens.ids))
    for row in range(len(why.predictions)):
        until, written = int(why.until[row]), why.predictions[row].id
        for place in range(0, until - 1, 5):
            changed = [*ids[:place], *ids[place + 1 : until]]
            with torch.no_grad():
                logits = [
                    model(torch.tensor([one])).logits[0, -1] for one in (ids[:until], changed)
                ]
            expected = float(logits[0][written] - logits[1][written])
            assert why.scores[row, place] == pytest.approx(expected, abs=1e-4)


def test_other_threads_read_all_places():
    """A pass of another thread between the hooks' going on and off is left alone."""
    model, ids = fresh_model("gpt2"), random_ids(batch=2)
    expected, found = run(model), []

    def meanwhile():
        other = threading.Thread(target=lambda: found.append(run(model)))
        other.start()
        other.join()
        with torch.no_grad():
            return model(input_ids=ids).logits

    mine = LastLayer(model).only(1, tuple(ids.shape), meanwhile)
    assert torch.equal(found[0], expected)
    assert not torch.equal(mine, expected)
    torch.testing.assert_close(mine[:, -1], expected[:, -1])
