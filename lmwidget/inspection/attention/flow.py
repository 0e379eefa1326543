"""Attention flow: how much of an input can reach an output, as a maximum flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.attribution.method import Watch
from lmwidget.capture.indexing import choose, whole
from lmwidget.inspection.attention.network import Network, check_scipy
from lmwidget.inspection.attention.reading import ReadableAttention, check_room_for
from lmwidget.inspection.attention.rollout import PAPER, rollout
from lmwidget.mixing import ContextMixing

Scores = NDArray[np.float32]
Progress = Callable[[int, int, float], None]


@dataclass(frozen=True, eq=False, repr=False)
class FlowMixing(ContextMixing):
    """Maximum flows through the layers; :attr:`steps` are the capacities of the edges.

    Every number is computed when it is asked for: one maximum flow for each pair of an output and
    an input. Rows are kept once computed.

    Attributes
    ----------
    progress : callable, optional
        Called with flows done, flows in all, and seconds left.

    Examples
    --------
    >>> import lmwidget as lmw
    >>> flow(lmw.load("tiny").attention("the king said")).row(2).shape
    (4,)
    """

    progress: Progress | None = None
    _rows: dict[tuple[int, int], Scores] = field(default_factory=dict, init=False, repr=False)

    def row(self, token: int, layer: int = -1) -> Scores:
        """Return how much can flow from each input to one output.

        Parameters
        ----------
        token : int
            Position after the layer.
        layer : int, default -1
            Layer, from 0; default: the last.

        Returns
        -------
        ndarray of float32, shape (key,)
            Maximum flow between the output and each input, 0 to 1; exact to 1e-6. The flows are
            computed one by one and share edges, so they may sum to more than 1; the authors' code
            divides a row by its sum.

        Raises
        ------
        UnavailableError
            When memory is too small.
        UnknownNameError
            When there is no such token or layer.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> mixing = flow(lmw.load("tiny").attention("the king said"))
        >>> bool((mixing.row(3, 0) == mixing.steps[0, 3]).all())  # one layer: the edges themselves
        True
        """
        place, last = self._place(token, layer)
        if (place, last) not in self._rows:
            self._row(place, last, Watch(self.progress), 0, len(self.tokens))
        return self._rows[place, last].copy()

    def matrix(self, layer: int = -1) -> Scores:
        """Return :meth:`row` of every token: tokens² maximum flows.

        Parameters
        ----------
        layer : int, default -1
            Layer, from 0; default: the last.

        Returns
        -------
        ndarray of float32, shape (query, key)
            Maximum flows.

        Raises
        ------
        UnavailableError
            When memory is too small.
        UnknownNameError
            When there is no such layer.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> flow(lmw.load("tiny").attention("the king said")).matrix().shape
        (4, 4)
        """
        _, last = self._place(0, layer)
        count, watch = len(self.tokens), Watch(self.progress)
        for place in range(count):
            if (place, last) not in self._rows:
                self._row(place, last, watch, place * count, count * count)
        return np.stack([self._rows[place, last] for place in range(count)])

    def trace(self, token: int, layer: int = -1, *, key: int | None = None) -> Scores:
        """Return a flow on every edge.

        Parameters
        ----------
        token : int
            Position after the layer.
        layer : int, default -1
            Layer, from 0; default: the last.
        key : int, optional
            The input that the flow goes to. Default: the flows to each of the inputs, added up;
            since each has the edges for itself, a sum may be larger than a capacity.

        Returns
        -------
        ndarray of float32, shape (layer + 1, query, key)
            How much passes along each edge; summed over queries, the first layer gives
            :meth:`row`. Among several maximum flows it is the one that the solver finds.

        Raises
        ------
        UnavailableError
            When memory is too small.
        UnknownNameError
            When there is no such token or layer.

        Examples
        --------
        >>> import lmwidget as lmw
        >>> mixing = flow(lmw.load("tiny").attention("the king said"))
        >>> float(mixing.trace(3, key=0).sum(axis=(1, 2)).round(4).std()) < 1e-4  # nothing is lost
        True
        """
        place, last = self._place(token, layer)
        network = self._network(place, last)
        asked = slice(None) if key is None else [whole(key, "key token")]
        keys, _ = choose(asked, len(self.tokens), "key token")
        found = np.zeros((last + 1, *self.steps.shape[1:]))
        watch = Watch(self.progress)
        for done, sink in enumerate(keys):
            _, edges = network.flow(sink)
            found[network.layer, network.query, network.key] += edges
            watch.report(done + 1, len(keys))
        return found.astype(np.float32)

    def _row(self, place: int, last: int, watch: Watch, done: int, total: int) -> None:
        network, row = self._network(place, last), np.zeros(len(self.tokens), np.float32)
        for sink in range(len(self.tokens)):
            row[sink] = network.flow(sink)[0]
            watch.report(done + sink + 1, total)
        self._rows[place, last] = row

    def _network(self, place: int, last: int) -> Network:
        edges = int(np.count_nonzero(self.steps[: last + 1]))
        remedy = "Ask for a lower layer, use rollout(), or shorten the text."
        check_room_for(edges * Network.BYTES, f"Flow over {edges:,} edges", remedy)
        return Network(self.steps[: last + 1], place)


def flow(
    attention: ReadableAttention,
    *,
    heads: Any = "mean",
    residual: float = 0.5,
    progress: Progress | None = None,
) -> FlowMixing:
    """Return how much can flow from every input to every output, as maximum flows.

    The layers are a network: from each position after a layer an edge goes to each position before
    it, and its capacity is the step of :func:`~lmwidget.inspection.rollout`. What an output gets
    from an input is the maximum flow between the two.

    Parameters
    ----------
    attention : Attention or DerivedAttention
        Self-attention.
    heads : "mean", sequence of int, or array of float, default "mean"
        As for :func:`~lmwidget.inspection.rollout`.
    residual : float, default 0.5
        Share of the residual stream, 0 to 1; the authors' is 0.5.
    progress : callable, optional
        Called with flows done, flows in all, and seconds left.

    Returns
    -------
    FlowMixing
        Method ``"flow"``. Nothing is solved before it is asked for. A row takes one maximum flow
        an input: of 30 layers on one core 0.1 s at 32 tokens, 3 s at 128, half a minute at 256,
        6 minutes at 512; the whole matrix takes as many rows as there are tokens.

    Raises
    ------
    InputError
        As for :func:`~lmwidget.inspection.rollout`.
    MissingDependencyError
        When scipy is not installed.
    UnavailableError
        When a layer cannot be read, or memory is too small.

    References
    ----------
    Abnar and Zuidema (2020), Quantifying Attention Flow in Transformers,
    https://aclanthology.org/2020.acl-main.385

    Examples
    --------
    >>> import lmwidget as lmw
    >>> mixing = flow(lmw.load("tiny").attention("the king said"))
    >>> float(mixing.row(2)[3]), bool((mixing.row(2)[:3] > 0).all())
    (0.0, True)
    """
    check_scipy()
    steps = rollout(attention, heads=heads, residual=residual)
    kept = {item.name: getattr(steps, item.name) for item in fields(ContextMixing)}
    mixing = FlowMixing(**kept, progress=progress)
    return replace(mixing, method="flow", label=f"Maximum flow ({PAPER})", unit="flow")
