"""Models without attention: why there is none, and what there is instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmwidget.capture.states import is_recurrent
from lmwidget.errors import NoAttentionError
from lmwidget.models.own_module import OwnModule

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel

_SALIENCY = "Saliency works for it: lm.attribute(text) or SaliencyText(lm, text)."


def no_attention(lm: LanguageModel) -> NoAttentionError:
    """Return the error that says what to look at instead.

    Parameters
    ----------
    lm : LanguageModel
        A model in whose pass no attention was seen.

    Returns
    -------
    NoAttentionError
        To be raised.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> print(no_attention(lmw.load("tiny")).remedy)
    Saliency works for it: lm.attribute(text) or SaliencyText(lm, text).
    """
    what = f"{lm.name} ({lm.architecture}) has no attention to show: its forward pass computes"
    if not isinstance(lm.model, OwnModule):
        return NoAttentionError(f"{what} none, as in recurrent models such as Mamba.", _SALIENCY)
    if not lm.model.differentiable:
        remedy = "Its probabilities: lm.predict(text) and lm.logits(rows)."
        return NoAttentionError(f"{what} none.", remedy)
    if is_recurrent(lm.model):
        remedy = f"Its hidden states and gates: lm.states(text). {_SALIENCY}"
        return NoAttentionError(f"{what} none, it is recurrent.", remedy)
    remedy = (
        "If one of its modules does, name it: lmwidget.capture.register(MyAttention, weights=…). "
        f"{_SALIENCY}"
    )
    return NoAttentionError(f"{what} none that can be found.", remedy)
