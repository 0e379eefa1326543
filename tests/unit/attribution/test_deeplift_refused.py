"""Why DeepLIFT is refused: what Captum computes for a transformer does not add up."""

import pytest
import torch
from captum.attr import DeepLift
from models import PAD, fresh_model, tiny_lm
from torch import nn

from lmwidget.errors import UnavailableError

TEXT = "the king said"


class FromEmbeddings(nn.Module):
    """A tiny transformer as Captum takes it: embeddings in, logits of the last token out."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, embeds):
        mask = torch.ones(embeds.shape[:2], dtype=torch.long)
        logits = self.model(inputs_embeds=embeds, attention_mask=mask).logits
        return logits[:, -1] if logits.dim() == 3 else logits


def test_it_is_refused_with_the_reason_and_what_to_use():
    with pytest.raises(UnavailableError, match=r"no rule for .* attention .*'lrp'"):
        tiny_lm("gpt2").attribute(TEXT, "deeplift")


@pytest.mark.filterwarnings("ignore:Setting (forward|backward):UserWarning")
@pytest.mark.parametrize("family", ["gpt2", "llama", "bert-classifier"])
def test_captum_does_not_add_up_where_integrated_gradients_do(family):
    """DeepLIFT promises that contributions sum to the change of the output (Shrikumar 2017)."""
    lm = tiny_lm(family)
    asked = {"target": 2, "baseline": "pad", "keep_special": False}
    exact = lm.attribute(TEXT, "integrated_gradients", tolerance=0.01, **asked)
    embed = lm.model.get_input_embeddings()
    ids = torch.tensor(exact.tokens.ids)[None]
    own, start = embed(ids).detach(), embed(torch.full_like(ids, PAD)).detach()
    scores = DeepLift(FromEmbeddings(fresh_model(family))).attribute(
        own.requires_grad_(), start.requires_grad_(), target=2
    )
    change = exact.check.expected
    missed = abs(float(scores.detach().sum()) - change)
    assert missed > 0.1 * abs(change)
    assert missed > 5 * abs(exact.check.value)
