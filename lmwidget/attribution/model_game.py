"""The game of a language model: tokens are replaced, or left out, and the question is asked again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.budget import DEFAULT_MEMORY
from lmwidget.attribution.evaluator import Evaluator
from lmwidget.attribution.game import Coalitions, Game
from lmwidget.attribution.question import Question
from lmwidget.attribution.rows import Reading, Removal, Row
from lmwidget.attribution.targets import token_id
from lmwidget.errors import InputError, nearest

if TYPE_CHECKING:
    from lmwidget.attribution.answer_values import RowValues

REMOVALS = ("delete", "mask", "pad", "unk")


class ModelGame(Game):
    """What a language model answers when some of the text is missing.

    Parameters
    ----------
    question : Question
        What is asked; it is resolved here by one pass over the text as it is, unless it was before.
    units : ndarray of int32, shape (token,)
        Unit of each token.
    removal : str, optional
        ``"delete"`` leaves tokens out, so that those behind move up (where none is left, the
        model reads the tokenizer's token for the beginning of a text, or else for its end); ``"mask"``, ``"pad"``, ``"unk"`` or any token as text puts
        that in place of each. Default: the mask token of models that have one, else ``"delete"``.
    keep_special : bool, default True
        Special tokens are always there.
    always : ndarray of bool, shape (token,), optional
        More tokens that are always there.
    max_memory : int, optional
        Bytes for one batch.
    answer : RowValues, optional
        What is known of other tokens of the same answer, and told.

    Raises
    ------
    InputError
        When the tokenizer has no such token, nothing can be taken away, or ``keep_special`` is
        neither True nor False.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> from lmwidget.units import unit_of_tokens
    >>> lm = lmw.load("tiny")
    >>> tokens = lm.tokenize("the king said")
    >>> game = ModelGame(Question(lm, tokens), unit_of_tokens(tokens, "word"))
    >>> game.values(np.ones((1, 3), bool)).shape
    (1,)
    """

    def __init__(
        self,
        question: Question,
        units: NDArray[np.int32],
        *,
        removal: str | None = None,
        keep_special: bool = True,
        always: NDArray[np.bool_] | None = None,
        max_memory: int = DEFAULT_MEMORY,
        answer: RowValues | None = None,
    ) -> None:
        self.question, self.lm = question, question.lm
        tokens = question.tokens
        if not isinstance(keep_special, bool | np.bool_):
            raise InputError(f"keep_special is {keep_special!r}.", "Give True or False.")
        keep_special = bool(keep_special)
        if not hasattr(question, "terms"):
            question.resolve(self.lm.run(question.first_inputs()))
        self.unit = question.unit
        fixed = np.zeros(len(tokens), bool)
        fixed[question.anchors()] = True
        if always is not None:
            fixed |= always
        if keep_special:
            fixed |= np.array([kind == "special" for kind in tokens.kinds])
        playing = ~np.bincount(units, weights=fixed).astype(bool)
        super().__init__(tokens, units, playing)
        self.removal, self._filling = self._replacement(removal)
        self.settings = {"removal": self.removal, "keep_special": keep_special}
        first = question.place.position if question.place.kind == "next token" else None
        first = None if question.output_tokens is not None else first
        self.removed = Removal(self.lm, tokens, self._filling, first)
        readings = [Reading(question, *read) for read in question.reads]
        chains = [self.row(np.ones(len(self), bool))]
        if self._filling is not None:
            chains.append(self.row(np.zeros(len(self), bool)))
        self._answer = answer
        self._evaluator = Evaluator(question, readings, chains, max_memory, answer)

    def _replacement(self, removal: str | None) -> tuple[str, int | None]:
        tokenizer: Any = self.lm.tokenizer
        if removal is None:
            removal = "delete" if tokenizer.mask_token_id is None else "mask"
        if not isinstance(removal, str):
            raise InputError(f"removal is {removal!r}.", nearest(removal, REMOVALS))
        if removal == "delete":
            return removal, None
        if removal in REMOVALS:
            token = getattr(tokenizer, f"{removal}_token_id")
            if token is None:
                raise InputError(
                    f"{self.lm.name} has no {removal} token.", "Use removal='delete', or a token."
                )
            return removal, int(token)
        return removal, token_id(self.lm, removal, "removal")

    def _recalled(self, present: NDArray[np.bool_]) -> float | None:
        return None if self._answer is None else self._answer.known(self.row(present))

    def _evaluate(
        self,
        present: Coalitions,
        found: Callable[[NDArray[np.intp], NDArray[np.float64]], bool],
    ) -> None:
        self._evaluator.run([self.row(one) for one in present], found)

    def row(self, present: NDArray[np.bool_]) -> Row:
        """Return what the model reads when some of the players are there.

        Parameters
        ----------
        present : ndarray of bool, shape (player,)
            Which.

        Returns
        -------
        Row
            The text without the others.
        """
        there = np.ones(int(self.units.max()) + 1, bool)
        there[self.players] = present
        return self.removed.row(there[self.units])
