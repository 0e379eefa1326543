"""LanguageModel over every kind of model: inputs, predictions, refusals, and the model as found."""

from __future__ import annotations

import copy
import math

import pytest
import torch
import transformers
from models import CONTEXT, END, START, fresh_model, tiny_lm, tiny_model, tiny_tokenizer
from tokenizers_zoo import tokenizer_of

from lmwidget.errors import InputError, ModelMismatchError, UnknownNameError
from lmwidget.models.language_model import LanguageModel
from lmwidget.models.limits import check_vocabulary, context_length
from lmwidget.models.tasks import Readout, read_logits, readout, task_of

FAMILIES = ["gpt2", "llama", "bert", "roberta", "bert-classifier", "minilm", "t5", "bart", "xlnet"]


@pytest.mark.parametrize(
    ("family", "task"),
    [
        ("gpt2", "causal"),
        ("gemma2", "causal"),
        ("xlnet", "causal"),
        ("mamba", "causal"),
        ("bert", "masked"),
        ("distilbert", "masked"),
        ("bert-classifier", "sequence-classification"),
        ("minilm", "encoder"),
        ("t5", "seq2seq"),
        ("marian", "seq2seq"),
    ],
)
def test_task_is_told_from_the_class(family, task):
    assert tiny_lm(family).task == task


def test_task_of_a_subclass_and_of_other_heads():
    class Mine(transformers.GPT2LMHeadModel):
        pass

    config = tiny_model("gpt2").config
    assert task_of(Mine(config)) == "causal"
    bert = tiny_model("bert").config
    assert task_of(transformers.BertForNextSentencePrediction(bert)) == "encoder"
    assert task_of(transformers.T5EncoderModel(copy.deepcopy(tiny_model("t5").config))) == "encoder"
    assert task_of(transformers.T5Model(copy.deepcopy(tiny_model("t5").config))) == "seq2seq"


@pytest.mark.parametrize("family", FAMILIES)
def test_forward_is_the_models_own(family):
    lm = tiny_lm(family)
    tokens = lm.tokenize("the king said")
    inputs = dict(lm.tokenizer("the king said", return_tensors="pt"))
    if family != "xlnet":
        inputs.pop("token_type_ids", None)
    else:
        inputs["token_type_ids"] = torch.zeros_like(inputs["input_ids"])
    if lm.task == "seq2seq":
        inputs["decoder_input_ids"] = torch.tensor([[lm.config.decoder_start_token_id]])
    with torch.no_grad():
        wanted = lm.model(**inputs)
    assert torch.equal(lm.forward(tokens)[0], wanted[0])


def test_segments_reach_models_that_know_them():
    lm = tiny_lm("bert")
    tokens = lm.tokenize(("the king", "the cat"))
    inputs = lm.inputs(tokens)
    assert inputs["token_type_ids"].tolist() == [tokens.segments.tolist()]
    reference = lm.tokenizer("the king", "the cat", return_tensors="pt", return_token_type_ids=True)
    assert torch.equal(inputs["token_type_ids"], reference["token_type_ids"])
    assert "token_type_ids" not in tiny_lm("gpt2").inputs(tiny_lm("gpt2").tokenize("a b"))


@pytest.mark.parametrize("pair", [("the king", "the man"), ["the king", "the man"]])
def test_two_texts_are_not_run_together(pair):
    with pytest.raises(InputError, match=r"with nothing between. Give one text"):
        tiny_lm("gpt2").tokenize(pair)


def test_inputs_are_one_row_on_the_models_device():
    lm = tiny_lm("gpt2")
    tokens = lm.tokenize("the king")
    inputs = lm.inputs(tokens)
    assert inputs["input_ids"].tolist() == [tokens.ids.tolist()]
    assert inputs["attention_mask"].tolist() == [[1] * len(tokens)]
    assert inputs["use_cache"] is False
    assert inputs["input_ids"].device == lm.device


def state(model) -> dict:
    """Everything of a model that a call could change."""
    return {
        "training": [module.training for module in model.modules()],
        "parameters": {
            n: (p.detach().clone(), p.requires_grad) for n, p in model.named_parameters()
        },
        "buffers": {n: b.clone() for n, b in model.named_buffers()},
        "grad": [p.grad for p in model.parameters()],
        "hooks": [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()],
        "config": model.config.to_dict(),
        "generation": copy.deepcopy(getattr(model, "generation_config", None)),
    }


def assert_same(before: dict, after: dict) -> None:
    for name, (value, flag) in before["parameters"].items():
        assert torch.equal(after["parameters"][name][0], value)
        assert after["parameters"][name][1] == flag
    for name, value in before["buffers"].items():
        assert torch.equal(after["buffers"][name], value)
    for name in ("training", "grad", "hooks", "config"):
        assert before[name] == after[name]
    assert str(before["generation"]) == str(after["generation"])


@pytest.mark.parametrize("family", ["gpt2", "bert", "bert-classifier", "t5"])
def test_model_is_left_as_found_in_training_mode(family):
    model = fresh_model(family).train()
    model.lm_head.eval() if hasattr(model, "lm_head") else None
    lm = LanguageModel(model, tiny_tokenizer(family))
    text = "the [MASK] said" if family == "bert" else "the king said"
    before = state(model)
    first = lm.predict(text)
    assert_same(before, state(model))
    assert lm.predict(text) == first  # dropout is off inside


def test_model_is_left_as_found_when_the_pass_fails():
    model = fresh_model("gpt2").train()
    lm = LanguageModel(model, tiny_tokenizer("gpt2"))
    before = state(model)
    with pytest.raises(ValueError, match="inputs_embeds"):
        lm.forward(lm.tokenize("the king"), inputs_embeds=torch.zeros(1, 1, 32))
    assert_same(before, state(model))


def test_predictions_of_a_causal_model_are_its_softmax_at_the_last_token():
    lm = tiny_lm("gpt2")
    found = lm.predict("the king", top=5)
    with torch.no_grad():
        logits = lm.model(**lm.tokenizer("the king", return_tensors="pt")).logits[0, -1]
    order = logits.argsort(descending=True)[:5]
    assert [p.id for p in found] == order.tolist()
    for prediction in found:
        assert prediction.logit == pytest.approx(float(logits[prediction.id]), abs=1e-6)
        assert prediction.probability == pytest.approx(
            float(logits.softmax(-1)[prediction.id]), abs=1e-7
        )
        assert prediction.label == lm.token_text(prediction.id)


def test_prediction_at_another_position():
    lm = tiny_lm("gpt2")
    at_first = lm.predict("the king", position=0)
    alone = lm.predict("the")
    assert [p.id for p in at_first] == [p.id for p in alone]
    with pytest.raises(InputError, match="no token 99"):
        lm.predict("the king", position=99)


def test_predictions_in_half_precision_use_a_float32_softmax():
    lm = LanguageModel(fresh_model("gpt2", dtype=torch.bfloat16), tiny_tokenizer("gpt2"))
    every = lm.predict("the king", top=10**6)
    assert len(every) == lm.config.vocab_size
    assert sum(p.probability for p in every) == pytest.approx(1.0, abs=1e-5)


def test_masked_models_fill_the_mask():
    lm = tiny_lm("bert")
    tokens = lm.tokenize("the [MASK] said")
    place = tokens.raw.index("[MASK]")
    assert readout(lm, tokens) == Readout("masked token", place)
    logits = lm.forward(tokens).logits[0, place]
    assert lm.predict("the [MASK] said", top=1)[0].id == int(logits.argmax())


def test_several_masks_the_first_is_read_and_said():
    lm = tiny_lm("bert")
    text = "the [MASK] said [MASK]"
    with pytest.warns(UserWarning, match="2 mask tokens: the first one is read"):
        found = lm.predict(text)
    tokens = lm.tokenize(text)
    assert found == lm.predict(text, position=tokens.raw.index("[MASK]"))
    second = len(tokens) - 2
    assert found != lm.predict(text, position=second)


def test_no_mask_to_fill():
    with pytest.raises(InputError, match=r"no mask token.*Write \[MASK\]"):
        tiny_lm("bert").predict("the king said")


def test_classifiers_name_their_classes():
    model = fresh_model("bert-classifier")
    model.config.id2label = {0: "bad", 1: "fair", 2: "good"}
    lm = LanguageModel(model, tiny_tokenizer("bert-classifier"))
    assert lm.labels == {0: "bad", 1: "fair", 2: "good"}
    found = lm.predict("the king")
    assert {p.label for p in found} == {"bad", "fair", "good"}
    assert sum(p.probability for p in found) == pytest.approx(1.0)
    assert readout(lm, lm.tokenize("the king")) == Readout("class", None)


def test_encoders_predict_nothing():
    with pytest.raises(ModelMismatchError, match="no output head"):
        tiny_lm("minilm").predict("the king")
    bare = LanguageModel(
        transformers.GPT2Model(tiny_model("gpt2").config), tiny_tokenizer("gpt2"), task="causal"
    )
    with pytest.raises(ModelMismatchError, match="no output head"):
        bare.predict("the king")


@pytest.mark.parametrize("family", ["t5", "bart", "marian"])
def test_output_side_of_an_encoder_decoder(family):
    lm = tiny_lm(family)
    start = lm.tokenize_output()
    assert start.ids.tolist() == [lm.config.decoder_start_token_id]
    assert start.kinds == ("special",)
    written = lm.tokenize_output("the king")
    own = lm.tokenizer(text_target="the king", add_special_tokens=False)["input_ids"]
    assert written.ids.tolist() == [lm.config.decoder_start_token_id, *own]
    assert written.text == "the king"
    logits = lm.forward(lm.tokenize("a cat"), written).logits[0, -1]
    assert lm.predict("a cat", output="the king", top=1)[0].id == int(logits.argmax())
    first = lm.forward(lm.tokenize("a cat")).logits[0, -1]
    assert lm.predict("a cat", top=1)[0].id == int(first.argmax())


def test_greedy_output_takes_the_strongest_token_each_time():
    lm = tiny_lm("t5")
    tokens = lm.tokenize("the king said")
    written = lm.write_output(tokens, limit=8)
    ids = torch.tensor([tokens.ids.tolist()])
    wanted = [lm.config.decoder_start_token_id]
    with torch.no_grad():
        while len(wanted) < 9 and wanted[-1] != END:
            logits = lm.model(input_ids=ids, decoder_input_ids=torch.tensor([wanted])).logits
            wanted.append(int(logits[0, -1].argmax()))
    assert written.ids.tolist() == [i for i in wanted if i != END]


def test_one_sided_models_have_no_output():
    for call in (
        lambda lm: lm.tokenize_output("a"),
        lambda lm: lm.write_output(lm.tokenize("a")),
        lambda lm: lm.predict("a", output="b"),
        lambda lm: lm.attention("a", output="b"),
        lambda lm: lm.attribute("a", output="b"),
    ):
        with pytest.raises(ModelMismatchError, match="no output side"):
            call(tiny_lm("gpt2"))


def test_text_longer_than_the_context_names_both_lengths():
    lm = tiny_lm("gpt2")
    with pytest.raises(InputError, match=rf"has 200 tokens.*at most {CONTEXT}.*truncate=True"):
        lm.tokenize("z" * 200)
    with pytest.raises(InputError, match="truncate=True"):
        lm.predict("z" * 200)
    assert len(lm.predict("z" * 200, truncate=True)) == 10


def test_causal_models_keep_the_end_others_the_start():
    text = "a " * 150 + "end"
    causal = tiny_lm("gpt2").tokenize(text, truncate=True)
    assert len(causal) == CONTEXT
    assert causal.text.endswith("end")
    masked = tiny_lm("bert").tokenize("cat " + text, truncate=True)
    assert len(masked) == CONTEXT
    assert masked.text.startswith("cat a")
    assert (masked.raw[0], masked.raw[-1]) == ("[CLS]", "[SEP]")
    assert not masked.find("end")


@pytest.mark.parametrize(
    ("family", "length"),
    [("gpt2", 128), ("bert", 128), ("llama", 128), ("t5", None), ("bloom", None), ("xlnet", None)],
)
def test_context_length(family, length):
    assert tiny_lm(family).context_length == length


def test_roberta_counts_positions_behind_the_padding_index():
    model = tiny_model("roberta")
    usable = context_length(model)
    assert usable == model.config.max_position_embeddings - model.config.pad_token_id - 1
    lm = tiny_lm("roberta")
    lm.forward(lm.tokenize("z" * (usable - 2)))
    with pytest.raises(InputError, match="truncate"):
        lm.tokenize("z" * (usable - 1))


def test_tokens_are_taken_as_text():
    lm = tiny_lm("gpt2")
    tokens = lm.tokenize("the king")
    assert lm.tokenize(tokens) is tokens
    assert lm.predict(tokens) == lm.predict("the king")
    with pytest.raises(InputError, match="no tokens"):
        lm.tokenize(tokens.from_pieces([]))


def test_token_outside_the_models_vocabulary():
    tokenizer = tiny_tokenizer("gpt2")
    tokenizer.add_tokens([f"word{i}" for i in range(50)])
    lm = LanguageModel(tiny_model("gpt2"), tokenizer)
    lm.tokenize("the king")
    with pytest.raises(ModelMismatchError, match=r"gives id 3\d\d for 'word49'.*only 300"):
        lm.tokenize("the word49")


def test_tokenizer_much_larger_than_the_model():
    with pytest.raises(ModelMismatchError, match=r"tokenizer has 48\d tokens.*only 300"):
        LanguageModel(tiny_model("gpt2"), tokenizer_of("byte_level"))
    check_vocabulary("few added tokens", 310, 300)


def test_wrong_objects():
    tokenizer = tiny_tokenizer("gpt2")
    with pytest.raises(InputError, match=r"lmwidget.load\('gpt2'\)"):
        LanguageModel("gpt2", tokenizer)
    with pytest.raises(InputError, match="takes a PyTorch module, not a dict"):
        LanguageModel({}, tokenizer)
    with pytest.raises(ModelMismatchError, match="Linear cannot be run on token ids"):
        LanguageModel(torch.nn.Linear(1, 1), tokenizer)
    with pytest.raises(InputError, match="needs the model's tokenizer, not a NoneType"):
        LanguageModel(tiny_model("gpt2"), None)
    with pytest.raises(InputError, match="needs the model's tokenizer, not a str"):
        LanguageModel(tiny_model("gpt2"), "gpt2")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda lm: LanguageModel(lm.model, lm.tokenizer, nam="x"), "Did you mean 'name'"),
        (lambda lm: LanguageModel(lm.model, lm.tokenizer, task="casual"), "Did you mean 'causal'"),
        (lambda lm: lm.predict("a", tops=3), "Did you mean 'top'"),
        (lambda lm: lm.attention("a", outputs="b"), "Did you mean 'output'"),
    ],
)
def test_unknown_names_get_the_nearest(call, message):
    with pytest.raises(UnknownNameError, match=message):
        call(tiny_lm("gpt2"))


def test_weights_that_are_not_numbers_are_shown_not_crashed_on():
    model = fresh_model("gpt2")
    with torch.no_grad():
        model.transformer.h[0].mlp.c_fc.weight[0, 0] = float("nan")
    found = LanguageModel(model, tiny_tokenizer("gpt2")).predict("the king", top=3)
    assert len(found) == 3
    assert all(math.isnan(prediction.probability) for prediction in found)


def test_top_must_be_positive():
    with pytest.raises(InputError, match="at least one"):
        tiny_lm("gpt2").predict("a", top=0)


def test_readout_reads_one_row_a_text():
    lm = tiny_lm("gpt2")
    tokens = lm.tokenize("the king")
    place = readout(lm, tokens)
    assert place == Readout("next token", len(tokens) - 1)
    output = lm.forward(tokens)
    assert torch.equal(read_logits(output, place), output.logits[:, -1])
    assert readout(lm, tokens, -2).position == len(tokens) - 2


def test_repr_is_short_and_name_is_found():
    assert repr(tiny_lm("gpt2")) == "<LanguageModel gpt2: gpt2, causal, context 128>"
    assert repr(tiny_lm("t5")) == "<LanguageModel t5: t5, seq2seq>"
    model = fresh_model("gpt2")
    model.config._name_or_path = "/somewhere/my-model/"
    assert LanguageModel(model, tiny_tokenizer("gpt2")).name == "my-model"
    assert LanguageModel(fresh_model("gpt2"), tiny_tokenizer("gpt2")).name == "GPT2LMHeadModel"


def test_chat_reaches_the_model():
    tokenizer = tiny_tokenizer("gpt2")
    tokenizer.chat_template = (
        "{% for m in messages %}{{ m['role'] + ': ' + m['content'] }}{% endfor %}"
    )
    lm = LanguageModel(tiny_model("gpt2"), tokenizer)
    tokens = lm.tokenize([{"role": "user", "content": "the king"}])
    assert tokens.text == "user: the king"
    assert START not in tokens.ids
    assert lm.predict([{"role": "user", "content": "the king"}])[0].probability > 0
