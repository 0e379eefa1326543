"""What texts have in common at their beginning is read once: keys and values are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from transformers.cache_utils import (
    Cache,
    DynamicCache,
    DynamicLayer,
    DynamicSlidingWindowLayer,
)

from lmwidget.attribution.last_layer import LastLayer
from lmwidget.models.batches import fills_up
from lmwidget.models.tasks import takes

if TYPE_CHECKING:
    from lmwidget.attribution.rows import Row
    from lmwidget.models.reader import Reader


class _KeptLayer(DynamicLayer):
    """Keys and values of beginnings, put in front of those of rows that go on; none is added."""

    def __init__(self, keys: Tensor, values: Tensor, which: Tensor, *, keep: bool) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.keys, self.values, self.which = keys, values, which.to(keys.device)
        self.keep, self.longer = keep, (keys, values)

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        del args, kwargs
        longer = (
            _joined(self.keys, self.which, key_states),
            _joined(self.values, self.which, value_states),
        )
        if self.keep:  # of all layers at once, which takes room
            self.longer = longer
        return longer


def _joined(kept: Tensor, which: Tensor, states: Tensor) -> Tensor:
    """Put some of what was kept in front of states, copied but once."""
    start = kept.shape[-2]
    shape = (*states.shape[:-2], start + states.shape[-2], states.shape[-1])
    found = states.new_empty(shape)
    torch.index_select(kept, 0, which, out=found[..., :start, :])
    found[..., start:, :] = states
    return found


class After(NamedTuple):
    """What rows go on from.

    Attributes
    ----------
    prefixes : Prefixes
        Beginnings that were read.
    start : int
        Tokens of them in front of each row.
    which : list of int
        The beginning of each row.
    """

    prefixes: Prefixes
    start: int
    which: list[int]


class Prefixes:
    """The beginnings of some texts, as long as one another, read once.

    Parameters
    ----------
    lm : Reader
        A model that :func:`can_share`.
    rows : sequence of Row
        The texts.
    length : int
        Tokens of each that are read.
    last : LastLayer
        Of the model.
    after : After, optional
        What they go on from themselves.

    Examples
    --------
    >>> import lmwidget as lmw, numpy as np
    >>> from lmwidget.attribution.rows import Removal
    >>> lm = lmw.load("tiny")
    >>> row = Removal(lm, lm.tokenize("The king said"), None).row(np.ones(3, bool))
    >>> inputs = lm.arguments(torch.tensor([[5], [6]]), mask=torch.ones(2, 3))
    >>> prefixes = Prefixes(lm, [row], 2, LastLayer(lm.model))
    >>> lm.run(prefixes.inputs(inputs, 2, [0, 0])).logits.shape[:2]
    torch.Size([2, 1])
    """

    def __init__(
        self,
        lm: Reader,
        rows: Sequence[Row],
        length: int,
        last: LastLayer,
        after: After | None = None,
    ) -> None:
        self._lm, self._last = lm, last
        start = 0 if after is None else after.start
        inputs = lm.arguments(
            torch.tensor([row.ids[start:length] for row in rows]),
            segments=torch.tensor([row.segments[start:length] for row in rows]),
            mask=None if after is None else torch.ones(len(rows), length, dtype=torch.long),
        )
        for name in ("logits_to_keep", "num_logits_to_keep"):
            if takes(lm.model, name):
                inputs[name] = 1
                break
        self._layers: list[tuple[Tensor, Tensor]]
        if after is None:
            # Without its configuration a cache keeps all, also of layers with a sliding window.
            cache = DynamicCache()
            self.run({**inputs, "past_key_values": cache, "use_cache": True}, 1)
            self._layers = [(layer.keys, layer.values) for layer in cache.layers]
        else:
            inputs = after.prefixes.inputs(inputs, start, after.which, keep=True)
            self.run(inputs, 1)
            self._layers = [layer.longer for layer in inputs["past_key_values"].layers]

    def inputs(
        self, inputs: dict[str, Any], start: int, which: Sequence[int], *, keep: bool = False
    ) -> dict[str, Any]:
        """Return the arguments of a pass over rows that go on from here.

        Parameters
        ----------
        inputs : dict
            Arguments for what stands behind; its mask covers the beginning, too, if there is one.
        start : int
            Tokens of the beginning that stand in front of each.
        which : sequence of int
            The beginning of each.
        keep : bool, default False
            Whether what is read is a beginning again.

        Returns
        -------
        dict
            Keyword arguments of the model.
        """
        chosen = torch.tensor(list(which))
        layers = [
            _KeptLayer(keys[..., :start, :], values[..., :start, :], chosen, keep=keep)
            for keys, values in self._layers
        ]
        return {**inputs, "past_key_values": Cache(layers=layers), "use_cache": True}

    def run(self, inputs: dict[str, Any], count: int) -> Any:
        """Return what a pass over rows that go on from here gives.

        Parameters
        ----------
        inputs : dict
            From :meth:`inputs`.
        count : int
            Last places that are read; others may be wrong.

        Returns
        -------
        transformers.utils.ModelOutput
            What comes out.
        """
        rows, places = inputs["input_ids"].shape
        return self._last.only(count, (rows, places), lambda: self._lm.run(inputs))


def can_share(lm: Reader) -> bool:
    """Return whether a model may be able to go on from a beginning that it has read before.

    Parameters
    ----------
    lm : Reader
        The model.

    Returns
    -------
    bool
        True of causal transformers whose only memory is keys and values. Whether the same comes
        out has to be tried.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> can_share(lmw.load("tiny"))
    True
    """
    if lm.task != "causal" or not fills_up(lm) or not takes(lm.model, "past_key_values"):
        return False
    kinds = {type(layer) for layer in DynamicCache(config=lm.model.config).layers}
    return kinds <= {DynamicLayer, DynamicSlidingWindowLayer}
