"""Maximum flows through a layered network with fractions as capacities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmwidget.errors import MissingDependencyError

TOLERANCE = 1e-7
SCALE = 1 << 30  # a whole flow in integers of 32 bits; twice as much still fits


def check_scipy() -> None:
    """Refuse to go on without the solver.

    Raises
    ------
    MissingDependencyError
        When scipy is not installed.

    Examples
    --------
    >>> check_scipy()
    """
    try:
        import scipy.sparse.csgraph  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "Maximum flows need scipy.", "Run: pip install 'lmwidget[flow]'"
        ) from error


class Network:
    """What flows down from one output.

    The solver counts in integers of 32 bits. Capacities are rounded down, so what it finds is a
    flow; the cut that it leaves is measured with the true capacities, so no flow is larger than
    that. The two differ by less than one integer step for each edge of the cut. Where that is more
    than ``TOLERANCE``, what is left is solved again, with a step smaller by ``edges / SCALE``.

    Parameters
    ----------
    steps : ndarray of float32, shape (layer, query, key)
        Capacities from positions after a layer to positions before it.
    source : int
        Position after the last layer.

    Attributes
    ----------
    layer, query, key : ndarray of int, shape (edge,)
        Where the edges are that can be reached from the source.

    Examples
    --------
    >>> Network(np.full((2, 2, 2), 0.5, np.float32), 0).flow(1)[0]
    1.0
    """

    BYTES = 200  # of an edge, at the solver's peak

    def __init__(self, steps: NDArray[np.float32], source: int) -> None:
        self._layers, self._count, _ = steps.shape
        reached = np.zeros((self._layers + 1, self._count), bool)
        reached[-1, source] = True
        parts: list[tuple[Any, ...]] = []
        for layer in range(self._layers - 1, -1, -1):
            open_edges = (steps[layer] > 0) & reached[layer + 1][:, None]
            reached[layer] = open_edges.any(0)
            query, key = np.nonzero(open_edges)
            parts.append((np.full(len(query), layer), query, key, steps[layer, query, key]))
        self.layer, self.query, self.key, capacity = map(np.concatenate, zip(*parts, strict=True))
        self._capacity = capacity.astype(np.float64)
        self._source = self._node(self._layers, source)
        self._from = self._node(self.layer + 1, self.query)
        self._to = self._node(self.layer, self.key)
        self._reached = reached[0]

    def flow(self, sink: int) -> tuple[float, NDArray[np.float64]]:
        """Return the maximum flow to one input.

        Parameters
        ----------
        sink : int
            Position before the first layer.

        Returns
        -------
        value : float
            Exact to ``TOLERANCE``.
        edges : ndarray of float64, shape (edge,)
            One maximum flow on the edges.

        Examples
        --------
        >>> Network(np.full((1, 2, 2), 0.5, np.float32), 0).flow(1)
        (0.5, array([0. , 0.5]))
        """
        edges = np.zeros(len(self._capacity))
        if not self._reached[sink]:
            return 0.0, edges
        useful = self._useful(sink)
        start, end, capacity = self._from[useful], self._to[useful], self._capacity[useful]
        here, value, gap = np.zeros(len(start)), 0.0, 1.0
        least = gap
        while gap > TOLERANCE:
            here, reached = self._solve(start, end, capacity, here, gap, sink)
            value = float(here[start == self._source].sum())
            least = float(capacity[reached[start] & ~reached[end]].sum())
            gap = least - value
        edges[useful] = here
        return least, edges

    def _solve(
        self,
        start: NDArray[Any],
        end: NDArray[Any],
        capacity: NDArray[np.float64],
        flow: NDArray[np.float64],
        most: float,
        sink: int,
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return a larger flow, and the nodes that are still reached when it flows.

        No edge has to carry more than ``most``, which is all that can still be added.
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import breadth_first_order, maximum_flow

        nodes = (self._layers + 1) * self._count
        unit = most / SCALE
        room = np.floor(np.minimum(capacity - flow, most) / unit).astype(np.int32)
        back = np.floor(np.minimum(flow, most) / unit).astype(np.int32)
        forth = np.concatenate([start, end]), np.concatenate([end, start])
        graph = csr_array((np.concatenate([room, back]), forth), shape=(nodes, nodes))
        graph.eliminate_zeros()
        found = maximum_flow(graph, self._source, sink).flow
        left = graph - found
        left.eliminate_zeros()
        reached = np.zeros(nodes, bool)
        reached[breadth_first_order(left, self._source, return_predecessors=False)] = True
        added = np.asarray(found[start, end]).ravel() * unit
        return np.clip(flow + added, 0, capacity), reached

    def _useful(self, sink: int) -> NDArray[np.bool_]:
        """Return which edges lead to the sink."""
        leads = np.zeros((self._layers + 1, self._count), bool)
        leads[0, sink] = True
        useful = np.zeros(len(self.layer), bool)
        for layer in range(self._layers):
            here = self.layer == layer
            useful[here] = leads[layer][self.key[here]]
            leads[layer + 1][self.query[here & useful]] = True
        return useful

    def _node(self, level: Any, position: Any) -> Any:
        return level * self._count + position
