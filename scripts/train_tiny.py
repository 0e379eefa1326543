"""Train the two-layer GPT-2 that is inside the package as ``lmwidget.load("tiny")``.

Half of every batch is English, half is random tokens repeated, which makes the model grow an
induction head: one that looks for the last time the present token occurred and attends to what came
after it (Olsson et al., 2022). The text is the World English Bible, dedicated to the public domain
by its translators (https://ebible.org/web/), as packaged by Debian:

    apt install sword-text-web
    python scripts/train_tiny.py

or, without root, ``apt-get download sword-text-web && dpkg-deb -x sword-text-web*.deb web`` and
``--text web/usr/share/sword``. Seventeen minutes on one CPU core; the same seed gives the same
model on the same machine.
"""

from __future__ import annotations

import argparse
import html
import json
import re
import struct
import time
import zlib
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

VOCABULARY = 1792
CONTEXT = 128
WIDTH = 96
END = "<|endoftext|>"
FOLDER = Path(__file__).parents[1] / "lmwidget" / "models" / "tiny"


def read_books(sword: Path) -> list[str]:
    """Return the books of the Bible as plain text, from SWORD's compressed modules."""
    module = next(sword.glob("modules/texts/ztext/engWEB*"))
    books = []
    for part in ("ot", "nt"):
        index = (module / f"{part}.bzs").read_bytes()
        data = (module / f"{part}.bzz").read_bytes()
        for place in range(0, len(index), 12):
            start, size, _ = struct.unpack("<III", index[place : place + 12])
            if size:
                books.append(plain(zlib.decompress(data[start : start + size]).decode()))
    return [book for book in books if len(book) > 1000]


def plain(markup: str) -> str:
    """Return OSIS markup without notes, titles and tags, with typewriter quotation marks."""
    text = re.sub(r"<(note|title)\b[^>]*?(?<!/)>.*?</\1>", " ", markup, flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]+>", " ", text))
    text = text.translate(str.maketrans("“”‘’—", "\"\"''-"))
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r" ([,.;:!?])", r"\1", text)


def passages(book: str, sentences: int = 6) -> list[str]:
    """Return a book cut into passages, so that the model learns how a text begins."""
    lines = re.split(r"(?<=[.!?]) (?=[A-Z])", book)
    return [" ".join(lines[i : i + sentences]) for i in range(0, len(lines), sentences)]


def train_tokenizer(books: list[str]) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer: any Unicode text goes in and comes out unchanged."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    # Sentences too, so that their first words are tokens without a leading space.
    sentences = [line for book in books for line in re.split(r"(?<=[.!?:]) ", book)]
    tokenizer.train_from_iterator([*books, *sentences], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=END,
        eos_token=END,
        model_max_length=CONTEXT,
        model_input_names=["input_ids", "attention_mask"],
    )


def repeated(rows: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return random tokens repeated with a random period, and labels for the repeats only."""
    ids = torch.randint(1, VOCABULARY, (rows, CONTEXT), generator=generator)
    labels = torch.full_like(ids, -100)
    for row in range(rows):
        period = int(torch.randint(4, CONTEXT // 2 + 1, (1,), generator=generator))
        ids[row] = ids[row, torch.arange(CONTEXT) % period]
        labels[row, period + 1 :] = ids[row, period + 1 :]
    return ids, labels


def batch(stream: Tensor, rows: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return ids and labels: half English, half repeated random tokens."""
    starts = torch.randint(0, len(stream) - CONTEXT, (rows // 2, 1), generator=generator)
    english = stream[starts + torch.arange(CONTEXT)]
    ids, labels = repeated(rows - rows // 2, generator)
    return torch.cat([english, ids]), torch.cat([english, labels])


@torch.no_grad()
def induction_scores(model: GPT2LMHeadModel, period: int = 30, rows: int = 16) -> Tensor:
    """Return, for each layer and head, the mean weight on the token after the last occurrence."""
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(1, VOCABULARY, (rows, period), generator=generator).repeat(1, 2)
    model.set_attn_implementation("eager")
    weights = torch.stack(model(ids, output_attentions=True).attentions)
    model.set_attn_implementation("sdpa")
    queries = torch.arange(period, 2 * period - 1)
    return weights[:, :, :, queries, queries - period + 1].mean(dim=(1, 3))


def train(stream: Tensor, steps: int, rows: int, rate: float) -> GPT2LMHeadModel:
    """Return the trained model."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=VOCABULARY,
            n_positions=CONTEXT,
            n_embd=WIDTH,
            n_layer=2,
            n_head=4,
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=0,
            eos_token_id=0,
        )
    )
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=steps, pct_start=0.1
    )
    begun = time.process_time()
    for step in range(1, steps + 1):
        ids, labels = batch(stream, rows, generator)
        loss = model(ids, labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            best = float(induction_scores(model).max())
            seconds = time.process_time() - begun
            print(
                f"step {step}: loss {loss:.3f}, induction {best:.3f}, {seconds:.0f} s", flush=True
            )
    return model.eval()


def save(model: GPT2LMHeadModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write weights in float16 and a compact tokenizer."""
    model.half().save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    for path in folder.glob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text()), ensure_ascii=False) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, default=Path("/usr/share/sword"))
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--rate", type=float, default=4e-3)
    settings = parser.parse_args()
    torch.set_num_threads(1)
    books = read_books(settings.text)
    tokenizer = train_tokenizer(books)
    texts = [passage for book in books for passage in passages(book)]
    stream = torch.tensor([i for text in texts for i in [*tokenizer(text)["input_ids"], 0]])
    print(f"{len(books)} books, {len(stream)} tokens")
    model = train(stream, settings.steps, settings.rows, settings.rate)
    scores = induction_scores(model)
    layer, head = divmod(int(scores.argmax()), scores.shape[1])
    print(f"induction head: layer {layer}, head {head}, {float(scores.max()):.3f}")
    prompt = tokenizer("In the beginning", return_tensors="pt")
    chosen = {"do_sample": True, "top_k": 20, "temperature": 0.8}
    written = model.generate(**prompt, max_new_tokens=60, pad_token_id=0, **chosen)
    print(tokenizer.decode(written[0]))
    save(model, tokenizer, settings.out)


if __name__ == "__main__":
    main()
