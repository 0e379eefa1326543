"""Contributions of heads: against finite differences when the output of a head is scaled."""

import numpy as np
import own_modules
import pytest
import torch
from models import fresh_model, tiny_lm, tiny_tokenizer

from lmwidget.errors import UnknownNameError
from lmwidget.inspection.attention.contributions import head_contributions
from lmwidget.inspection.attention.gradients import attention_x_gradient
from lmwidget.models.language_model import LanguageModel

TEXT = "the king said, there he sat"
# Where heads stand side by side in front of a linear layer, by kind and layer.
PROJECTIONS = {
    "gpt2": {"self": lambda m: [h.attn.c_proj for h in m.transformer.h]},
    "llama": {"self": lambda m: [x.self_attn.o_proj for x in m.model.layers]},
    "gemma2": {"self": lambda m: [x.self_attn.o_proj for x in m.model.layers]},
    "gptj": {"self": lambda m: [h.attn.out_proj for h in m.transformer.h]},
    "bert-classifier": {"self": lambda m: [x.attention.output.dense for x in m.bert.encoder.layer]},
    "bart": {
        "encoder": lambda m: [x.self_attn.out_proj for x in m.model.encoder.layers],
        "decoder": lambda m: [x.self_attn.out_proj for x in m.model.decoder.layers],
        "cross": lambda m: [x.encoder_attn.out_proj for x in m.model.decoder.layers],
    },
    "t5": {
        "encoder": lambda m: [b.layer[0].SelfAttention.o for b in m.encoder.block],
        "decoder": lambda m: [b.layer[0].SelfAttention.o for b in m.decoder.block],
        "cross": lambda m: [b.layer[1].EncDecAttention.o for b in m.decoder.block],
    },
}
STEP = 2e-2
ROUNDED = {"llama", "gemma2", "gptj", "t5"}  # norms or softmax in single precision, even in double


def scaled(lm, module, head, heads, factor, read):
    def scale(_, args):
        x = args[0].clone()
        size = x.shape[-1] // heads
        x[..., head * size : (head + 1) * size] *= factor
        return (x, *args[1:])

    hook = module.register_forward_pre_hook(scale)
    try:
        return read(lm)
    finally:
        hook.remove()


@pytest.mark.parametrize("family", PROJECTIONS)
def test_is_the_derivative_when_a_head_is_scaled(family):
    """Central differences of fourth order: exact to about STEP⁴, and rounding divided by STEP."""
    model = fresh_model(family, None, torch.float64)
    for module in model.modules():
        if type(module).__name__ == "T5DenseActDense":
            module.act = torch.nn.GELU()  # no kinks
    lm = LanguageModel(model, tiny_tokenizer(family))
    written = "the king" if lm.task == "seq2seq" else None
    found = head_contributions(lm, TEXT, target=1, foil=2, output=written)
    tokens = lm.tokenize(TEXT)

    def read(lm):
        given = lm.inputs(tokens, lm.tokenize_output(written) if written else None)
        with torch.no_grad():
            logits = lm.model(**given).logits[0]
        logits = logits if logits.dim() == 1 else logits[-1]
        return float(logits[1] - logits[2])

    assert found.value == pytest.approx(read(lm), abs=1e-6)
    assert found.kinds == tuple(PROJECTIONS[family])
    tolerance = 2e-4 if family in ROUNDED else 1e-5
    for kind, projections in PROJECTIONS[family].items():
        part = found.select(kind)
        scores = part.scores
        largest = float(np.abs(scores).max())
        for layer, module in enumerate(projections(lm.model)):
            for head in range(4):
                shifted = {
                    k: scaled(lm, module, head, 4, 1 + k * STEP, read) for k in (-2, -1, 1, 2)
                }
                expected = 8 * (shifted[1] - shifted[-1]) - (shifted[2] - shifted[-2])
                expected /= 12 * STEP
                assert scores[layer, head] == pytest.approx(expected, abs=tolerance * largest)


@pytest.mark.parametrize("family", ["gpt2", "bloom"])
def test_is_the_sum_of_weights_times_gradients(family):
    lm = tiny_lm(family)
    found = head_contributions(lm, TEXT, target=3)
    edges = attention_x_gradient(lm, TEXT, target=3)
    for layer in range(2):
        assert np.allclose(found.positions[layer], edges[layer].sum(-1), rtol=1e-4, atol=1e-5)


def test_torch_multi_head_attention():
    lm = LanguageModel(own_modules.seeded(own_modules.Torch), own_modules.VOCABULARY, task="causal")
    found = head_contributions(lm, "the cat", target=4)
    edges = attention_x_gradient(lm, "the cat", target=4)
    assert np.allclose(found.scores, [layer.sum((1, 2)) for layer in edges], atol=1e-6)


def test_the_last_layer_counts_only_where_the_target_is_read():
    found = head_contributions(tiny_lm("llama"), TEXT, target=3)
    assert found.place == len(found.tokens) - 1
    assert (found.positions[-1, :, :-1] == 0).all()
    assert (found.positions[0, :, :-1] != 0).any()


def test_table_and_errors():
    found = head_contributions(tiny_lm("t5"), TEXT, target=3)
    table = found.select("cross").to_dataframe()
    assert list(table.columns) == ["kind", "layer", "head", "contribution"]
    assert len(table) == 12
    assert "to first order" in found.note
    with pytest.raises(UnknownNameError):
        found.select("self")


@pytest.mark.real_model
def test_on_the_default_model(smollm2):
    found = head_contributions(smollm2, "The capital of France is", target=" Paris", foil=" Rome")
    assert found.scores.shape == (30, 9)
    assert found.unit == "logit difference"
    assert np.isfinite(found.scores).all()
