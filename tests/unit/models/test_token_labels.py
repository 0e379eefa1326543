"""Token classification: the labels of one token, against transformers' own pipeline."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import transformers
from heads import by_hand, headed, headed_lm, tokenizer_of
from torch import nn

import lmwidget as lmw
from lmwidget.errors import InputError, ModelMismatchError
from lmwidget.models.tasks import Readout, logits_at, read_logits, readout

TEXT = "the king sat, un believing"
LABELS = {0: "O", 1: "PER", 2: "LOC"}
FAMILIES = [
    "bert", "roberta", "distilbert", "deberta-v2", "electra", "xlnet", "gpt2", "llama", "t5",
]  # fmt: skip


def label_lm(family="bert", labels=LABELS):
    known = {"id2label": labels, "label2id": {name: index for index, name in labels.items()}}
    return headed_lm(family, "TokenClassification", **known)


@pytest.mark.parametrize("family", FAMILIES)
def test_labels_are_those_of_a_pass_by_hand(family):
    lm = label_lm(family)
    assert (lm.task, lm.labels, lm.multi_label) == ("token-classification", LABELS, False)
    with torch.no_grad():
        logits = lm.model(**by_hand(family, TEXT)).logits[0]
    chances = logits.double().softmax(-1)
    for position in range(-len(logits), len(logits)):
        found = lm.predict(TEXT, position=position)
        assert [p.label for p in found] == [LABELS[p.id] for p in found]
        np.testing.assert_allclose(
            [p.logit for p in found], logits[position].sort(descending=True)[0], atol=1e-5
        )
        np.testing.assert_allclose(
            [p.probability for p in found], chances[position][[p.id for p in found]], atol=1e-6
        )


def test_the_strongest_label_is_that_of_the_pipeline():
    lm = label_lm()
    pipeline = transformers.TokenClassificationPipeline(
        model=lm.model, tokenizer=lm.tokenizer, ignore_labels=[], aggregation_strategy="none"
    )
    expected = pipeline(TEXT)
    assert len(expected) == len(lm.tokenize(TEXT)) - 2
    for entity in expected:
        found = lm.predict(TEXT, position=entity["index"])[0]
        assert found.label == entity["entity"]
        assert found.probability == pytest.approx(float(entity["score"]), abs=1e-5)


def test_without_a_position_the_most_certain_name_is_read():
    lm = label_lm()
    tokens = lm.tokenize(TEXT)
    chances = lm.forward(tokens).logits[0].softmax(-1)
    inside = [i for i, kind in enumerate(tokens.kinds) if kind != "special"]
    expected = max(inside, key=lambda i: float(chances[i, 1:].max()))
    with pytest.warns(UserWarning, match=rf"token {expected}, .* besides O\. Pass position="):
        found = lm.predict(TEXT)
    assert found == lm.predict(TEXT, position=expected)


def test_labels_without_an_outside():
    lm = label_lm(labels={0: "NOUN", 1: "VERB", 2: "DET"})
    tokens = lm.tokenize(TEXT)
    chances = lm.forward(tokens).logits[0].softmax(-1).amax(-1)
    expected = 1 + int(chances[1:-1].argmax())
    with pytest.warns(UserWarning, match=rf"token {expected}, is read, .* the most certain\. Pass"):
        assert lm.predict(TEXT)[0].probability == pytest.approx(float(chances[expected]))


def test_a_single_token_needs_no_choice():
    lm = label_lm()
    assert lm.predict("king") == lm.predict("king", position=1)


def test_several_tokens_are_read_at_once_in_the_graph():
    lm = label_lm()
    tokens = lm.tokenize(TEXT)
    assert readout(lm, tokens) == Readout("token label", None)
    assert readout(lm, tokens, -2) == Readout("token label", len(tokens) - 2)
    with pytest.raises(InputError, match="no token 99"):
        readout(lm, tokens, 99)
    output = lm.model(**lm.inputs(tokens))
    some = logits_at(output, "token label", [3, 1, -1])
    assert torch.equal(some, output.logits[:, [3, 1, len(tokens) - 1]])
    assert some.requires_grad
    with pytest.raises(InputError, match="Choose a token"):
        read_logits(output, Readout("token label", None))


@pytest.mark.parametrize("family", ["bert", "deberta-v2", "gpt2"])
def test_rows_of_several_lengths_are_labelled(family):
    lm = label_lm(family)
    rows = [lm.tokenize(text) for text in (TEXT, "the cat", "un believing the king")]
    expected = [lm.forward(row).logits[0, 1] for row in rows]
    np.testing.assert_allclose(lm.logits(rows, position=1), torch.stack(expected), atol=2e-5)
    normal = lm.logits(rows, position=1, candidates=[2], normalize=True)
    np.testing.assert_allclose(normal[:, 0], torch.stack(expected).log_softmax(-1)[:, 2], atol=2e-5)
    with pytest.raises(InputError, match="Choose a token"):
        lm.logits(rows)


def test_labelled_tokens_everywhere_else():
    lm = label_lm()
    assert lm.attention(TEXT).shape[2] == len(lm.tokenize(TEXT))
    assert lmw.AttentionGraph(lm, TEXT).result.tokens == lm.tokenize(TEXT)
    with pytest.raises(ModelMismatchError, match="cannot write text"):
        lm.generate(TEXT)


def test_a_folder_is_loaded_for_labels(tmp_path):
    headed("bert", "TokenClassification", num_labels=3).save_pretrained(tmp_path)
    tokenizer_of("bert").save_pretrained(tmp_path)
    for task in (None, "token-classification"):
        lm = lmw.load(tmp_path, task=task)
        assert (type(lm.model).__name__, lm.task) == (
            "BertForTokenClassification",
            "token-classification",
        )
        assert list(lm.labels.values()) == ["LABEL_0", "LABEL_1", "LABEL_2"]


class Tagger(nn.Module):
    """Two numbers for each token."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(3, 2)
        self.embed.weight.data = torch.tensor([[1.0, 0], [2, 0], [0, 3]])

    def forward(self, ids):
        return self.embed(ids)


def test_a_module_of_ones_own_labels_tokens_when_labels_are_named():
    words = {"in": 0, " ": 1, "Rome": 2}
    assert lmw.LanguageModel(Tagger(), words).task == "encoder"
    named = lmw.LanguageModel(Tagger(), words, labels=["O", "PLACE"])
    asked = lmw.LanguageModel(Tagger(), words, task="token-classification")
    assert asked.labels == {0: "class 0", 1: "class 1"}
    assert (named.task, named.labels) == ("token-classification", {0: "O", 1: "PLACE"})
    with pytest.warns(UserWarning, match="'Rome', token 2"):
        found = named.predict("in Rome")
    assert (found[0].label, found[0].logit) == ("PLACE", 3.0)
    assert found[0].probability == pytest.approx(1 / (1 + np.exp(-3)))
    assert asked.predict("in Rome", position=0)[0].label == "class 0"
