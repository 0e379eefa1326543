"""The output head at some places only: a vocabulary of logits at each is often half of the memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn


class OutputRows:
    """Lets a model's output head see some places only.

    Parameters
    ----------
    model : torch.nn.Module
        Any model; of those whose output head is no linear layer, all places are computed.
    """

    def __init__(self, model: nn.Module) -> None:
        getter: Any = getattr(model, "get_output_embeddings", None)
        head = getter() if getter is not None else None
        self._head = head if isinstance(head, nn.Linear) else None

    def only(self, places: list[int], run: Callable[[], Any]) -> Any:
        """Return a model's output with logits of some places.

        Parameters
        ----------
        places : list of int
            From the beginning.
        run : callable
            Runs the model.

        Returns
        -------
        transformers.utils.ModelOutput or None
            ``logits`` of shape (batch, place, candidate); None when this model cannot be asked.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> lm = lmw.load("tiny")
        >>> inputs = lm.inputs(lm.tokenize("the king said"))
        >>> OutputRows(lm.model).only([1], lambda: lm.model(**inputs)).logits.shape
        torch.Size([1, 1, 1792])
        """
        if self._head is None:
            return None
        asked = 0

        def chosen(module: nn.Module, args: tuple[Any, ...]) -> Any:
            nonlocal asked
            del module
            asked += 1
            hidden = args[0] if len(args) == 1 else None
            if isinstance(hidden, Tensor) and hidden.dim() == 3 and hidden.shape[1] > max(places):
                return (hidden[:, places],)
            return None

        hook = self._head.register_forward_pre_hook(chosen)
        try:
            output = run()
        finally:
            hook.remove()
        logits = getattr(output, "logits", None)
        if asked == 1 and isinstance(logits, Tensor) and logits.shape[1] == len(places):
            return output
        self._head = None
        return None
