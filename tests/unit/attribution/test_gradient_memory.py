"""Gradients within a budget: what is computed again, what goes together, and what is refused."""

import os
import signal

import numpy as np
import pytest
import torch
from models import FAMILIES, fresh_model, tiny_lm, tiny_tokenizer
from torch import nn

from lmwidget.attribution import graph_plan
from lmwidget.attribution.output_rows import OutputRows
from lmwidget.capture.blocks import stacks
from lmwidget.capture.gradients import EmbeddingLeaves
from lmwidget.capture.memory import counting_alive, counting_saved
from lmwidget.errors import UnavailableError
from lmwidget.models.language_model import LanguageModel

WORDS = "the king said on "
METHODS = ["input_x_gradient", "integrated_gradients", "smoothgrad", "expected_gradients"]
FEW = {"integrated_gradients": {"steps": 4}, "smoothgrad": {"samples": 3}, "expected_gradients": {"samples": 3}}  # fmt: skip


def long_text(lm, tokens=100):
    """Return a text of as many words as fit in so many tokens."""
    first = f"{lm.tokenizer.mask_token} " if lm.task == "masked" else ""
    words = (WORDS * tokens).split()
    count = next(
        n for n in range(1, len(words)) if len(lm.tokenizer(first + " ".join(words[:n])).input_ids) > tokens
    )  # fmt: skip
    return first + " ".join(words[: count - 1])


def planned(monkeypatch, small=1, comfortable=1):
    """Plan for tiny graphs as for large ones."""
    monkeypatch.setattr(graph_plan, "_SMALL", small)
    monkeypatch.setattr(graph_plan, "_COMFORTABLE", comfortable)
    again = []
    compute_again = graph_plan.compute_again
    monkeypatch.setattr(
        graph_plan, "compute_again", lambda blocks: (again.append(len(blocks)), compute_again(blocks))
    )  # fmt: skip
    return again


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", ["gpt2", "llama", "gemma2", "bert", "bert-classifier", "t5"])
def test_blocks_that_are_computed_again_change_no_score(family, method, monkeypatch):
    lm = tiny_lm(family)
    text = long_text(lm)
    whole = lm.attribute(text, method, **FEW.get(method, {}))
    again = planned(monkeypatch)
    lean = lm.attribute(text, method, **FEW.get(method, {}))
    assert again
    assert again[0] >= 2
    atol = 1e-5 * float(np.abs(whole.scores).max())
    np.testing.assert_allclose(lean.scores, whole.scores, rtol=0, atol=atol)
    assert not any("forward" in vars(module) for module in lm.model.modules())


@pytest.mark.parametrize("family", [*FAMILIES])
def test_the_stacks_of_every_family_are_found(family):
    blocks = [block for stack in stacks(fresh_model(family)) for block in stack]
    assert len(blocks) >= 2 or family in {"albert", "xlnet", "jamba"}


def test_computing_again_keeps_less():
    model = fresh_model("gpt2")
    lm = LanguageModel(model, tiny_tokenizer("gpt2"))
    inputs = lm.inputs(lm.tokenize(long_text(lm)))
    sizes = []
    for again in (0, 2):
        with EmbeddingLeaves(model) as run, counting_alive() as alive:
            graph_plan.compute_again([b for s in stacks(model) for b in s][:again])
            run.gradient(run.forward(inputs).logits[:, -1, 2])
            sizes.append(alive.peak)
    assert sizes[1] < 0.8 * sizes[0]


def test_the_size_of_a_long_graph_is_told_from_short_passes():
    lm = tiny_lm("gpt2")
    for implementation in ("sdpa", "eager"):
        model = fresh_model("gpt2", implementation)
        inputs = lm.inputs(lm.tokenize(long_text(lm)))
        with EmbeddingLeaves(model) as run:
            expected = graph_plan._expected(model, inputs, run.forward, 100)
            with counting_saved(model) as kept:
                run.forward(inputs)
        assert expected == pytest.approx(sum(kept), rel=0.1)


def test_a_text_that_does_not_fit_is_refused_before_it_is_read(monkeypatch):
    lm = tiny_lm("gpt2")
    planned(monkeypatch)
    monkeypatch.setattr(graph_plan, "free_bytes", lambda device: 1000)
    with pytest.raises(UnavailableError, match=r"needs .* GB, and 0.0 GB are free. Shorten"):
        lm.attribute(long_text(lm), "input_x_gradient")
    monkeypatch.setattr(graph_plan, "free_bytes", lambda device: None)
    with pytest.raises(UnavailableError, match=r"max_memory is 0 MB\. Give max_memory="):
        lm.attribute(long_text(lm), "integrated_gradients", max_memory=1000)
    assert all(parameter.requires_grad for parameter in lm.model.parameters())
    lm.attribute("the king", "integrated_gradients", max_memory=1000)  # short texts just go


@pytest.mark.parametrize("method", [*METHODS, "vargrad", "discretized_integrated_gradients"])
def test_no_method_takes_more_than_its_budget(method):
    """Twenty per cent more at most, as the tensors alive at once tell."""
    lm = tiny_lm("gpt2")
    text = long_text(lm, 60)
    with counting_alive() as one:
        lm.attribute(text, "input_x_gradient")
    budget = 3 * one.peak
    with counting_alive() as alive:
        why = lm.attribute(text, method, max_memory=budget)
    assert alive.peak <= 1.2 * budget
    assert np.isfinite(why.scores).all()


def test_points_go_together_as_they_fit():
    cpu, gpu = torch.device("cpu"), torch.device("meta")
    assert graph_plan.points_together(32, 1, 1 << 30, cpu) == 4
    assert graph_plan.points_together(512, 1, 1 << 30, cpu) == 1
    assert graph_plan.points_together(512, 1, 1 << 30, gpu) == 64
    assert graph_plan.points_together(512, 10**6, 10 * 10**6, gpu) == 8


@pytest.mark.parametrize("family", ["bert", "roberta", "distilbert", "albert"])
def test_the_head_of_a_masked_model_sees_the_mask_only(family):
    lm = tiny_lm(family)
    inputs = lm.inputs(lm.tokenize(long_text(lm, 20)))
    whole = lm.model(**inputs).logits
    some = OutputRows(lm.model).only([1, 4], lambda: lm.model(**inputs)).logits
    torch.testing.assert_close(some, whole[:, [1, 4]])


def test_a_head_that_cannot_be_asked_is_asked_once():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(2, 3)

        def get_output_embeddings(self):
            return self.head

        def forward(self):
            return self.head(torch.zeros(1, 2))  # no logits

    odd = Odd()
    rows = OutputRows(odd)
    assert rows.only([0], odd) is None
    assert rows.only([0], lambda: 1 / 0) is None  # not even run


def test_weights_get_no_gradient_and_keep_nothing():
    model = fresh_model("gpt2")
    with EmbeddingLeaves(model):
        assert not any(parameter.requires_grad for parameter in model.parameters())
    assert all(parameter.requires_grad for parameter in model.parameters())
    for parameter in list(model.parameters())[::2]:
        parameter.requires_grad_(requires_grad=False)
    asked = [parameter.requires_grad for parameter in model.parameters()]
    with pytest.raises(ZeroDivisionError), EmbeddingLeaves(model):
        1 / 0  # noqa: B018
    assert [parameter.requires_grad for parameter in model.parameters()] == asked


@pytest.mark.parametrize("method", ["integrated_gradients", "smoothgrad", "expected_gradients"])
def test_an_interrupt_returns_what_is_done(method):
    lm = tiny_lm("gpt2")
    many = {"integrated_gradients": {"steps": 500}, "smoothgrad": {"samples": 500}, "expected_gradients": {"samples": 500}}  # fmt: skip
    seen = []

    def progress(done, total, left):
        seen.append((done, total, left))
        if len(seen) == 4:
            os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    why = lm.attribute("the king said", method, progress=progress, max_memory=1, **many[method])
    assert why.partial
    assert 3 <= seen[-1][0] < 500
    assert seen[-1][1] == 500
    assert seen[-1][2] > 0
    assert np.isfinite(why.scores).all()
    assert signal.getsignal(signal.SIGINT) is before
    assert all(parameter.requires_grad for parameter in lm.model.parameters())
