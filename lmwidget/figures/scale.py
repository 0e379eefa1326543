"""Where a scale ends: one rule for every picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

# As in js/src/saliency/measure.js.
_MANY, _STRONGER = 32, 2.0


def scale_end(sizes: ArrayLike) -> float:
    """Return the size at which the shade is full.

    Of fewer than 32 units the strongest is the end, so that it is seen as dominant. Of more, one in
    32 may lie beyond the end, where the strongest would leave the others pale.

    Parameters
    ----------
    sizes : array_like, any shape
        Absolute scores; zeros and what is not finite do not count.

    Returns
    -------
    float
        0 when nothing counts.

    Examples
    --------
    >>> scale_end([0.4, 8.8, 0.4]), scale_end([100.0] + [1.0] * 99)
    (8.8, 1.0)
    """
    given = np.asarray(sizes, np.float64).ravel()
    some = np.sort(given[np.isfinite(given) & (given > 0)])
    if not some.size:
        return 0.0
    most, rest = some[-1], some[-1 - some.size // _MANY]
    return float(rest if most > _STRONGER * rest else most)
