"""Which passage carried an answer, where it is known which did."""

import math

import numpy as np
import pytest
import torch
from models import fresh_model, tiny_lm, tiny_tokenizer
from torch import nn

from lmwidget.attribution.context_reliance import EXACT
from lmwidget.errors import CancelledError, InputError, ModelMismatchError, UnknownNameError
from lmwidget.models.language_model import LanguageModel

PASSAGES = ["a cat sat.", "the key is z.", "it is on a hat.", "no one is in."]
PROMPT = " ".join(PASSAGES) + " the key is"


class Lookup(nn.Module):
    """Answers " q" and then "x" when the text holds a "z"; is at a loss otherwise."""

    def __init__(self, tokenizer, strength=6.0, *, counts=False):
        super().__init__()
        self.size = len(tokenizer)
        self.key, *rest = (tokenizer(t).input_ids for t in ("z", " q", "x"))
        self.first, self.second = [ids[-1] for ids in rest]
        self.strength, self.counts = strength, counts
        self.table = nn.Parameter(torch.zeros(1))

    def forward(self, ids):
        seen = (ids == self.key[0]).cumsum(1).float()
        found = seen if self.counts else seen.clamp(max=1)
        logits = torch.zeros(*ids.shape, self.size)
        logits[..., self.first] = self.strength * found * (ids != self.first)
        logits[..., self.second] = self.strength * found * (ids == self.first)
        return logits


def lookup(**how):
    tokenizer = tiny_tokenizer("gpt2")
    return LanguageModel(Lookup(tokenizer, **how), tokenizer, name="lookup")


def answer_of(lm):
    module = lm.model.module
    return [module.first, module.second]


def log_probability(lm, strength):
    return 2 * (strength - math.log(math.exp(strength) + lm.model.module.size - 1))


@pytest.mark.parametrize("method", ["exact_shapley", "leave_one_out", "kernel_shap"])
def test_the_passage_that_is_known(method):
    lm = lookup()
    why = lm.context_reliance(PROMPT, PASSAGES, answer_of(lm), method=method)
    full, bare = log_probability(lm, 6.0), log_probability(lm, 0.0)
    score = dict(zip(map(str.strip, why.tokens.pieces), why.scores.tolist(), strict=True))
    others = [value for piece, value in score.items() if "key is z" not in piece]
    assert score["the key is z."] == pytest.approx(full - bare, rel=1e-5)
    np.testing.assert_allclose(others, 0, atol=1e-5)
    assert [piece.strip() for piece in why.tokens.pieces] == [*PASSAGES, "the key is"]
    assert (why.level, why.unit, why.of) == ("passage", "log-probability", "log_probability")
    assert why.value == pytest.approx(full, rel=1e-5)
    assert why.target.ids == tuple(answer_of(lm))
    assert why.target.probability == pytest.approx(math.exp(full), rel=1e-5)
    (alone,) = why.checks
    assert (alone.name, alone.value) == ("no context", pytest.approx(bare, rel=1e-5))
    assert f"is {bare:.3g}" in alone.explanation


def test_the_model_answers_by_itself():
    lm = lookup()
    why = lm.context_reliance(PROMPT, PASSAGES, max_new_tokens=2)
    assert why.target.ids == tuple(answer_of(lm))
    assert why.method == "exact_shapley"
    assert why.check.passed
    assert int(np.argmax(why.scores)) == 1


def test_two_passages_that_say_the_same():
    """Either is enough: each gets half of it, and leaving one out shows nothing."""
    lm = lookup()
    twice = [*PASSAGES, "so it is z."]
    prompt = " ".join(twice) + " the key is"
    why = lm.context_reliance(prompt, twice, answer_of(lm))
    gain = log_probability(lm, 6.0) - log_probability(lm, 0.0)
    expected = [0, gain / 2, 0, 0, gain / 2, 0]
    np.testing.assert_allclose(why.scores, expected, rtol=1e-4, atol=1e-5)
    blind = lm.context_reliance(prompt, twice, answer_of(lm), method="leave_one_out")
    np.testing.assert_allclose(blind.scores, 0, atol=1e-5)


def test_only_passages_are_taken_away():
    """A "z" in the question stays, so nothing depends on the passages."""
    lm = lookup()
    why = lm.context_reliance(PROMPT + " z", PASSAGES, answer_of(lm))
    np.testing.assert_allclose(why.scores, 0, atol=1e-5)
    assert why.checks[0].value == pytest.approx(why.value)
    many = [f"item {i}." for i in range(EXACT)] + ["it is z."]
    why = lm.context_reliance(" ".join(many) + " so", many, answer_of(lm))
    assert why.method == "leave_one_out"
    assert int(np.argmax(why.scores)) == EXACT
    assert why.cost["passes"] == EXACT + 4


@pytest.mark.parametrize("method", ["exact_shapley", "leave_one_out", "kernel_shap"])
def test_checks_take_nothing_but_passages_away(method, monkeypatch):
    """What is no passage is there in every text that the checks ask about."""
    lm = lookup()
    why = lm.context_reliance(PROMPT, PASSAGES, answer_of(lm), method=method)
    kept = why.source.ids[why.parts == 4].tolist()
    read = []
    forward = Lookup.forward
    monkeypatch.setattr(Lookup, "forward", lambda self, ids: (read.append(ids), forward(self, ids))[1])  # fmt: skip
    found = lm.check(why, random_maps=30, seeds=1)
    assert len(read) > 3
    rows = [row.tolist() for ids in read for row in ids]
    assert all(any(row[i : i + len(kept)] == kept for i in range(len(row))) for row in rows)
    alone, comprehensiveness, sufficiency, stability = found.checks
    assert alone == why.checks[0]
    # One or two of four passages are taken away, always the one that holds the key.
    gain = log_probability(lm, 6.0) - log_probability(lm, 0.0)
    assert comprehensiveness.value == pytest.approx(gain, rel=1e-4)
    assert comprehensiveness.random == pytest.approx(gain * 0.375, rel=0.35)
    assert sufficiency.value == pytest.approx(0, abs=1e-4)
    assert stability.passed is (True if method == "kernel_shap" else None)
    again = lm.context_reliance(PROMPT, answer=answer_of(lm), method=method, **why.settings)
    np.testing.assert_array_equal(again.scores, why.scores)
    assert len(lm.check(found, random_maps=3).checks) == 4
    assert len(lm.check(why.by("sentence"), random_maps=3).checks) == 3


def test_checks_of_what_an_encoder_decoder_read(tmp_path):
    lm = tiny_lm("bart")
    why = lm.context_reliance("a cat. a hat. so", ["a cat.", "a hat."], " on", method="kernel_shap")
    why = why.load(why.save(tmp_path / "why.safetensors"))
    checks = lm.check(why, random_maps=2).checks
    assert [one.name for one in checks][1:] == ["comprehensiveness", "sufficiency", "stability"]
    assert all(np.isfinite(one.value) for one in checks)


def test_spans_and_coarser_levels():
    lm = lookup()
    start = PROMPT.index("the key")
    spans = lm.context_reliance(PROMPT, [(start, start + 13)], answer_of(lm))
    assert spans.tokens.pieces[1].strip() == "the key is z."
    assert len(spans.tokens) == 3
    assert spans.settings["removal"] == "delete"
    filled = lm.context_reliance(PROMPT, PASSAGES, answer_of(lm), removal=" a")
    np.testing.assert_allclose(filled.scores[1], spans.scores[1], rtol=1e-4)


def test_chat_messages_with_special_tokens():
    tokenizer = tiny_tokenizer("gpt2")
    tokenizer.chat_template = (
        "{% for m in messages %}<s>{{m.role}} {{m.content}}</s>{% endfor %}<s>assistant "
    )
    lm = LanguageModel(Lookup(tokenizer), tokenizer)
    chat = [
        {"role": "system", "content": "be kind"},
        {"role": "user", "content": f"{PASSAGES[1]} {PASSAGES[2]} what is it?"},
    ]
    why = lm.context_reliance(chat, ["be kind", *PASSAGES[1:3]], answer_of(lm))
    gain = log_probability(lm, 6.0) - log_probability(lm, 0.0)
    scores = dict(zip([p.strip() for p in why.tokens.pieces], why.scores.tolist(), strict=True))
    assert scores[PASSAGES[1]] == pytest.approx(gain, rel=1e-4)
    assert scores["be kind"] == pytest.approx(0, abs=1e-5)
    # An example that reaches over several turns, special tokens inside, is still one passage.
    text = lm.tokenize(chat).text
    turns = [(0, text.index("be kind") + 20), PASSAGES[2]]
    why = lm.context_reliance(chat, turns, answer_of(lm))
    assert int(why.parts.max()) + 1 == len(why.tokens) == len(why.scores)
    assert why.tokens.pieces[0].startswith("<s>system be kind</s>")


@pytest.mark.parametrize("family", ["gpt2", "bart", "t5"])
def test_against_the_definition(family):
    """Two passages: the Shapley value by hand, from four log-probabilities."""
    lm = tiny_lm(family)
    first, second = "the king. ", "he said. "
    why = lm.context_reliance(first + second + "on a", [first.strip(), second.strip()], " hat")

    def value(numbers):
        kept = np.isin(why.parts, numbers)
        ids = torch.tensor(why.source.ids[kept])[None]
        written = list(why.target.ids)
        if lm.task == "seq2seq":
            behind = [int(lm.tokenize_output().ids[0]), *written[:-1]]
            inputs = lm.arguments(ids, output_ids=torch.tensor([behind]))
        else:
            inputs = lm.arguments(torch.cat([ids, torch.tensor([written[:-1]])], 1).long())
        logs = lm.run(inputs).logits[0].log_softmax(-1)[-len(written) :]
        return float(sum(logs[i, token] for i, token in enumerate(written)))

    names = [piece.strip() for piece in why.tokens.pieces]
    a, b = names.index(first.strip()), names.index(second.strip())
    rest = [unit for unit in range(len(names)) if unit not in {a, b}]
    none, one, other, both = value(rest), value([*rest, a]), value([*rest, b]), value([*rest, a, b])
    assert why.value == pytest.approx(both, rel=1e-4)
    assert why.checks[0].value == pytest.approx(none, rel=1e-4)
    assert why.scores[a] == pytest.approx((one - none + both - other) / 2, rel=1e-3, abs=1e-4)
    assert why.scores[b] == pytest.approx((other - none + both - one) / 2, rel=1e-3, abs=1e-4)
    assert (why.scores[rest] == 0).all()


def test_what_cannot_be_asked():
    lm = lookup()
    with pytest.raises(InputError, match="does not hold the passage 'nowhere'"):
        lm.context_reliance(PROMPT, ["nowhere"], [5])
    with pytest.raises(InputError, match="'gradient' takes no passages away"):
        lm.context_reliance(PROMPT, PASSAGES, [5], method="gradient")
    with pytest.raises(InputError, match="nothing that can be taken away"):
        lm.context_reliance(PROMPT, [], [5])
    with pytest.raises(UnknownNameError, match="takes no 'mots'"):
        lm.context_reliance(PROMPT, PASSAGES, [5], mots=3)
    with pytest.raises(ModelMismatchError, match="cannot write"):
        tiny_lm("bert").context_reliance(PROMPT, PASSAGES, "a")
    with pytest.raises(CancelledError):
        lm.context_reliance(PROMPT, PASSAGES, [5], cancelled=lambda: True)


def test_the_model_is_left_as_it_was():
    model = fresh_model("gpt2").train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    LanguageModel(model, tiny_tokenizer("gpt2")).context_reliance("a cat. a hat", ["a cat."], " a")
    assert model.training
    assert all((value == before[name]).all() for name, value in model.state_dict().items())


FACTS = [
    "The museum in Oslo opens at nine.",
    "Marta's cat is called Biscuit.",
    "The train to Lyon leaves from platform four.",
    "Coffee was first grown in Ethiopia.",
]
TRAIN = "From which platform does the train to Lyon leave?"
QUESTIONS = [
    ("What is the name of Marta's cat?", None, 1),
    ("When does the museum in Oslo open?", None, 0),
    (TRAIN, "The train to Lyon leaves from platform four.", 2),
    # By itself it answers "The museum in Oslo opens at nine, which is a train", and this is why.
    (TRAIN, None, 0),
]


@pytest.mark.real_model
@pytest.mark.parametrize(("question", "answer", "source"), QUESTIONS)
def test_a_fact_that_only_one_passage_tells(smollm2, question, answer, source):
    messages = [{"role": "user", "content": "\n".join(FACTS) + f"\n{question}"}]
    why = smollm2.context_reliance(messages, FACTS, answer, max_new_tokens=12)
    assert [piece.strip() for piece in why.tokens.pieces[1:5]] == FACTS
    scores = why.scores[1:5].tolist()
    assert int(np.argmax(scores)) == source
    assert scores[source] > 5 * max(abs(s) for i, s in enumerate(scores) if i != source)
    without = why.checks[0].value
    assert why.value - without > 5
    assert sum(scores) == pytest.approx(why.value - without, rel=1e-3)
