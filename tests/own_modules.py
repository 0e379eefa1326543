"""Language models as people write them by themselves, tiny and random: no transformers in them."""

from __future__ import annotations

import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

LETTERS = "abcdefghijklmnopqrstuvwxyz .,"
VOCABULARY = {letter: i for i, letter in enumerate(LETTERS)}
SIZE, WIDTH, HEADS, LAYERS, BLOCK = len(LETTERS), 16, 4, 2, 32


def seeded(make, *args, **kwargs):
    """The same weights on every call, sharp enough that attention is far from uniform."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = make(*args, **kwargs)
        for parameter in module.parameters():
            nn.init.normal_(parameter, 0.0, 0.5 if parameter.dim() > 1 else 0.2)
    return module.eval()


def causal(count):
    return torch.ones(count, count).tril().bool()


def split_heads(x, heads=HEADS):
    return x.view(*x.shape[:2], heads, -1).transpose(1, 2)


class Block(nn.Module):
    """Mixing and a perceptron, each with its residual."""

    def __init__(self, mix):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.mix = mix
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 24), nn.GELU(), nn.Linear(24, WIDTH))

    def forward(self, x):
        x = x + self.mix(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class SdpaAttention(nn.Module):
    """nanoGPT's: one matrix for queries, keys and values, then the fused kernel."""

    def __init__(self):
        super().__init__()
        self.c_attn, self.c_proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        q, k, v = (split_heads(part) for part in self.c_attn(x).split(WIDTH, dim=2))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.c_proj(y.transpose(1, 2).reshape(x.shape))


class Mixer(SdpaAttention):
    """minGPT's explicit softmax, under a name that says nothing."""

    def forward(self, x):
        q, k, v = (split_heads(part) for part in self.c_attn(x).split(WIDTH, dim=2))
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(k.size(-1))
        scores = scores.masked_fill(~causal(x.shape[1]), float("-inf"))
        self.kept = F.softmax(scores, dim=-1)
        return self.c_proj((self.kept @ v).transpose(1, 2).reshape(x.shape))


class CausalSelfAttention(Mixer):
    """The same, under the usual name."""


class EinsumMixer(nn.Module):
    """Queries before keys and heads: weights of shape (batch, query, key, head)."""

    def __init__(self):
        super().__init__()
        self.to_qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        q, k, v = self.to_qkv(x).view(*x.shape[:2], 3, HEADS, -1).unbind(2)
        scores = torch.einsum("bqhc,bkhc->bqkh", q, k)
        scores = scores.masked_fill(~causal(x.shape[1])[None, :, :, None], -1e9)
        self.kept = scores.softmax(dim=2)
        return self.out(torch.einsum("bqkh,bkhc->bqhc", self.kept, v).flatten(2))


class GroupedMixer(nn.Module):
    """Heads in groups: weights of shape (batch, group, head, query, key)."""

    def __init__(self):
        super().__init__()
        self.to_qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        q, k, v = self.to_qkv(x).view(*x.shape[:2], 3, 2, HEADS // 2, -1).unbind(2)
        scores = torch.einsum("bqghc,bkghc->bghqk", q, k)
        self.kept = scores.masked_fill(~causal(x.shape[1]), -1e9).softmax(-1)
        mixed = torch.einsum("bghqk,bkghc->bqghc", self.kept, v)
        return self.out(mixed.flatten(2))


class HandMade(Mixer):
    """A softmax of its own: nothing to see from outside."""

    def forward(self, x):
        q, k, v = (split_heads(part) for part in self.c_attn(x).split(WIDTH, dim=2))
        scores = (q @ k.transpose(-2, -1)).masked_fill(~causal(x.shape[1]), -1e9)
        powers = (scores - scores.amax(-1, keepdim=True)).exp()
        self.kept = powers / powers.sum(-1, keepdim=True)
        return self.c_proj((self.kept @ v).transpose(1, 2).reshape(x.shape))


class Head(nn.Module):
    """One head as a module, as in lectures."""

    def __init__(self, *, fused):
        super().__init__()
        size = WIDTH // HEADS
        self.query, self.key, self.value = (nn.Linear(WIDTH, size, bias=False) for _ in range(3))
        self.fused = fused

    def forward(self, x):
        q, k, v = self.query(x), self.key(x), self.value(x)
        scores = (q @ k.transpose(-2, -1)) * k.shape[-1] ** -0.5
        scores = scores.masked_fill(~causal(x.shape[1]), float("-inf"))
        if self.fused:
            self.kept = scores.exp() / scores.exp().sum(-1, keepdim=True)
            return F.scaled_dot_product_attention(q, k, v, is_causal=True)
        self.kept = F.softmax(scores, dim=-1)
        return self.kept @ v


class Heads(nn.Module):
    """Several of them side by side."""

    def __init__(self, *, fused=False):
        super().__init__()
        self.heads = nn.ModuleList([Head(fused=fused) for _ in range(HEADS)])
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        return self.proj(torch.cat([head(x) for head in self.heads], dim=-1))


class GPT(nn.Module):
    """nanoGPT's shape: (logits, loss); the last token's logits only, unless it is trained."""

    def __init__(self, attention, *, last_only=False):
        super().__init__()
        self.config = SimpleNamespace(block_size=BLOCK, vocab_size=SIZE)
        self.wte, self.wpe = nn.Embedding(SIZE, WIDTH), nn.Embedding(BLOCK, WIDTH)
        self.h = nn.ModuleList([Block(attention()) for _ in range(LAYERS)])
        self.lm_head = nn.Linear(WIDTH, SIZE, bias=False)
        self.last_only = last_only

    def forward(self, idx, targets=None):
        x = self.wte(idx) + self.wpe(torch.arange(idx.shape[1]))
        for block in self.h:
            x = block(x)
        if targets is not None:
            logits = self.lm_head(x)
            return logits, F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        return self.lm_head(x[:, [-1]] if self.last_only else x), None


class Torch(nn.Module):
    """PyTorch's own encoder: a masked language model, a classifier, or bare."""

    def __init__(self, *, batch_first=True, head=SIZE):
        super().__init__()
        self.batch_first = batch_first
        self.embed, self.pos = nn.Embedding(SIZE, WIDTH), nn.Parameter(torch.zeros(1, BLOCK, WIDTH))
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 24, 0.1, batch_first=batch_first)
        self.encoder = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, head) if head else None

    def forward(self, x):
        length = x.shape[1 if self.batch_first else 0]
        pos = self.pos[:, :length] if self.batch_first else self.pos[0, :length, None]
        x = self.encoder(self.embed(x) + pos)
        if self.head is None:
            return x
        if self.head.out_features < SIZE:
            x = x.mean(1 if self.batch_first else 0)
        return {"logits": self.head(x)}


class Recurrent(nn.Module):
    """Embedding, recurrent layers, linear."""

    def __init__(
        self, kind="LSTM", *, head=SIZE, batch_first=True, pool=None, width=12, **settings
    ):
        super().__init__()
        self.embed = nn.Embedding(SIZE, WIDTH)
        self.rnn = getattr(nn, kind)(WIDTH, width, batch_first=batch_first, **settings)
        sides = 2 if settings.get("bidirectional") else 1
        self.out = nn.Linear((settings.get("proj_size") or width) * sides, head)
        self.pool = pool

    def forward(self, x):
        h = self.rnn(self.embed(x))[0]
        return self.out(h if self.pool is None else h.mean(self.pool))


class Cells(nn.Module):
    """A loop over cells, two layers."""

    def __init__(self, kind="LSTM"):
        super().__init__()
        self.embed = nn.Embedding(SIZE, WIDTH)
        cell = getattr(nn, f"{kind}Cell")
        self.cells = nn.ModuleList([cell(WIDTH, 12), cell(12, 12)])
        self.out = nn.Linear(12, SIZE)

    def forward(self, x):
        states, out = [None, None], []
        for step in self.embed(x).unbind(1):
            given = step
            for i, cell in enumerate(self.cells):
                states[i] = cell(given, states[i])
                given = states[i][0] if isinstance(states[i], tuple) else states[i]
            out.append(self.out(given))
        return torch.stack(out, 1)


class Packed(Recurrent):
    """Packed sequences, as for batches of different lengths."""

    def forward(self, x):
        lengths = torch.full((len(x),), x.shape[1])
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embed(x), lengths, batch_first=True, enforce_sorted=False
        )
        h = nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0]
        return self.out(h)
