"""ReAGent: the recursion of the paper, written again in NumPy; what fills the gaps."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from models import tiny_lm, tiny_tokenizer
from torch import nn
from transformers import PreTrainedConfig

import lmwidget as lmw
from lmwidget.attribution.replacements import candidates
from lmwidget.capture.memory import counting_alive
from lmwidget.errors import CancelledError, InputError
from lmwidget.models.language_model import LanguageModel

SIZE = 300


class BagForCausalLM(nn.Module):
    """The next token from the sum of the embeddings so far."""

    def __init__(self):
        super().__init__()
        self.config = PreTrainedConfig(vocab_size=SIZE)
        generator = torch.Generator().manual_seed(3)
        self.embeddings = nn.Embedding(SIZE, 6)
        self.embeddings.weight.data = torch.randn(SIZE, 6, generator=generator)
        self.head = nn.Parameter(torch.randn(SIZE, 6, generator=generator))

    def forward(self, input_ids):
        return SimpleNamespace(logits=self.embeddings(input_ids).cumsum(1) @ self.head.T)


@pytest.fixture(scope="module")
def bag():
    return LanguageModel(BagForCausalLM(), tiny_tokenizer("gpt2"), name="bag", task="causal")


def reference(lm, ids, target, others, places, settings):
    """Algorithm 1 of the paper, one text at a time, with the same random numbers."""
    table = lm.model.embeddings.weight.detach().double().numpy()
    head = lm.model.head.detach().double().numpy()

    def distribution(row):
        logits = head @ table[row].sum(0)
        powers = np.exp(logits - logits.max())
        return powers / powers.sum()

    def rewritten(which, generator):
        row = np.array(ids)
        for player in which:
            row[places[player]] = generator.choice(others[player].ids, p=others[player].shares)
        return distribution(row)

    count, original, found = len(places), distribution(ids)[target], []
    for probe in range(settings["probes"]):
        generator = np.random.default_rng([settings["seed"], probe])
        state = settings["start"] * generator.random(count)
        for _ in range(settings["steps"]):
            replaced = generator.permutation(count)[: round(settings["ratio"] * count)]
            drop = original - rewritten(replaced, generator)[target]
            change = np.log((1 + drop) / (1 - drop))
            state = np.array(
                [s + change if i in replaced else s - change for i, s in enumerate(state)]
            )
            order = sorted(range(count), key=lambda i: state[i])
            weakest = order[: count - round(settings["keep"] * count)]
            after = rewritten(weakest, generator)
            if (after > after[target]).sum() < settings["top"]:
                break
        found.append(np.exp(state) / np.exp(state).sum())
    return np.mean(found, axis=0)


@pytest.mark.parametrize("steps", [1, 7, 60])
@pytest.mark.parametrize("start", [1.0, 0.01])
def test_recursion_of_the_paper(bag, steps, start):
    seed = 5
    settings = {
        "start": start,
        "probes": 3,
        "steps": steps,
        "ratio": 0.3,
        "keep": 0.2,
        "top": 2,
        "seed": seed,
    }
    tokens = bag.tokenize("the king sat")
    target = 70
    why = bag.attribute(tokens, "reagent", target=target, **settings)
    places = np.arange(len(tokens))
    others = candidates(bag, tokens, places, None)
    places = np.array([i for i in places if len(others[i].ids)])
    others = [one for one in others if len(one.ids)]
    expected = reference(bag, tokens.ids, target, others, places, settings)
    np.testing.assert_allclose(why.scores[places], expected, rtol=2e-4, atol=1e-6)
    assert why.scores.sum() == pytest.approx(1, abs=1e-5)
    assert why.of == "probability"
    assert why.value == pytest.approx(why.target.probability, rel=1e-4)
    again = bag.attribute(tokens, "reagent", target=target, **why.settings)
    np.testing.assert_array_equal(why.scores, again.scores)


def test_it_ends_when_what_is_kept_suffices(bag):
    """Every rank is good enough, so each run takes one step of two texts."""
    lax = bag.attribute("the king sat", "reagent", target=70, top=SIZE, probes=3, steps=9)
    strict = bag.attribute("the king sat", "reagent", target=70, top=1, probes=3, steps=9)
    assert lax.cost["passes"] <= 2 + 2 * 3 < strict.cost["passes"]


def test_a_token_that_decides_comes_first():
    """Nothing but one token speaks for the target."""
    lm = LanguageModel(BagForCausalLM(), tiny_tokenizer("gpt2"), name="bag", task="causal")
    with torch.no_grad():
        lm.model.embeddings.weight.zero_()
        lm.model.head.zero_()
        token = int(lm.tokenize("k").ids[-1])
        lm.model.embeddings.weight[token, 0] = 6.0
        lm.model.head[70, 0] = 1.5
    why = lm.attribute("the king", "reagent", target=70, steps=60, top=1)
    assert why.tokens.pieces[int(why.scores.argmax())] == "k"


def test_candidates_of_a_causal_model(causal_lm):
    tokens = causal_lm.tokenize("the king")
    found = candidates(causal_lm, tokens, np.array([3]), None)[0]
    inputs = causal_lm.arguments(torch.tensor(tokens.ids[None, :3]))
    start = causal_lm.tokenizer.bos_token_id
    inputs["input_ids"] = torch.tensor([[start, *tokens.ids[:3]]])
    inputs["attention_mask"] = torch.ones(1, 4, dtype=torch.long)
    logits = causal_lm.run(inputs).logits[0, -1].double()
    special = set(causal_lm.tokenizer.all_special_ids)
    expected = [i for i in logits.argsort(descending=True).tolist() if i not in special]
    expected = [i for i in expected if i != tokens.ids[3]][:10]
    assert found.ids.tolist() == expected
    np.testing.assert_allclose(found.shares, logits[expected].softmax(-1), rtol=1e-4)


def test_candidates_of_a_masked_model(masked_lm):
    tokens = masked_lm.tokenize("the king sat")
    found = candidates(masked_lm, tokens, np.array([2]), None)[0]
    masked = tokens.ids.copy()
    masked[2] = masked_lm.tokenizer.mask_token_id
    logits = masked_lm.logits([masked], position=2)[0]
    assert found.ids[0] == max(
        set(range(len(logits))) - set(masked_lm.tokenizer.all_special_ids) - {tokens.ids[2]},
        key=lambda i: logits[i],
    )


def test_another_model_fills_the_gaps(classifier_lm, masked_lm):
    with pytest.raises(InputError, match="fills no gaps"):
        classifier_lm.attribute("the king sat", "reagent")
    why = classifier_lm.attribute("the king sat", "reagent", filler=masked_lm, steps=5)
    assert why.settings["filler"] == masked_lm.name
    again = classifier_lm.attribute("the king sat", "reagent", **why.settings)
    np.testing.assert_array_equal(why.scores, again.scores)
    assert why.scores[0] == why.scores[-1] == 0  # [CLS] and [SEP]


def test_a_filler_with_other_tokens_keeps_the_space():
    lm = lmw.load("tiny")
    tokens = lm.tokenize("The king said")
    found = candidates(lm, tokens, np.array([1, 2]), tiny_lm("bert"))
    for one in found:
        assert all(lm.token_text(int(i)).startswith(" ") for i in one.ids)
        assert one.shares.sum() == pytest.approx(1) if len(one.ids) else True


def test_masked_and_sequence_models(masked_lm, seq2seq_lm, causal_lm):
    why = masked_lm.attribute("the [MASK] sat", "reagent", steps=4)
    assert why.scores[why.tokens.pieces.index("[MASK]")] == 0
    why = seq2seq_lm.attribute("the king sat", "reagent", steps=3, filler=causal_lm)
    assert why.scores.sum() == pytest.approx(1, abs=1e-5)


def test_phrases(causal_lm):
    why = causal_lm.attribute("the king", "reagent", target=" sat", steps=4)
    assert len(why.target.ids) > 1
    assert why.scores.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("family", "text"),
    [("gpt2", "the king sat on the hat"), ("bert", "the king [MASK] on the hat")],
)
def test_batches_stay_within_the_memory(family, text):
    lm = tiny_lm(family)
    with counting_alive() as wide:
        expected = lm.attribute(text, "reagent", steps=5)
    budget = wide.peak // 3
    with counting_alive() as tight:
        found = lm.attribute(text, "reagent", steps=5, max_memory=budget)
    assert tight.peak <= budget
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-5)
    one_by_one = lm.attribute(text, "reagent", steps=5, max_memory=1)
    np.testing.assert_allclose(one_by_one.scores, expected.scores, rtol=1e-5)
    assert one_by_one.cost["passes"] == expected.cost["passes"]


def test_stopping(bag):
    told = []
    why = bag.attribute(
        "the king sat on the mat",
        "reagent",
        target=70,
        top=1,
        progress=lambda done, total, left: told.append((done, total)),
        cancelled=lambda: len(told) > 6,
    )
    assert why.partial
    assert why.scores.sum() == pytest.approx(1, abs=1e-5)
    assert all(done <= total for done, total in told)
    with pytest.raises(CancelledError):
        bag.attribute("the king", "reagent", cancelled=lambda: True)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"ratio": 0}, "ratio is 0"),
        ({"start": -1}, "start is -1"),
        ({"keep": 1}, "keep is 1"),
        ({"probes": 0}, "probes is 0"),
        ({"steps": True}, "steps is True"),
        ({"filler": 3}, "filler is a int"),
        ({"foil": 3}, "one target"),
        ({"of": "entropy"}, "one target"),
    ],
)
def test_what_cannot_be_asked(bag, settings, match):
    with pytest.raises(InputError, match=match):
        bag.attribute("the king", "reagent", **settings)
