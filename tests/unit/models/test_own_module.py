"""Plain modules: told apart, called, predicted with and explained without transformers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from models import fresh_model, tiny_tokenizer
from own_modules import (
    BLOCK,
    GPT,
    LETTERS,
    SIZE,
    VOCABULARY,
    WIDTH,
    Mixer,
    Recurrent,
    SdpaAttention,
    Torch,
    seeded,
)
from torch import nn

import lmwidget as lmw
from lmwidget.errors import InputError, ModelMismatchError
from lmwidget.models.own_module import OwnModule

TEXT = "the cat sat"
IDS = torch.tensor([[VOCABULARY[letter] for letter in TEXT]])


@pytest.mark.parametrize(
    ("make", "task", "time_first"),
    [
        (lambda: GPT(SdpaAttention), "causal", False),
        (lambda: GPT(Mixer, last_only=True), "causal", False),
        (Torch, "masked", False),
        (lambda: Torch(batch_first=False), "masked", True),
        (lambda: Torch(head=3), "sequence-classification", False),
        (lambda: Torch(batch_first=False, head=3), "sequence-classification", True),
        (lambda: Torch(head=None), "encoder", False),
        (lambda: Recurrent("LSTM"), "causal", False),
        (lambda: Recurrent("GRU", batch_first=False), "causal", True),
        (lambda: Recurrent("RNN", bidirectional=True), "masked", False),
        (
            lambda: Recurrent("GRU", head=3, bidirectional=True, pool=1),
            "sequence-classification",
            False,
        ),
        (lambda: nn.Embedding(SIZE, SIZE), "causal", False),
    ],
)
def test_what_a_module_does_is_told_from_its_output(make, task, time_first):
    lm = lmw.LanguageModel(seeded(make), VOCABULARY)
    assert (lm.task, lm.model.output_form.time_first) == (task, time_first)
    assert lm.rows == SIZE


@pytest.mark.parametrize("last_only", [False, True])
def test_prediction_is_the_modules_own(last_only):
    module = seeded(GPT, SdpaAttention, last_only=last_only)
    lm = lmw.LanguageModel(module, VOCABULARY)
    with torch.no_grad():
        expected = module(IDS)[0][0, -1].softmax(-1).numpy()
    found = lm.predict(TEXT, top=SIZE)
    np.testing.assert_allclose(
        [p.probability for p in found], expected[[p.id for p in found]], atol=1e-7
    )
    assert found[0].label == LETTERS[expected.argmax()]
    assert (lm.name, lm.architecture, lm.context_length) == ("GPT", "GPT", BLOCK)
    assert lm.model.module is module


def test_an_earlier_position_of_a_module_that_gives_only_the_last_is_refused():
    lm = lmw.LanguageModel(seeded(GPT, Mixer, last_only=True), VOCABULARY)
    with pytest.raises(ModelMismatchError, match="last token only"):
        lm.predict(TEXT, position=2)
    every = lmw.LanguageModel(seeded(GPT, Mixer), VOCABULARY)
    assert every.predict(TEXT, position=2)[0].id == lm.predict(TEXT[:3])[0].id


def test_a_module_that_gives_one_row_a_text():
    """(batch, vocabulary): the next token after the whole text."""

    class Next(GPT):
        def forward(self, idx):
            return super().forward(idx)[0][:, -1]

    lm, full = (lmw.LanguageModel(seeded(kind, Mixer), VOCABULARY) for kind in (Next, GPT))
    assert lm.task == "causal"
    assert [p.id for p in lm.predict(TEXT)] == [p.id for p in full.predict(TEXT)]
    np.testing.assert_array_equal(lm.attribute(TEXT).scores, full.attribute(TEXT).scores)
    rows = [IDS[0], IDS[0, :4]]
    np.testing.assert_allclose(lm.logits(rows), full.logits(rows), atol=1e-6)


def test_time_first_and_batch_first_agree():
    one = lmw.LanguageModel(seeded(Recurrent, "LSTM"), VOCABULARY)
    other = lmw.LanguageModel(seeded(Recurrent, "LSTM", batch_first=False), VOCABULARY)
    np.testing.assert_allclose(one.logits([IDS[0]]), other.logits([IDS[0]]), atol=1e-6)
    np.testing.assert_allclose(one.attribute(TEXT).scores, other.attribute(TEXT).scores, atol=1e-6)


def test_classes_have_the_names_that_are_given():
    module = seeded(Torch, head=3)
    lm = lmw.LanguageModel(module, VOCABULARY, labels=["bad", "fair", "good"])
    with torch.no_grad():
        expected = module(IDS)["logits"][0]
    assert lm.predict(TEXT)[0].label == ["bad", "fair", "good"][int(expected.argmax())]
    assert lm.attribute(TEXT, target="fair").target.id == 1
    assert lmw.LanguageModel(module, VOCABULARY).labels[2] == "class 2"


def test_the_module_is_left_as_it_was():
    module = seeded(GPT, Mixer).train()
    module.h[0].eval()
    before = {name: parameter.clone() for name, parameter in module.state_dict().items()}
    random_state = torch.get_rng_state()
    lm = lmw.LanguageModel(module, VOCABULARY)
    lm.predict(TEXT)
    lm.attention(TEXT)
    lm.attribute(TEXT, "integrated_gradients", max_steps=15)
    assert [block.training for block in module.h] == [False, True]
    assert all(torch.equal(module.state_dict()[name], value) for name, value in before.items())
    assert all(parameter.grad is None for parameter in module.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in module.modules())
    assert torch.equal(torch.get_rng_state(), random_state)
    assert not hasattr(module.h[0].mix, "kept")


@pytest.mark.parametrize("method", ["gradient", "input_x_gradient", "integrated_gradients"])
@pytest.mark.parametrize("make", [lambda: GPT(Mixer), lambda: Recurrent("LSTM", num_layers=2)])
def test_saliency_is_that_of_the_module(make, method):
    module = seeded(make)
    why = lmw.LanguageModel(module, VOCABULARY).attribute(TEXT, method, target="e")
    table = module.wte if isinstance(module, GPT) else module.embed
    leaves: list[torch.Tensor] = []
    hook = table.register_forward_hook(
        lambda *call: leaves.append(call[2].detach().requires_grad_()) or leaves[0]
    )
    output = module(IDS)
    hook.remove()
    logits = output[0] if isinstance(output, tuple) else output
    (gradient,) = torch.autograd.grad(logits[0, -1, VOCABULARY["e"]], leaves)
    if method == "gradient":
        np.testing.assert_allclose(why.scores, gradient.norm(dim=-1)[0], atol=1e-6)
    elif method == "input_x_gradient":
        np.testing.assert_allclose(
            why.scores, (gradient * leaves[0]).sum(-1).detach()[0], atol=1e-5
        )
    else:
        assert why.check.relative < 0.05


def test_saliency_of_a_linear_recurrent_network_is_known():
    """h_t = U h_{t-1} + W x_t as long as nothing is below zero, so a score is v U^(n-t) W x_t."""
    module = Recurrent("RNN", nonlinearity="relu", bias=False, width=3)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.rand_like(parameter, dtype=torch.float32) + 0.1)
    lm = lmw.LanguageModel(module.double(), VOCABULARY)
    u, w = module.rnn.weight_hh_l0.detach(), module.rnn.weight_ih_l0.detach()
    x, v = module.embed.weight.detach()[IDS[0]], module.out.weight.detach()[4]
    count = len(TEXT)
    expected = [
        float(v @ torch.linalg.matrix_power(u, count - 1 - t) @ w @ x[t]) for t in range(count)
    ]
    for method in ("input_x_gradient", "integrated_gradients"):
        settings = {} if method == "input_x_gradient" else {"baseline": "zero", "steps": 2}
        scores = lm.attribute(TEXT, method, target="e", **settings).scores
        np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_modules_that_need_more_than_ids():
    class Masked(GPT):
        def forward(self, idx, mask):
            return super().forward(idx * mask)

    module = seeded(Masked, Mixer)
    with pytest.raises(ModelMismatchError, match=r"needs mask besides token ids.*forward=lambda"):
        lmw.LanguageModel(module, VOCABULARY)
    lm = lmw.LanguageModel(module, VOCABULARY, forward=lambda m, ids: m(ids, mask=1)[0])
    plain = lmw.LanguageModel(seeded(GPT, Mixer), VOCABULARY)
    assert lm.predict(TEXT) == plain.predict(TEXT)
    np.testing.assert_array_equal(lm.attention(TEXT)[1, 2], plain.attention(TEXT)[1, 2])


def test_what_cannot_be_a_language_model_is_refused():
    with pytest.raises(ModelMismatchError, match="returns a NoneType, where logits are needed"):
        lmw.LanguageModel(seeded(GPT, Mixer), VOCABULARY, forward=lambda m, ids: None)
    with pytest.raises(ModelMismatchError, match="another shape than logits"):
        lmw.LanguageModel(seeded(GPT, Mixer), VOCABULARY, forward=lambda m, ids: m(ids)[0].sum())
    with pytest.raises(ModelMismatchError, match="IndexError: index out of range"):
        lmw.LanguageModel(nn.Embedding(5, 5), {chr(c): c - 97 for c in range(97, 117)})
    with pytest.raises(ModelMismatchError, match="no output head"):
        lmw.LanguageModel(seeded(Torch, head=None), VOCABULARY).predict(TEXT)


def test_a_transformers_model_inside_a_module_of_ones_own():
    """A classifier built on a transformers encoder: it gets its mask by name."""

    class Pooled(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = fresh_model("minilm")
            self.out = nn.Linear(32, 2)

        def forward(self, input_ids, attention_mask):
            hidden = self.encoder(input_ids, attention_mask=attention_mask).last_hidden_state
            mask = attention_mask[..., None]
            return self.out((hidden * mask).sum(1) / mask.sum(1))

    module = Pooled().eval()
    lm = lmw.LanguageModel(module, tiny_tokenizer("bert"))
    assert lm.task == "sequence-classification"
    tokens = lm.tokenize("the king said")
    ids = torch.tensor(tokens.ids)[None]
    with torch.no_grad():
        expected = module(ids, torch.ones_like(ids))[0].numpy()
    np.testing.assert_allclose(lm.logits([tokens])[0], expected, atol=1e-6)
    assert lm.attention(tokens).shape[:2] == (2, 4)
    assert len(lm.attribute(tokens).scores) == len(tokens)


def test_wrapped_transformers_models_are_still_transformers_models():
    model = fresh_model("gpt2")
    plain = lmw.LanguageModel(model, tiny_tokenizer("gpt2"))
    parallel = lmw.LanguageModel(nn.DataParallel(model), tiny_tokenizer("gpt2"))
    assert parallel.model is model
    compiled = lmw.LanguageModel(torch.compile(model, backend="eager"), tiny_tokenizer("gpt2"))
    assert (compiled.task, compiled.architecture) == ("causal", "gpt2")
    np.testing.assert_array_equal(compiled.attention("a cat")[0, 0], plain.attention("a cat")[0, 0])


def test_modules_of_ones_own_that_are_compiled():
    plain = lmw.LanguageModel(seeded(GPT, Mixer), VOCABULARY)
    compiled = torch.compile(seeded(GPT, Mixer), backend="eager")
    lm = lmw.LanguageModel(compiled, VOCABULARY)
    assert (lm.name, lm.architecture, lm.task) == ("GPT", "GPT", "causal")
    np.testing.assert_array_equal(lm.attention(TEXT)[1, 2], plain.attention(TEXT)[1, 2])
    np.testing.assert_array_equal(lm.attribute(TEXT).scores, plain.attribute(TEXT).scores)


def test_modules_that_read_no_short_text():
    class Convolution(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.filters = nn.Embedding(SIZE, 8), nn.Conv1d(8, 3, kernel_size=7)

        def forward(self, ids):
            return self.filters(self.embed(ids).transpose(1, 2)).amax(-1)

    lm = lmw.LanguageModel(seeded(Convolution), VOCABULARY)
    assert (lm.task, lm.rows) == ("sequence-classification", SIZE)
    assert len(lm.attribute(TEXT).scores) == len(TEXT)


def test_an_embedding_that_is_no_module_is_said():
    class Table(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Parameter(torch.randn(SIZE, WIDTH))

        def forward(self, x):
            return self.table[x] @ self.table.T

    lm = lmw.LanguageModel(Table(), VOCABULARY)
    assert len(lm.predict(TEXT)) == 10
    with pytest.raises(lmw.LmwidgetError, match=r"Embed the ids in a torch\.nn\.Embedding"):
        lm.attribute(TEXT, "input_x_gradient")


def test_names_of_parts_are_the_modules_own():
    module = seeded(GPT, Mixer)
    names = [name for name, _ in OwnModule(module).named_modules()]
    assert names == ["", *(name for name, _ in module.named_modules())]


def test_ids_outside_of_the_table():
    lm = lmw.LanguageModel(seeded(GPT, Mixer), VOCABULARY)
    with pytest.raises(ModelMismatchError, match="outside of the 29 tokens"):
        lm.logits([[1, SIZE]])
    with pytest.raises(InputError, match="reads at most 32"):
        lm.logits([[1] * 33])


class Relative(nn.Module):
    """A table of relative positions: as many as it tells apart, not as the model reads."""

    def __init__(self):
        super().__init__()
        self.embed, self.rel_pos = nn.Embedding(SIZE, 8), nn.Embedding(9, 1)
        self.head = nn.Linear(8, SIZE)

    def forward(self, ids):
        place = torch.arange(ids.shape[1])
        distance = (place[None] - place[:, None]).clamp(-8, 0) + 8
        scores = self.rel_pos(distance)[..., 0].masked_fill(
            place[None] > place[:, None], -torch.inf
        )
        return self.head(scores.softmax(-1) @ self.embed(ids))


def test_relative_positions_are_no_limit():
    lm = lmw.LanguageModel(seeded(Relative), VOCABULARY)
    assert lm.context_length is None
    assert len(lm.tokenize("the cat sat because it was tired")) > 9


class MaskedTimeFirst(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.head = nn.Embedding(SIZE, 8), nn.Linear(8, SIZE)
        self.rnn = nn.GRU(8, 8)

    def forward(self, ids, attention_mask):
        assert ids.shape == attention_mask.shape
        return self.head(self.rnn(self.embed(ids) * attention_mask[..., None])[0])


def test_a_mask_has_the_axes_of_the_ids():
    lm = lmw.LanguageModel(seeded(MaskedTimeFirst), VOCABULARY)
    assert lm.logits([[1, 2, 3], [4, 5, 6]]).shape == (2, SIZE)
    assert lm.predict("the cat")
