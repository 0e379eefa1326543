"""What texts have in common at their beginning is read once: keys and values are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers.cache_utils import (
    Cache,
    DynamicCache,
    DynamicLayer,
    DynamicSlidingWindowLayer,
)

from lmwidget.models.batches import fills_up
from lmwidget.models.tasks import takes

if TYPE_CHECKING:
    from lmwidget.attribution.rows import Row
    from lmwidget.models.reader import Reader


class _KeptLayer(DynamicLayer):
    """Keys and values of beginnings, put in front of those of rows that go on; none is added."""

    def __init__(self, keys: Tensor, values: Tensor, which: Tensor) -> None:
        super().__init__()
        self.lazy_initialization(keys, values)
        self.keys, self.values, self.which = keys, values, which.to(keys.device)

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        del args, kwargs
        return (
            torch.cat([self.keys[self.which], key_states], dim=-2),
            torch.cat([self.values[self.which], value_states], dim=-2),
        )


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

    Examples
    --------
    >>> import lmwidget as lmw, numpy as np
    >>> from lmwidget.attribution.rows import Removal
    >>> lm = lmw.load("tiny")
    >>> row = Removal(lm, lm.tokenize("The king said"), None).row(np.ones(3, bool))
    >>> inputs = lm.arguments(torch.tensor([[5], [6]]), mask=torch.ones(2, 3))
    >>> lm.run(Prefixes(lm, [row], 2).inputs(inputs, 2, [0, 0])).logits.shape[:2]
    torch.Size([2, 1])
    """

    def __init__(self, lm: Reader, rows: Sequence[Row], length: int) -> None:
        # Without its configuration a cache keeps all, also of layers with a sliding window.
        cache = DynamicCache()
        inputs = lm.arguments(
            torch.tensor([row.ids[:length] for row in rows]),
            segments=torch.tensor([row.segments[:length] for row in rows]),
        )
        for name in ("logits_to_keep", "num_logits_to_keep"):
            if takes(lm.model, name):
                inputs[name] = 1
                break
        lm.run({**inputs, "past_key_values": cache, "use_cache": True})
        self._layers = [(layer.keys, layer.values) for layer in cache.layers]

    def inputs(self, inputs: dict[str, Any], start: int, which: Sequence[int]) -> dict[str, Any]:
        """Return the arguments of a pass over rows that go on from here.

        Parameters
        ----------
        inputs : dict
            Arguments for what stands behind; its mask covers the beginning, too, if there is one.
        start : int
            Tokens of the beginning that stand in front of each.
        which : sequence of int
            The beginning of each.

        Returns
        -------
        dict
            Keyword arguments of the model.
        """
        chosen = torch.tensor(list(which))
        layers = [
            _KeptLayer(keys[..., :start, :], values[..., :start, :], chosen)
            for keys, values in self._layers
        ]
        return {**inputs, "past_key_values": Cache(layers=layers), "use_cache": True}


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


def common_lengths(chain: Row, rows: Sequence[Row]) -> NDArray[np.intp]:
    """Return how many tokens rows have in common with another at their beginning.

    Parameters
    ----------
    chain : Row
        The other.
    rows : sequence of Row
        Rows.

    Returns
    -------
    ndarray of int, shape (row,)
        Tokens.

    Examples
    --------
    >>> from lmwidget.attribution.rows import Row
    >>> row = Row((5, 6, 7), (0, 0, 0), np.arange(4))
    >>> common_lengths(row, [Row((5, 6, 8), (0, 0, 0), np.arange(4))])
    array([2])
    """
    whole = _numbers(chain)
    found = np.zeros(len(rows), np.intp)
    for i, row in enumerate(rows):
        count = min(len(whole), len(row.ids))
        differs = np.flatnonzero(_numbers(row)[:count] != whole[:count])
        found[i] = differs[0] if len(differs) else count
    return found


def _numbers(row: Row) -> NDArray[np.int64]:
    return np.asarray(row.ids, np.int64) + (np.asarray(row.segments, np.int64) << 40)
