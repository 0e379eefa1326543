"""Equal to Captum, an independent implementation, within 1e-4 of the largest score."""

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, LayerIntegratedGradients, Saliency
from models import PAD, tiny_lm

FAMILIES = ["gpt2", "llama", "bert", "bert-classifier"]
TARGET, FOIL = 2, 1


def ours(lm, method, **settings):
    mask = lm.tokenizer.mask_token
    text = f"the king {mask} un the cat sat" if lm.task == "masked" else "the king said on"
    return lm.attribute(text, method, target=TARGET, **settings)


def read(lm, tokens, logits, foil):
    """The explained number, read from all logits by hand."""
    if lm.task == "masked":
        logits = logits[:, tokens.ids.tolist().index(lm.tokenizer.mask_token_id)]
    elif lm.task == "causal":
        logits = logits[:, -1]
    return logits[:, TARGET] - (0 if foil is None else logits[:, foil])


def by_embeddings(lm, tokens, foil):
    """The explained number as a function of inputs_embeds, and the embeddings."""
    embeds = lm.model.get_input_embeddings()(torch.tensor(tokens.ids)[None]).detach()

    def function(embeds):
        mask = torch.ones(embeds.shape[:2], dtype=torch.long)
        logits = lm.model(inputs_embeds=embeds, attention_mask=mask).logits
        return read(lm, tokens, logits, foil)

    return function, embeds.requires_grad_()


def assert_close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("foil", [None, FOIL])
@pytest.mark.parametrize("family", FAMILIES)
def test_gradient(family, foil):
    lm = tiny_lm(family)
    why = ours(lm, "gradient", foil=foil)
    function, embeds = by_embeddings(lm, why.tokens, foil)
    expected = Saliency(function).attribute(embeds, abs=False).norm(dim=-1)
    assert_close(why.scores, expected[0].detach().numpy())


@pytest.mark.parametrize("foil", [None, FOIL])
@pytest.mark.parametrize("family", FAMILIES)
def test_input_x_gradient(family, foil):
    lm = tiny_lm(family)
    why = ours(lm, "input_x_gradient", foil=foil)
    function, embeds = by_embeddings(lm, why.tokens, foil)
    expected = InputXGradient(function).attribute(embeds).sum(-1)
    assert_close(why.scores, expected[0].detach().numpy())


@pytest.mark.parametrize("foil", [None, FOIL])
@pytest.mark.parametrize("keep_special", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_integrated_gradients(family, keep_special, foil):
    lm = tiny_lm(family)
    why = ours(
        lm, "integrated_gradients", foil=foil, steps=20, baseline="pad", keep_special=keep_special
    )
    ids = torch.tensor(why.tokens.ids)[None]
    special = torch.tensor([kind == "special" for kind in why.tokens.kinds])[None]
    baseline = torch.full_like(ids, PAD)
    if keep_special:
        baseline = torch.where(special, ids, baseline)

    def function(ids):
        logits = lm.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        return read(lm, why.tokens, logits, foil)

    captum = LayerIntegratedGradients(function, lm.model.get_input_embeddings())
    expected, gap = captum.attribute(
        ids, baseline, n_steps=20, method="gausslegendre", return_convergence_delta=True
    )
    assert_close(why.scores, expected[0].sum(-1).detach().numpy())
    assert why.check.value == pytest.approx(float(gap), abs=1e-4 * abs(why.check.expected) + 1e-5)
    if keep_special:
        assert (why.scores[special[0].numpy()] == 0).all()


def test_integrated_gradients_from_zero():
    from captum.attr import IntegratedGradients

    lm = tiny_lm("gpt2")
    why = ours(lm, "integrated_gradients", steps=20, baseline="zero")
    function, embeds = by_embeddings(lm, why.tokens, None)
    expected = IntegratedGradients(function).attribute(embeds, n_steps=20, method="gausslegendre")
    assert_close(why.scores, expected[0].sum(-1).detach().numpy())


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("family", FAMILIES)
def test_integrated_gradients_of_a_layer(family, layer):
    lm = tiny_lm(family)
    asked = {"baseline": "pad", "keep_special": False, "layer": layer}
    why = ours(lm, "integrated_gradients", steps=20, **asked)
    ids = torch.tensor(why.tokens.ids)[None]

    def function(ids):
        logits = lm.model(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        return read(lm, why.tokens, logits, None)

    base = lm.model.base_model
    blocks = base.encoder.layer if hasattr(base, "encoder") else getattr(base, "h", None)
    blocks = base.layers if blocks is None else blocks
    captum = LayerIntegratedGradients(function, blocks[layer])
    expected, gap = captum.attribute(
        ids,
        torch.full_like(ids, PAD),
        n_steps=20,
        method="gausslegendre",
        return_convergence_delta=True,
    )
    expected = expected[0] if isinstance(expected, tuple) else expected
    assert_close(why.scores, expected[0].sum(-1).detach().numpy())
    assert why.check.value == pytest.approx(float(gap), abs=1e-4 * abs(why.check.expected) + 1e-5)
    adaptive = ours(lm, "integrated_gradients", **asked)
    assert adaptive.check.relative < 0.05 or abs(adaptive.check.value) < 1e-3
