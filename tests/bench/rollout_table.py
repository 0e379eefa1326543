"""Abnar and Zuidema's Table 2, by their method, on a model that is trained here.

    python tests/bench/rollout_table.py [--steps 1500] [--sentences 300] [--seed 0] [--model FILE]

A transformer of 6 layers, 8 heads and width 128 learns to say whether the verb that comes next is
singular or plural, from generated sentence beginnings with attractors. Then, for each sentence, the
importance of every position for the output of [CLS] is compared with the norm of the input
gradients for the true class: Spearman's rank correlation over positions, mean and standard
deviation over sentences, for raw attention, rollout and flow at layers 1, 3 and 6.

With `--model FILE`, the weights are kept there, and are not trained again when the file exists.

Source: Abnar and Zuidema (2020), Quantifying Attention Flow in Transformers, Table 2.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from shapes import machine, report
from torch import Tensor, nn
from torch.nn import functional

LAYERS, HEADS, WIDTH, LONGEST = 6, 8, 128, 32
SHOWN = (1, 3, 6)
PAPER = {"raw": (0.53, -0.06, 0.46), "rollout": (0.22, 0.39, 0.54), "flow": (0.22, 0.54, 0.61)}
WHY = (
    "Ours differs from the paper in the sentences and in the trained weights, so equal numbers are "
    "not to be expected, only the same order in the upper layers: raw attention says little there, "
    "rollout more, flow most. With the default settings, all our numbers are higher but those of raw "
    "attention in layers 3 and 6: it falls to about zero after layer 1, and does not rise again in "
    "layer 6 as the paper's does. The paper's model learned from natural sentences of Wikipedia "
    "(Linzen et al. 2016) to an accuracy of 0.96; ours learns a grammar of a few templates to 1.00, "
    "and in layer 1 its [CLS] already looks where the gradients are, so that what later layers look "
    "at matters less. One training run stands behind each table. The paper does not say which norm "
    "its input gradients have. The part of its code that is public (for SST-2) sums the signed "
    "gradient over the embedding, takes the largest importance over all outputs and ranks ties "
    "densely; here it is the L2 norm, the row of [CLS], and Spearman's correlation with mean ranks."
)

NOUNS = [
    "key",
    "cabinet",
    "author",
    "farmer",
    "child",
    "doctor",
    "river",
    "window",
    "teacher",
    "letter",
    "city",
    "dog",
    "engineer",
    "house",
    "picture",
    "king",
    "garden",
    "student",
    "machine",
    "bridge",
    "senator",
    "table",
    "painter",
    "road",
    "guard",
    "mountain",
    "box",
    "poet",
    "lawyer",
    "church",
    "ship",
    "neighbour",
]
PLURALS = {"child": "children", "city": "cities", "church": "churches", "box": "boxes"}
ADJECTIVES = [
    "old",
    "young",
    "tall",
    "quiet",
    "famous",
    "small",
    "broken",
    "green",
    "strange",
    "new",
    "proud",
    "tired",
]
PREPOSITIONS = ["to", "near", "behind", "of", "with", "under", "beside", "from"]
PAST = [
    "saw",
    "liked",
    "followed",
    "painted",
    "helped",
    "left",
    "praised",
    "found",
    "admired",
    "visited",
]
OPENINGS = ["yesterday", "in the end", "of course", "last year", "as we know", "every day"]
ADVERBS = ["certainly", "still", "often", "probably", "never"]


def plural(noun: str) -> str:
    """Return the plural of a noun."""
    return PLURALS.get(noun, noun + "s")


def phrase(draw: random.Random, number: int, depth: int) -> list[str]:
    """Return a noun phrase of a number (0 singular, 1 plural), with what hangs on it."""
    noun = draw.choice(NOUNS)
    words = ["the", *draw.sample(ADJECTIVES, draw.random() < 0.35)]
    words.append(plural(noun) if number else noun)
    kind = draw.random()
    if depth == 0 or kind < 0.25:
        return words
    other = phrase(draw, draw.randrange(2), depth - 1)
    if kind < 0.65:
        return [*words, draw.choice(PREPOSITIONS), *other]
    if kind < 0.85:
        return [*words, "that", *other, draw.choice(PAST)]
    return [*words, "that", draw.choice(PAST), *other]


def sentence(draw: random.Random) -> tuple[list[str], int]:
    """Return the words before the verb, and the number of the verb."""
    number = draw.randrange(2)
    words = draw.choice(OPENINGS).split() if draw.random() < 0.4 else []
    words += phrase(draw, number, 2)
    if draw.random() < 0.3:
        words.append(draw.choice(ADVERBS))
    return (words, number) if len(words) < LONGEST else sentence(draw)


def vocabulary() -> dict[str, int]:
    """Return all words with their ids."""
    fixed = ["[PAD]", "[CLS]", "[UNK]", "the", "that"]
    nouns = [*NOUNS, *(plural(noun) for noun in NOUNS)]
    openings = [word for opening in OPENINGS for word in opening.split()]
    words = [*fixed, *nouns, *ADJECTIVES, *PREPOSITIONS, *PAST, *openings, *ADVERBS]
    return {word: index for index, word in enumerate(dict.fromkeys(words))}


class Block(nn.Module):
    """A block as in GPT-2, without the mask of the future."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.mixed, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.feed = nn.Sequential(
            nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(approximate="tanh"), nn.Linear(4 * WIDTH, WIDTH)
        )

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Return the residual stream after the block."""
        parts = self.mixed(self.before(x)).chunk(3, -1)
        query, key, value = (p.unflatten(-1, (HEADS, -1)).transpose(1, 2) for p in parts)
        mixed = functional.scaled_dot_product_attention(query, key, value, mask)
        x = x + self.out(mixed.transpose(1, 2).flatten(2))
        return x + self.feed(self.between(x))


class NumberOfVerb(nn.Module):
    """From ids of words, [CLS] first, to logits of singular and plural."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(words, WIDTH), nn.Embedding(LONGEST + 1, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(LAYERS))
        self.norm, self.classes = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 2)
        for embedding in (self.words, self.places):
            nn.init.normal_(embedding.weight, std=0.02)

    def forward(self, ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """Return logits, shape (batch, class); mask is False for padding."""
        x = self.words(ids) + self.places(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x, mask)
        return self.classes(self.norm(x[:, 0]))


def batch(draw: random.Random, ids: dict[str, int], size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return ids, mask and classes of sentences of one batch."""
    drawn = [sentence(draw) for _ in range(size)]
    rows = [[ids["[CLS]"], *(ids[word] for word in words)] for words, _ in drawn]
    padded = torch.zeros(size, max(map(len, rows)), dtype=torch.long)
    for at, row in enumerate(rows):
        padded[at, : len(row)] = torch.tensor(row)
    return padded, (padded != 0)[:, None, None, :], torch.tensor([number for _, number in drawn])


def accuracy(model: nn.Module, ids: dict[str, int], sentences: int = 1000) -> float:
    """Return the share of new sentences whose number is said rightly."""
    words, mask, numbers = batch(random.Random(987654), ids, sentences)
    with torch.no_grad():
        return float((model(words, mask).argmax(-1) == numbers).float().mean())


def trained(steps: int, seed: int, file: Path | None) -> tuple[nn.Module, dict[str, int]]:
    """Return a model that knows the task, and its words."""
    ids = vocabulary()
    torch.manual_seed(seed)
    model, draw = NumberOfVerb(len(ids)), random.Random(seed)
    if file is not None and file.exists():
        model.load_state_dict(torch.load(file, weights_only=True))
        return model.eval(), ids
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-4, total_steps=steps)
    for step in range(steps):
        words, mask, numbers = batch(draw, ids, 64)
        loss = functional.cross_entropy(model(words, mask), numbers)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 99:
            print(f"# step {step + 1}: loss {loss.item():.3f}, {accuracy(model, ids, 300):.2f}")
    if file is not None:
        torch.save(model.state_dict(), file)
    return model.eval(), ids


def tokenizer_of(ids: dict[str, int]) -> Any:
    """Return a tokenizer in which every word is a token and [CLS] comes first."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A", special_tokens=[("[CLS]", ids["[CLS]"])]
    )
    names = {"pad_token": "[PAD]", "cls_token": "[CLS]", "unk_token": "[UNK]"}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)


def correlations(lm: Any, sentences: int) -> dict[str, np.ndarray]:
    """Return Spearman's correlation by method, shape (sentence, layer)."""
    from scipy.stats import spearmanr

    from lmwidget.inspection import flow, mixing_of, rollout

    draw = random.Random(123456)
    found: dict[str, list[list[float]]] = {name: [] for name in PAPER}
    while len(found["raw"]) < sentences:
        words, number = sentence(draw)
        text = " ".join(words)
        gradients = lm.attribute(text, method="gradient", target=number).scores
        attention = lm.attention(text)
        raw, rolled, flowing = mixing_of(attention), rollout(attention), flow(attention)
        rows = {
            "raw": [raw.steps[layer, 0] for layer in range(LAYERS)],
            "rollout": [rolled.row(0, layer) for layer in range(LAYERS)],
            "flow": [flowing.row(0, layer) for layer in range(LAYERS)],
        }
        for name, importance in rows.items():
            found[name].append([spearmanr(row, gradients).statistic for row in importance])
    return {name: np.array(rows) for name, rows in found.items()}


def table(found: dict[str, np.ndarray]) -> dict[str, dict[str, str]]:
    """Return mean ± standard deviation for each method and layer, beside the paper's mean."""
    lines: dict[str, dict[str, str]] = {}
    for name, paper in PAPER.items():
        mean, spread = found[name].mean(0), found[name].std(0)
        lines[name] = {
            f"layer {layer}": f"{mean[layer - 1]:+.2f} ± {spread[layer - 1]:.2f}"
            + (f" (paper {paper[SHOWN.index(layer)]:+.2f})" if layer in SHOWN else "")
            for layer in range(1, LAYERS + 1)
        }
    return lines


def main() -> None:
    """Train, measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--sentences", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    import lmwidget as lmw

    start = time.perf_counter()
    model, ids = trained(options.steps, options.seed, options.model)
    trained_at = time.perf_counter()
    lm = lmw.LanguageModel(
        model, tokenizer_of(ids), name="verb number", labels=["singular", "plural"]
    )
    found = correlations(lm, options.sentences)
    report(
        machine=machine("torch", "scipy", "lmwidget"),
        minutes={
            "training": round((trained_at - start) / 60, 1),
            "measuring": round((time.perf_counter() - trained_at) / 60, 1),
        },
        settings=vars(options) | {"model": str(options.model or "")},
        accuracy=accuracy(model, ids),
        spearman=table(found),
        why=WHY,
    )


if __name__ == "__main__":
    main()
