"""What is made of a target's logits: a logit, a probability, an entropy, a function of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from lmwidget.errors import InputError, UnknownNameError, nearest
from lmwidget.models.predictions import log_probabilities

if TYPE_CHECKING:
    from lmwidget.models.reader import Reader

OF = ("logit", "log_probability", "probability", "entropy")
"What a target's logits are made into."

_UNITS = {
    "logit": "logit",
    "log_probability": "log-probability",
    "probability": "probability",
    "entropy": "entropy",
    "own function": "own function",
}


@dataclass(frozen=True)
class Number:
    """One number of a model's logits.

    Attributes
    ----------
    lm : Reader
        Whose logits they are.
    asked : str or callable
        One of ``OF``, or a function of logits.

    Raises
    ------
    InputError
        When it is neither a name nor a function.
    UnknownNameError
        When there is no such name.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> number = Number(lmw.load("tiny"), "probability")
    >>> number.value(torch.zeros(1, 1, 4), (2,))
    tensor([0.2500])
    """

    lm: Reader
    asked: str | Callable[[Tensor], Tensor] = "logit"

    def __post_init__(self) -> None:
        if isinstance(self.asked, str) and self.asked not in OF:
            raise UnknownNameError(f"There is no of={self.asked!r}.", nearest(self.asked, OF))
        if not isinstance(self.asked, str) and not callable(self.asked):
            kind = type(self.asked).__name__
            raise InputError(f"of is a {kind}.", f"Give {', '.join(OF)}, or a function of logits.")

    @property
    def of(self) -> str:
        """One of ``OF``, or ``"own function"``."""
        return self.asked if isinstance(self.asked, str) else "own function"

    @property
    def label(self) -> str:
        """Its name: that of the function, of one's own."""
        return getattr(self.asked, "__name__", self.of)

    @property
    def unit(self) -> str:
        """Its unit."""
        return _UNITS[self.of]

    @property
    def of_all(self) -> bool:
        """Whether it is made of all candidates, so that there is no target."""
        return self.of in {"entropy", "own function"}

    def check(self, logits: Tensor) -> None:
        """Raise when it needs probabilities, and the logits are none.

        Parameters
        ----------
        logits : Tensor, shape (..., candidate)
            Of the text as it is.

        Raises
        ------
        InputError
            When the model's numbers are no probabilities.
        """
        if self.of in {"log_probability", "probability", "entropy"}:
            chances = log_probabilities(self.lm, logits)
            if bool(chances.isnan().all()) and not bool(logits.isnan().any()):
                raise InputError(
                    f"The numbers of {self.lm.name} are no probabilities.", "Leave of= out."
                )

    def value(self, logits: Tensor, candidates: Sequence[int] | None) -> Tensor:
        """Return the number of each text.

        Parameters
        ----------
        logits : Tensor, shape (text, position, candidate)
            Where the target is read.
        candidates : sequence of int, or None
            One at each position; None when all of them count.

        Returns
        -------
        Tensor of float32, shape (text,)
            In the graph of the logits.

        Raises
        ------
        InputError
            When a function of one's own returns something else.
        """
        if not isinstance(self.asked, str):
            return self._own(logits)
        if self.of == "entropy":
            return self._entropy(logits.float()).mean(-1)
        assert candidates is not None
        places = torch.arange(len(candidates), device=logits.device)
        chosen = torch.tensor(candidates, device=logits.device)
        if self.of == "logit":
            return logits[:, places, chosen].float().sum(-1)
        total = log_probabilities(self.lm, logits.float())[:, places, chosen].sum(-1)
        return total if self.of == "log_probability" else total.exp()

    def _own(self, logits: Tensor) -> Tensor:
        assert not isinstance(self.asked, str)
        found = self.asked((logits[:, 0] if logits.shape[1] == 1 else logits).float())
        if not isinstance(found, Tensor) or found.shape != logits.shape[:1]:
            shape = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise InputError(
                f"The function of logits returned {shape} for {len(logits)} texts.",
                "Return a tensor of shape (text,).",
            )
        return found.float()

    def _entropy(self, logits: Tensor) -> Tensor:
        logs = log_probabilities(self.lm, logits)
        own = -(logs.exp() * logs).nan_to_num(0.0)
        if self.lm.multi_label:  # each label is a coin of its own
            others = log_probabilities(self.lm, -logits)
            own = own - (others.exp() * others).nan_to_num(0.0)
        return own.sum(-1)
