"""A text with units taken away is read as if it had been written so, by any kind of model."""

from inspect import signature

import numpy as np
import pytest
import torch
from heads import headed_lm
from models import END, START, fresh_model, tiny_lm, tiny_tokenizer
from torch import nn

from lmwidget.attribution.model_game import ModelGame
from lmwidget.attribution.question import Question
from lmwidget.errors import InputError, UnavailableError
from lmwidget.models.language_model import LanguageModel
from lmwidget.models.ngram import NGramModel
from lmwidget.units import unit_of_tokens

TEXT = "the king said on and on in the inner ring"
SHARING = ["gpt2", "llama", "gemma2", "mistral", "qwen2", "qwen3", "opt", "phi", "gptj", "gpt_oss"]
OTHERS = ["bloom", "falcon", "falcon-alibi", "glm", "xlnet", "mamba", "jamba"]
TARGET, FOIL = 7, 9


def game_of(lm, text, removal, *, level="token", keep_special=True, max_memory=1 << 30, **asked):
    tokens = lm.tokenize(text)
    question = Question(lm, tokens, **asked)
    units = unit_of_tokens(tokens, level)
    return ModelGame(
        question, units, removal=removal, keep_special=keep_special, max_memory=max_memory
    )


def coalitions(count, number=24, seed=0):
    """All and none, each one left out, and a draw."""
    present = np.random.default_rng(seed).random((number, count)) < 0.6
    ends = np.array([[True], [False]]).repeat(count, 1)
    return np.concatenate([ends, ~np.eye(count, dtype=bool), present])


def logits_of(lm, ids, **more):
    with torch.no_grad():
        return lm.model(**lm.arguments(torch.tensor(ids)[None]), **more).logits[0].double()


def without(ids, present, removal, filling):
    """Ids of the text when some tokens are away."""
    if removal == "delete":
        return [i for i, there in zip(ids, present, strict=True) if there] or [START]
    return [i if there else filling for i, there in zip(ids, present, strict=True)]


@pytest.mark.parametrize("removal", ["delete", "unk"])
@pytest.mark.parametrize("family", SHARING + OTHERS)
def test_next_token_of_each_row_alone(family, removal):
    """Logits parity at 1e-4 of the largest, whatever was read together or gone on from."""
    lm = tiny_lm(family)
    game = game_of(lm, TEXT, removal, target=TARGET, foil=FOIL)
    present = coalitions(len(game))
    ids = game.tokens.ids.tolist()
    assert len(game) == len(ids) > 20
    expected = []
    for row in present:
        last = logits_of(lm, without(ids, row, removal, lm.tokenizer.unk_token_id))[-1]
        expected.append(float(last[TARGET] - last[FOIL]))
    found = game.values(present)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def tokens_read(lm, monkeypatch, work):
    """How many tokens a model reads, padding included."""
    read, inner = [], lm.model.forward

    def counting(*args, **kwargs):
        read.append(kwargs["input_ids"].numel())
        return inner(*args, **kwargs)

    with monkeypatch.context() as patch:
        counting.__signature__ = signature(inner)
        patch.setattr(lm.model, "forward", counting)
        work()
    return sum(read)


@pytest.mark.parametrize("removal", ["delete", "unk"])
@pytest.mark.parametrize("family", SHARING)
def test_beginnings_are_read_once(family, removal, monkeypatch):
    """Leave-one-out of n tokens reads little more than half of n × n."""
    lm = tiny_lm(family)
    game = game_of(lm, TEXT * 2, removal, target=TARGET)
    n = len(game)
    read = tokens_read(lm, monkeypatch, lambda: game.values(~np.eye(n, dtype=bool)))
    assert n > 50
    assert n * n / 2 < read < 0.75 * n * n


def test_rows_with_a_common_beginning(monkeypatch):
    """All coalitions of the second half's units, for some of the first: the first is read once."""
    lm = tiny_lm("llama")
    game = game_of(lm, TEXT * 2, "unk", target=TARGET)
    n = len(game)
    draw = np.random.default_rng(0)
    first, second = draw.random((4, n // 2)) < 0.5, draw.random((16, n - n // 2)) < 0.5
    present = np.concatenate([first.repeat(16, 0), np.tile(second, (4, 1))], axis=1)
    read = tokens_read(lm, monkeypatch, lambda: game.values(present))
    assert read < 0.7 * len(present) * n
    rows = [without(game.tokens.ids.tolist(), row, "unk", 4) for row in present]
    expected = [float(logits_of(lm, row)[-1, TARGET]) for row in rows]
    assert lm.tokenizer.unk_token_id == 4
    np.testing.assert_allclose(game.values(present), expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("fault", ["ignores", "raises"])
def test_a_model_that_cannot_go_on_reads_whole_rows(fault, monkeypatch):
    lm = tiny_lm("gpt2")
    usual = game_of(lm, TEXT, "unk", target=TARGET)
    present = coalitions(len(usual))
    expected = usual.values(present)
    inner = lm.model.forward
    asked = []

    def forward(*args, past_key_values=None, attention_mask=None, **kwargs):
        asked.append(past_key_values)
        if past_key_values is not None and fault == "raises":
            raise ValueError("no cache here")
        mask = attention_mask[:, -kwargs["input_ids"].shape[1] :]
        past = past_key_values if past_key_values is None or not past_key_values.layers else None
        return inner(*args, past_key_values=past, attention_mask=mask, **kwargs)

    forward.__signature__ = signature(inner)
    monkeypatch.setattr(lm.model, "forward", forward)
    found = game_of(lm, TEXT, "unk", target=TARGET).values(present)
    assert any(cache is not None for cache in asked)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("removal", ["delete", "unk"])
def test_a_phrase_stands_behind_what_is_left(removal):
    lm = tiny_lm("llama")
    game = game_of(lm, TEXT, removal, target="xy", foil="abc")
    present = coalitions(len(game), 8)
    words = {name: lm.tokenize(name).ids.tolist() for name in ("xy", "abc")}
    assert [len(ids) for ids in words.values()] == [2, 3]
    expected = []
    for row in present:
        ids = without(game.tokens.ids.tolist(), row, removal, lm.tokenizer.unk_token_id)
        value = 0.0
        for sign, word in zip((1, -1), words.values(), strict=True):
            logs = logits_of(lm, ids + word[:-1])[-len(word) :].log_softmax(-1)
            value += sign * float(logs[range(len(word)), word].sum())
        expected.append(value)
    np.testing.assert_allclose(game.values(present), expected, rtol=0, atol=2e-3)


@pytest.mark.parametrize("removal", ["delete", "unk"])
def test_a_position_is_read_at_the_last_token_left_before_it(removal):
    lm = tiny_lm("gpt2")
    place = 9
    game = game_of(lm, TEXT, removal, target=TARGET, position=place)
    present = coalitions(len(game), 8)
    expected = []
    for row in present:
        ids = without(game.tokens.ids[: place + 1].tolist(), row[: place + 1], removal, 4)
        expected.append(float(logits_of(lm, ids)[-1, TARGET]))
    np.testing.assert_allclose(game.values(present), expected, rtol=0, atol=1e-3)


def test_a_masked_token_moves_with_what_is_left_in_front_of_it():
    lm = tiny_lm("bert")
    game = game_of(lm, f"the king {lm.tokenizer.mask_token} cat sat un", "delete", target=TARGET)
    ids = game.tokens.ids.tolist()
    assert len(game) == len(ids) - 3  # [CLS], [SEP] and the mask stay
    expected = []
    present = coalitions(len(game), 4)
    for row in present:
        kept = np.ones(len(ids), bool)
        kept[game.players] = row
        left = [i for i, there in zip(ids, kept, strict=True) if there]
        place = left.index(lm.tokenizer.mask_token_id)
        expected.append(float(logits_of(lm, left)[place, TARGET]))
    np.testing.assert_allclose(game.values(present), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("removal", ["delete", "mask"])
@pytest.mark.parametrize("of", ["logit", "log_probability"])
def test_an_answer_moves_with_what_is_left_in_front_of_it(of, removal):
    lm = headed_lm("bert", "QuestionAnswering")
    game = game_of(lm, ("the king", "the cat sat on the king"), removal, target="cat sat", of=of)
    tokens, present = game.tokens, coalitions(len(game), 6)
    first, last = tokens.find("cat")[0], tokens.find("sat")[-1]
    expected = []
    for row in present:
        kept = np.ones(len(tokens), bool)
        kept[game.players] = row
        ids = np.where(kept, tokens.ids, lm.tokenizer.mask_token_id)
        chosen = kept if removal == "delete" else np.ones(len(tokens), bool)
        with torch.no_grad():
            output = lm.model(
                input_ids=torch.tensor(ids[chosen])[None],
                token_type_ids=torch.tensor(tokens.segments[chosen]).long()[None],
            )
        ends = [output.start_logits[0].double(), output.end_logits[0].double()]
        places = [int(chosen[:place].sum()) for place in (first, last)]
        if of == "log_probability":
            ends = [logits.log_softmax(-1) for logits in ends]
        expected.append(sum(float(logits[p]) for logits, p in zip(ends, places, strict=True)))
    np.testing.assert_allclose(game.values(present), expected, rtol=0, atol=1e-4)


def test_the_label_of_a_token_moves_with_it():
    lm = headed_lm("bert", "TokenClassification", num_labels=3)
    game = game_of(lm, "the king sat un cat", "delete", target=2, position="sat")
    tokens, place = game.tokens, game.question.place.position
    assert place not in game.players
    for row in coalitions(len(game), 4):
        kept = np.ones(len(tokens), bool)
        kept[game.players] = row
        logits = logits_of(lm, tokens.ids[kept].tolist())
        expected = float(logits[int(kept[:place].sum()), 2])
        assert game.values(row[None])[0] == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("removal", ["delete", "pad"])
def test_both_texts_of_a_pair_keep_their_segments(removal):
    lm = tiny_lm("bert-classifier")
    game = game_of(lm, ("the king sat", "un cat"), removal, target=1, keep_special=False)
    tokens, present = game.tokens, coalitions(len(game), 6)
    assert set(tokens.segments.tolist()) == {0, 1}
    expected = []
    for row in present:
        chosen = row if removal == "delete" and row.any() else np.ones(len(tokens), bool)
        ids = np.where(row, tokens.ids, lm.tokenizer.pad_token_id)[chosen]
        segments = tokens.segments[chosen]
        if removal == "delete" and not row.any():
            ids, segments = np.array([lm.tokenizer.cls_token_id]), np.array([0])
        with torch.no_grad():
            logits = lm.model(
                input_ids=torch.tensor(ids)[None],
                token_type_ids=torch.tensor(segments).long()[None],
            ).logits
        expected.append(float(logits[0, 1]))
    np.testing.assert_allclose(game.values(present), expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("family", ["bart", "t5", "marian"])
@pytest.mark.parametrize("removal", ["delete", "pad"])
def test_what_an_encoder_decoder_has_written_stays(family, removal):
    lm = tiny_lm(family)
    tokens, output = lm.tokenize("the king said"), lm.tokenize_output("on")
    question = Question(lm, tokens, output, TARGET)
    units = unit_of_tokens(tokens, "token")
    game = ModelGame(question, units, removal=removal, keep_special=False)
    present = coalitions(len(game), 6)
    expected = []
    for row in present:
        ids = without(tokens.ids.tolist(), row, removal, lm.tokenizer.pad_token_id)
        ids = [END] if removal == "delete" and not row.any() else ids
        written = torch.tensor(output.ids)[None]
        expected.append(float(logits_of(lm, ids, decoder_input_ids=written)[-1, TARGET]))
    np.testing.assert_allclose(game.values(present), expected, rtol=0, atol=2e-4)


def test_a_counting_model():
    lm = NGramModel.fit(["the king said no", "the king sat", "the cat sat"])
    game = game_of(lm, "the king", "delete", target="sat", of="log_probability")
    assert game.values(np.array([[True, True], [False, True], [True, False]])) == pytest.approx(
        [lm.logits([lm.tokenize(t).ids], candidates=[lm.tokenize("sat").ids[0]])[0, 0]
         for t in ("the king", "king", "the")],
        abs=1e-5,
    )  # fmt: skip


def test_words_are_taken_away_whole():
    lm = tiny_lm("bert-classifier")
    game = game_of(lm, "the unbelievable king sat", "delete", target=1, level="word")
    ids = game.tokens.ids
    assert (len(game), len(ids)) == (4, 8)
    expected = logits_of(lm, [*ids[:2], *ids[5:]])
    assert game.values(~np.eye(4, dtype=bool))[1] == pytest.approx(float(expected[1]), abs=1e-4)


def test_equal_rows_are_read_once(monkeypatch):
    lm = tiny_lm("mamba")  # it reads whole rows
    game = game_of(lm, "aaaaaaaa", "delete", target=TARGET)
    read = tokens_read(lm, monkeypatch, lambda: game.values(coalitions(8, 200)))
    assert read <= sum(range(9)) + 8 * 3  # one row of each length, and some filling up


def test_little_memory_is_enough(monkeypatch):
    lm = tiny_lm("gpt2")
    usual = game_of(lm, TEXT, "delete", target=TARGET)
    present = coalitions(len(usual))
    small = game_of(lm, TEXT, "delete", target=TARGET, max_memory=1)
    largest, inner = [], lm.model.forward

    def watched(*args, **kwargs):
        largest.append(len(kwargs["input_ids"]))
        return inner(*args, **kwargs)

    watched.__signature__ = signature(inner)
    monkeypatch.setattr(lm.model, "forward", watched)
    found = small.values(present)
    assert max(largest) == 1
    np.testing.assert_allclose(found, usual.values(present), rtol=0, atol=1e-3)


def test_the_model_is_left_as_it_was():
    model = fresh_model("llama").train()
    lm = LanguageModel(model, tiny_tokenizer("llama"))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    game = game_of(lm, TEXT, "unk", target=TARGET)
    game.values(coalitions(len(game)))
    assert model.training
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_a_text_of_one_token():
    game = game_of(tiny_lm("llama"), "a", "delete", target=TARGET)
    expected = logits_of(tiny_lm("llama"), [START])[-1, TARGET]
    assert game.empty == pytest.approx(float(expected), abs=1e-4)


class Letters:
    """A tokenizer without any special token."""

    def encode(self, text):
        return [ord(letter) - 97 for letter in text]

    def decode(self, ids):
        return "".join(chr(i + 97) for i in ids)


def test_a_tokenizer_without_special_tokens_needs_something_to_put_in_place():
    module = nn.Sequential(nn.Embedding(26, 8), nn.Linear(8, 26))
    lm = LanguageModel(module.eval(), Letters())
    game = game_of(lm, "abc", "delete", target=3)
    with pytest.raises(UnavailableError, match=r"no special token.*removal="):
        game.empty  # noqa: B018
    game = game_of(lm, "abc", "z", target=3)
    expected = module(torch.tensor([25]))[0, 3].detach()
    assert game.empty == pytest.approx(float(expected), abs=1e-5)


def test_removals_that_there_are_not():
    lm = tiny_lm("gpt2")
    with pytest.raises(InputError, match="nosuch"):
        game_of(lm, TEXT, "nosuchtoken", target=TARGET)
    with pytest.raises(InputError, match="nothing that can be taken away"):
        game_of(tiny_lm("bert"), tiny_lm("bert").tokenizer.mask_token, "delete", target=TARGET)
