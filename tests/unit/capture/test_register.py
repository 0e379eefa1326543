"""Attention of modules of one's own: found by itself, or named by the user."""

from __future__ import annotations

import gc
import math
import threading

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from models import tiny_lm
from own_modules import (
    GPT,
    HEADS,
    LAYERS,
    SIZE,
    VOCABULARY,
    WIDTH,
    CausalSelfAttention,
    EinsumMixer,
    GroupedMixer,
    HandMade,
    Heads,
    Mixer,
    SdpaAttention,
    Torch,
    causal,
    seeded,
    split_heads,
)
from torch import nn

import lmwidget as lmw
from lmwidget import capture
from lmwidget.capture.kept.query_key import QueryKeyRecord
from lmwidget.capture.modules import registration
from lmwidget.errors import InputError, NoAttentionError, UnavailableError, UnknownNameError

TEXT = "the cat sat"
IDS = torch.tensor([[VOCABULARY[letter] for letter in TEXT]])


@pytest.fixture(autouse=True)
def empty_register():
    """Nothing is registered before a test, nor after."""
    assert registration._registered == []
    yield
    registration._registered.clear()


def lm_of(module):
    return lmw.LanguageModel(module, VOCABULARY)


def kept(module):
    """The modules' own probabilities, one (head, query, key) a layer."""
    with torch.no_grad():
        module(IDS)
    found = []
    for block in module.h:
        mix = block.mix
        if isinstance(mix, Heads):
            found.append(torch.stack([head.kept[0] for head in mix.heads]))
        elif isinstance(mix, EinsumMixer):
            found.append(mix.kept[0].permute(2, 0, 1))
        elif isinstance(mix, GroupedMixer):
            found.append(mix.kept[0].flatten(0, 1))
        else:
            found.append(mix.kept[0])
    return torch.stack(found).detach().numpy()


@pytest.mark.parametrize(
    "mix",
    [CausalSelfAttention, Mixer, EinsumMixer, GroupedMixer, Heads, lambda: Heads(fused=True)],
    ids=["minGPT", "no name", "einsum", "groups", "heads", "fused heads"],
)
@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, len(TEXT)])
def test_found_and_equal_to_the_modules_own_probabilities(mix, length):
    module = seeded(GPT, mix)
    attention = lm_of(module).attention(TEXT[:length])
    assert attention.shape == (LAYERS, HEADS, length, length)
    assert attention.layer_numbers == (0, 1)
    own = kept(module)[:, :, :length, :length]  # causal, so a shorter text has the same rows
    np.testing.assert_allclose(np.stack(list(attention)), own, atol=1e-6)


def test_the_fused_kernel_keeps_queries_and_keys_only():
    module = seeded(GPT, SdpaAttention)
    same = seeded(GPT, Mixer)
    same.load_state_dict(module.state_dict())
    attention = lm_of(module).attention(TEXT)
    assert all(isinstance(record, QueryKeyRecord) for record in attention._records)
    np.testing.assert_allclose(np.stack(list(attention)), kept(same), atol=1e-6)
    heads = lm_of(seeded(GPT, lambda: Heads(fused=True))).attention(TEXT)
    assert all(isinstance(record, QueryKeyRecord) for record in heads._records)


@pytest.mark.parametrize("batch_first", [True, False])
def test_the_encoder_of_pytorch(batch_first):
    module = seeded(Torch, batch_first=batch_first)
    attention = lm_of(module).attention(TEXT)
    x = module.embed(IDS) + module.pos[:, : len(TEXT)]
    for layer, found in zip(module.encoder.layers, attention, strict=True):
        given = x if batch_first else x.transpose(0, 1)
        _, expected = layer.self_attn(given, given, given, average_attn_weights=False)
        np.testing.assert_allclose(found, expected[0].detach(), atol=1e-6)
        x = layer(given) if batch_first else layer(given).transpose(0, 1)


def test_weights_that_are_known_in_closed_form():
    """Scores are log(1), log(2), log(3) … by key, so weights are key / sum of keys."""

    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed, self.out = nn.Embedding(SIZE, 2), nn.Linear(2, SIZE)

        def forward(self, ids):
            x, count = self.embed(ids), ids.shape[1]
            scores = torch.arange(1.0, count + 1).log().expand(len(ids), count, count)
            mixed = torch.softmax(scores.masked_fill(~causal(count), -math.inf), 2) @ x
            return self.out(mixed)

    attention = lm_of(Counting()).attention("abcd")
    expected = np.tril(np.arange(1.0, 5) / np.arange(1.0, 5).cumsum()[:, None])
    np.testing.assert_allclose(attention[0, 0], expected, atol=1e-6)
    assert attention.shape == (1, 1, 4, 4)


def test_layers_written_out_in_one_module():
    class Flat(GPT):
        def forward(self, idx):
            x = self.wte(idx)
            for block in self.h:
                q, k, v = (split_heads(p) for p in block.mix.c_attn(x).split(WIDTH, dim=2))
                scores = (q @ k.transpose(-2, -1)).masked_fill(~causal(x.shape[1]), -math.inf)
                self.seen.append(scores.softmax(-1))
                x = x + (self.seen[-1] @ v).transpose(1, 2).reshape(x.shape)
            return self.lm_head(x)

    module = seeded(Flat, Mixer)
    module.seen = []
    attention = lm_of(module).attention(TEXT)
    assert attention.shape[:2] == (LAYERS, HEADS)
    for found, own in zip(attention, module.seen[-LAYERS:], strict=True):
        np.testing.assert_allclose(found, own[0].detach(), atol=1e-6)


def test_what_is_no_attention_is_not_taken_for_it():
    """A router over as many experts as there are tokens, and a softmax over the vocabulary."""

    class Router(nn.Module):
        def __init__(self):
            super().__init__()
            self.gate = nn.Linear(WIDTH, len(TEXT))
            self.experts = nn.Parameter(torch.randn(len(TEXT), WIDTH))

        def forward(self, x):
            return self.gate(x).softmax(-1) @ self.experts

    with pytest.raises(NoAttentionError, match=r"capture\.register\(MyAttention"):
        lm_of(seeded(GPT, Router)).attention(TEXT)


def test_a_module_whose_weights_nobody_can_see_is_registered_in_one_line():
    module = seeded(GPT, HandMade)
    lm = lm_of(module)
    with pytest.raises(NoAttentionError, match="none that can be found"):
        lm.attention(TEXT)
    capture.register(HandMade, weights=lambda module, args, output: module.kept)
    np.testing.assert_allclose(np.stack(list(lm.attention(TEXT))), kept(module), atol=1e-6)
    capture.unregister(HandMade)
    with pytest.raises(NoAttentionError):
        lm.attention(TEXT)


@pytest.mark.parametrize("target", ["h.*.mix", "h.[01].mix", HandMade, Mixer, "instances"])
def test_by_name_by_class_and_by_instance(target):
    module = seeded(GPT, HandMade)
    read = {"weights": lambda module, args, output: module.kept}
    targets = [block.mix for block in module.h] if target == "instances" else [target]
    entries = [capture.register(target, **read) for target in targets]
    assert lm_of(module).attention(TEXT).shape == (LAYERS, HEADS, len(TEXT), len(TEXT))
    for entry in entries:
        entry.remove()
        entry.remove()


def test_only_for_a_block():
    lm = lm_of(seeded(GPT, HandMade))
    with capture.register(HandMade, weights=lambda module, args, output: module.kept) as entry:
        assert repr(entry) == "<Registration of HandMade>"
        assert lm.attention(TEXT, layers=1).layer_numbers == (1,)
    with pytest.raises(NoAttentionError):
        lm.attention(TEXT)


def test_queries_and_keys():
    def read(mix, args, output):
        query, key, _ = (split_heads(part) for part in mix.c_attn(args[0]).split(WIDTH, dim=2))
        return {"query": query, "key": key, "scale": 1.0, "causal": True}

    module = seeded(GPT, HandMade)
    with capture.register(HandMade, query_key=read):
        attention = lm_of(module).attention(TEXT)
    assert all(isinstance(record, QueryKeyRecord) for record in attention._records)
    np.testing.assert_allclose(np.stack(list(attention)), kept(module), atol=1e-6)
    loaded = lmw.Attention.load(attention.save(_file()))
    np.testing.assert_array_equal(loaded[1, 2], attention[1, 2])


def _file():
    import tempfile
    from pathlib import Path

    return Path(tempfile.mkdtemp()) / "attention.safetensors"


def test_weights_without_a_head_axis_and_arguments_by_keyword():
    class Keyword(GPT):
        def forward(self, idx):
            return self.lm_head(self.h[0].mix(x=self.wte(idx), scale=2.0))

    class One(nn.Module):
        def forward(self, x, scale=1.0):
            scores = (x @ x.transpose(1, 2) * scale).masked_fill(~causal(x.shape[1]), -1e9)
            powers = scores.exp()
            self.kept = powers / powers.sum(-1, keepdim=True)
            return self.kept @ x

    def read(module, args, output):
        x, scale = args
        assert scale == 2.0
        assert x.shape == output.shape
        return module.kept

    module = seeded(Keyword, One)
    with capture.register(One, weights=read):
        attention = lm_of(module).attention(TEXT)
    assert attention.shape == (1, 1, len(TEXT), len(TEXT))


def test_registered_modules_of_transformers():
    """Also where nothing was missing: what the user says goes first."""
    lm = tiny_lm("gpt2")
    before = lm.attention("the king")
    kind = type(lm.model.transformer.h[0].attn)
    flat = torch.full((1, 4, len(before.tokens), len(before.tokens)), 1 / len(before.tokens))
    with capture.register(kind, weights=lambda module, args, output: flat):
        shown = lm.attention("the king")
    np.testing.assert_allclose(shown[0], flat[0].numpy())
    np.testing.assert_array_equal(lm.attention("the king")[0], before[0])


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (None, r"HandMade is registered as attention, but no softmax ran inside it"),
        (lambda module, args, output: module.kept * 2, "rows have to be ≥ 0 and sum to 1"),
        (lambda module, args, output: -module.kept, "rows have to be ≥ 0 and sum to 1"),
        (lambda module, args, output: module.kept[0, 0], "weights over 2 axes"),
        (lambda module, args, output: module.missing, "has no attribute 'missing'"),
        (lambda module, args, output: module.kept[..., :3], "not over the 11 × 11 tokens"),
    ],
)
def test_what_cannot_be_read_is_said(read, reason):
    with (
        capture.register(HandMade, weights=read),
        pytest.raises(UnavailableError, match=reason),
    ):
        lm_of(seeded(GPT, HandMade)).attention(TEXT)


def test_wrong_registrations():
    with pytest.raises(InputError, match="int is no class of modules"):
        capture.register(int)
    with pytest.raises(InputError, match="a float is no class"):
        capture.register(0.5)
    with pytest.raises(InputError, match=r"Both weights= and query_key= are given"):
        capture.register(Mixer, weights=print, query_key=print)
    with pytest.raises(InputError, match="weights is a int"):
        capture.register(Mixer, weights=3)
    with pytest.raises(UnknownNameError, match="Did you mean 'weights'"):
        capture.register(Mixer, weight=print)
    with pytest.raises(UnknownNameError, match=r"Mixer is not registered\. Nothing is"):
        capture.unregister(Mixer)
    capture.register(Mixer)
    with pytest.raises(UnknownNameError, match="Did you mean 'Mixer'"):
        capture.unregister(EinsumMixer)
    with pytest.raises(AttributeError, match="no 'registers'"):
        capture.registers  # noqa: B018


def test_the_latest_registration_counts_and_none_keeps_a_module_alive():
    capture.register(Mixer, weights=print)
    capture.register(Mixer)
    assert len(registration._registered) == 1
    module = Mixer()
    capture.register(module)
    del module
    gc.collect()
    capture.register(EinsumMixer)
    assert [repr(entry) for entry in registration._registered] == [
        "<Registration of Mixer>",
        "<Registration of EinsumMixer>",
    ]


def test_widgets_show_them():
    lm = lm_of(seeded(GPT, EinsumMixer))
    assert lmw.AttentionGraph(lm, TEXT).text == TEXT
    assert lmw.SaliencyText(lm, TEXT).text == TEXT


def test_another_thread_that_runs_the_module_does_not_disturb_the_finding(monkeypatch):
    """Another thread runs the module while it is being tried, on several texts at once."""
    module, forward = seeded(GPT, Mixer), GPT.forward
    lm = lm_of(module)

    def disturbed(self, idx):
        if len(idx) > 1:
            other = threading.Thread(target=module, args=(IDS,))
            other.start()
            other.join()
        return forward(self, idx)

    monkeypatch.setattr(GPT, "forward", disturbed)
    np.testing.assert_allclose(np.stack(list(lm.attention(TEXT))), kept(module), atol=1e-6)


def test_a_finding_that_failed_is_tried_again(monkeypatch):
    module, forward = seeded(GPT, Mixer), GPT.forward
    lm = lm_of(module)

    def fails(self, idx):
        if len(idx) > 1:
            raise RuntimeError("out of memory")
        return forward(self, idx)

    monkeypatch.setattr(GPT, "forward", fails)
    with pytest.raises(NoAttentionError):
        lm.attention(TEXT)
    monkeypatch.setattr(GPT, "forward", forward)
    assert lm.attention(TEXT).layer_numbers == (0, 1)


class Written(nn.Module):
    """Weights in any layout, changed after the softmax in any way; keeps what it applies."""

    def __init__(self, scores, weigh, then, heads=2):
        super().__init__()
        self.qkv, self.heads = nn.Linear(WIDTH, 3 * WIDTH), heads
        self.scores, self.weigh, self.then = scores, weigh, then

    def forward(self, x):
        size = WIDTH // self.heads
        q, k, v = (
            part[..., : size * self.heads].unflatten(-1, (self.heads, size)).transpose(1, 2)
            for part in self.qkv(x).split(WIDTH, dim=2)
        )
        weights = self.then(self.scores(q @ k.transpose(-1, -2)), causal(x.shape[1]))
        self.kept = self.weigh(weights)
        mixed = (self.kept @ v).transpose(1, 2).flatten(2)
        return F.pad(mixed, (0, WIDTH - mixed.shape[-1]))


def masked(weights, allowed):
    return weights.masked_fill(~allowed, 0.0)


def unmasked(weights, allowed):
    return weights


LAYOUTS = {
    "natural": (lambda s: s.softmax(-1), lambda w: w),
    "keys before queries": (
        lambda s: s.transpose(-1, -2).softmax(-2),
        lambda w: w.transpose(-1, -2),
    ),
    "heads first": (lambda s: s.transpose(0, 1).softmax(-1), lambda w: w.transpose(0, 1)),
}


@pytest.mark.parametrize("heads", [2, 3])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("then", [unmasked, masked])
def test_every_layout_masked_after_the_softmax(layout, then, heads):
    def after(weights, allowed):
        turned = allowed.T if layout == "keys before queries" else allowed
        return then(weights, turned)

    module = seeded(GPT, lambda: Written(*LAYOUTS[layout], after, heads))
    attention = lm_of(module).attention(TEXT)
    assert attention.shape == (LAYERS, heads, len(TEXT), len(TEXT))
    np.testing.assert_allclose(np.stack(list(attention)), kept(module), atol=1e-6)
    capture.register(Written)
    if layout == "natural":
        again = lm_of(module).attention(TEXT)
        np.testing.assert_allclose(np.stack(list(again)), kept(module), atol=1e-6)


class Folded(Mixer):
    """(batch · head, key, query), softmax over the keys, masked after it."""

    def forward(self, x):
        q, k, v = (split_heads(p, 2).flatten(0, 1) for p in self.c_attn(x).split(WIDTH, dim=2))
        weights = (k @ q.transpose(1, 2)).softmax(1).masked_fill(~causal(x.shape[1]).T, 0.0)
        self.kept = weights.transpose(1, 2).unflatten(0, (len(x), 2))
        mixed = torch.bmm(weights.transpose(1, 2), v).unflatten(0, (len(x), 2))
        return self.c_proj(mixed.transpose(1, 2).reshape(x.shape))


def test_heads_folded_into_the_batch_with_keys_before_queries():
    module = seeded(GPT, Folded)
    attention = lm_of(module).attention(TEXT)
    assert attention.shape == (LAYERS, 2, len(TEXT), len(TEXT))
    np.testing.assert_allclose(np.stack(list(attention)), kept(module), atol=1e-6)


class Loop(Mixer):
    """A softmax a head."""

    def weigh(self, weights, allowed):
        return weights.masked_fill(~allowed, 0.0)

    def forward(self, x):
        q, k, v = (split_heads(p).unbind(1) for p in self.c_attn(x).split(WIDTH, dim=2))
        scores = [a @ b.transpose(1, 2) for a, b in zip(q, k, strict=True)]
        weights = [self.weigh(s.softmax(-1), causal(x.shape[1])) for s in scores]
        self.kept = torch.stack(weights, 1)
        return self.c_proj(torch.cat([w @ b for w, b in zip(weights, v, strict=True)], -1))


class Multiplied(Loop):
    """The mask is multiplied on."""

    def weigh(self, weights, allowed):
        return weights * allowed


def test_heads_in_a_loop_masked_after_the_softmax():
    module = seeded(GPT, Loop)
    attention = lm_of(module).attention(TEXT)
    np.testing.assert_allclose(np.stack(list(attention)), kept(module), atol=1e-6)
    with pytest.raises(UnavailableError, match="changed after the softmax"):
        lm_of(seeded(GPT, Multiplied)).attention(TEXT)


class LinearAttention(SdpaAttention):
    """Softmax over the channels of the queries, and over the tokens of the keys."""

    def forward(self, x):
        q, k, v = (split_heads(part) for part in self.c_attn(x).split(WIDTH, dim=2))
        mixed = q.softmax(-1) @ (k.softmax(-2).transpose(-1, -2) @ v)
        return self.c_proj(mixed.transpose(1, 2).reshape(x.shape))


def test_features_of_queries_are_no_attention():
    """As many tokens as channels, so that features have the shape of attention."""
    text = TEXT[: WIDTH // HEADS]
    with pytest.raises(NoAttentionError):
        lm_of(seeded(GPT, LinearAttention)).attention(text)
    mixes = iter([LinearAttention(), Mixer()])
    module = seeded(GPT, lambda: next(mixes))
    attention = lm_of(module).attention(text)
    assert len(attention) == 1
    module(IDS[:, : len(text)])
    np.testing.assert_allclose(attention[0], module.h[1].mix.kept[0].detach(), atol=1e-6)


@pytest.mark.parametrize("axes", [2, 3, 4])
@pytest.mark.parametrize("name", ["mask", "bias"])
def test_masks_of_queries_and_keys_of_any_number_of_axes(name, axes):
    def read(mix, args, output):
        query, key, _ = (split_heads(part) for part in mix.c_attn(args[0]).split(WIDTH, dim=2))
        mask = causal(query.shape[2]).expand(*(len(query), 1)[: axes - 2], -1, -1)
        if name == "bias":
            mask = torch.zeros(mask.shape).masked_fill(~mask, -1e9)
        return {"query": query, "key": key, "scale": 1.0, name: mask}

    module = seeded(GPT, HandMade)
    with capture.register(HandMade, query_key=read):
        attention = lm_of(module).attention(TEXT)
        np.testing.assert_allclose(np.stack(list(attention)), kept(module), atol=1e-6)
        np.testing.assert_allclose(attention[1, 3], kept(module)[1, 3], atol=1e-6)


def test_a_mask_that_does_not_fit_is_said():
    def read(mix, args, output):
        query, key, _ = (split_heads(part) for part in mix.c_attn(args[0]).split(WIDTH, dim=2))
        return {"query": query, "key": key, "mask": torch.ones(HEADS, 11, 11).bool()}

    with (
        capture.register(HandMade, query_key=read),
        pytest.raises(UnavailableError, match=r"mask of shape \(4, 11, 11\) does not fit"),
    ):
        lm_of(seeded(GPT, HandMade)).attention(TEXT)
