"""The models of the attribution benchmark, the texts that they read, and what a map of them misses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from shapes import VOCABULARY, gpt2_small, text_of, word_tokenizer

BASELINE = "w1"  # no word of `text_of`, so every token has a way to go
SHARPER = (
    16.0  # times the logits of attention with "sharp" weights: a standard deviation of about 5
)

PASSAGE = """
The harbour froze early that year. By the second week of November the ferries had stopped, and
whoever wanted to reach the island walked, in single file, along a line of fir branches that the
pilots had set into the ice. Marta kept the key of the lighthouse. Every evening she climbed the
hundred and nine steps with a can of oil, trimmed the wick, and wrote the weather into a book that
nobody had asked for since her father died. In December a stranger came across with a sledge full
of instruments. He said that he measured how sound travels under the ice, and that he needed a
quiet room with a window to the north. She gave him the kitchen. For three weeks they hardly spoke;
he listened to his wires, she watched the light. Then one night the ice began to sing, and the
"""


@dataclass(frozen=True)
class Subject:
    """A model, and a text that it reads.

    `output(ids)` gives the logits of the last position, or of the classes, as Captum's users write
    it; `lean` asks the model for the logits of that position only.
    """

    model: Any
    tokenizer: Any
    text: str
    ids: Any
    baseline: str
    baseline_id: int
    target: int = 0

    @property
    def embedding(self) -> Any:
        """Where tokens become vectors."""
        return self.model.get_input_embeddings()

    @property
    def classifies(self) -> bool:
        return self.model.config.model_type == "bert"

    def output(self, ids: Any, *, lean: bool = False) -> Any:
        if self.classifies:
            return self.model(input_ids=ids).logits
        last = {"logits_to_keep": 1} if lean else {}
        return self.model(input_ids=ids, **last).logits[:, -1]

    def shortened(self, tokens: int) -> Subject:
        """Return the beginning of it."""
        ids = self.ids[:, :tokens]
        return replace(self, ids=ids, text=self.tokenizer.decode(ids[0]))

    def change(self) -> tuple[float, float]:
        """Return the logit of the target at the text and at the baseline."""
        import torch

        start = torch.full_like(self.ids, self.baseline_id)
        with torch.no_grad():
            ends = [float(self.output(ids)[0, self.target]) for ids in (self.ids, start)]
        return ends[0], ends[1]


def bert_base(**settings: Any) -> Any:
    """Return a classifier of 12 layers of 12 heads, 768 wide, in evaluation mode."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    config = BertConfig(vocab_size=VOCABULARY, num_labels=2, **settings)
    return BertForSequenceClassification(config).eval()


def sharpened(model: Any) -> Any:
    """Return the model with attention that decides, as that of trained models does.

    With initial weights every token attends to all others alike, and the way from a baseline to a
    text is so smooth that a dozen points integrate it to rounding.
    """
    import torch

    scale = SHARPER**0.5
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("attn.c_attn.weight"):  # GPT-2: queries, keys and values side by side
                parameter[:, : 2 * parameter.shape[0]].mul_(scale)
            elif name.endswith(("self.query.weight", "self.key.weight")):
                parameter.mul_(scale)
    return model


def subject(shape: str, tokens: int) -> Subject:
    """Return a model and its text: "gpt2", "bert", both also "… sharp", or "smollm2"."""
    import torch

    if shape == "smollm2":
        return _trained(tokens)
    family, _, weights = shape.partition(" ")
    model = {"gpt2": gpt2_small, "bert": bert_base}[family]()
    if weights == "sharp":
        sharpened(model)
    tokenizer, text = word_tokenizer(), text_of(tokens)
    ids = tokenizer(text, return_tensors="pt").input_ids
    assert ids.shape == (1, tokens), ids.shape
    start = int(tokenizer.convert_tokens_to_ids(BASELINE))
    return _aimed(Subject(model, tokenizer, text, torch.as_tensor(ids), BASELINE, start))


def _trained(tokens: int) -> Subject:
    import torch

    import lmwidget as lmw

    lm = lmw.load()
    text = lm.tokenizer.decode(lm.tokenize(" ".join(PASSAGE.split())).ids[:tokens])
    ids = torch.tensor([lm.tokenize(text).ids.tolist()])
    assert ids.shape == (1, tokens), ids.shape
    start = int(lm.tokenizer.pad_token_id)
    return _aimed(Subject(lm.model, lm.tokenizer, text, ids, "pad", start))


def _aimed(plain: Subject) -> Subject:
    """Return it with the strongest prediction as its target."""
    import torch

    with torch.no_grad():
        return replace(plain, target=int(plain.output(plain.ids)[0].argmax()))
