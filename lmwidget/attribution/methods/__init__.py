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
