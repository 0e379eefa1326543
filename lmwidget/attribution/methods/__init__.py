"""Attribution methods: one module each. A module with a ``METHOD`` is found by itself."""

from __future__ import annotations

import importlib
import pkgutil

from lmwidget.attribution.method import Method


def _found() -> dict[str, Method]:
    modules = [
        importlib.import_module(f"{__name__}.{info.name}")
        for info in pkgutil.iter_modules(__path__)
    ]
    methods = [module.METHOD for module in modules if hasattr(module, "METHOD")]
    return {method.name: method for method in sorted(methods, key=lambda method: method.order)}


METHODS: dict[str, Method] = _found()

_NO_RULE = (
    "DeepLIFT has no rule for what a transformer multiplies: attention weights with values, and "
    "normalised activations with their scale. Implementations that go on with the gradient there "
    "give scores that do not add up, without saying so."
)
_INSTEAD = (
    "Use 'integrated_gradients', which adds up and says by how much it misses, or 'lrp', which has "
    "rules for attention."
)
REFUSED = {
    "deeplift": (_NO_RULE, _INSTEAD),
}
"Methods that are not offered, why, and what to use instead."
