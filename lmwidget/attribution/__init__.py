"""Attribution: which tokens a prediction came from. One module a method, found by name here."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lmwidget.attribution import gradient, input_x_gradient, integrated_gradients
from lmwidget.attribution.method import Method, Watch
from lmwidget.attribution.target_function import TargetFunction
from lmwidget.errors import UnknownNameError, nearest, refuse_unknown
from lmwidget.results import Attribution

if TYPE_CHECKING:
    from lmwidget.models.language_model import LanguageModel
    from lmwidget.tokens import Tokens

__all__ = ["METHODS", "Method", "attribute"]

METHODS: dict[str, Method] = {
    module.METHOD.name: module.METHOD
    for module in (
        input_x_gradient,
        gradient,
        integrated_gradients,
    )
}


def attribute(
    lm: LanguageModel,
    tokens: Tokens,
    method: str = "input_x_gradient",
    target: Any = None,
    foil: Any = None,
    *,
    output_tokens: Tokens | None = None,
    progress: Callable[[int, int, float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    **settings: Any,
) -> Attribution:
    """Return how much each token contributed to one prediction of a model.

    What is differentiated is the raw logit of the target, or the difference of the logits of
    target and foil.

    Parameters
    ----------
    lm : LanguageModel
        The model, left as it is found.
    tokens : Tokens
        What it reads (of an encoder-decoder: what its encoder reads).
    method : str, default "input_x_gradient"
        Key of ``METHODS``.
    target : str, int, Prediction, optional
        Token, class or index; default: the model's strongest prediction.
    foil : str, int, Prediction, optional
        What the target is contrasted with: why the target rather than this.
    output_tokens : Tokens, optional
        What an encoder-decoder has written; default: its start token.
    progress : callable, optional
        Called with ``(done, total, seconds_left)`` after every batch; ``total`` is an upper bound,
        the time left NaN before the first batch.
    cancelled : callable, optional
        Asked before every batch; True stops, with a partial result if there is any.
    **settings
        Settings of the method.

    Returns
    -------
    Attribution
        Scores in the unit that it names. ``settings`` can be passed again to repeat it.

    Raises
    ------
    CancelledError
        When stopped before there was anything to return.
    InputError
        When target, foil or a setting cannot be used, or a masked model is given no mask.
    ModelMismatchError
        When the model predicts nothing, or was made under ``torch.inference_mode()``.
    UnavailableError
        When no gradient reaches the embeddings.
    UnknownNameError
        For an unknown method, setting, class or index.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> lm = lmw.load("tiny")
    >>> tokens = lm.tokenize("the king said")
    >>> len(attribute(lm, tokens).scores) == len(tokens)
    True
    """
    chosen = METHODS.get(method)
    if chosen is None:
        raise UnknownNameError(f"There is no method {method!r}.", nearest(method, METHODS))
    refuse_unknown(settings, chosen.settings, f"The method {method!r}")
    start = time.perf_counter()
    tokens = lm.tokenize(tokens)
    with TargetFunction(lm, tokens, output_tokens, target, foil) as f:
        found = chosen.function(f, Watch(progress, cancelled), **settings)
    if f.place.note:
        warnings.warn(f.place.note, stacklevel=3)
    return Attribution(
        tokens=tokens,
        scores=found.scores,
        method=method,
        signed=chosen.signed,
        target=f.target,
        foil=f.foil,
        readout=f.place.kind,
        unit=f.unit if chosen.signed else "gradient norm",
        predictions=f.predictions,
        check=found.check,
        settings=found.settings,
        model=lm.name,
        cost={"seconds": time.perf_counter() - start, "passes": f.passes},
        partial=found.partial,
    )
