"""Gradients of every kind of target: by autograd on all logits, and their integrals add up."""

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, IntegratedGradients
from heads import headed_lm
from models import tiny_lm

QUESTION, CONTEXT = "the king", "the cat sat on the hat"
TEXT = "the king said on"
PHRASE = (7, 11, 5)


def embedded(lm, ids):
    return lm.model.get_input_embeddings()(torch.tensor(ids)[None]).detach().requires_grad_()


def run(lm, why, embeds, behind=()):
    """A pass from embeddings, with the model's own of what is written behind."""
    after = lm.model.get_input_embeddings()(torch.tensor([behind], dtype=torch.long)).detach()
    inputs = {"inputs_embeds": torch.cat([embeds, after], dim=1)}
    inputs["attention_mask"] = torch.ones(inputs["inputs_embeds"].shape[:2], dtype=torch.long)
    if why.tokens.segments.any():
        inputs["token_type_ids"] = torch.tensor(why.tokens.segments)[None]
    return lm.model(**inputs)


def by_hand(lm, why, score):
    """Input × gradient of a function of the embeddings."""
    embeds = embedded(lm, why.tokens.ids)
    (gradient,) = torch.autograd.grad(score(embeds).sum(), embeds)
    return (embeds * gradient).sum(-1)[0].detach().numpy()


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("of", ["log_probability", "probability", "logit"])
@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_a_phrase(family, of):
    lm = tiny_lm(family)
    why = lm.attribute(TEXT, "input_x_gradient", target=PHRASE, of=of)
    count = len(why.tokens)

    def score(embeds):
        logits = run(lm, why, embeds, PHRASE[:-1]).logits[0, count - 1 :]
        rows = logits if of == "logit" else logits.log_softmax(-1)
        total = rows[range(3), PHRASE].sum()
        return total.exp() if of == "probability" else total

    assert_close(why.scores, by_hand(lm, why, score))
    assert why.value == pytest.approx(float(score(embedded(lm, why.tokens.ids)).detach()), rel=1e-4)


def test_a_label_of_a_token():
    lm = headed_lm("bert", "TokenClassification", num_labels=3)
    for foil in (None, 0):
        why = lm.attribute(TEXT, "input_x_gradient", target=1, foil=foil, position=2)

        def score(embeds, foil=foil, why=why):
            logits = run(lm, why, embeds).logits[0, 2]
            return logits[1] - (0 if foil is None else logits[foil])

        assert_close(why.scores, by_hand(lm, why, score))


@pytest.mark.parametrize("of", ["logit", "log_probability"])
def test_a_span(of):
    lm = headed_lm("bert", "QuestionAnswering")
    tokens = lm.tokenize((QUESTION, CONTEXT))
    first, last = len(tokens) - 5, len(tokens) - 3
    why = lm.attribute(tokens, "input_x_gradient", target=(first, last), of=of)

    def score(embeds):
        output = run(lm, why, embeds)
        starts, ends = output.start_logits[0], output.end_logits[0]
        if of == "log_probability":
            starts, ends = starts.log_softmax(-1), ends.log_softmax(-1)
        return starts[first] + ends[last]

    assert_close(why.scores, by_hand(lm, why, score))
    ends = {
        place: lm.attribute(
            tokens, "input_x_gradient", target=(first, last), of=of, position=place
        ).scores
        for place in ("start", "end")
    }
    assert_close(ends["start"] + ends["end"], why.scores)


@pytest.mark.parametrize("of", ["probability", "log_probability", "entropy"])
@pytest.mark.parametrize("family", ["gpt2", "bert", "bert-classifier", "t5"])
def test_integrated_gradients_add_up_for_every_number(family, of):
    lm = tiny_lm(family)
    text = f"the king {lm.tokenizer.mask_token} said" if lm.task == "masked" else TEXT
    target = None if of == "entropy" else 2
    why = lm.attribute(
        text, "integrated_gradients", target=target, of=of, tolerance=0.01, max_steps=2000
    )
    assert why.check.relative < 0.01 or abs(why.check.value) < 1e-4 * abs(why.value)
    assert why.unit == of.replace("_", "-")
    assert why.unit in why.check.explanation


@pytest.mark.parametrize("target", [PHRASE, (3, 4)])
def test_integrated_gradients_of_a_phrase_add_up(target):
    why = tiny_lm("gpt2").attribute(
        TEXT, "integrated_gradients", target=target, tolerance=0.01, max_steps=2000
    )
    assert why.check.relative < 0.01


def encoder(lm, why):
    """The logit of candidate 2 as a function of what the encoder of T5 looks up."""
    output = torch.tensor(why.output.ids)[None]

    def function(embeds):
        mask = torch.ones(embeds.shape[:2], dtype=torch.long)
        logits = lm.model(
            inputs_embeds=embeds,
            attention_mask=mask,
            decoder_input_ids=output.expand(len(embeds), -1),
        ).logits
        return logits[:, -1, 2]

    return function


def test_the_encoder_side_is_that_of_captum():
    lm = tiny_lm("t5")
    why = lm.attribute(TEXT, "input_x_gradient", target=2)
    embeds = embedded(lm, why.tokens.ids)
    expected = InputXGradient(encoder(lm, why)).attribute(embeds).sum(-1)[0]
    assert_close(why.scores, expected.detach().numpy())
    asked = {"target": 2, "steps": 20, "baseline": "zero", "keep_special": False}
    path = lm.attribute(TEXT, "integrated_gradients", **asked)
    expected = IntegratedGradients(encoder(lm, why)).attribute(
        embeds, n_steps=20, method="gausslegendre"
    )
    assert_close(path.scores, expected.sum(-1)[0].detach().numpy())


def test_gradient_norms_keep_their_unit():
    lm = tiny_lm("gpt2")
    for of in ("logit", "probability", "entropy"):
        why = lm.attribute(TEXT, "gradient", of=of)
        assert (why.unit, why.of) == ("gradient norm", of)
        assert lm.attribute(TEXT, "input_x_gradient", of=of).unit == of
    of_norms = lm.attribute(TEXT, "smoothgrad", base="gradient", samples=2)
    assert (of_norms.unit, of_norms.signed) == ("gradient norm", False)
    assert lm.attribute(TEXT, "smoothgrad", samples=2, foil=1).unit == "logit difference"
